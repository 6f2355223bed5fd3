"""What EventBridge is told, what it refuses, and what becomes of that."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.stub import ANY, Stubber

from tests.support.looks import ACCOUNT, EGRESS, FUNCTION, REGION, at
from vpcguard.audit.publishing import DETAIL_TYPES, Publisher
from vpcguard.errors import QueueError
from vpcguard.findings.outbox import OutboxKey, Unpublished
from vpcguard.findings.queries import HistoryEntry

NOW = datetime(2026, 11, 20, 13, tzinfo=UTC)
TAKEN = {"EventId": "e"}
KEYS = list(HistoryEntry.__dataclass_fields__)


class Outbox:
    """Keeps changes in memory, as vpcguard.findings.outbox.Outbox does in the table."""

    def __init__(self, changes: Sequence[Unpublished]) -> None:
        self.changes = {one.key: one for one in changes}

    def waiting(self, *, before: str) -> Iterator[list[OutboxKey]]:  # noqa: ARG002 - all of them are old
        """Yield each alone."""
        yield from ([key] for key in list(self.changes))

    def read(self, keys: Sequence[OutboxKey]) -> list[Unpublished]:
        """Return those that are still there."""
        return [self.changes[key] for key in keys if key in self.changes]

    def remove(self, keys: Sequence[OutboxKey]) -> None:
        """Forget them."""
        for key in keys:
            self.changes.pop(key, None)

    def oldest(self) -> str | None:
        """Return a time if there is one."""
        return at(0) if self.changes else None


class DeadLetters:
    """Keeps what cannot be published, with its reason."""

    def __init__(self, error: QueueError | None = None) -> None:
        self.kept: list[tuple[str, str]] = []
        self._error = error

    def send(self, body: str, /, *, reason: str, message_id: str) -> None:  # noqa: ARG002
        """Keep it, or refuse."""
        if self._error:
            raise self._error
        self.kept.append((message_id, reason))


def a_change(number: int = 0, **fields: Any) -> Unpublished:
    """Return a change that is to be published; fields of its history that matter to the test."""
    stated = {"change_id": f"vgc-{number:032x}", "change": "opened", "finding_id": f"vg-{number:032x}"}
    place = {"account_id": ACCOUNT, "region": REGION, "function_name": FUNCTION, "rule_id": EGRESS}
    values: dict[str, Any] = {**dict.fromkeys(KEYS), **stated, **place, "changed_at": at(number % 60)}
    key = OutboxKey("F#1", f"OUTBOX#{stated['change_id']}", f"HISTORY#{number:06}")
    return Unpublished(key, HistoryEntry(**(values | fields)))


@pytest.fixture
def events() -> Any:
    session = botocore.session.Session()
    session.set_credentials("test", "test")
    return session.create_client("events", region_name=REGION)


@pytest.fixture
def answers(events: Any) -> Iterator[Stubber]:
    with Stubber(events) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


class World:
    """A publisher over some changes, and what it asked."""

    def __init__(self, events: Any, changes: Sequence[Unpublished], dead: DeadLetters | None = None) -> None:
        self.outbox, self.dead, self.pauses = Outbox(changes), dead or DeadLetters(), list[float]()
        self.sent: list[list[dict[str, Any]]] = []
        events.meta.events.register(
            "provide-client-params.events.PutEvents", lambda params, **_: self.sent.append(params["Entries"])
        )
        self._publisher = Publisher(
            self.outbox,  # type: ignore[arg-type]
            events,
            "vpcguard-findings",
            self.dead,
            clock=lambda: NOW,
            pause=self.pauses.append,
        )

    def publish(self, *, until: float = math.inf) -> Any:
        """Publish what is known from elsewhere."""
        return self._publisher.publish(list(self.outbox.changes), until=until)

    def drain(self, *, until: float = math.inf) -> Any:
        """Publish what waits."""
        return self._publisher.drain(until=until)


def answer(*results: dict[str, Any]) -> dict[str, Any]:
    """Return what EventBridge answers to as many events."""
    return {"FailedEntryCount": sum("ErrorCode" in one for one in results), "Entries": list(results)}


def test_an_event_says_what_changed(events: Any, answers: Stubber) -> None:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{FUNCTION}"
    world = World(events, [a_change(3, function_arn=arn, message="orders-api, «ü»")])
    answers.add_response("put_events", answer(TAKEN), {"Entries": ANY})

    run = world.publish()

    ((sent,),) = world.sent
    detail = json.loads(sent.pop("Detail"))
    assert sent == {
        "EventBusName": "vpcguard-findings",
        "Source": "vpcguard",
        "DetailType": "Finding Opened",
        "Resources": [arn],
    }
    assert list(detail) == ["schema_version", *KEYS]
    assert (detail["schema_version"], detail["message"]) == (1, "orders-api, «ü»")
    assert (run.published, run.left, run.set_aside, world.outbox.changes) == (1, 0, 0, {})


@pytest.mark.parametrize("change", DETAIL_TYPES)
def test_every_change_of_history_has_its_type(events: Any, answers: Stubber, change: str) -> None:
    world = World(events, [a_change(change=change)])
    answers.add_response("put_events", answer(TAKEN))

    world.publish()

    assert world.sent[0][0]["DetailType"] == DETAIL_TYPES[change]


def test_a_request_takes_ten_events(events: Any, answers: Stubber) -> None:
    world = World(events, [a_change(number) for number in range(23)])
    for size in (10, 10, 3):
        answers.add_response("put_events", answer(*[TAKEN] * size))

    assert world.publish().published == 23
    assert [len(one) for one in world.sent] == [10, 10, 3]


def test_a_request_takes_so_many_bytes(events: Any, answers: Stubber) -> None:
    world = World(events, [a_change(number, message="ü" * 20_000) for number in range(4)])
    for size in (2, 2):  # a "ü" is six bytes of JSON
        answers.add_response("put_events", answer(*[TAKEN] * size))

    assert world.publish().published == 4
    assert all(sum(len(event["Detail"].encode()) for event in one) < 256 * 1024 for one in world.sent)


def test_what_is_refused_in_part_stays_and_the_rest_is_published(events: Any, answers: Stubber) -> None:
    world = World(events, [a_change(number) for number in range(3)])
    denied = {"ErrorCode": "AccessDeniedException", "ErrorMessage": "no"}
    answers.add_response("put_events", answer(TAKEN, denied, TAKEN))

    run = world.publish()

    assert (run.published, run.left, run.set_aside) == (2, 1, 0)
    assert run.reasons == {"EventBridge refused with AccessDeniedException": 1}
    assert [key.change_id for key in world.outbox.changes] == [f"vgc-{1:032x}"]


def test_throttled_events_are_sent_again_alone_after_a_pause(events: Any, answers: Stubber) -> None:
    world = World(events, [a_change(number) for number in range(3)])
    throttled = {"ErrorCode": "ThrottlingException"}
    answers.add_response("put_events", answer(TAKEN, throttled, throttled))
    answers.add_response("put_events", answer({"ErrorCode": "InternalFailure"}, TAKEN))
    answers.add_response("put_events", answer(TAKEN))

    assert world.publish().published == 3
    assert [len(one) for one in world.sent] == [3, 2, 1]
    assert len(world.pauses) == 2


def test_what_is_throttled_for_ever_stays_for_the_next_run(events: Any, answers: Stubber) -> None:
    world = World(events, [a_change()])
    for _ in range(3):
        answers.add_response("put_events", answer({"ErrorCode": "ThrottlingException"}))

    run = world.drain()

    assert (run.published, run.left, len(world.outbox.changes)) == (0, 1, 1)
    assert run.oldest_seconds == 3600.0


def test_a_bus_out_of_reach_ends_the_run_and_loses_nothing(events: Any, answers: Stubber) -> None:
    """It would be the same for all the others, and each try takes its time."""
    world = World(events, [a_change(number) for number in range(25)])
    answers.add_response("put_events", answer(*[TAKEN] * 10))
    answers.add_client_error("put_events", "AccessDeniedException", "not allowed: AKIAABCDEFGHIJKLMNOP", 400)

    run = world.publish()

    assert (run.published, run.left, len(world.outbox.changes)) == (10, 15, 15)
    assert "AccessDeniedException" in str(run.reasons)
    assert "AKIA" not in str(run.reasons)


def test_an_answer_about_fewer_events_counts_for_none(events: Any, answers: Stubber) -> None:
    """Which of them it took nobody can say: all are told again."""
    world = World(events, [a_change(number) for number in range(2)])
    answers.add_response("put_events", {"FailedEntryCount": 0, "Entries": [TAKEN]})

    assert (world.publish().left, len(world.outbox.changes)) == (2, 2)


@pytest.mark.parametrize(
    ("poison", "reason"),
    [
        (Unpublished(a_change().key, None, "its history is missing"), "its history is missing"),
        (a_change(message="x" * 300_000), "too large: 30"),
        (a_change(change="renamed"), "nobody knows this change"),
    ],
    ids=["no history", "large", "unknown"],
)
def test_what_can_never_be_published_is_set_aside_with_its_reason(
    events: Any, answers: Stubber, poison: Unpublished, reason: str
) -> None:
    world = World(events, [poison, a_change(1)])
    answers.add_response("put_events", answer(TAKEN))

    run = world.publish()

    assert (run.published, run.left, run.set_aside, world.outbox.changes) == (1, 0, 1, {})
    ((message_id, said),) = world.dead.kept
    assert message_id == poison.key.change_id
    assert said.startswith(reason)


def test_an_event_that_eventbridge_refuses_is_set_aside_alone(events: Any, answers: Stubber) -> None:
    world = World(events, [a_change(number) for number in range(3)])
    malformed = {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    answers.add_response("put_events", answer(TAKEN, malformed, TAKEN))

    assert (world.publish().published, len(world.outbox.changes)) == (2, 0)
    assert world.dead.kept == [
        (f"vgc-{1:032x}", "EventBridge refuses the event: MalformedDetail: Detail is malformed.")
    ]


def test_a_request_that_is_refused_for_one_of_its_events_is_sent_one_by_one(
    events: Any, answers: Stubber
) -> None:
    world = World(events, [a_change(number) for number in range(3)])
    answers.add_client_error("put_events", "ValidationException", "an entry is not valid", 400)
    answers.add_response("put_events", answer(TAKEN))
    answers.add_client_error("put_events", "ValidationException", "an entry is not valid", 400)
    answers.add_response("put_events", answer(TAKEN))

    assert (world.publish().published, len(world.outbox.changes)) == (2, 0)
    assert [message_id for message_id, _ in world.dead.kept] == [f"vgc-{1:032x}"]


def test_what_cannot_be_set_aside_stays_and_stops_nobody(events: Any, answers: Stubber) -> None:
    poison = Unpublished(a_change().key, None, "its history is missing")
    world = World(events, [poison, a_change(1)], DeadLetters(QueueError("SQS is gone")))
    answers.add_response("put_events", answer(TAKEN))

    run = world.publish()

    assert (run.published, run.left, run.set_aside) == (1, 1, 0)
    assert list(world.outbox.changes) == [poison.key]


def test_without_time_nothing_is_begun(events: Any, answers: Stubber) -> None:
    world = World(events, [a_change()])

    run = world.drain(until=time.monotonic() - 1)

    assert (run.published, run.left, world.sent) == (0, 1, [])


def test_an_empty_outbox_has_no_age(events: Any, answers: Stubber) -> None:
    assert World(events, []).drain().oldest_seconds == 0.0
