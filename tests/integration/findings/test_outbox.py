"""What waits to be published, on DynamoDB Local."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.dynamodb import local_session, table_resource
from tests.support.event_pattern import matches
from tests.support.looks import EGRESS, ZONES, a_look, at
from tests.support.template import resources
from vpcguard.errors import FindingStoreError
from vpcguard.findings.outbox import Outbox, OutboxKey, keys_of
from vpcguard.findings.store import CLIENT_CONFIG, FindingStore

LATER = at(600)


@pytest.fixture
def outbox(dynamodb: Any, table_name: str) -> Outbox:
    return Outbox(dynamodb, table_name, pause=lambda _: None)


def _waiting(outbox: Outbox, *, before: str = LATER) -> list[OutboxKey]:
    return [key for keys in outbox.waiting(before=before) for key in keys]


def test_a_change_waits_until_it_is_removed(store: FindingStore, outbox: Outbox) -> None:
    store.record(a_look(0, violated=[EGRESS, ZONES]))
    store.record(a_look(1, passed=[EGRESS], violated=[ZONES]))

    keys = _waiting(outbox)
    told = [one.entry for one in outbox.read(keys) if one.entry]

    assert sorted(entry.change for entry in told) == ["opened", "opened", "resolved"]
    assert {key.change_id for key in keys} == {entry.change_id for entry in told}
    assert outbox.oldest() == at(0)
    outbox.remove(keys)
    outbox.remove(keys)  # as a process does that was as fast
    assert (_waiting(outbox), outbox.read(keys), outbox.oldest()) == ([], [], None)


def test_what_is_young_is_left_to_the_stream(store: FindingStore, outbox: Outbox) -> None:
    store.record(a_look(5, violated=[EGRESS]))

    assert _waiting(outbox, before=at(5)) == []
    assert len(_waiting(outbox, before=at(6))) == 1


def test_hundreds_wait_in_parts_of_fifty_and_go_at_once(store: FindingStore, outbox: Outbox) -> None:
    """Every finding's own shard: 200 changes of one finding stand in one."""
    for number in range(120):
        look = a_look(number, violated=[EGRESS]) if number % 2 == 0 else a_look(number, passed=[EGRESS])
        store.record(look)

    parts = list(outbox.waiting(before=LATER))
    for part in parts:
        outbox.remove(part)

    assert sorted(map(len, parts)) == [20, 50, 50]
    assert _waiting(outbox) == []


def test_a_change_without_its_history_says_so(
    store: FindingStore, outbox: Outbox, dynamodb: Any, table_name: str
) -> None:
    store.record(a_look(0, violated=[EGRESS, ZONES]))
    gone, kept = _waiting(outbox)
    dynamodb.delete_item(TableName=table_name, Key={"pk": {"S": gone.pk}, "sk": {"S": gone.history_sk}})

    read = {one.key: one for one in outbox.read([gone, kept])}

    assert (read[gone].entry, read[gone].fault) == (None, "its history is missing")
    assert read[kept].entry is not None


def test_a_history_that_somebody_spoilt_stops_no_other(
    store: FindingStore, outbox: Outbox, dynamodb: Any, table_name: str
) -> None:
    store.record(a_look(0, violated=[EGRESS, ZONES]))
    spoilt, kept = _waiting(outbox)
    dynamodb.update_item(
        TableName=table_name,
        Key={"pk": {"S": spoilt.pk}, "sk": {"S": spoilt.history_sk}},
        UpdateExpression="SET tags = :x",
        ExpressionAttributeValues={":x": {"S": "{not JSON"}},
    )

    read = {one.key: one for one in outbox.read([spoilt, kept])}

    assert read[spoilt].entry is None
    assert read[spoilt].fault.startswith("its history cannot be read")
    assert read[kept].entry is not None


def test_the_stream_tells_what_was_put_into_the_outbox_and_nothing_else(
    store: FindingStore, outbox: Outbox, dynamodb_url: str, dynamodb: Any, table_name: str
) -> None:
    """The filter of template.yaml, over what DynamoDB's own stream says."""
    specification = {"StreamEnabled": True, **table_resource()["StreamSpecification"]}
    dynamodb.update_table(TableName=table_name, StreamSpecification=specification)
    store.record(a_look(0, violated=[EGRESS]))
    store.record(a_look(1, violated=[EGRESS]))
    keys = _waiting(outbox)
    outbox.remove(keys)
    source = resources("AWS::Serverless::Function")["PublishChangesFunction"]["Events"]["Outbox"][
        "Properties"
    ]
    (pattern,) = source["FilterCriteria"]["Filters"]

    records = _records(dynamodb_url, dynamodb, table_name)
    told = [one for one in records if matches(json.loads(pattern["Pattern"]), one)]

    assert {one["eventName"] for one in records} == {"INSERT", "MODIFY", "REMOVE"}
    assert keys_of({"Records": told}) == keys == keys_of({"Records": records})


def test_a_table_that_is_gone_is_an_error(dynamodb: Any) -> None:
    outbox = Outbox(dynamodb, "no-such-table")
    key = OutboxKey("F#1", "OUTBOX#1", "HISTORY#1")

    for call in (outbox.oldest, lambda: outbox.read([key]), lambda: outbox.remove([key])):
        with pytest.raises(FindingStoreError):
            call()
    with pytest.raises(FindingStoreError):
        list(outbox.waiting(before=LATER))


def _records(url: str, dynamodb: Any, table_name: str) -> list[dict[str, Any]]:
    streams: Any = local_session().create_client(
        "dynamodbstreams", region_name="eu-west-1", endpoint_url=url, config=CLIENT_CONFIG
    )
    arn = dynamodb.describe_table(TableName=table_name)["Table"]["LatestStreamArn"]
    records: list[dict[str, Any]] = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        place = {"StreamArn": arn, "ShardId": shard["ShardId"]}
        iterator = streams.get_shard_iterator(**place, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        records += streams.get_records(ShardIterator=iterator)["Records"]
    return records
