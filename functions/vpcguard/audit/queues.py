"""The queues: what is to be delivered again later, what nobody can judge, and audits on request."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from vpcguard.aws.codes import clean_message
from vpcguard.changes import look_again_event
from vpcguard.errors import QueueError, VpcGuardError
from vpcguard.model import Change

ACTIONS = ("sqs:SendMessage", "sqs:ChangeMessageVisibility")
QUEUE_CONFIG = Config(
    connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2}
)
_BATCH = 10  # the most that one call takes
_BATCH_BYTES = 240_000  # of bodies in one call, below the 256 KiB that every region takes


class ChangeQueue:
    """The queue that changes come from, which delivers them again after a while."""

    def __init__(self, sqs: Any, queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    def send(self, delayed: Sequence[tuple[Change, int]], *, until: float = math.inf) -> None:
        """Send changes, each with its delay in seconds, at most 900; raises QueueError if one was not taken.

        until: of all three methods, a moment of time.monotonic() after which no call is begun.
        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-timers.html
        """
        self._in_batches(
            self._sqs.send_message_batch,
            [
                {"MessageBody": json.dumps(look_again_event(change)), "DelaySeconds": seconds}
                for change, seconds in delayed
            ],
            error="a delayed look could not be sent",
            refusal="delayed looks were refused",
            until=until,
        )

    def put_back(self, bodies: Sequence[str], *, until: float = math.inf) -> int:
        """Send messages as they were received, so that their receipts are counted from one again.

        For what was not begun: SQS has counted a receipt, and would give the message up after some of them.
        Returns how many there was time for, from the first on. Raises QueueError; some may have been taken
        then, and a repeated look does no harm.
        """
        error, taken = "messages could not be put back", 0
        for batch in _by_size(bodies):
            if time.monotonic() > until:
                break
            entries = [{"MessageBody": body} for body in batch]
            self._in_batches(self._sqs.send_message_batch, entries, error=error, refusal=error, until=until)
            taken += len(batch)
        return taken

    def bring_back(self, receipts: Sequence[tuple[str, int]], *, until: float = math.inf) -> None:
        """Have received messages delivered again after so many seconds; raises QueueError if one is not.

        receipts: receipt handle -> seconds from now. Without it they come back once the queue's visibility
        timeout has passed, which is as long as the slowest batch may take.
        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
        """
        late = "messages come back late: their time could not be changed"
        self._in_batches(
            self._sqs.change_message_visibility_batch,
            [{"ReceiptHandle": handle, "VisibilityTimeout": seconds} for handle, seconds in receipts],
            error=late,
            refusal=late,
            until=until,
        )

    def _in_batches(
        self,
        call: Callable[..., Any],
        entries: Sequence[Mapping[str, Any]],
        *,
        error: str,
        refusal: str,
        until: float,
    ) -> None:
        for start in range(0, len(entries), _BATCH):
            if time.monotonic() > until:
                raise QueueError(f"{error}: there was no time for {len(entries) - start} of {len(entries)}")
            batch = [
                {"Id": str(index), **entry} for index, entry in enumerate(entries[start : start + _BATCH])
            ]
            try:
                answer = call(QueueUrl=self._queue_url, Entries=batch)
            except (ClientError, BotoCoreError) as fault:
                raise QueueError(error) from fault
            if refused := answer.get("Failed"):  # SQS answers 200 for a batch of which it took nothing
                raise QueueError(f"{len(refused)} {refusal}, the first: {refused[0]['Code']}")


def _by_size(bodies: Sequence[str]) -> Iterator[list[str]]:
    """Yield the bodies in lists that one call takes together."""
    batch: list[str] = []
    size = 0
    for body in bodies:
        more = len(body.encode())
        if batch and (size + more > _BATCH_BYTES or len(batch) == _BATCH):
            yield batch
            batch, size = [], 0
        batch.append(body)
        size += more
    if batch:
        yield batch


class DeadLetterQueue:
    """Takes messages out of circulation, each with its reason."""

    def __init__(self, sqs: Any, queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    def send(self, body: str, *, reason: str, message_id: str) -> None:
        """Send a message as it was received; raises QueueError, and the message is to be kept.

        SQS moves a message by itself when it was received too often, but it says nothing about why:
        the attributes `reason` and `message_id` do.
        """
        attributes = {"reason": reason, "message_id": message_id}
        try:
            self._sqs.send_message(
                QueueUrl=self._queue_url,
                MessageBody=body or " ",  # an empty body is refused
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
                },
            )
        except (ClientError, BotoCoreError) as error:
            raise QueueError("a message could not be sent to the dead-letter queue") from error


class JobQueue:
    """The queue of audits that people asked for: a message names a job, and the job says the rest."""

    def __init__(self, sqs: Any, queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    def send(self, job_id: str, *, seconds: int = 0) -> None:
        """Have a job begun, or gone on with, after so many seconds; raises QueueError."""
        try:
            self._sqs.send_message(
                QueueUrl=self._queue_url, MessageBody=json.dumps({"job_id": job_id}), DelaySeconds=seconds
            )
        except (ClientError, BotoCoreError) as error:
            raise QueueError("an audit could not be sent for") from error


def reason_of(error: Exception) -> str:
    """Return an error as one line: its kind, and its text unless it is a fault nobody foresaw.

    Such a text may hold a piece of what was worked on; the log has its place in the code.
    """
    is_told = isinstance(error, VpcGuardError | ClientError | BotoCoreError)
    return f"{type(error).__name__}: {clean_message(str(error))}" if is_told else type(error).__name__
