"""The two queues of the event path: changes that come back later, and messages that nobody can judge."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from vpcguard.changes import look_again_event
from vpcguard.errors import QueueError
from vpcguard.model import Change

ACTIONS = ("sqs:SendMessage", "sqs:ChangeMessageVisibility")
_BATCH = 10  # the most that one SendMessageBatch takes


class ChangeQueue:
    """The queue that changes come from: takes them back, to be delivered after a while."""

    def __init__(self, sqs: Any, queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    def send(self, delayed: Sequence[tuple[Change, int]]) -> None:
        """Send changes, each with its delay in seconds, at most 900; raises QueueError if one was not taken.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-timers.html
        """
        for start in range(0, len(delayed), _BATCH):
            entries = [
                {
                    "Id": str(index),
                    "MessageBody": json.dumps(look_again_event(change)),
                    "DelaySeconds": delay_seconds,
                }
                for index, (change, delay_seconds) in enumerate(delayed[start : start + _BATCH])
            ]
            try:
                answer = self._sqs.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
            except (ClientError, BotoCoreError) as error:
                raise QueueError("a delayed look could not be sent") from error
            if refused := answer.get("Failed"):
                raise QueueError(
                    f"{len(refused)} delayed looks were refused, the first: {refused[0]['Code']}"
                )

    def bring_back(self, receipts: Sequence[tuple[str, int]]) -> None:
        """Have received messages delivered again after so many seconds; raises QueueError if one is not.

        receipts: receipt handle -> seconds from now. Without it they come back once the queue's visibility
        timeout has passed, which is as long as the slowest batch may take.
        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
        """
        for start in range(0, len(receipts), _BATCH):
            entries = [
                {"Id": str(index), "ReceiptHandle": handle, "VisibilityTimeout": seconds}
                for index, (handle, seconds) in enumerate(receipts[start : start + _BATCH])
            ]
            try:
                answer = self._sqs.change_message_visibility_batch(QueueUrl=self._queue_url, Entries=entries)
            except (ClientError, BotoCoreError) as error:
                raise QueueError("messages come back late: their time could not be changed") from error
            if refused := answer.get("Failed"):
                raise QueueError(
                    f"{len(refused)} messages come back late: their time could not be changed, "
                    f"the first: {refused[0]['Code']}"
                )


class DeadLetterQueue:
    """Takes messages out of circulation, with the reason beside them."""

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
