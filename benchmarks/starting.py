"""INIT: from nothing to an execution environment that waits for its first event, OPA included."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.auditing import environment
from benchmarks.figures import Figure, Section
from benchmarks.networks import ACCOUNT
from dev.processes import free_port
from tests.support.sandbox import lay_out_layer, sandbox
from vpcguard.policy.bundle import build_bundle
from vpcguard.policy.schemas import find_policies
from vpcguard.policy.server import find_opa

FUNCTIONS = Path(__file__).parents[1] / "functions"
RUNS = 7


def measure() -> Section:
    """Start the runtime client with the handler and the extension with OPA, several times."""
    with tempfile.TemporaryDirectory() as folder:
        layer = Path(folder)
        build_bundle(find_policies(), layer / "bundle.tar.gz")
        lay_out_layer(layer / "opt", opa=find_opa(), bundle=layer / "bundle.tar.gz")
        _init_ms(layer / "opt")  # makes the bytecode, which a deployed package brings along
        times = [_init_ms(layer / "opt") for _ in range(RUNS)]
    figures = [
        Figure(name="INIT, median", value=statistics.median(times), unit="ms", bound="at most", limit=800),
        Figure(name="INIT, best", value=min(times), unit="ms"),
    ]
    how = (
        "The real runtime client (awslambdaric) and the real extension as processes against a Runtime API of "
        "the tests, both interpreters' start included, until both have asked for their next event. Imports "
        f"with bytecode, AWS clients made, OPA up with the policies loaded. Median of {RUNS}."
    )
    return Section(title="Starting", how=how, figures=figures)


def _init_ms(layer: Path) -> float:
    url = f"http://127.0.0.1:{free_port()}"
    variables = environment("http://127.0.0.1:9") | {  # INIT calls nothing
        "AWS_REGION": "eu-west-1",
        "ACCOUNT_ID": ACCOUNT,
        "TABLE_NAME": "vpcguard-findings",
        "QUEUE_URL": "http://127.0.0.1:9/queue",
        "DEAD_LETTER_QUEUE_URL": "http://127.0.0.1:9/dead",
        "APPCONFIG_APPLICATION": "vpcguard",
        "APPCONFIG_ENVIRONMENT": "hub",
        "APPCONFIG_PROFILE": "overrides",
        "POWERTOOLS_SERVICE_NAME": "vpcguard",
        "POWERTOOLS_METRICS_NAMESPACE": "LambdaVpcGuard",
    }
    began = time.perf_counter()
    with sandbox(
        layer,
        opa_url=url,
        task_root=FUNCTIONS,
        handler="evaluate_change.handler",
        environment=variables,
    ) as started:
        started.api.wait_for_init()
        return 1000 * (time.perf_counter() - began)
