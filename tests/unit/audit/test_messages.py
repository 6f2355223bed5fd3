"""Messages are judged together and fail alone; what nobody can judge ends with its reason."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.audit.fakes import (
    REGION,
    Account,
    DeadLetters,
    OneRule,
    Queue,
    Table,
    change,
    configuration,
    dependencies,
)
from vpcguard.audit.changes import (
    CALL_SECONDS,
    FINISHING_SECONDS,
    LAST_CALLS_SECONDS,
    Handled,
    audit_event,
    audit_messages,
)
from vpcguard.audit.queues import ChangeQueue, reason_of
from vpcguard.changes import Message, look_again_event, parse_message
from vpcguard.errors import (
    ConfigurationError,
    EventError,
    OpaUnavailableError,
    OutOfTimeError,
    QueueError,
    ReadError,
    ThrottledError,
)
from vpcguard.model import Ignored

OPA_IS_DEAD = OpaUnavailableError("no answer from OPA")


def message(message_id: str, event: object, *, receives: int = 1) -> Message:
    body = event if isinstance(event, str) else json.dumps(event)
    return Message(message_id=message_id, body=body, receives=receives, receipt=f"receipt-{message_id}")


def not_ours() -> dict[str, Any]:
    detail = {"eventSource": "lambda.amazonaws.com", "eventName": "AddPermission20150331v2", "eventID": "e"}
    return {"source": "aws.lambda", "region": REGION, "detail": detail}


def account(*names: str) -> Account:
    return Account({name: configuration(name) for name in names})


def test_each_message_has_an_outcome_of_its_own() -> None:
    dead_letters, table = DeadLetters(), Table()
    messages = [
        message("m1", look_again_event(change("a"))),
        message("m2", "no JSON"),
        message("m3", not_ours()),
        message("m4", look_again_event(change("b"))),
    ]

    audited = audit_messages(
        messages, deps=dependencies(account("a", "b"), table=table, dead_letters=dead_letters)
    )

    assert audited.messages == (
        Handled(message_id="m1", change=change("a")),
        Handled(message_id="m2", change=None, reason="EventError: the message holds no JSON"),
        Handled(message_id="m3", change=Ignored("not_ours", "e", "AddPermission20150331v2")),
        Handled(message_id="m4", change=change("b")),
    )
    assert dead_letters.sent == [("m2", "no JSON", "EventError: the message holds no JSON")]
    assert table.functions() == ["a", "b"]


@pytest.mark.parametrize(
    "body", ["", "{", "[" * 100_000, "1" * 10_000, "\x00", "null", "7", "[]", '"text"', "{}"]
)
def test_no_body_is_able_to_stop_the_others(body: str) -> None:
    dead_letters, table = DeadLetters(), Table()
    messages = [message("bad", body), message("good", look_again_event(change("a")))]

    audited = audit_messages(
        messages, deps=dependencies(account("a"), table=table, dead_letters=dead_letters)
    )

    assert [one.error for one in audited.messages] == [None, None]
    assert [sent[0] for sent in dead_letters.sent] == ["bad"]
    assert table.functions() == ["a"]


@pytest.mark.parametrize(("receives", "gives_up"), [(1, False), (4, False), (5, True), (6, True)])
def test_what_fails_comes_back_until_the_queue_would_give_it_up(receives: int, *, gives_up: bool) -> None:
    """SQS moves it after that, and says nothing about why."""
    dead_letters, event = DeadLetters(), look_again_event(change())

    audited = audit_messages(
        [message("m1", event, receives=receives)],
        deps=dependencies(
            account("orders-api"), policy=OneRule(error=OPA_IS_DEAD), dead_letters=dead_letters
        ),
    )

    (handled,) = audited.messages
    assert (handled.error, handled.reason) == (
        (None, "OpaUnavailableError: no answer from OPA") if gives_up else (OPA_IS_DEAD, None)
    )
    assert dead_letters.sent == ([("m1", json.dumps(event), str(handled.reason))] if gives_up else [])


def test_what_failed_comes_back_after_a_while_that_grows() -> None:
    """The queue itself would keep it back for as long as the slowest batch may take."""
    policy = OneRule(error=OPA_IS_DEAD, fails_for=frozenset({"b", "c", "d"}))
    queue = Queue()
    events = {name: look_again_event(change(name, vpc_id=f"vpc-{name}")) for name in "abcd"}

    audited = audit_messages(
        [
            message(name, event, receives=number * 3 + 1)
            for number, (name, event) in enumerate(events.items())
        ],
        deps=dependencies(account(*events), policy=policy, queue=queue),
    )

    assert queue.brought_back == [("receipt-b", 900), ("receipt-c", 900), ("receipt-d", 900)]
    assert audited.late is None


@pytest.mark.parametrize(("receives", "seconds"), [(1, 60), (2, 180), (3, 540), (4, 900), (9, 900)])
def test_each_failure_waits_longer(receives: int, seconds: int) -> None:
    queue = Queue()

    audit_messages(
        [message("m", look_again_event(change("a")), receives=receives)],
        deps=dependencies(account("a"), policy=OneRule(error=OPA_IS_DEAD), queue=queue, max_receives=100),
    )

    assert queue.brought_back == [("receipt-m", seconds)]


def test_what_comes_back_late_comes_back_all_the_same() -> None:
    refused = QueueError("refused")

    audited = audit_messages(
        [message("m", look_again_event(change("a")))],
        deps=dependencies(account("a"), policy=OneRule(error=OPA_IS_DEAD), queue=Queue(error=refused)),
    )

    assert (audited.messages[0].error, audited.late) == (OPA_IS_DEAD, refused)


@pytest.mark.parametrize("dead_letters", [None, DeadLetters(error=QueueError("refused"))])
def test_without_a_dead_letter_queue_the_message_stays(dead_letters: DeadLetters | None) -> None:
    """Dropping it would lose a change; SQS moves it in the end."""
    audited = audit_messages([message("m1", "no JSON")], deps=dependencies(dead_letters=dead_letters))

    assert audited.messages[0].reason is None
    assert isinstance(audited.messages[0].error, EventError if dead_letters is None else QueueError)


def test_one_event_is_judged_at_once() -> None:
    table = Table()

    audited = audit_event(look_again_event(change()), deps=dependencies(account("orders-api"), table=table))

    assert audited.messages == (Handled(change=change()),)
    assert table.functions() == ["orders-api"]


def test_one_event_that_is_not_ours_is_a_success() -> None:
    audited = audit_event(not_ours(), deps=dependencies())

    assert audited.messages[0].change == Ignored("not_ours", "e", "AddPermission20150331v2")


@pytest.mark.parametrize(
    ("event", "error"), [({}, EventError), (look_again_event(change()), OpaUnavailableError)]
)
def test_one_event_that_fails_raises(event: object, error: type[Exception]) -> None:
    """Lambda tries it again, and keeps it at the function's failure destination."""
    deps = dependencies(account("orders-api"), policy=OneRule(error=OPA_IS_DEAD))

    with pytest.raises(error):
        audit_event(event, deps=deps)


