"""What rules of one's own cost: 1,000 functions with no pack, with the example, with one that never ends."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.estate import facts
from benchmarks.figures import Figure, Section
from benchmarks.handling import OPA_ENVIRONMENT
from vpcguard.policy.configuration import load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.policy.own import MOST_SECONDS
from vpcguard.policy.packs import read_packs
from vpcguard.policy.server import running_opa

FUNCTIONS, VPCS, RUNS = 1000, 20, 5
EXAMPLE = Path(__file__).parents[1] / "examples" / "own-rules"
SETTINGS = {
    "org.approved_subnets": {"parameters": {"subnets": {"payments": ["subnet-0a"]}}},
    "org.few_security_groups": {"parameters": {"most": 0}},
    "org.inspected_egress": {"parameters": {"through": ["vpce-0a"]}},
}
_HEAD = """\
# METADATA
# title: Wrong
# custom: {severity: low, advice: Mend it.}
package custom.vpcguard.rules.org.wrong

"""
ENDLESS = f"""{_HEAD}
deny contains {{"function": fn.name, "message": "x"}} if {{
	some fn in input.functions
	some i in numbers.range(1, 30000)
	some j in numbers.range(1, 30000)
	i * j == -1
}}
"""
ERRING = f"""{_HEAD}
deny contains {{"function": fn.name, "message": "x"}} if {{
	some fn in input.functions
	to_number(fn.name) > 0
}}
"""


def measure() -> Section:
    """Judge the same functions with each pack: the first question, then the best of several more."""
    with tempfile.TemporaryDirectory() as temporary:
        endless, erring = Path(temporary) / "endless", Path(temporary) / "erring"
        for folder, text in ((endless, ENDLESS), (erring, ERRING)):
            folder.mkdir()
            (folder / "wrong.rego").write_text(text)
        _, without = _seconds([])
        _, example = _seconds([EXAMPLE])
        first, later = _seconds([EXAMPLE, endless])
        _, with_erring = _seconds([EXAMPLE, erring])
        _, event_without = _seconds([], functions=1)
        event_first, event_later = _seconds([EXAMPLE, endless], functions=1)
    figures = [
        Figure(name=f"{FUNCTIONS:,} functions, no pack", value=without, unit="s"),
        Figure(name="the example pack (3 rules)", value=example, unit="s"),
        Figure(name="... and a rule that never ends, first time", value=first, unit="s"),
        Figure(name="... later", value=later, unit="s"),
        Figure(name="... and a rule that errs instead", value=with_erring, unit="s"),
        Figure(
            name="the example pack over no pack", value=example / without, unit="x", bound="at most", limit=2
        ),
        Figure(
            name="later, with a rule that never ends, over the example pack",
            value=later / example,
            unit="x",
            bound="at most",
            limit=1.5,
        ),
        Figure(name="one function, no pack", value=event_without * 1000, unit="ms"),
        Figure(
            name="one function, a rule that never ends, first time",
            value=event_first,
            unit="s",
            bound="at most",
            limit=MOST_SECONDS,
        ),
        Figure(name="... later", value=event_later * 1000, unit="ms", bound="at most", limit=100),
    ]
    how = (
        f"`Policy.decide` as under Judging, {VPCS} VPCs. One that never ends is cut off once for all rules "
        f"together and once alone, and not asked again for five minutes. Best of {RUNS} but for first times."
    )
    return Section(title="Rules of one's own", how=how, figures=figures)


def _seconds(folders: list[Path], *, functions: int = FUNCTIONS) -> tuple[float, float]:
    """Return how long the first question takes, and the fastest of those that follow."""
    packs = read_packs(folders)
    settings = {rule_id: one for rule_id, one in SETTINGS.items() if rule_id in packs.rules}
    configuration = load_configuration({"version": 1, "rules": settings}, packs.rules)
    document = facts(functions=functions, vpcs=VPCS)
    with (
        running_opa(environment=OPA_ENVIRONMENT, packs=packs) as url,
        Policy(url, timeout_seconds=120, own_rules=packs.rules) as policy,
    ):

        def ask() -> None:
            policy.decide(document, configuration)

        first = _timed(ask)
        return first, min(_timed(ask) for _ in range(RUNS))


def _timed(ask: Callable[[], None]) -> float:
    gc.collect()
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began
