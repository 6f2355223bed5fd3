"""kill -9 at every call of publishing: what is left comes later, and what comes twice has the same id."""

from __future__ import annotations

import json
import math
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count

import pytest

from dev.processes import ministack
from tests.support.children import PATIENT, exit_code, publish_until, started
from tests.support.dynamodb import create_findings_table, local_client
from tests.support.looks import a_look
from tests.support.ministack import ACCOUNT, REGION, Account
from vpcguard.audit.publishing import Publisher
from vpcguard.findings.outbox import Outbox
from vpcguard.findings.store import FindingStore

BUS = "vpcguard-findings"
RULES = [f"nat.rule_{number:02}" for number in range(14)]  # more than one request of EventBridge takes


@pytest.fixture(scope="module")
def stand_in() -> Iterator[Account]:
    with ministack(account_id=ACCOUNT, region=REGION) as url:
        yield Account(url)


@pytest.fixture(scope="module")
def queue(stand_in: Account) -> str:
    """What listens to the bus."""
    queue, events = stand_in.queue("listener"), stand_in.client("events")
    events.create_event_bus(Name=BUS)
    events.put_rule(Name="all", EventBusName=BUS, EventPattern='{"source": ["vpcguard"]}')
    attributes = stand_in.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    targets = [{"Id": "queue", "Arn": attributes["Attributes"]["QueueArn"]}]
    events.put_targets(Rule="all", EventBusName=BUS, Targets=targets)
    return queue


def test_killed_anywhere_publishing_loses_no_change_and_repeats_the_same(
    dynamodb_url: str, stand_in: Account, queue: str
) -> None:
    dynamodb = local_client(dynamodb_url, config=PATIENT)
    twice, changes = 0, dict[str, str]()
    for moment in count():
        table_name = f"published-{moment}"
        create_findings_table(dynamodb, table_name)
        store, outbox = FindingStore(dynamodb, table_name), Outbox(dynamodb, table_name)
        store.record(a_look(0, violated=RULES))
        changes = {
            entry.change_id: entry.finding_id
            for finding in store.list_all().items
            for entry in store.history(finding.finding_id).items
        }

        code = exit_code(started(publish_until, dynamodb_url, stand_in.url, table_name, BUS, moment))
        _publisher(stand_in, outbox).drain(until=math.inf)  # by schedule, later

        told = [json.loads(one["Body"])["detail"] for one in stand_in.received(queue)]
        assert {one["change_id"]: one["finding_id"] for one in told} == changes, f"killed at moment {moment}"
        assert len({json.dumps(one) for one in told}) == len(changes)  # what comes twice says the same
        assert outbox.oldest() is None
        twice += len(told) > len(changes)
        dynamodb.delete_table(TableName=table_name)
        if code == 0:
            break
        assert code == -signal.SIGKILL

    assert len(changes) == len(RULES)
    assert moment >= 2 * 5  # a read, two requests to publish and two to remove, before and after
    assert twice >= 2  # published and not yet removed, from either request


def _publisher(stand_in: Account, outbox: Outbox) -> Publisher:
    later = datetime(2026, 11, 21, tzinfo=UTC)
    return Publisher(outbox, stand_in.client("events"), BUS, _NoDeadLetters(), clock=lambda: later)


class _NoDeadLetters:
    def send(self, body: str, /, *, reason: str, message_id: str) -> None:
        """Nothing is set aside here."""
        raise AssertionError(f"{message_id}: {reason}: {body}")
