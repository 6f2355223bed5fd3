"""Messages of the queue: parsed one by one, judged together, each failing alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from vpcguard.audit.changes import Handled, audit_changes
from vpcguard.audit.dependencies import Dependencies
from vpcguard.aws.codes import clean_message
from vpcguard.changes import parse_change
from vpcguard.errors import EventError, QueueError, VpcGuardError
from vpcguard.model import Change, Ignored

# after the first failure, the second ...: what passes may take half an hour
RETRY_SECONDS = (60, 180, 540, 900)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as the handler received it.

    receives: how often it was handed out, this time included. receipt: what this time is known by.
    """

    message_id: str
    body: str
    receives: int
    receipt: str | None = None


def parse_message(record: Mapping[str, Any]) -> Message:
    """Return a record of an SQS event; https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html."""
    receives = str(record.get("attributes", {}).get("ApproximateReceiveCount", "1"))
    return Message(
        message_id=record["messageId"],
        body=record["body"],
        receives=int(receives) if receives.isdecimal() else 1,
        receipt=record.get("receiptHandle"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesAudited:
    """Every message in the order given, and what all of them changed in the table.

    late: why messages that stay in the queue come back later than they should.
    """

    messages: tuple[Handled, ...]
    counts: Counter[str]
    late: QueueError | None = None


def audit_messages(
    messages: Sequence[Message], *, deps: Dependencies, has_time: Callable[[], bool] = lambda: True
) -> MessagesAudited:
    """Judge what messages report; never raises for what one message, or what it is about, does.

    What cannot be read goes to the dead-letter queue at once, what failed deps.max_receives times then: with
    the reason, which SQS would not note. Without that queue, or if it refuses, SQS moves them in the end.
    What stays in the queue is brought back each time after a longer while.
    """
    parsed = [_parse(message.body) for message in messages]
    changes = [found for found in parsed if isinstance(found, Change)]
    results, counts = audit_changes(changes, deps=deps, has_time=has_time)
    following = iter(results)
    handled: list[Handled] = []
    back: list[tuple[str, int]] = []
    for message, found in zip(messages, parsed, strict=True):
        if isinstance(found, Change):
            one = next(following)
        elif isinstance(found, Ignored):
            one = Handled(change=found)
        else:
            one = Handled(change=None, error=found)
        if one.error is not None and (one.change is None or message.receives >= deps.max_receives):
            one = _give_up(one, one.error, message, deps)
        if one.error is not None and message.receipt is not None:
            times = min(message.receives, len(RETRY_SECONDS))
            back.append((message.receipt, RETRY_SECONDS[times - 1]))
        handled.append(replace(one, message_id=message.message_id))
    late = None
    if back and deps.queue is not None:
        try:
            deps.queue.bring_back(back)
        except QueueError as error:  # they come back all the same
            late = error
    return MessagesAudited(messages=tuple(handled), counts=counts, late=late)


def audit_event(event: object, *, deps: Dependencies) -> MessagesAudited:
    """Judge what one event reports, delivered without a queue; raises EventError and what failed.

    Lambda tries it twice more and then keeps it at the function's failure destination, with the error.
    """
    change = parse_change(event)
    if isinstance(change, Ignored):
        return MessagesAudited(messages=(Handled(change=change),), counts=Counter())
    (one,), counts = audit_changes([change], deps=deps)
    if one.error is not None:
        raise one.error
    return MessagesAudited(messages=(one,), counts=counts)


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


def _give_up(one: Handled, error: Exception, message: Message, deps: Dependencies) -> Handled:
    reason = reason_of(error)
    if deps.dead_letters is None:
        return one
    try:
        deps.dead_letters.send(message.body, reason=reason, message_id=message.message_id)
    except QueueError as refused:
        refused.__context__ = error
        return replace(one, error=refused)
    return replace(one, error=None, reason=reason)
