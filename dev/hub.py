"""What the example does with the hub: reads it by its API, has an exemption come and go, publishes.

The handlers are those that are deployed, called in process as API Gateway, the schedule and the table's
stream call them. What is published goes through the stand-in's EventBridge into a queue.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO
from urllib.parse import parse_qs

import boto3

from dev.deliveries import Context
from dev.estate import ACCOUNT
from vpcguard.cli.api_exemptions import ApiExemptions
from vpcguard.cli.hub import Answer, Hub, Json, Request
from vpcguard.model import Finding

BUS, LISTENER, SECRET = "vpcguard-findings", "vpcguard-published", "vpcguard-cursors"
CALLER = f"arn:aws:sts::{ACCOUNT}:assumed-role/approver/kim"
_LIVE = {"status": ["open", "undetermined"]}
_RECORDS = 100  # of a stream, in one invocation
_MOST = 10_000  # of a listing: the example has fewer


def start_hub() -> None:
    """Make the secret that signs cursors, the bus of what is published, and a queue that listens to it."""
    events, sqs = _client("events"), _client("sqs")
    secret = _client("secretsmanager").create_secret(Name=SECRET, SecretString=os.urandom(24).hex())
    events.create_event_bus(Name=BUS)
    events.put_rule(Name="all", EventBusName=BUS, EventPattern=json.dumps({"source": ["vpcguard"]}))
    queue = sqs.create_queue(QueueName=LISTENER)["QueueUrl"]
    asked = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    events.put_targets(
        Rule="all", EventBusName=BUS, Targets=[{"Id": "queue", "Arn": asked["Attributes"]["QueueArn"]}]
    )
    os.environ |= {"EVENT_BUS_NAME": BUS, "CURSOR_SECRET_ARN": secret["ARN"]}


# ---- the API ----


def api(log: TextIO) -> Hub:
    """Return the API, asked through its handler; what that logs goes into the log."""

    def send(request: Request) -> Answer:
        path, _, query = request.target.partition("?")
        with redirect_stdout(log):
            from api import handler  # noqa: PLC0415  its logger writes to what is stdout now
            from tests.support.api import request_event  # noqa: PLC0415

            event = request_event(
                request.method,
                path,
                query=parse_qs(query),
                headers=request.headers,
                body=request.body.decode() if request.body else None,
                caller=CALLER,
            )
            answer = handler(event, Context("vpcguard-api"))  # type: ignore[arg-type]
        headers = {name.lower(): values[0] for name, values in answer["multiValueHeaders"].items()}
        return Answer(answer["statusCode"], headers, (answer["body"] or "").encode())

    return Hub(send, "the API")


def read_findings(hub: Hub) -> list[Finding]:
    """Return what is open or not known, each with its advice and evidence."""
    return [_finding(hub, one["finding_id"]) for one in _all(hub, "findings", _LIVE)]


def read_causes(hub: Hub) -> list[Json]:
    """Return the causes, each with how many findings rest on it."""
    return [*_all(hub, "causes", {})]


def finding_of(hub: Hub, function: str) -> Json:
    """Return the first finding of a function, as listings show it."""
    return next(_all(hub, "findings", {**_LIVE, "function": function}))


def _all(hub: Hub, name: str, query: dict[str, Any]) -> Iterator[Json]:
    for part in hub.pages(name, query=query, name=name, limit=_MOST):
        yield from part.items


def _finding(hub: Hub, finding_id: str) -> Finding:
    document = hub.get("findings", finding_id)
    del document["cause_id"]  # which a Finding is not told: model.cause_of
    return Finding(**document)


# ---- an exemption ----


def exempt_and_revoke(hub: Hub, finding: Json, log: TextIO) -> Iterator[tuple[str, str]]:
    """Yield what becomes of a finding while an exemption covers it and once that is revoked, step by step."""
    exemptions = ApiExemptions(hub)
    made = exemptions.create(
        {
            "match": {
                "rule_id": finding["rule_id"],
                "account_id": finding["account_id"],
                "function": finding["function_name"],
            },
            "reason": "its network moves next week",
            "owner": "kim",
            "expires_at": f"{datetime.now(UTC) + timedelta(days=7):%Y-%m-%d}",
        }
    )
    what = f"{finding['rule_id']} of {finding['function_name']}, until {made.expires_at[:10]}"
    yield "made", f"{made.exemption_id}: {what}, by {made.created_by}"
    yield "exempt", _as_it_is(hub, finding["finding_id"], log)
    revoked = exemptions.revoke(made.exemption_id, revision=made.revision)
    yield "revoked", f"by {revoked.exemption.revoked_by}"
    yield "back", _as_it_is(hub, finding["finding_id"], log)


def _as_it_is(hub: Hub, finding_id: str, log: TextIO) -> str:
    """Return what the API says of a finding, once the schedule has had findings show what exempts them."""
    with redirect_stdout(log):
        from expire_exemptions import dependencies, handler  # noqa: PLC0415

        dependencies.cache_clear()  # an hour later it is another process
        handler({}, Context("vpcguard-expire-exemptions"))
    found = hub.get("findings", finding_id)
    return f"the finding is {found['status']}, the verdict is still {found['verdict']}"


# ---- what is published ----


def publish(log: TextIO) -> tuple[Counter[str], Json]:
    """Publish what the table's stream tells of; return how many events of each kind came, and the first."""
    with redirect_stdout(log):
        from publish_changes import handler  # noqa: PLC0415

        records = [*_streamed()]
        for start in range(0, len(records), _RECORDS):
            handler({"Records": records[start : start + _RECORDS]}, Context("vpcguard-publish-changes"))
    came = [*_received()]
    return Counter(one["detail-type"] for one in came), min(came, key=lambda one: one["detail"]["changed_at"])


def _streamed() -> Iterator[Json]:
    """Yield the records of the table's stream, from its beginning."""
    streams = _client("dynamodbstreams")
    for stream in streams.list_streams(TableName=os.environ["TABLE_NAME"])["Streams"]:
        arn = stream["StreamArn"]
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            place = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
            iterator = streams.get_shard_iterator(**place)["ShardIterator"]
            while records := (answer := streams.get_records(ShardIterator=iterator))["Records"]:
                yield from records
                iterator = answer.get("NextShardIterator")


def _received() -> Iterator[Json]:
    sqs = _client("sqs")
    asked = {"QueueUrl": sqs.get_queue_url(QueueName=LISTENER)["QueueUrl"], "MaxNumberOfMessages": 10}
    while messages := sqs.receive_message(**asked).get("Messages"):
        for message in messages:
            yield json.loads(message["Body"])


def _client(service: str) -> Any:
    return boto3.client(service)  # type: ignore[call-overload]
