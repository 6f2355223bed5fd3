"""Events to findings with the real table and the real client of OPA: what is recorded, and what never is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from evaluate_change import handler
from tests.support.fake_opa import RULE, FakeOpa, fake_opa
from tests.unit.audit.fakes import ACCOUNT, REGION, Account, configuration, dependencies
from tests.unit.handlers.conftest import Context
from vpcguard.findings.store import FindingStore
from vpcguard.policy.deciding import Policy

EVENTS = Path(__file__).parents[2] / "events"
CREATED = "CreateFunction20150331.terraform"
DELETED = "DeleteFunction20150331.sdk"
FUNCTION = "orders-api"
EARLY, LATE = "2026-11-20T12:00:00.000000Z", "2026-11-20T12:00:01.000000Z"


@dataclass
class World:
    """An account in memory, an OPA that can misbehave, and a table in DynamoDB Local."""

    opa: FakeOpa
    store: FindingStore
    scan: Callable[[], list[Any]]
    account: Account = field(default_factory=lambda: Account({FUNCTION: configuration(FUNCTION)}))

    def deliver(self, name: str) -> list[str]:
        """Deliver an event file through the queue; return the messages that come back."""
        record = {
            "messageId": name,
            "body": (EVENTS / f"{name}.json").read_text(),
            "attributes": {"ApproximateReceiveCount": "1"},
            "eventSource": "aws:sqs",
        }
        with Policy(self.opa.url, timeout_seconds=0.3, retries=0) as policy:
            deps = replace(dependencies(self.account), policy=policy, store=self.store)
            answer = handler({"Records": [record]}, Context(), deps=deps)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def findings(self, function: str = FUNCTION) -> list[tuple[str, str, str | None]]:
        """Return rule, status and reason of every finding of a function."""
        page = self.store.list_by_function(ACCOUNT, REGION, function)
        return [(one.rule_id, one.status, one.status_reason) for one in page.items]


@pytest.fixture
def world(dynamodb: Any, table_name: str) -> Iterator[World]:
    with fake_opa() as opa:
        yield World(
            opa,
            FindingStore(dynamodb, table_name),
            scan=lambda: dynamodb.scan(TableName=table_name, ConsistentRead=True)["Items"],
        )


FAULTS = ["undefined", "breaks the schema", "no rules", "speaks of others", "error", "slow", "dead"]


@pytest.mark.parametrize("fault", FAULTS)
def test_without_a_decision_the_table_is_untouched_and_the_message_comes_back(
    world: World, fault: str
) -> None:
    """No decision is never "no violations": the finding there is stays as it is, then and later."""
    alive = world.opa.url
    world.opa.broken = {FUNCTION}
    assert world.deliver(CREATED) == []
    before = world.scan()

    world.opa.broken, world.opa.fault = set(), fault
    world.opa.url = "http://127.0.0.1:9" if fault == "dead" else alive
    world.account.captured_at = "2026-11-20T12:10:00.000000Z"

    assert world.deliver(CREATED) == [CREATED]
    assert world.scan() == before

    world.opa.url, world.opa.fault = alive, None
    assert world.deliver(CREATED) == []
    assert world.findings() == [(RULE, "resolved", "fixed")]


def test_the_same_event_twice_is_one_finding_with_one_line_of_history(world: World) -> None:
    """CloudTrail doubles events, SQS doubles messages."""
    world.opa.broken = {FUNCTION}

    assert world.deliver(CREATED) + world.deliver(CREATED) == []
    world.account.captured_at = LATE.replace("12:00", "13:00")
    assert world.deliver(CREATED) == []

    (finding,) = world.store.list_by_function(ACCOUNT, REGION, FUNCTION).items
    assert (finding.status, finding.times_reopened) == ("open", 0)
    assert len(world.store.history(finding.finding_id).items) == 1


@pytest.mark.parametrize(("late_is_broken", "status"), [(True, "open"), (False, None)])
def test_the_newer_verdict_stands_whichever_ends_first(
    world: World, status: str | None, *, late_is_broken: bool
) -> None:
    """A slow evaluation must not undo a newer one, also when the newer one found nothing."""
    world.account.captured_at = LATE
    world.opa.broken = {FUNCTION} if late_is_broken else set()
    world.deliver(CREATED)

    world.account.captured_at = EARLY
    world.opa.broken = set() if late_is_broken else {FUNCTION}
    assert world.deliver(CREATED) == []

    assert world.findings() == ([] if status is None else [(RULE, status, None)])


def test_a_deleted_alias_leads_to_a_look_at_its_function(world: World) -> None:
    """What the alias served may have been all that was wrong."""
    world.opa.broken = {FUNCTION}
    world.deliver(CREATED)

    world.opa.broken = set()
    world.account.captured_at = LATE.replace("12:00", "13:00")
    assert world.deliver("DeleteAlias20150331.sdk") == []

    assert world.findings() == [(RULE, "resolved", "fixed")]


def test_a_deleted_function_closes_its_findings(world: World) -> None:
    legacy = "orders-legacy"
    world.opa.broken = {legacy}
    world.account.functions = {legacy: configuration(legacy)}
    world.deliver(DELETED)  # the first read may still see it
    assert world.findings(legacy) == [(RULE, "open", None)]

    world.account.functions, world.account.captured_at = {}, "2026-11-20T12:10:00.000000Z"
    assert world.deliver(DELETED) == []

    assert world.findings(legacy) == [(RULE, "resolved", "function_deleted")]


def test_a_finding_says_who_caused_it_and_with_what(world: World) -> None:
    world.opa.broken = {FUNCTION}
    world.deliver(CREATED)

    (finding,) = world.store.list_by_function(ACCOUNT, REGION, FUNCTION).items
    event = json.loads((EVENTS / f"{CREATED}.json").read_text())
    assert (finding.actor, finding.managed_by) == (
        "arn:aws:iam::111122223333:role/delivery/ci-deploy",
        "terraform",
    )
    assert world.store.state(ACCOUNT, REGION, FUNCTION).trigger == f"event:{event['detail']['eventID']}"
