"""What owners are told: from looks through table, outbox and windows to SNS topics, a queue behind each."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from dev.deliveries import Context
from dev.processes import ministack
from publish_changes import handler
from tests.support.looks import ACCOUNT, EGRESS, REGION, ZONES, a_finding, a_look, at
from tests.support.ministack import Account
from vpcguard.audit import notifying
from vpcguard.audit.notifying import Notifier, Topics
from vpcguard.audit.publishing import Publisher
from vpcguard.audit.queues import DeadLetterQueue
from vpcguard.errors import ConfigurationError
from vpcguard.findings.exemptions import Exemption, Exemptions, Matcher
from vpcguard.findings.notices import Notices
from vpcguard.findings.outbox import Outbox
from vpcguard.findings.store import FindingStore
from vpcguard.model import Finding

BUS = "default"
WINDOW = timedelta(minutes=10)
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:"
EVERYBODY = {"match": {"account_id": "*"}, "topic": TOPIC + "platform"}
PAYMENTS = {"match": {"function": "pay-*"}, "topic": TOPIC + "payments"}
GONE = {"match": {"function": "gone-*"}, "topic": TOPIC + "no-such-topic"}


class Died(BaseException):
    """The process ends here."""


class World:
    """Two topics, each with a queue behind it, a table, and a clock that is moved by hand."""

    def __init__(self, stand_in: Account, dynamodb: Any, table_name: str) -> None:
        self.stand_in, self.dynamodb, self.table_name = stand_in, dynamodb, table_name
        self.now = datetime.fromisoformat(at(1))
        self.owners: list[dict[str, Any]] = [EVERYBODY, PAYMENTS]
        self.configuration_error: ConfigurationError | None = None
        edges: dict[str, Any] = {"clock": lambda: self.now}
        self.store = FindingStore(dynamodb, table_name, **edges)
        self.outbox = Outbox(dynamodb, table_name, **edges)
        self.notices = Notices(dynamodb, table_name, **edges)
        self.topics = Topics(lambda _: stand_in.client("sns"))
        self.dead = stand_in.queue("unpublishable")
        self.queues = {name: stand_in.queue(name) for name in ("platform", "payments")}
        sns, sqs = stand_in.client("sns"), stand_in.client("sqs")
        for name, queue in self.queues.items():
            topic = sns.create_topic(Name=name)["TopicArn"]
            arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
                "QueueArn"
            ]
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def document(self) -> dict[str, Any]:
        """Return the configuration in force."""
        if self.configuration_error:
            raise self.configuration_error
        return {"version": 1, "owners": self.owners}

    def publisher(self, *, notices: Notices | None = None, topics: Topics | None = None) -> Publisher:
        """Return a publisher; what a test puts in its way goes in here."""
        dead = DeadLetterQueue(self.stand_in.client("sqs"), self.dead)
        notifier = Notifier(
            self.outbox,
            notices or self.notices,
            self.store,
            topics or self.topics,
            dead,
            owners=self.document,
            window=WINDOW,
        )
        return Publisher(
            self.outbox,
            self.stand_in.client("events"),
            BUS,
            dead,
            notifier=notifier,
            clock=lambda: self.now,
        )

    def run(self, *, minutes: float = 0) -> dict[str, Any]:
        """Invoke the handler some minutes later, as the schedule does; return what became of notices."""
        self.now += timedelta(minutes=minutes)
        answer = handler({"publish": "what_is_left"}, Context("publish-changes"), publisher=self.publisher())
        assert answer["left"] == 0
        return dict(answer["noticed"])

    def told(self, name: str = "platform") -> list[dict[str, str]]:
        """Take what came out of a topic."""
        return [json.loads(one["Body"]) for one in self.stand_in.received(self.queues[name])]

    def items(self, kind: str) -> list[dict[str, Any]]:
        """Return the items of a kind as they are stored."""
        items = self.dynamodb.scan(TableName=self.table_name)["Items"]
        return [one for one in items if one["item_type"]["S"] == kind]

    def opens(self, *functions: str, minute: int = 0, **fields: Any) -> None:
        """Record a look that finds egress broken."""
        for function in functions:
            found = _found(function, minute=minute, **fields)
            self.store.record(
                a_look(minute, violated=[found], function=function, digest=f"sha256:{minute:02x}")
            )

    def ends(self, *functions: str, minute: int) -> None:
        """Record a look that finds nothing any more."""
        for function in functions:
            look = a_look(minute, passed=[EGRESS], function=function, digest=f"sha256:{minute:02x}")
            self.store.record(look)


def _found(function: str, *, minute: int = 0, **fields: Any) -> Finding:
    said = {"stage": "warn", "message": f"{function} cannot reach the internet: nat-0a was deleted"}
    cause = {"root_cause": "nat-0a", "root_cause_kind": "nat_gateway", "root_cause_name": "egress-a"}
    return a_finding(EGRESS, minute=minute, function=function, **(said | cause | fields))


def _exempting(function: str) -> Exemptions:
    one = Exemption(
        exemption_id=f"vx-{1:032x}",
        covers="violation",
        match=Matcher(function=function),
        reason="moved in March",
        ticket=None,
        owner="team-payments",
        created_by="ann",
        created_at=at(0),
        expires_at=at(10_000),
    )
    return Exemptions((one,))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ministack(account_id=ACCOUNT, region=REGION) as url:
        yield url


@pytest.fixture
def world(url: str, dynamodb: Any, table_name: str) -> Iterator[World]:
    world = World(Account(url), dynamodb, table_name)
    yield world
    sns, sqs = world.stand_in.client("sns"), world.stand_in.client("sqs")
    for name, queue in world.queues.items():
        sns.delete_topic(TopicArn=TOPIC + name)
        sqs.delete_queue(QueueUrl=queue)
    sqs.delete_queue(QueueUrl=world.dead)


def test_one_deleted_gateway_behind_many_functions_is_one_message(world: World) -> None:
    names = [f"f{number:03}" for number in range(60)]
    world.opens(
        *names, actor="arn:aws:sts::111122223333:assumed-role/deploy/dana", advice="Create another one."
    )

    assert world.run(minutes=1)["sent"] == 0
    assert world.told() == []
    assert world.run(minutes=10)["sent"] == 1

    (message,) = world.told()
    assert message["Subject"] == "Lambda VPC Guard: high, nat-0a (egress-a), 60 functions"
    text = message["Message"]
    assert text.count("nat-0a was deleted") == 1
    assert "The repair: Create another one.\n" in text
    assert "Functions: 60, the first 20\n- f000, 111122223333 (payments-prod) eu-west-1, vg-" in text
    assert "- and 40 more\n" in text
    assert text.count("\n- ") == 21
    assert world.items("notice") == world.items("outbox") == []
    assert world.run(minutes=600) == {
        "without_owner": 0,
        "sent": 0,
        "failed": 0,
        "given_up": 0,
        "reasons": [],
    }


def test_each_owner_is_told_of_their_own_functions(world: World) -> None:
    world.opens("orders", "pay-in", "pay-out")

    world.run(minutes=1)
    world.run(minutes=10)

    assert [one["Subject"][-11:] for one in world.told("platform")] == [" 1 function"]
    assert [one["Subject"][-11:] for one in world.told("payments")] == ["2 functions"]


def test_what_comes_later_is_told_in_the_next_window(world: World) -> None:
    world.opens("a")
    world.run(minutes=1)
    world.opens("b", minute=5)
    world.run(minutes=5)
    world.run(minutes=5)
    assert "2 functions" in world.told()[0]["Subject"]

    world.opens("c", minute=20)
    world.run(minutes=10)
    world.run(minutes=10)

    (message,) = world.told()
    assert "1 function" in message["Subject"]
    assert "- c," in message["Message"]


@pytest.mark.parametrize("stage", ["warn", "approve", "enforce"])
def test_from_stage_warn_on_people_are_told(world: World, stage: str) -> None:
    world.opens("a", stage=stage)
    world.opens("b", stage="audit")

    world.run(minutes=1)
    world.run(minutes=10)

    (message,) = world.told()
    assert "1 function" in message["Subject"]


def test_what_nobody_owns_is_counted_and_told_to_nobody(world: World) -> None:
    world.owners = [PAYMENTS]
    world.opens("orders")
    world.opens("quiet", stage="audit")

    assert world.run(minutes=1)["without_owner"] == 1
    assert world.items("notice") == world.items("outbox") == []


def test_the_end_of_a_cause_is_told_once_and_only_when_all_of_it_ended(world: World) -> None:
    world.opens("a", "b", "c")
    world.run(minutes=1)
    world.run(minutes=10)
    world.told()

    world.ends("a", minute=20)
    world.run(minutes=10)
    world.run(minutes=10)
    assert world.told() == []

    world.ends("b", minute=40)
    world.store.resolve_deleted(
        account_id=ACCOUNT, region=REGION, function_name="c", judged_at=at(41), trigger="sweep"
    )
    world.run(minutes=15)
    world.run(minutes=10)

    (message,) = world.told()
    assert message["Subject"] == "Lambda VPC Guard: ended, nat-0a (egress-a), 2 functions"
    assert "Ended: 1, fixed\n" in message["Message"]
    assert "Ended: 1, the function was deleted\n" in message["Message"]


def test_what_begins_and_ends_within_a_window_is_not_told(world: World) -> None:
    world.opens("a", "b")
    world.ends("a", "b", minute=3)
    world.run(minutes=5)

    assert world.run(minutes=10)["sent"] == 0
    assert world.told() == []
    assert world.items("notice") == []


def test_what_ends_and_begins_again_within_a_window_is_not_told(world: World) -> None:
    world.opens("a")
    world.run(minutes=1)
    world.run(minutes=10)
    world.told()

    world.ends("a", minute=20)
    world.opens("a", minute=22)
    world.run(minutes=15)

    assert world.run(minutes=10)["sent"] == 0


def test_without_a_cause_findings_are_told_by_rule_and_vpc(world: World) -> None:
    for function, vpc_id in (("a", "vpc-0a"), ("b", "vpc-0a"), ("c", "vpc-0b")):
        found = a_finding(
            ZONES,
            function=function,
            vpc_id=vpc_id,
            stage="warn",
            root_cause=None,
            title="One zone",
            message="x",
        )
        world.store.record(a_look(0, violated=[found], function=function))
    world.run(minutes=1)
    world.run(minutes=10)

    assert sorted(one["Subject"] for one in world.told()) == [
        "Lambda VPC Guard: high, az.single_az in vpc-0a, 2 functions",
        "Lambda VPC Guard: high, az.single_az in vpc-0b, 1 function",
    ]
    for function in ("a", "c"):
        world.store.record(a_look(20, passed=[ZONES], function=function, digest="sha256:20"))
    world.run(minutes=15)
    world.run(minutes=10)

    (message,) = world.told()
    assert message["Subject"] == "Lambda VPC Guard: ended, az.single_az in vpc-0b, 1 function"


def test_switching_warn_on_is_one_summary_and_then_what_is_new(world: World) -> None:
    """Not five thousand messages."""
    old = [f"f{number:02}" for number in range(12)]
    world.opens(*old[:8], stage="audit")
    world.opens(*old[8:], stage="audit", root_cause="nat-0b", root_cause_name=None)
    assert world.run(minutes=1) == {"without_owner": 0, "sent": 0, "failed": 0, "given_up": 0, "reasons": []}

    world.opens(*old[:8], minute=10)  # a sweep, after the configuration changed
    world.run(minutes=15)
    world.opens(*old[8:], minute=30, root_cause="nat-0b", root_cause_name=None)
    world.opens("new", minute=30)
    world.run(minutes=20)
    assert world.run(minutes=11)["sent"] == 1
    (fresh,) = world.told()
    assert fresh["Subject"] == "Lambda VPC Guard: high, nat-0a (egress-a), 1 function"
    assert "- new," in fresh["Message"]
    assert world.run(minutes=50)["sent"] == 1

    (summary,) = world.told()
    assert summary["Subject"] == "Lambda VPC Guard: open already, 12 findings"
    text = summary["Message"]
    assert "12 findings of 2 causes, worst first.\n" in text
    assert text.index("NAT gateway nat-0a (egress-a)") < text.index("NAT gateway nat-0b")
    assert "8 functions: cannot reach the internet" in text
    assert "Rules: nat.no_internet_egress (12)\n" in text
    world.opens(*old, minute=50)
    world.run(minutes=120)
    assert world.told() == []


def test_a_summary_is_sent_after_a_day_although_more_comes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifying, "_BACKLOG_LONGEST", timedelta(hours=3))  # of a shorter day
    names = [f"f{number:02}" for number in range(6)]
    world.opens(*names, stage="audit")
    world.run(minutes=1)
    sent = []
    for number, name in enumerate(names, 1):  # one every 50 minutes
        world.opens(name, minute=number)
        sent.append(world.run(minutes=50)["sent"])

    assert sent.count(1) == 1
    assert len(world.told()) == 1
    assert world.run(minutes=61)["sent"] == 1


def test_a_topic_that_is_gone_stops_no_other_and_is_tried_again(world: World) -> None:
    world.owners = [EVERYBODY, GONE]
    world.opens("orders", "gone-1")
    world.run(minutes=1)

    answer = world.run(minutes=10)

    assert (answer["sent"], answer["failed"]) == (1, 1)
    assert len(world.told()) == 1
    assert answer["reasons"][0].startswith(f"PublishingError: {GONE['topic']} could not be told: ")
    assert world.run(minutes=1)["failed"] == 0
    assert world.run(minutes=1)["failed"] == 1
    assert world.run(minutes=2)["failed"] == 0
    world.stand_in.client("sns").create_topic(Name="no-such-topic")
    assert world.run(minutes=2)["sent"] == 1
    assert world.items("notice") == []
    world.stand_in.client("sns").delete_topic(TopicArn=GONE["topic"])


def test_what_cannot_be_told_for_a_day_ends_beside_what_cannot_be_published(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifying, "_MOST_FAILURES", 3)  # of a shorter day
    world.owners = [GONE]
    world.opens("gone-1")
    world.run(minutes=1)
    failed = [world.run(minutes=61) for _ in range(4)]

    assert [one["failed"] for one in failed] == [1] * 3 + [0]
    assert failed[-1]["given_up"] == 1
    (dead,) = world.stand_in.received(world.dead)
    assert json.loads(dead["Body"])["topic"] == GONE["topic"]
    assert "could not be told" in dead["MessageAttributes"]["reason"]["StringValue"]
    assert world.items("notice") == []


def test_a_process_that_dies_after_telling_tells_once_more(world: World) -> None:
    """Nobody can know whether the message went out; not saying it would be worse."""

    class Dying(Notices):
        def done(self, window: Any) -> None:  # noqa: ARG002
            """Die."""
            raise Died

    world.opens("a")
    world.run(minutes=1)
    world.now += WINDOW
    dying = Dying(world.dynamodb, world.table_name, clock=lambda: world.now)
    with pytest.raises(Died):
        world.publisher(notices=dying).drain(until=math.inf)

    assert world.run()["sent"] == 0  # it has a few minutes to end
    assert world.run(minutes=6)["sent"] == 1
    first, again = world.told()
    assert (first["Subject"], first["Message"]) == (again["Subject"], again["Message"])
    assert world.run(minutes=60)["sent"] == 0


def test_what_comes_while_a_window_is_told_is_told_in_the_next_one(world: World) -> None:
    class Overtaken(Topics):
        def tell(self, topic: str, notice: Any) -> None:
            """Tell, and have another process gather meanwhile."""
            world.opens("late", minute=8)
            world.publisher(topics=world.topics).drain(until=math.inf)
            world.topics.tell(topic, notice)

    world.opens("a")
    world.run(minutes=1)
    world.now += WINDOW
    world.publisher(topics=Overtaken(lambda _: None)).drain(until=math.inf)
    world.run(minutes=11)

    assert ["- late," in one["Message"] for one in world.told()] == [False, True]


def test_two_that_gather_the_same_changes_put_them_into_one_window(world: World) -> None:
    class Late(Notices):
        def gather(self, *args: Any, **options: Any) -> None:
            """Be overtaken by another process that gathers them too."""
            world.publisher().drain(until=math.inf)
            super().gather(*args, **options)

    world.opens(*[f"f{number:02}" for number in range(60)])
    world.now += timedelta(minutes=2)
    late = Late(world.dynamodb, world.table_name, clock=lambda: world.now, pause=lambda _: None)
    world.publisher(notices=late).drain(until=math.inf)

    assert len(world.items("notice_change")) == 60
    world.run(minutes=10)
    (message,) = world.told()
    assert "60 functions" in message["Subject"]


def test_two_that_tell_at_once_tell_once(world: World) -> None:
    world.opens("a")
    world.run(minutes=1)
    world.now += WINDOW
    first, second = list(world.notices.due()), list(world.notices.due())

    assert (len(first), second) == (1, [])


def test_what_there_is_no_time_to_tell_is_left_to_the_next_minute(world: World) -> None:
    """Whoever took it would keep it from all others for some minutes."""
    for number in range(3):
        world.opens(f"f{number}", root_cause=f"nat-{number}")
    world.run(minutes=1)
    world.now += WINDOW

    world.publisher().drain(until=-math.inf)

    assert world.run(minutes=1)["sent"] == 3


def test_what_is_exempt_within_a_window_is_not_told(world: World) -> None:
    """Nobody has anything to do."""
    world.opens("a", "b")
    world.run(minutes=1)
    exempt = FindingStore(
        world.dynamodb,
        world.table_name,
        exemptions=lambda: _exempting("a"),
        clock=lambda: world.now,
    )
    exempt.replan(ACCOUNT, REGION, "a")
    world.run(minutes=3)
    world.run(minutes=10)

    (message,) = world.told()
    assert message["Subject"].endswith("1 function")
    assert "- b," in message["Message"]
    world.store.replan(ACCOUNT, REGION, "a")
    world.run(minutes=3)
    world.run(minutes=10)
    (message,) = world.told()
    assert "- a," in message["Message"]


def test_the_order_in_which_changes_were_written_counts(world: World) -> None:
    """A look is as old as what it read: an exemption may have ended meanwhile."""
    found = a_look(0, violated=[_found("a")], function="a")
    FindingStore(
        world.dynamodb, world.table_name, exemptions=lambda: _exempting("a"), clock=lambda: world.now
    ).record(found)
    world.now += timedelta(minutes=20)
    world.store.replan(ACCOUNT, REGION, "a")
    world.ends("a", minute=10)
    world.opens("a", minute=15)

    world.run(minutes=2)
    world.run(minutes=10)

    assert len(world.told()) == 1
    history = world.store.history(_found("a").finding_id).items
    assert [(one.change, one.sequence) for one in history] == [
        ("reopened", 4),
        ("resolved", 3),
        ("exemption_ended", 2),
        ("exempted", 1),
    ]


def test_nothing_is_published_while_nobody_knows_whom_to_tell(world: World) -> None:
    """Published and not settled, it would be published again every minute."""
    world.opens("a")
    world.now += timedelta(minutes=2)
    world.configuration_error = ConfigurationError("not read yet")

    with pytest.raises(ConfigurationError):
        world.publisher().drain(until=math.inf)

    assert len(world.items("outbox")) == 1
    world.configuration_error = None
    world.run()
    assert world.run(minutes=10)["sent"] == 1
