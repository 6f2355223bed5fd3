"""Changes of findings from DynamoDB Local through the handler to EventBridge and a queue behind it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from botocore.stub import Stubber

from dev.deliveries import Context
from dev.processes import ministack
from publish_changes import handler
from tests.integration.findings.conftest import NOW
from tests.support.looks import EGRESS, ZONES, a_doubt, a_finding, a_look, at
from tests.support.ministack import ACCOUNT, REGION, Account
from vpcguard.audit.publishing import DETAIL_TYPES, Publisher
from vpcguard.audit.queues import DeadLetterQueue
from vpcguard.findings.exemptions import Exemption, Exemptions, Matcher
from vpcguard.findings.outbox import Outbox
from vpcguard.findings.queries import HistoryEntry
from vpcguard.findings.store import FindingStore

BUS = "vpcguard-findings"
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "finding-event.json").read_text())
EVENT = jsonschema_rs.Draft202012Validator(SCHEMA)
EXEMPTION = Exemption(
    exemption_id=f"vx-{1:032x}",
    covers="violation",
    match=Matcher(function="other"),
    reason="moved in March",
    ticket=None,
    owner="team-payments",
    created_by="arn:aws:iam::111122223333:user/ann",
    created_at=at(0),
    expires_at=at(600),
)
SCHEDULED = {"publish": "what_is_left"}


class Died(BaseException):
    """The process ends here."""


class World:
    """A bus with a queue behind it, the queue of what cannot be published, a table."""

    def __init__(self, stand_in: Account, dynamodb: Any, table_name: str) -> None:
        self.stand_in, self.dynamodb, self.table_name = stand_in, dynamodb, table_name
        self.now = NOW
        self.store = FindingStore(dynamodb, table_name, clock=lambda: self.now)
        self.outbox = Outbox(dynamodb, table_name)
        self.queue, self.dead = stand_in.queue("listener"), stand_in.queue("unpublishable")
        events, sqs = stand_in.client("events"), stand_in.client("sqs")
        events.create_event_bus(Name=BUS)
        pattern = json.dumps({"source": ["vpcguard"]})
        events.put_rule(Name="all", EventBusName=BUS, EventPattern=pattern)
        attributes = sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])
        targets = [{"Id": "queue", "Arn": attributes["Attributes"]["QueueArn"]}]
        events.put_targets(Rule="all", EventBusName=BUS, Targets=targets)
        self.events = events

    def publisher(self, *, events: Any = None, outbox: Outbox | None = None) -> Publisher:
        """Return a publisher; what a test puts in its way goes in here."""
        dead = DeadLetterQueue(self.stand_in.client("sqs"), self.dead)
        outbox = outbox or self.outbox
        return Publisher(
            outbox, events or self.events, BUS, dead, clock=lambda: self.now, pause=lambda _: None
        )

    def run(self, event: Any = SCHEDULED, **edges: Any) -> Any:
        """Invoke the handler."""
        return handler(event, Context("publish-changes"), publisher=self.publisher(**edges))

    def told(self) -> list[dict[str, Any]]:
        """Take what came out of the bus; each must keep to the schema."""
        events = [json.loads(one["Body"]) for one in self.stand_in.received(self.queue)]
        for event in events:
            EVENT.validate(event)
        return events

    def items(self, kind: str) -> list[dict[str, Any]]:
        """Return the items of a kind as they are stored."""
        items = self.dynamodb.scan(TableName=self.table_name)["Items"]
        return [one for one in items if one["item_type"]["S"] == kind]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ministack(account_id=ACCOUNT, region=REGION) as url:
        yield url


@pytest.fixture
def world(url: str, dynamodb: Any, table_name: str) -> Iterator[World]:
    world = World(Account(url), dynamodb, table_name)
    yield world
    world.events.remove_targets(Rule="all", EventBusName=BUS, Ids=["queue"])
    world.events.delete_rule(Name="all", EventBusName=BUS)
    world.events.delete_event_bus(Name=BUS)
    for queue in (world.queue, world.dead):
        world.stand_in.client("sqs").delete_queue(QueueUrl=queue)


def _everything_happens(world: World) -> None:
    """Each kind of change, on two functions."""
    store = world.store
    store.record(a_look(0, violated=[a_finding(EGRESS, function_arn=None)], unknown=[a_doubt(ZONES)]))
    store.record(a_look(1, passed=[EGRESS], violated=[ZONES]))
    store.record(a_look(2, violated=[EGRESS], passed=[ZONES], actor="dana"))
    store.record(a_look(3, unknown=[EGRESS], passed=[ZONES]))
    store.record(a_look(4, violated=[EGRESS], passed=[ZONES]))
    store.record(a_look(5, violated=[a_finding(minute=5, stage="warn")], passed=[ZONES]))
    store.record(a_look(0, violated=[EGRESS], function="other"))
    _replan(world, 1, Exemptions((EXEMPTION,)))
    _replan(world, 2, Exemptions())
    store.resolve_deleted(
        account_id=ACCOUNT,
        region=REGION,
        function_name="other",
        judged_at=at(3),
        trigger="sweep s-1",
    )


def _replan(world: World, minute: int, exemptions: Exemptions) -> None:
    moment = datetime.fromisoformat(at(minute))
    store = FindingStore(
        world.dynamodb, world.table_name, exemptions=lambda: exemptions, clock=lambda: moment
    )
    store.replan(ACCOUNT, REGION, "other")


def test_every_change_of_status_is_published_as_documented(world: World) -> None:
    _everything_happens(world)
    history = {one["change_id"]["S"]: one for one in world.items("history")}

    answer = world.run()

    told = world.told()
    assert {one["detail"]["change_id"] for one in told} == set(history)
    assert len(told) == len(history) == answer["published"]
    for one in told:
        assert one["detail-type"] == DETAIL_TYPES[one["detail"]["change"]]
        assert one["detail"]["status"] == history[one["detail"]["change_id"]]["status"]["S"]
    assert {one["detail"]["status_reason"] for one in told} == {None, "fixed", "function_deleted"}
    assert {one["detail-type"] for one in told} == set(DETAIL_TYPES.values())
    assert world.items("outbox") == []
    assert world.run()["published"] == 0


def test_the_schema_has_the_fields_of_a_change_in_their_order() -> None:
    """A field that is added is published with what it means."""
    detail = SCHEMA["properties"]["detail"]

    assert list(detail["properties"]) == ["schema_version", *HistoryEntry.__dataclass_fields__]
    assert detail["required"] == list(detail["properties"])
    assert detail["properties"]["change"]["enum"] == list(DETAIL_TYPES)
    assert SCHEMA["properties"]["detail-type"]["enum"] == list(DETAIL_TYPES.values())


def test_the_page_names_every_type() -> None:
    page = (Path(__file__).parents[2] / "docs" / "published-events.md").read_text()

    assert [one for one in DETAIL_TYPES.values() if f"| `{one}` |" not in page] == []


def test_the_stream_publishes_at_once_and_only_what_is_still_in_the_outbox(world: World) -> None:
    """A stream is delivered again for a day; by then the schedule has long published it."""
    world.store.record(a_look(0, violated=[EGRESS, ZONES]))
    records = [
        {"eventName": "INSERT", "dynamodb": {"NewImage": one, "Keys": {}}}
        for one in [*world.items("outbox"), *world.items("history")]
    ]

    assert world.run({"Records": records})["published"] == 2
    assert world.run({"Records": records})["published"] == 0
    assert len(world.told()) == 2


def test_what_is_younger_than_a_minute_is_left_to_the_stream(world: World) -> None:
    world.store.record(a_look(60, violated=[EGRESS]))

    assert world.run() == {
        "published": 0,
        "left": 0,
        "set_aside": 0,
        "reasons": {},
        "oldest_seconds": 0.0,
        "noticed": {"without_owner": 0, "sent": 0, "failed": 0, "given_up": 0, "reasons": []},
    }
    world.now += timedelta(seconds=61)
    assert world.run()["published"] == 1


def test_a_process_that_dies_after_writing_published_nothing_and_lost_nothing(world: World) -> None:
    """Nobody was told, and the stream has forgotten it: the outbox has not."""
    world.store.record(a_look(0, violated=[EGRESS]))
    world.now += timedelta(days=30)

    answer = world.run()

    (told,) = world.told()
    assert (answer["published"], told["detail"]["change"]) == (1, "opened")
    assert told["detail"]["changed_at"] == at(0)


def test_a_process_that_dies_after_publishing_publishes_again_under_the_same_id(world: World) -> None:
    class Dying(Outbox):
        def remove(self, keys: Any) -> None:  # noqa: ARG002
            """Die."""
            raise Died

    _everything_happens(world)
    with pytest.raises(Died):
        world.publisher(outbox=Dying(world.dynamodb, world.table_name)).drain(until=math.inf)
    first = world.told()

    world.run()

    again = world.told()
    ids = [one["detail"]["change_id"] for one in again]
    assert {one["detail"]["change_id"] for one in first} <= set(ids)
    assert len(ids) == len(set(ids)) == len(world.items("history"))
    same = {one["detail"]["change_id"]: one["detail"] for one in again}
    assert all(same[one["detail"]["change_id"]] == one["detail"] for one in first)


def test_two_that_publish_side_by_side_lose_nothing(world: World) -> None:
    """The second has read the outbox before the first has emptied it."""

    class Slow(Outbox):
        def read(self, keys: Any) -> Any:
            """Read, and be overtaken."""
            found = super().read(keys)
            world.run()
            return found

    _everything_happens(world)

    world.run(outbox=Slow(world.dynamodb, world.table_name))

    told = [one["detail"]["change_id"] for one in world.told()]
    assert set(told) == {one["change_id"]["S"] for one in world.items("history")}
    assert world.items("outbox") == []


def test_a_bus_that_was_down_for_days_gets_everything_in_the_end(world: World) -> None:
    events = world.stand_in.client("events")
    answer: Any = None
    with Stubber(events) as stubber:
        for _ in range(3):
            stubber.add_client_error("put_events", "ThrottlingException", "slow down", 400)
            _everything_happens(world)
            answer = world.run(events=events)
            assert (answer["published"], answer["left"] > 0) == (0, True)
            world.now += timedelta(days=2)
    assert answer["oldest_seconds"] > 86_400 * 4

    answer = world.run()

    assert {one["detail"]["change_id"] for one in world.told()} == {
        one["change_id"]["S"] for one in world.items("history")
    }
    assert answer["oldest_seconds"] == 0.0


def test_what_can_never_be_published_stops_no_other(world: World) -> None:
    world.store.record(a_look(0, violated=[EGRESS, ZONES]))
    gone = world.items("history")[0]
    world.dynamodb.delete_item(TableName=world.table_name, Key={name: gone[name] for name in ("pk", "sk")})

    answer = world.run()

    assert (answer["published"], answer["set_aside"], len(world.told())) == (1, 1, 1)
    (dead,) = world.stand_in.received(world.dead)
    assert dead["MessageAttributes"]["reason"]["StringValue"] == "its history is missing"
    assert json.loads(dead["Body"])["change_id"] == gone["change_id"]["S"]
    assert world.items("outbox") == []
