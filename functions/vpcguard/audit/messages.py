"""Messages of the queue: parsed one by one, judged together, each failing alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from vpcguard.audit.changes import Outcome, audit_changes
from vpcguard.audit.dependencies import Dependencies
from vpcguard.audit.recording import Summary
from vpcguard.changes import parse_change
from vpcguard.errors import EventError, QueueError, VpcGuardError
from vpcguard.model import Change, Ignored
from vpcguard.snapshot.refusals import clean_message

RETRY_SECONDS = (
    60,
    180,
    540,
    900,
)  # after the first failure, the second ...: what passes may take half an hour


class DeadLetters(Protocol):
    """Takes what cannot be judged: vpcguard.audit.queue.DeadLetterQueue, or a fake of it."""

    def send(self, body: str, /, *, reason: str, message_id: str) -> None:
        """Keep a message with its reason; raises QueueError."""


class Retries(Protocol):
    """Brings messages back: vpcguard.audit.queue.ChangeQueue, or a fake of it."""

    def bring_back(self, receipts: Sequence[tuple[str, int]], /) -> None:
        """Have messages delivered again, each (receipt handle, seconds from now); raises QueueError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as the handler received it.

    receives: how often it was handed out, this time included. receipt: what this time is known by.
    """

    message_id: str
    body: str
    receives: int
    receipt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """What became of one message; in neither of the last two: it is done.

    reason: why it went to the dead-letter queue. error: it stays in the queue, to be tried again.
    """

    message_id: str
    change: Change | Ignored | None
    outcome: Outcome | None = None
    reason: str | None = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesAudited:
    """Every message in the order given, and what all of them changed in the table.

    late: why messages that stay in the queue come back later than they should.
    """

    messages: tuple[Handled, ...]
    summary: Summary
    late: QueueError | None = None


def audit_messages(
    messages: Sequence[Message],
    *,
    deps: Dependencies,
    dead_letters: DeadLetters | None,
    max_receives: int,
    retries: Retries | None = None,
    has_time: Callable[[], bool] = lambda: True,
) -> MessagesAudited:
    """Judge what messages report; never raises for what one message, or what it is about, does.

    What cannot be read goes to the dead-letter queue at once, what failed max_receives times then: with
    the reason, which SQS would not note. Without that queue, or if it refuses, SQS moves them in the end.
    retries: brings back what failed, each time after a longer while; None: when the queue does by itself.
    """
    parsed = [(message, _parse(message.body)) for message in messages]
    changes = [change for _, change in parsed if isinstance(change, Change)]
    audited = audit_changes(changes, deps=deps, has_time=has_time)
    outcomes = iter(audited.outcomes)
    handled = []
    for message, found in parsed:
        outcome = next(outcomes) if isinstance(found, Change) else None
        error = found if isinstance(found, EventError) else outcome.error if outcome else None
        reason = None
        if error is not None and (isinstance(found, EventError) or message.receives >= max_receives):
            reason, error = _give_up(message, error, dead_letters)
        handled.append(
            Handled(
                message_id=message.message_id,
                change=None if isinstance(found, EventError) else found,
                outcome=outcome,
                reason=reason,
                error=error,
            )
        )
    failed = {one.message_id for one in handled if one.error is not None}
    late = _bring_back([message for message in messages if message.message_id in failed], retries)
    return MessagesAudited(messages=tuple(handled), summary=audited.summary, late=late)


def audit_event(event: object, *, deps: Dependencies) -> MessagesAudited:
    """Judge what one event reports, delivered without a queue; raises EventError and what failed.

    Lambda tries it twice more and then keeps it at the function's failure destination, with the error.
    """
    change = parse_change(event)
    if isinstance(change, Ignored):
        return MessagesAudited(messages=(Handled(message_id="", change=change),), summary=Summary())
    audited = audit_changes([change], deps=deps)
    outcome = audited.outcomes[0]
    if outcome.error is not None:
        raise outcome.error
    return MessagesAudited(
        messages=(Handled(message_id="", change=change, outcome=outcome),), summary=audited.summary
    )


def parse_message(record: Mapping[str, Any]) -> Message:
    """Return a record of an SQS event; https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html."""
    receives = str(record.get("attributes", {}).get("ApproximateReceiveCount", "1"))
    return Message(
        message_id=record["messageId"],
        body=record["body"],
        receives=int(receives) if receives.isdecimal() else 1,
        receipt=record.get("receiptHandle"),
    )


def reason_of(error: Exception) -> str:
    """Return an error as one line: its kind, and its text unless it is a fault nobody foresaw.

    Such a text may hold a piece of what was worked on; the log has its place in the code.
    """
    is_told = isinstance(error, VpcGuardError | ClientError | BotoCoreError)
    return f"{type(error).__name__}: {clean_message(str(error))}" if is_told else type(error).__name__


def _parse(body: str) -> Change | Ignored | EventError:
    try:
        return parse_change(json.loads(body))
    except (ValueError, RecursionError) as error:
        unreadable = EventError("the message holds no JSON")
        unreadable.__cause__ = error
        return unreadable
    except EventError as error:
        return error


def _bring_back(failed: Sequence[Message], retries: Retries | None) -> QueueError | None:
    receipts = [
        (message.receipt, RETRY_SECONDS[min(message.receives, len(RETRY_SECONDS)) - 1])
        for message in failed
        if message.receipt is not None
    ]
    if not receipts or retries is None:
        return None
    try:
        retries.bring_back(receipts)
    except QueueError as error:  # they come back all the same
        return error
    return None


def _give_up(
    message: Message, error: Exception, dead_letters: DeadLetters | None
) -> tuple[str | None, Exception | None]:
    reason = reason_of(error)
    if dead_letters is None:
        return None, error
    try:
        dead_letters.send(message.body, reason=reason, message_id=message.message_id)
    except QueueError as refused:
        refused.__context__ = error
        return None, refused
    return reason, None
