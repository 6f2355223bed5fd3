"""Publishing and telling die at any call, before or after it: nothing is lost, the table ends the same."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from tests.support.dynamodb import create_findings_table, local_client
from tests.support.looks import ACCOUNT, EGRESS, REGION, a_finding, a_look, at
from vpcguard.audit.notifying import Notifier, Topics
from vpcguard.audit.publishing import Publisher
from vpcguard.findings.notices import Notices
from vpcguard.findings.outbox import Outbox
from vpcguard.findings.store import CLIENT_CONFIG, FindingStore

FUNCTIONS = ("a", "b", "c", "pay")
OWNERS = [
    {"match": {"account_id": "*"}, "topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:platform"},
    {"match": {"function": "pay"}, "topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:payments"},
]
_numbers = count()


class Killed(BaseException):
    """The process ends here: nothing that follows is done, whatever handles errors."""


class World:
    """A table whose client, like those of EventBridge and SNS, dies at the call it is told to."""

    def __init__(self, url: str) -> None:
        self.client = local_client(url, config=CLIENT_CONFIG)
        self.table_name = f"killed-{next(_numbers)}"
        create_findings_table(self.client, self.table_name)
        self.now = datetime.fromisoformat(at(5))
        self.published: list[str] = []
        self.told: list[tuple[str, str]] = []
        self.calls, self.dies_at = 0, math.inf
        self.client.meta.events.register("before-call.dynamodb", self._call)
        self.client.meta.events.register("after-call.dynamodb", self._call)

    def _call(self, *, model: Any = None, **_: Any) -> None:
        if model is not None and model.name == "Query":
            return  # changes nothing, and there are many of them
        self.calls += 1
        if self.calls == self.dies_at:
            raise Killed

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        """Take events, as EventBridge does."""
        self._call()
        self.published += [json.loads(one["Detail"])["change_id"] for one in Entries]
        self._call()
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "e"}] * len(Entries)}

    def publish(self, *, TopicArn: str, Subject: str, Message: str) -> None:  # noqa: N803
        """Take a message, as SNS does."""
        self._call()
        self.told.append((TopicArn, Subject + Message))
        self._call()

    def run(self, *, minutes: float = 0, dies_at: float = math.inf) -> bool:
        """Publish and tell what waits, or die meanwhile; True if it died."""
        self.now += timedelta(minutes=minutes)
        self.calls, self.dies_at = 0, dies_at
        edges: dict[str, Any] = {"clock": lambda: self.now, "pause": lambda _: None}
        outbox = Outbox(self.client, self.table_name, **edges)
        notifier = Notifier(
            outbox,
            Notices(self.client, self.table_name, **edges),
            FindingStore(self.client, self.table_name, **edges),
            Topics(lambda _: self),
            _Nobody(),
            owners=lambda: {"owners": OWNERS},
            window=timedelta(minutes=10),
        )
        try:
            Publisher(outbox, self, "bus", _Nobody(), notifier=notifier, **edges).drain(until=math.inf)
        except Killed:
            return True
        finally:
            self.dies_at = math.inf
        return False

    def items(self) -> dict[tuple[str, str], Any]:
        """Return the whole table by key, but what was told and only waits to expire."""
        items = self.client.scan(TableName=self.table_name)["Items"]
        kept = [one for one in items if one["item_type"]["S"] != "notice_change"]
        return {(one["pk"]["S"], one["sk"]["S"]): one for one in kept}


class _Nobody:
    """Takes no dead letter: there is none."""

    def send(self, body: str, /, *, reason: str, message_id: str) -> None:
        """Refuse."""
        raise AssertionError((body, reason, message_id))


def _recorded(dynamodb_url: str) -> World:
    """Return a world in which looks found something, and nobody was told."""
    world = World(dynamodb_url)
    store = FindingStore(world.client, world.table_name, clock=lambda: world.now)
    for function in FUNCTIONS:
        found = a_finding(EGRESS, function=function, stage="audit" if function == "b" else "warn")
        store.record(a_look(0, violated=[found], function=function))
    return world


@pytest.mark.parametrize("step", [6, pytest.param(1, marks=pytest.mark.thorough)])
def test_it_may_die_at_any_call(dynamodb_url: str, step: int) -> None:
    undisturbed = _recorded(dynamodb_url)
    calls = []
    for minutes in (0, 11):
        assert not undisturbed.run(minutes=minutes)
        calls.append(undisturbed.calls)
    ids = set(undisturbed.published)
    assert len(ids) == len(undisturbed.published) == len(FUNCTIONS)
    assert len(undisturbed.told) == 2
    assert not any(one["item_type"]["S"] in ("outbox", "notice") for one in undisturbed.items().values())

    for run, most in enumerate(calls):
        for dies_at in range(1, most + 1, step):
            world = _recorded(dynamodb_url)
            if run == 1:
                world.run()
            assert world.run(minutes=11 * run, dies_at=dies_at), (run, dies_at)
            for _ in range(2):
                world.run(minutes=11)
            assert set(world.published) == ids, (run, dies_at)
            assert set(world.told) == set(undisturbed.told), (run, dies_at)
            assert len(world.told) <= 3, (run, dies_at)
            assert world.items() == undisturbed.items(), (run, dies_at)
