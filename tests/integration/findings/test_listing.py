"""Lists of findings: by query alone, page by page, without what has expired."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from tests.support.looks import ACCOUNT, EGRESS, FUNCTION, REGION, ZONES, a_finding, a_look, at
from vpcguard.errors import ListingError
from vpcguard.findings import pages
from vpcguard.findings.pages import Page
from vpcguard.findings.store import FindingStore
from vpcguard.model import Finding, Status, cause_of, finding_id

OTHER = "444455556666"


@pytest.fixture
def estate(store: FindingStore) -> FindingStore:
    """Thirty functions here, three elsewhere; every third is fixed, every fifth cannot be judged."""
    names = [f"function-{number:02}" for number in range(30)]
    store.record_all(
        [
            a_look(0, violated=[EGRESS], unknown=[ZONES][: number % 5 == 0], function=name)
            for number, name in enumerate(names)
        ]
    )
    store.record_all([a_look(1, passed=[EGRESS], function=name) for name in names[::3]])
    store.record(a_look(0, violated=[EGRESS], region="us-east-1"))
    store.record(a_look(0, violated=[EGRESS], account_id=OTHER))
    return store


def _walk(read: Callable[..., Page[Finding]], page_size: int, *args: Any, **kwargs: Any) -> Iterator[Finding]:
    cursor = None
    while True:
        page = read(*args, page_size=page_size, cursor=cursor, **kwargs)
        assert len(page.items) <= page_size
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return


@pytest.mark.parametrize("page_size", [1, 4, 7, 100])
def test_pages_hold_every_finding_once_whatever_their_size(estate: FindingStore, page_size: int) -> None:
    by_account = list(_walk(estate.list_by_account, page_size, ACCOUNT))
    by_rule = list(_walk(estate.list_by_rule, page_size, EGRESS))
    live = list(_walk(estate.list_all, page_size, status={"open"}))

    assert len({one.finding_id for one in by_account}) == len(by_account) == 30 + 6 + 1
    assert len({one.finding_id for one in by_rule}) == len(by_rule) == 32
    assert len({one.finding_id for one in live}) == len(live) == 20 + 2


def test_lists_are_narrowed_by_region_and_status(estate: FindingStore) -> None:
    def count(page: Page[Finding]) -> int:
        return len(page.items)

    assert count(estate.list_by_account(ACCOUNT, region=REGION)) == 36
    assert count(estate.list_by_account(ACCOUNT, region="us-east-1")) == 1
    assert count(estate.list_by_account(ACCOUNT, region=REGION, status={"resolved"})) == 10
    assert count(estate.list_by_account(ACCOUNT, region=REGION, rule_id=ZONES)) == 6
    assert count(estate.list_by_account(ACCOUNT, rule_id=EGRESS)) == 31
    assert count(estate.list_by_account(ACCOUNT, region=REGION, rule_id="nat.no")) == 0
    assert count(estate.list_by_account(OTHER)) == 1
    assert count(estate.list_by_account("000000000000")) == 0
    assert count(estate.list_by_rule(EGRESS, status={"resolved"})) == 10
    assert count(estate.list_by_rule(ZONES)) == count(estate.list_all(status={"undetermined"})) == 6
    assert count(estate.list_by_rule("nat.no")) == 0  # no prefix of another rule
    assert count(estate.list_all(status={"resolved"}, changed_since=at(1))) == 10
    assert count(estate.list_all(status={"open"}, changed_since=at(1))) == 0
    assert count(estate.list_all(status={"open", "undetermined"})) == 22 + 6
    assert count(estate.list_all(status={"open", "resolved"})) == 32
    assert count(estate.list_all()) == 38
    assert count(estate.list_all(changed_since=at(1))) == 10


def test_a_cause_lists_what_its_repair_ends(estate: FindingStore) -> None:
    """Across functions, and across the accounts that share its network; what is resolved has left it."""
    shared = [
        a_finding(
            minute=2, function=name, account_id=account, root_cause="nat-0b", root_cause_account=ACCOUNT
        )
        for name, account in (("one", ACCOUNT), ("two", OTHER))
    ]
    for one in shared:
        estate.record(a_look(2, violated=[one], function=one.function_name, account_id=one.account_id))
    own, common = str(cause_of(a_finding())), str(cause_of(shared[0]))

    assert len(list(_walk(estate.list_by_cause, 7, own))) == 20
    assert {one.finding_id for one in estate.list_by_cause(common).items} == {
        one.finding_id for one in shared
    }
    estate.record(a_look(3, passed=[EGRESS], function="one"))
    assert [one.function_name for one in estate.list_by_cause(common).items] == ["two"]
    estate.record(a_look(4, violated=[replace(shared[0], root_cause=None)], function="one"))
    assert [one.function_name for one in estate.list_by_cause(common).items] == ["two"]


LIVE = frozenset[Status]({"open", "undetermined"})
LISTINGS: dict[str, Callable[[FindingStore], Callable[..., Page[Finding]]]] = {
    "live": lambda store: partial(store.list_all, status=LIVE),
    "all": lambda store: store.list_all,
    "open and resolved": lambda store: partial(store.list_all, status={"open", "resolved"}),
    "by account": lambda store: partial(store.list_by_account, ACCOUNT, status=LIVE),
    "by rule": lambda store: partial(store.list_by_rule, EGRESS),
}


@pytest.mark.parametrize("listing", LISTINGS)
def test_a_finding_that_changes_while_it_is_listed_is_neither_lost_nor_doubled(
    store: FindingStore, listing: str
) -> None:
    """Between pages findings become open that were resolved or in doubt, and others are resolved."""
    names = [f"function-{number:02}" for number in range(12)]
    seen: Counter[str] = Counter()
    cursor, minute = None, 0
    has_resolved = listing in ("all", "open and resolved", "by rule")
    quiet = {"passed": [EGRESS]} if has_resolved else {"unknown": [EGRESS]}
    store.record_all([a_look(0, unknown=[EGRESS], function=name) for name in names])
    while True:
        for number, name in enumerate(names):
            is_open = (number + minute) % 2 if has_resolved else number < 3 * minute
            said: dict[str, Any] = {"violated": [EGRESS]} if is_open else quiet
            store.record(a_look(minute + 1, function=name, **said))
        page = LISTINGS[listing](store)(page_size=3, cursor=cursor)
        seen.update(one.function_name for one in page.items)
        cursor, minute = page.cursor, minute + 1
        if cursor is None:
            break

    assert minute > 3
    assert seen == Counter(names)


def test_a_listing_without_a_status_to_ask_for_is_refused(store: FindingStore) -> None:
    with pytest.raises(ListingError, match="no status"):
        store.list_all(status=set())


def test_a_listing_may_leave_the_details_out(estate: FindingStore) -> None:
    whole = estate.list_by_account(OTHER).items

    assert estate.list_by_account(OTHER, details=False).items == tuple(
        replace(one, advice="", evidence={}) for one in whole
    )


def test_an_account_is_listed_by_region_rule_and_function(estate: FindingStore) -> None:
    listed = [(one.region, one.rule_id, one.function_name) for one in estate.list_by_account(ACCOUNT).items]

    assert listed == sorted(listed)


def test_what_is_listed_is_what_is_stored(estate: FindingStore) -> None:
    for one in estate.list_by_account(ACCOUNT).items:
        assert estate.get(one.finding_id) == one


def test_listed_findings_were_last_seen_by_the_newest_look(estate: FindingStore) -> None:
    """The finding itself was not written again."""
    estate.record(a_look(9, violated=[EGRESS], function="function-01"))

    lists = [
        estate.list_by_account(ACCOUNT, status={"open"}),
        estate.list_by_rule(EGRESS, status={"open"}),
        estate.list_all(status={"open"}),
        estate.list_by_function(ACCOUNT, REGION, "function-01"),
    ]
    for page in lists:
        seen = {one.function_name: one.last_seen for one in page.items if one.region == REGION}
        assert seen["function-01"] == at(9)
        assert set(seen.values()) <= {at(0), at(9)}


def test_what_has_expired_is_gone_before_dynamodb_removes_it(
    estate: FindingStore, dynamodb: Any, table_name: str
) -> None:
    """DynamoDB takes days: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html."""
    later = FindingStore(dynamodb, table_name, clock=lambda: datetime(2027, 12, 31, tzinfo=UTC))
    resolved = finding_id(ACCOUNT, REGION, "function-00", EGRESS)

    assert later.get(resolved) is None
    assert later.history(resolved).items == ()
    assert estate.get(resolved) is not None
    assert len(estate.history(resolved).items) == 2
    assert later.list_all(status={"resolved"}).items == ()
    assert later.list_by_rule(EGRESS, status={"resolved"}).items == ()
    assert len(later.list_by_account(ACCOUNT).items) == 37 - 10
    assert [one.rule_id for one in later.list_by_function(ACCOUNT, REGION, "function-00").items] == [ZONES]


def test_an_unknown_id_is_no_finding(store: FindingStore) -> None:
    assert store.get("vg-0") is None
    assert store.history("vg-0") == Page((), None)


def test_a_long_history_has_pages_newest_first(store: FindingStore) -> None:
    for minute in range(12):
        named = {"passed": [EGRESS]} if minute % 2 else {"violated": [EGRESS]}
        store.record(a_look(minute, **named))  # type: ignore[arg-type]
    identity = finding_id(ACCOUNT, REGION, FUNCTION, EGRESS)

    first = store.history(identity, page_size=5)
    second = store.history(identity, page_size=5, cursor=first.cursor)
    third = store.history(identity, page_size=5, cursor=second.cursor)

    times = [entry.changed_at for page in (first, second, third) for entry in page.items]
    assert times == [at(minute) for minute in reversed(range(12))]
    assert third.cursor is None


def _as_cursor(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        *("", "x", "ä", "e30=", "WzAsIDFd"),
        _as_cursor([17, None]),
        _as_cursor([None, None]),
        _as_cursor([1.0, None]),
        _as_cursor([True, None]),
        _as_cursor([0, {"pk": 5}]),
        _as_cursor([0, {"pk": {"S": 5}}]),
        _as_cursor([0, {"pk": {"N": "5"}}]),
        _as_cursor([0, {"pk": {"S": "x"}}]),
        _as_cursor([0, {}]),
        _as_cursor([0, {"pk": {"S": "\ud800"}}]),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
    ],
)
def test_what_is_no_cursor_of_the_listing_is_refused(store: FindingStore, cursor: str) -> None:
    """Starting at the beginning instead would repeat a page for ever."""
    with pytest.raises(ListingError, match="not a cursor"):
        store.list_all(status={"open"}, cursor=cursor)


def test_a_cursor_of_another_listing_is_refused(estate: FindingStore) -> None:
    cursor = estate.list_by_account(ACCOUNT, page_size=1).cursor

    assert cursor is not None
    for listing in (partial(estate.list_by_account, OTHER), partial(estate.list_by_rule, EGRESS)):
        with pytest.raises(ListingError, match="not a cursor"):
            listing(cursor=cursor)


def test_a_page_ends_after_a_thousand_items_though_the_filter_left_few(
    estate: FindingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million resolved findings must not keep who asks for the open ones waiting for an answer."""
    monkeypatch.setattr(pages, "MOST_READ", 5)
    read = [estate.list_by_account(ACCOUNT, status={"resolved"}, page_size=3)]
    while read[-1].cursor is not None:
        read.append(estate.list_by_account(ACCOUNT, status={"resolved"}, page_size=3, cursor=read[-1].cursor))

    found = [one.finding_id for page in read for one in page.items]
    assert len(found) == len(set(found)) == 10
    assert len(read) >= 8  # of 37 findings, at most five a page
    assert () in [page.items for page in read]


@pytest.mark.parametrize("page_size", [0, -1, 1_001])
def test_a_page_without_a_sensible_size_is_refused(store: FindingStore, page_size: int) -> None:
    with pytest.raises(ListingError, match="a page holds"):
        store.list_all(status={"open"}, page_size=page_size)
