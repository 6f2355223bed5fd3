"""How fast the policies judge: one OPA process, 1,000 and 5,000 functions in 20 VPCs."""

from __future__ import annotations

import gc
import time

from benchmarks.estate import facts
from benchmarks.figures import Figure, Section
from benchmarks.handling import OPA_ENVIRONMENT
from vpcguard.policy.configuration import load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.policy.server import running_opa

SMALL, LARGE, VPCS = 1000, 5000, 20
RUNS = 5


def measure() -> Section:
    """Ask one OPA about both sizes in turn; the best of several runs counts, others share the processors."""
    documents = {size: facts(functions=size, vpcs=VPCS) for size in (SMALL, LARGE)}
    configuration = load_configuration()
    seconds = {SMALL: float("inf"), LARGE: float("inf")}
    rules = 0
    with running_opa(environment=OPA_ENVIRONMENT) as url, Policy(url, timeout_seconds=120) as policy:
        for _ in range(RUNS):
            for size, document in documents.items():
                gc.collect()
                began = time.perf_counter()
                rules = len(policy.decide(document, configuration).rules)
                seconds[size] = min(seconds[size], time.perf_counter() - began)
    figures = [
        Figure(name="rules", value=rules, unit="rules"),
        *(
            Figure(name=f"time for {size:,} functions", value=seconds[size], unit="s")
            for size in (SMALL, LARGE)
        ),
        *(
            Figure(
                name=f"verdicts a second, {size:,} functions",
                value=size * rules / seconds[size],
                unit="function x rule/s",
                bound="at least",
                limit=limit,
            )
            for size, limit in ((SMALL, 50_000), (LARGE, 60_000))
        ),
        Figure(
            name=f"time for {LARGE:,} over time for {SMALL:,}",
            value=seconds[LARGE] / seconds[SMALL],
            unit="x",
            bound="at most",
            limit=5.5,
        ),
    ]
    how = (
        f"`Policy.decide` over a generated account ({VPCS} VPCs of nine kinds, one function in ten outside "
        "any), one OPA process with the memory settings of the layer: splitting, schema checks on both "
        f"sides and transport included. Best of {RUNS} in turn."
    )
    return Section(title="Judging", how=how, figures=figures)
