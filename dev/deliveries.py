"""CloudTrail events as SQS delivers them to the handler, and the context Lambda calls it with."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]
EVENTS = Path(__file__).parents[1] / "events"
BATCH_SIZE = 10


@dataclass(frozen=True)
class Context:
    """What a handler may ask Lambda's context for."""

    function_name: str
    memory_limit_in_mb: int = 1024
    aws_request_id: str = "00000000-0000-4000-8000-000000000000"
    timeout_seconds: float = 900.0
    began: float = field(default_factory=time.monotonic)

    @property
    def invoked_function_arn(self) -> str:
        """The function's ARN."""
        return f"arn:aws:lambda:eu-west-1:111122223333:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that are left."""
        return int((self.began + self.timeout_seconds - time.monotonic()) * 1000)


def batches() -> Iterator[tuple[Json, list[str]]]:
    """Yield the events of events/ as SQS batches, each with its message ids, the names of the files."""
    events = sorted(EVENTS.glob("*.json"))
    for start in range(0, len(events), BATCH_SIZE):
        files = events[start : start + BATCH_SIZE]
        yield {"Records": [_message(file) for file in files]}, [file.name for file in files]


def delivery_of(name: str) -> Json:
    """Return the SQS batch of one file of events/ alone."""
    return {"Records": [_message(EVENTS / name)]}


def _message(file: Path) -> Json:
    now = str(int(time.time() * 1000))
    return {
        "messageId": file.name,
        "receiptHandle": file.name,
        "body": json.dumps(json.loads(file.read_text())),
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": now,
            "SenderId": "events.amazonaws.com",
            "ApproximateFirstReceiveTimestamp": now,
        },
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:vpcguard-changes",
        "awsRegion": "eu-west-1",
    }