@pytest.mark.parametrize(
    ("attributes", "receives"),
    [({"ApproximateReceiveCount": "3"}, 3), ({}, 1), ({"ApproximateReceiveCount": "many"}, 1)],
)
def test_a_record_says_how_often_it_was_received(attributes: dict[str, str], receives: int) -> None:
    record = {"messageId": "m1", "body": "{}", "attributes": attributes}

    assert parse_message(record) == Message(message_id="m1", body="{}", receives=receives)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (EventError("detail.eventID: expected"), "EventError: detail.eventID: expected"),
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": "two\nlines"}}, "AssumeRole"),
            "ClientError: An error occurred (AccessDenied) when calling the AssumeRole operation: two lines",
        ),
        (KeyError("s3cret"), "KeyError"),
    ],
)
def test_a_reason_is_one_line_without_anything_unforeseen(error: Exception, reason: str) -> None:
    assert reason_of(error) == reason


def test_what_was_not_begun_for_want_of_time_is_put_back_and_no_failed_try() -> None:
    """At its last receipt it would end as a dead letter, though nobody ever tried to judge it."""
    queue, dead_letters, estate = Queue(), DeadLetters(), account("f0", "f1", "f2")
    messages = [message(f"m{at}", look_again_event(change(f"f{at}")), receives=5) for at in range(3)]
    deps = replace(dependencies(estate, queue=queue, dead_letters=dead_letters), lambda_calls_per_second=0.01)

    audited = audit_messages(messages, deps=deps, until=time.monotonic() + 40)

    assert [(one.is_put_back, one.error, one.reason) for one in audited.messages] == [
        (False, None, None),
        *[(True, None, None)] * 2,
    ]
    assert queue.put == [one.body for one in messages[1:]]
    assert (queue.brought_back, dead_letters.sent) == ([], [])


@pytest.mark.parametrize("queue", [None, Queue(error=QueueError("no"))])
def test_what_cannot_be_put_back_comes_back_as_failed(queue: Queue | None) -> None:
    deps = replace(dependencies(account("f0", "f1"), queue=queue), lambda_calls_per_second=0.01)

    audited = audit_messages(
        [message(f"m{at}", look_again_event(change(f"f{at}"))) for at in range(2)],
        deps=deps,
        until=time.monotonic() + 40,
    )

    assert [type(one.error) for one in audited.messages] == [type(None), OutOfTimeError]


def test_messages_of_a_function_whose_timeout_is_too_short_end_with_that_reason() -> None:
    dead_letters = DeadLetters()

    audited = audit_messages(
        [message("m1", look_again_event(change("f0")), receives=at) for at in (1, 5)],
        deps=dependencies(account("f0"), queue=Queue(), dead_letters=dead_letters),
        until=time.monotonic() + 1,
    )

    reason = "ConfigurationError: not begun: the function's Timeout must be at least 125 seconds"
    assert [type(one.error) for one in audited.messages] == [ConfigurationError, type(None)]
    assert [one.is_put_back for one in audited.messages] == [False, False]
    assert [sent[2] for sent in dead_letters.sent] == [reason]


