"""How much of the code one reads who follows an event, and how much Rego stands below a rule."""

from __future__ import annotations

import io
import sys
import threading
from contextlib import redirect_stdout
from pathlib import Path
from types import CodeType, FrameType

from benchmarks.auditing import fake_aws
from benchmarks.figures import Figure, Section
from benchmarks.handling import OPA_ENVIRONMENT, TABLE, events, handler_environment
from dev.deliveries import Context
from dev.processes import dynamodb_local
from tests.support.dynamodb import create_findings_table, local_client
from tools.rule_reach import reach_of_rules
from vpcguard.policy.server import running_opa

ROOT = Path(__file__).parents[1]
FUNCTIONS, VPCS, WARM_UPS = 200, 20, 5
# read where they stand, as part of a function
EXPRESSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")


def measure() -> Section:
    """Trace one warm event through the package, and look up what rules reach."""
    codes = _codes_of_one_event()
    files = {code.co_filename for code in codes}
    rules = reach_of_rules(ROOT / "policies")
    largest = max(rules, key=lambda rule: (len(rule.files), rule.lines))
    longest = max(rules, key=lambda rule: rule.lines)
    figures = [
        Figure(
            name="Python files that one warm event runs through",
            value=len(files),
            unit="files",
            bound="at most",
            limit=30,
        ),
        Figure(
            name="functions that one warm event runs through",
            value=len(codes),
            unit="functions",
            bound="at most",
            limit=250,
        ),
        Figure(
            name=f"Rego files below the largest rule ({largest.id})",
            value=len(largest.files),
            unit="files",
            bound="at most",
            limit=13,
        ),
        Figure(
            name=f"lines of Rego below the longest rule ({longest.id})",
            value=longest.lines,
            unit="lines",
            bound="at most",
            limit=2950,
        ),
    ]
    how = (
        "`evaluate_change.handler` in process, all its threads traced: the files of functions/ it comes "
        "through, and the functions called there, lambdas included; comprehensions and generator "
        "expressions belong to theirs. Rego: every file of the packages that a rule reaches by `data.` "
        "references."
    )
    return Section(title="Following one event", how=how, figures=figures)


def _codes_of_one_event() -> set[CodeType]:
    codes: set[CodeType] = set()
    package = str(ROOT / "functions")

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(package) and code.co_name not in EXPRESSIONS:
            codes.add(code)

    with (
        fake_aws(FUNCTIONS, VPCS) as aws,
        dynamodb_local() as dynamodb,
        running_opa(environment=OPA_ENVIRONMENT) as opa,
    ):
        create_findings_table(local_client(dynamodb), TABLE)
        with handler_environment(aws, dynamodb, opa), redirect_stdout(io.StringIO()):
            # another measurement may have built the handler for servers that are gone by now
            sys.modules.pop("evaluate_change", None)
            from evaluate_change import handler  # noqa: PLC0415  it reads the environment when it is imported

            deliveries = events()
            for _ in range(WARM_UPS):
                handler(next(deliveries), Context("vpcguard-evaluate-change"))
            threading.setprofile(note)
            sys.setprofile(note)
            try:
                answer = handler(next(deliveries), Context("vpcguard-evaluate-change"))
            finally:
                sys.setprofile(None)
                threading.setprofile(None)
    if answer["batchItemFailures"]:
        raise RuntimeError("the handler did not take the event")
    return codes
