"""Publishing and telling under the function's own role, where IAM is enforced: what it calls, and no more."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError

from dev.processes import ministack
from tests.support.dynamodb import create_findings_table
from tests.support.looks import EGRESS, ZONES, a_finding, a_look, at
from tests.support.ministack import ACCOUNT, REGION
from tests.support.template import resolved, statements
from vpcguard.audit.notifying import Notifier, Topics
from vpcguard.audit.publishing import Publisher
from vpcguard.audit.queues import DeadLetterQueue
from vpcguard.findings.notices import Notices
from vpcguard.findings.outbox import Outbox
from vpcguard.findings.queries import FindingQueries
from vpcguard.findings.store import FindingStore

TABLE, BUS, QUEUE = "findings", "vpcguard-findings", "vpcguard-unpublishable-changes"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:platform"
NAMES = {
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "FindingsTable.Arn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{TABLE}",
    "FindingsTable.StreamArn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{TABLE}/stream/1",
    "FindingsBus.Arn": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{BUS}",
    "UnpublishableChangeQueue.Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}",
    "FailedInvocationQueue.Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:failed",
    "PublishChangesLogGroup.Arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:publish:*",
    "ConfigurationApplication": "app",
    "ConfigurationEnvironment": "hub",
    "ConfigurationProfile": "overrides",
}


class Hub:
    """The stand-in at `url`, asked by the account's root or under the role of the template."""

    def __init__(self, url: str) -> None:
        self.url = url
        root = self.client("iam")
        root.create_user(UserName="publish")
        # of an installation without an organization: the stand-in's accounts are in none
        allowed = [one for one in statements("PublishChangesRole") if "Condition" not in one]
        document = {"Version": "2012-10-17", "Statement": [resolved(one, NAMES) for one in allowed]}
        root.put_user_policy(UserName="publish", PolicyName="vpcguard", PolicyDocument=json.dumps(document))
        key = root.create_access_key(UserName="publish")["AccessKey"]
        self.key = key["AccessKeyId"], key["SecretAccessKey"]
        create_findings_table(self.client("dynamodb"), TABLE, has_stream=True)
        self.client("events").create_event_bus(Name=BUS)
        self.client("sns").create_topic(Name="platform")
        self.queue = self.client("sqs").create_queue(QueueName=QUEUE)["QueueUrl"]

    def client(self, service: str, key: tuple[str, str] = (ACCOUNT, "root")) -> Any:
        """Return a client with a key."""
        session = botocore.session.Session()
        session.set_credentials(*key)
        return session.create_client(service, region_name=REGION, endpoint_url=self.url)


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with ministack(account_id=ACCOUNT, region=REGION, is_authorizing=True) as url:
        yield Hub(url)


def test_it_publishes_and_tells_under_its_own_role(hub: Hub) -> None:
    now = datetime.fromisoformat(at(5))
    table = hub.client("dynamodb", hub.key)
    edges: dict[str, Any] = {"clock": lambda: now}
    store = FindingStore(hub.client("dynamodb"), TABLE, **edges)
    outbox = Outbox(table, TABLE, **edges)
    dead_letters = DeadLetterQueue(hub.client("sqs", hub.key), hub.queue)
    notifier = Notifier(
        outbox,
        Notices(table, TABLE, **edges),
        FindingQueries(table, TABLE, **edges),
        Topics(lambda _: hub.client("sns", hub.key)),
        dead_letters,
        owners=lambda: {"owners": [{"match": {"account_id": "*"}, "topic": TOPIC}]},
        window=timedelta(minutes=10),
    )
    publisher = Publisher(
        outbox, hub.client("events", hub.key), BUS, dead_letters, notifier=notifier, **edges
    )
    found = [a_finding(EGRESS, stage="warn"), a_finding(ZONES, stage="warn", root_cause=None)]
    store.record(a_look(0, violated=found))
    store.record(a_look(0, violated=[EGRESS], function="recorded"))
    runs = [publisher.drain(until=math.inf)]
    now += timedelta(minutes=11)
    runs.append(publisher.drain(until=math.inf))
    store.record(a_look(12, passed=[EGRESS, ZONES], digest="sha256:12"))
    for _ in range(2):
        now += timedelta(minutes=11)
        runs.append(publisher.drain(until=math.inf))
    dead_letters.send("body", reason="reason", message_id="id")

    assert [one.published for one in runs] == [3, 0, 2, 0]
    # one of the two causes has ended; the other one is still that of "recorded"
    assert [one.noticed.sent for one in runs] == [0, 2, 0, 1]
    assert [one.reasons for one in runs] == [{}] * 4


def test_it_may_do_nothing_else(hub: Hub) -> None:
    for service, operation, arguments in (
        ("dynamodb", "scan", {"TableName": TABLE}),
        ("events", "put_events", {"Entries": [{"Source": "x", "DetailType": "x", "Detail": "{}"}]}),
        ("sqs", "receive_message", {"QueueUrl": hub.queue}),
        ("sns", "create_topic", {"Name": "other"}),
    ):
        with pytest.raises(ClientError, match=r"not authorized|AccessDenied"):
            getattr(hub.client(service, hub.key), operation)(**arguments)
