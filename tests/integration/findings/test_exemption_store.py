"""Exemptions in DynamoDB Local, with what people write into the table by hand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from vpcguard.errors import (
    ExemptionError,
    FindingStoreError,
    ListingError,
    NoExemptionError,
    RevisionError,
)
from vpcguard.findings.exemption_store import ExemptionStore
from vpcguard.findings.exemptions import Exemption, Exemptions, Subject, derived_id, made, new_id
from vpcguard.findings.records import EXEMPTIONS
from vpcguard.findings.store import KeptExemptions

NOW = datetime(2026, 11, 20, 13, tzinfo=UTC)
CALLER = "arn:aws:iam::111122223333:user/ada"
SUBJECT = Subject(
    account_id="111122223333",
    region="eu-west-1",
    function_name="orders",
    rule_id="nat.no_internet_egress",
    organization_unit=None,
    root_cause=None,
    verdict="violation",
)


class Time:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        """Return the present."""
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def exemptions(dynamodb: Any, table_name: str, time: Time) -> ExemptionStore:
    return ExemptionStore(dynamodb, table_name, clock=time)


def exemption(
    expires_at: str = "2027-03-31", *, made_at: datetime = NOW, name: str | None = None, **asked: Any
) -> Exemption:
    """One that covers the subject."""
    given = {"match": {"rule_id": SUBJECT.rule_id}, "reason": "it moves", "owner": "payments", **asked}
    return made(
        {**given, "expires_at": expires_at},
        created_by=CALLER,
        now=made_at,
        exemption_id=new_id() if name is None else derived_id(name),
    )


def test_what_was_kept_is_read_again(exemptions: ExemptionStore) -> None:
    match = {"organization_unit": "root/büro/[ab]*", "family": "nat", "function": "{a,b}"}
    one = replace(
        exemption(match=match, reason="because\n" + "😀" * 900, ticket="NET-1", covers="unknown"),
        source="payments#egress",
    )

    assert exemptions.create(one) == one

    assert exemptions.get(one.exemption_id).exemption == one
    assert exemptions.read() == Exemptions((one,))
    assert exemptions.page().items == (one,)


def test_the_same_id_is_kept_once(exemptions: ExemptionStore, time: Time) -> None:
    first = exemptions.create(exemption(name="x"))
    time.now += timedelta(hours=1)

    assert exemptions.create(exemption(name="x", made_at=time.now, reason="another")) == first
    with pytest.raises(ExemptionError, match="revision"):
        exemptions.create(replace(exemption(), revision=0))
    assert exemptions.read().items == (first,)


def test_a_revoked_one_says_who_and_when_and_stays_as_it_is(exemptions: ExemptionStore, time: Time) -> None:
    one = exemptions.create(exemption())
    time.now += timedelta(hours=1)

    revoked = exemptions.revoke(one.exemption_id, revoked_by="arn:b", revision=1)

    at = "2026-11-20T14:00:00.000000Z"
    assert revoked == replace(one, revoked_at=at, revoked_by="arn:b", revision=2)
    time.now += timedelta(hours=1)
    assert exemptions.revoke(one.exemption_id, revoked_by="arn:c") == revoked
    assert exemptions.get(one.exemption_id).exemption == revoked
    assert exemptions.read() == Exemptions()
    with pytest.raises(RevisionError, match="its revision is 2, not 1"):
        exemptions.revoke(one.exemption_id, revoked_by="arn:c", revision=1)
    with pytest.raises(NoExemptionError, match="vx-0"):
        exemptions.revoke("vx-0", revoked_by="arn:c")


def test_of_many_who_revoke_one_does(exemptions: ExemptionStore) -> None:
    one = exemptions.create(exemption())

    with ThreadPoolExecutor(8) as pool:
        revoked = list(
            pool.map(lambda n: exemptions.revoke(one.exemption_id, revoked_by=f"arn:{n}"), range(8))
        )

    assert len({found.revoked_by for found in revoked}) == 1
    assert {found.revision for found in revoked} == {2}


def test_what_has_ended_is_not_read_with_every_look_and_stays_for_400_days(
    exemptions: ExemptionStore, time: Time
) -> None:
    short, long = exemptions.create(exemption("2026-11-20T13:00:00.5Z")), exemptions.create(exemption())
    time.now = datetime.fromisoformat(short.expires_at) - timedelta(microseconds=1)
    assert set(exemptions.read().items) == {short, long}

    time.now += timedelta(seconds=1)
    assert exemptions.read().items == (long,)
    assert {one.exemption for one in exemptions.read_all()[0]} == {short, long}
    assert exemptions.page(state="expired").items == (short,)
    assert exemptions.page(state="in_force").items == (long,)
    assert exemptions.page(state="revoked").items == ()

    time.now += timedelta(days=401)
    assert [one.exemption for one in exemptions.read_all()[0]] == [long]  # which DynamoDB has not removed yet
    assert exemptions.page().items == (long,)


def test_pages_have_them_all_by_id(exemptions: ExemptionStore) -> None:
    kept = sorted(exemptions.create(exemption(name=str(number))).exemption_id for number in range(25))
    found, cursor = list[str](), None
    for _ in range(9):
        page = exemptions.page(page_size=3, cursor=cursor)
        found += [one.exemption_id for one in page.items]
        cursor = page.cursor
        if cursor is None:
            break

    assert found == kept
    with pytest.raises(ListingError):
        exemptions.page(cursor="x")


def test_more_than_a_query_says_at_once(exemptions: ExemptionStore) -> None:
    """A query answers 1 MB at a time."""
    for number in range(300):
        exemptions.create(exemption(name=str(number), reason="😀" * 1_000))

    assert len(exemptions.read().items) == 300


BROKEN: dict[str, dict[str, Any]] = {
    "nothing": {},
    "covers": {"covers": {"S": "everything"}},
    "a list": {"match": {"S": '["nat"]'}},
    "a map": {"match": {"M": {"family": {"S": "nat"}}}},
    "no JSON": {"match": {"S": "{"}},
    "deep": {"match": {"S": "[" * 100_000}},
    "everything": {"match": {"S": "{}"}},
    "all accounts": {"match": {"S": '{"account_id": "*"}'}},
    "unknown key": {"match": {"S": '{"familly": "nat", "rule_id": "nat.no_internet_egress"}'}},
    "null": {"match": {"NULL": True}},
    "glob": {"match": {"S": '{"rule_id": "nat.no_internet_egress", "function": "["}'}},
    "no end": {"expires_at": {"NULL": True}},
    "far end": {"expires_at": {"S": "9999-12-31T00:00:00.000000Z"}},
    "a number": {"expires_at": {"N": "9999999999"}},
    "a day": {"expires_at": {"S": "2027-01-01"}},
    "no owner": {"owner": {"S": ""}},
    "revoked": {"revoked_at": {"BOOL": False}},
    "revoked some time": {"revoked_at": {"S": "yesterday"}},
    "revision": {"revision": {"N": "1.5"}},
    "ttl": {"ttl": {"S": "never"}, "reason": {"NULL": True}},
}


@pytest.mark.parametrize("broken", BROKEN)
def test_what_is_written_by_hand_and_is_none_exempts_nothing_and_spoils_nothing(
    dynamodb: Any, table_name: str, exemptions: ExemptionStore, broken: str
) -> None:
    good = exemptions.create(exemption("2026-12-01"))
    item = dynamodb.get_item(
        TableName=table_name, Key={"pk": {"S": EXEMPTIONS}, "sk": {"S": good.exemption_id}}
    )["Item"]
    longer = {**item, "expires_at": {"S": "2027-06-01T00:00:00.000000Z"}, "ttl": {"N": "99999999999"}}
    by_hand = {"pk": item["pk"]} if broken == "nothing" else longer
    key = derived_id(broken)
    dynamodb.put_item(TableName=table_name, Item={**by_hand, **BROKEN[broken], "sk": {"S": key}})

    read = exemptions.read()

    assert read == Exemptions((good,), (key,))
    assert read.covering(SUBJECT, NOW) == good
    assert exemptions.read_all()[1] == (key,)
    assert exemptions.page().items == (good,)
    with pytest.raises(NoExemptionError, match=rf"{key} is malformed and exempts nothing; .*: \w+"):
        exemptions.get(key)
    with pytest.raises(NoExemptionError, match="is malformed"):
        exemptions.revoke(key, revoked_by="arn:b")
    with pytest.raises(NoExemptionError, match="is malformed"):
        exemptions.create(exemption(name=broken))


def test_what_a_later_release_adds_is_no_fault(
    dynamodb: Any, table_name: str, exemptions: ExemptionStore
) -> None:
    good = exemptions.create(exemption())
    key = {"pk": {"S": EXEMPTIONS}, "sk": {"S": good.exemption_id}}
    item = dynamodb.get_item(TableName=table_name, Key=key)["Item"]
    dynamodb.put_item(TableName=table_name, Item={**item, "approved_by": {"SS": ["a", "b"]}})

    assert exemptions.read().items == (good,)


def test_any_key_is_none_or_a_fault_of_the_caller(exemptions: ExemptionStore) -> None:
    for key in ("EXEMPTIONS", "vx-\x00", "#", "x" * 1_000):
        with pytest.raises(NoExemptionError):
            exemptions.get(key)


def test_what_the_findings_show_is_noted_unless_somebody_was_faster(exemptions: ExemptionStore) -> None:
    one = exemptions.create(exemption())
    seen = exemptions.get(one.exemption_id)

    assert exemptions.note(seen, applied="in_force 1", covered={"findings": 2})
    noted = exemptions.get(one.exemption_id)
    assert (noted.applied, noted.covered, noted.exemption) == ("in_force 1", {"findings": 2}, one)
    exemptions.revoke(one.exemption_id, revoked_by="arn:b")

    assert not exemptions.note(noted, applied="in_force 1", covered=None)
    assert exemptions.get(one.exemption_id).applied == "in_force 1"


def test_a_process_reads_them_once_a_minute(exemptions: ExemptionStore, time: Time) -> None:
    kept = KeptExemptions(exemptions.read, clock=time)
    assert kept() == Exemptions()
    one = exemptions.create(exemption())

    time.now += timedelta(seconds=59)
    assert kept() == Exemptions()
    time.now += timedelta(seconds=1)
    assert kept().items == (one,)
    exemptions.revoke(one.exemption_id, revoked_by="arn:b")
    time.now -= timedelta(hours=1)  # a clock that was set right
    assert kept().covering(SUBJECT, time.now) is None


def test_who_cannot_read_them_is_told_and_asks_again(time: Time) -> None:
    answers: list[Any] = [FindingStoreError("no"), Exemptions(malformed=("x",))]

    def read() -> Exemptions:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]

    kept = KeptExemptions(read, clock=time)
    with pytest.raises(FindingStoreError):
        kept()
    assert kept().malformed == ("x",)
    assert kept().malformed == ("x",)
    kept.forget()
    with pytest.raises(IndexError):
        kept()


def test_a_table_that_is_not_there_is_a_fault(dynamodb: Any) -> None:
    store = ExemptionStore(dynamodb, "no-such-table")
    one = exemption()

    for call in (store.read, store.page, lambda: store.get("x"), lambda: store.create(one)):
        with pytest.raises(FindingStoreError):
            call()