def test_a_dead_letter_queue_that_fails_is_asked_once_in_a_batch() -> None:
    """A hundred attempts at a queue that hangs would outlast the invocation."""
    dead_letters = DeadLetters(error=QueueError("hangs"))

    audited = audit_messages(
        [message(f"m{at}", "no JSON") for at in range(3)], deps=dependencies(dead_letters=dead_letters)
    )

    assert dead_letters.asked == 1
    assert [type(one.error) for one in audited.messages] == [QueueError, EventError, EventError]


def test_a_slow_dead_letter_queue_is_not_waited_for_beyond_the_time_there_is() -> None:
    """What it did not take in time stays; SQS moves it when it would be received once more."""
    dead_letters = DeadLetters()
    until = time.monotonic() - FINISHING_SECONDS

    audited = audit_messages(
        [message("m1", "no JSON", receives=5)], deps=dependencies(dead_letters=dead_letters), until=until
    )

    assert (dead_letters.asked, type(audited.messages[0].error)) == (0, EventError)


def test_what_would_not_come_back_is_read_apart_and_judged_without_what_aws_fails_to_tell() -> None:
    """Before that it comes back instead: a 500 passes, and a verdict that waits for it would be news."""
    estate, table = account("first", "last"), Table()
    messages = [
        message("m1", look_again_event(change("first")), receives=4),
        message("m2", look_again_event(change("last")), receives=5),
    ]

    audit_messages(messages, deps=dependencies(estate, table=table, max_receives=5))

    assert {scope.function_names: options.raises for scope, options in estate.asked} == {
        ("first",): ReadError,
        ("last",): ThrottledError,
    }
    assert table.functions() == ["first", "last"]


def test_after_a_try_that_failed_fewer_are_begun() -> None:
    """Functions that take many calls would fail together, each time again, until all are dead letters."""
    names = [f"f{number:02}" for number in range(40)]
    begun = []
    for receives in (1, 2, 4):
        table, queue = Table(), Queue()
        deps = dependencies(account(*names), table=table, queue=queue)
        messages = [message(name, look_again_event(change(name)), receives=receives) for name in names]

        audited = audit_messages(messages, deps=deps, until=time.monotonic() + 40.5)

        assert len(table.looks) + len(queue.put) == len(names)
        assert all(one.error is None for one in audited.messages)
        begun.append(len(table.looks))

    assert begun == [40, 20, 10]


class SlowSqs:
    """Takes everything, each call after nine seconds of a clock that it moves."""

    def __init__(self) -> None:
        self.now, self.begun = 0.0, list[float]()

    def send_message_batch(self, **_: Any) -> dict[str, Any]:
        """Answer in the end."""
        self.begun.append(self.now)
        self.now += 9
        return {"Failed": []}

    change_message_visibility_batch = send_message_batch


def test_calls_to_sqs_that_are_slow_together_end_with_the_time_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What they did not get to comes back by itself, later: nothing is lost and nothing is killed."""
    sqs, names = SlowSqs(), [f"f{at:03}" for at in range(200)]
    deps = dependencies(Account({name: configuration(name, State="Pending") for name in names}))
    deps = replace(deps, queue=ChangeQueue(sqs, "url"), lambda_calls_per_second=10)
    monkeypatch.setattr(time, "monotonic", lambda: sqs.now)
    messages = [message(name, look_again_event(change(name))) for name in names]

    audited = audit_messages(messages, deps=deps, until=50)

    delayed, put_back, brought_back = 10, 4, 2  # the last before these moments, ten messages each
    end = 50 + FINISHING_SECONDS
    assert sqs.begun == [9 * at for at in range(delayed + put_back + brought_back)]
    assert sqs.begun[delayed + put_back - 1] <= end - LAST_CALLS_SECONDS < sqs.begun[-1] <= end - CALL_SECONDS
    assert Counter((one.is_put_back, type(one.error)) for one in audited.messages) == {
        (False, type(None)): 10 * delayed,
        (True, type(None)): 10 * put_back,
        (False, OutOfTimeError): 60,
    }
    assert str(audited.late).endswith("there was no time for 40 of 60")


def test_delayed_looks_that_sqs_is_too_slow_for_make_their_messages_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sqs, names = SlowSqs(), [f"f{at:03}" for at in range(200)]
    deps = dependencies(Account({name: configuration(name, State="Pending") for name in names}))
    monkeypatch.setattr(time, "monotonic", lambda: sqs.now)

    audited = audit_messages(
        [message(name, look_again_event(change(name))) for name in names],
        deps=replace(deps, queue=ChangeQueue(sqs, "url"), lambda_calls_per_second=100),
        until=50,
    )

    assert {type(one.error) for one in audited.messages} == {QueueError}
    assert sqs.begun[-1] <= 50 + FINISHING_SECONDS - CALL_SECONDS
