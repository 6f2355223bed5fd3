"""The handler of sweeps: what it takes, answers and counts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sweep_account import handler
from tests.unit.audit.fakes import ACCOUNT, REGION, Account, OneRule, Table, configuration, dependencies
from tests.unit.handlers.conftest import Context
from vpcguard.audit import sweep
from vpcguard.errors import EventError, FactsError, ThrottledError

Printed = Callable[[], tuple[list[Any], dict[str, Any]]]
BEGIN = {"account_id": ACCOUNT, "region": REGION}


@pytest.fixture(autouse=True)
def _page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "PAGES_AT_ONCE", 1)


def account() -> Account:
    return Account({name: configuration(name) for name in ("f0", "f1", "f2")}, pages=2)


def test_an_account_is_swept_to_its_end(printed: Printed) -> None:
    table = Table(unseen=["gone"])

    answer = handler(BEGIN, Context(900_000), deps=dependencies(account(), table=table))

    logs, metrics = printed()
    assert (answer["status"], answer["marker"], answer["functions"], answer["deleted"]) == (
        "complete",
        None,
        3,
        1,
    )
    assert metrics == {
        "SweptFunctions": [3.0],
        "SweptDeleted": [1.0],
        "SweptNotJudged": [0.0],
        "ResourcesLeftOut": [0.0],
    }
    assert [(line["message"], line["account_id"], line["status"]) for line in logs] == [
        ("account swept", ACCOUNT, "complete")
    ]


def test_a_partial_answer_is_the_next_request(printed: Printed) -> None:
    table, estate = Table(), account()
    event: dict[str, Any] = BEGIN
    answers: list[dict[str, Any]] = []
    while not answers or answers[-1]["status"] == "partial":
        answers.append(handler(event, Context(1_000), deps=dependencies(estate, table=table)))
        event = {**BEGIN, "marker": answers[-1]["marker"]}

    assert [answer["functions"] for answer in answers] == [2, 1, 0]
    assert table.functions() == ["f0", "f1", "f2"]


def test_a_throttled_sweep_is_logged_with_its_reason_and_can_go_on(printed: Printed) -> None:
    estate = account()
    estate.raises = {None: ThrottledError("lambda:ListFunctions")}

    answer = handler(BEGIN, Context(900_000), deps=dependencies(estate))

    logs, _ = printed()
    assert (answer["status"], answer["stopped_by"]) == ("partial", "ThrottledError")
    assert logs[0]["reason"] == "ThrottledError: AWS kept throttling lambda:ListFunctions; try again later"


def test_functions_without_a_verdict_are_logged_with_the_reason(printed: Printed) -> None:
    policy = OneRule(error=FactsError("contract"), fails_for=frozenset({"f2"}))

    answer = handler(BEGIN, Context(900_000), deps=dependencies(account(), policy=policy))

    logs, metrics = printed()
    assert (answer["functions"], answer["not_judged"]) == (2, 1)
    assert metrics["SweptNotJudged"] == [1.0]
    assert logs[0]["reason"] == "FactsError: contract"


def test_a_request_that_names_no_account_is_refused() -> None:
    with pytest.raises(EventError), pytest.warns(UserWarning, match="No application metrics"):
        handler({"region": REGION}, Context(), deps=dependencies())


def test_several_regions_are_swept_and_one_that_cannot_be_read_is_named(printed: Printed) -> None:
    event = {"account_id": ACCOUNT, "regions": [REGION, "ap-east-1"]}
    deps = dependencies(account(), reader=lambda _, region: object() if region == REGION else None)

    answer = handler(event, Context(900_000), deps=deps)

    logs, metrics = printed()
    assert (answer["status"], answer["failed_regions"]) == ("complete", ["ap-east-1"])
    assert answer["regions"][REGION]["functions"] == 3
    assert [(line["message"], line["level"], line["region"]) for line in logs] == [
        ("account swept", "INFO", REGION),
        ("region not swept", "ERROR", "ap-east-1"),
    ]
    assert (metrics["SweptFunctions"], metrics["SweptRegionsFailed"]) == ([3.0], [1.0])


@pytest.mark.parametrize("where", [{"region": REGION}, {"regions": [REGION, "ap-east-1"]}])
def test_rules_of_ones_own_that_failed_are_told_once_an_invocation(
    where: dict[str, Any], printed: Printed
) -> None:
    """Not once a page, nor once a region."""
    policy = OneRule(failed_rules={"org.wrong": "takes longer than 2 s", "org.bad": "deny is missing"})

    handler({"account_id": ACCOUNT, **where}, Context(900_000), deps=dependencies(account(), policy=policy))

    logs, metrics = printed()
    assert len(policy.asked) > 1
    assert [(line["rule_id"], line["reason"]) for line in logs if line["level"] == "ERROR"] == [
        ("org.bad", "deny is missing"),
        ("org.wrong", "takes longer than 2 s"),
    ]
    assert metrics["OwnRulesFailed"] == [2.0]


def test_ids_of_failed_rules_stand_beside_the_metric_and_are_no_dimension(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One alarm is for all packs, and each id would be a metric that is paid for."""
    policy = OneRule(failed_rules={"org.wrong": "takes longer than 2 s"})

    handler(BEGIN, Context(900_000), deps=dependencies(account(), policy=policy))

    written = json.loads(capsys.readouterr().out)
    assert written["failed_rules"] == ["org.wrong"]
    assert written["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]


def test_a_partial_sweep_of_several_regions_is_the_next_request(printed: Printed) -> None:
    table, estate = Table(), account()
    event: dict[str, Any] = {"account_id": ACCOUNT, "regions": [REGION, "ap-east-1"]}
    answer: dict[str, Any] = {"status": "partial", "marker": None}
    while answer["status"] == "partial":
        answer = handler(
            {**event, "marker": answer["marker"]}, Context(1_000), deps=dependencies(estate, table=table)
        )

    assert [(look.region, look.function_name) for look in table.looks] == [
        (region, name) for region in event["regions"] for name in ("f0", "f1", "f2")
    ]
