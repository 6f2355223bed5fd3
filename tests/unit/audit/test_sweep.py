"""A sweep goes through the pages of an account, can be taken up again, and closes only what is gone."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.audit.fakes import (
    ACCOUNT,
    CAPTURED_AT,
    REGION,
    Account,
    OneRule,
    Table,
    configuration,
    dependencies,
)
from vpcguard.audit import sweep
from vpcguard.audit.sweep import SweepPage, SweepRequest, audit_account, parse_marker, parse_sweep
from vpcguard.errors import (
    EventError,
    FactsError,
    FindingStoreError,
    OpaUnavailableError,
    ReadError,
    ThrottledError,
    VpcGuardError,
)
from vpcguard.model import Failure
from vpcguard.policy.configuration import load_configuration

STARTED_AT = "2026-11-20T12:00:00.000000Z"
NAMES = [f"f{number}" for number in range(5)]


@pytest.fixture(autouse=True)
def _page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "PAGES_AT_ONCE", 1)


def account(*names: str, pages: int = 2) -> Account:
    return Account({name: configuration(name) for name in names or NAMES}, pages=pages)


def test_every_function_is_judged_page_by_page() -> None:
    table, estate = Table(), account()

    swept = audit_account(ACCOUNT, REGION, deps=dependencies(estate, table=table))

    assert table.functions() == NAMES
    assert {look.trigger for look in table.looks} == {"sweep"}
    assert len({look.snapshot_digest for look in table.looks}) == 1
    assert swept.as_dict() == {
        "status": "complete",
        "marker": None,
        "stopped_by": None,
        "functions": 5,
        "deleted": 0,
        "not_judged": 0,
        "failed_reads": [],
        "left_out": 0,
        "looks": 5,
        "outdated": 0,
        **dict.fromkeys(("opened", "reopened", "resolved", "undetermined", "unconfirmed", "confirmed"), 0),
        **dict.fromkeys(("exempted", "exemption_ended"), 0),
    }


def test_the_state_is_read_of_functions_with_a_finding_that_rests_on_it() -> None:
    """Or nothing would resolve it before the next change; a call for every function would be too many."""
    found = {"config.update_failed": "f1", "config.idle_on_broken_network": "f3", "nat.cross_az": "f4"}
    found |= {"org.idle": "f5", "org.no_team": "f6"}
    own: dict[str, Any] = {
        "org.idle": {"enabled": True, "reads": ["lambda:GetFunctionConfiguration"]},
        "org.no_team": {"enabled": True, "reads": []},
    }
    estate = account()
    deps = replace(
        dependencies(estate, table=Table(found=found)), configuration=lambda: load_configuration(None, own)
    )

    audit_account(ACCOUNT, REGION, deps=deps)

    assert {options.states_of for _, options in estate.asked} == {frozenset({"f1", "f3", "f5"})}
    assert not any(options.states for _, options in estate.asked)


def test_without_time_it_stops_and_is_taken_up_at_the_same_place() -> None:
    """Whatever its size, an account must be swept within the time that an invocation has."""
    table, estate, runs = Table(), account(), 0
    deps, page = dependencies(estate, table=table), None
    while runs == 0 or page is not None:
        swept = audit_account(ACCOUNT, REGION, deps=deps, page=page, until=time.monotonic() + 1)
        page, runs = swept.next_page and parse_marker(swept.next_page.as_marker()), runs + 1

    assert table.functions() == NAMES
    assert (runs, len(estate.asked)) == (4, 3)
    assert table.asked == [(ACCOUNT, REGION, STARTED_AT)]


def test_one_run_reads_what_functions_share_once() -> None:
    """The network, the event sources and the roles of thousands of functions are the same for all pages."""
    estate = account(pages=1)

    audit_account(ACCOUNT, REGION, deps=dependencies(estate, table=Table()))

    assert [(scope.kind, options.marker, options.max_pages) for scope, options in estate.asked] == [
        ("account", None, sweep.PAGES_OF_A_RUN)
    ]


def test_a_run_takes_so_many_pages_and_leaves_the_rest_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "PAGES_OF_A_RUN", 2)
    estate, table = account(), Table(unseen=["gone"])
    deps = dependencies(estate, table=table)

    first = audit_account(ACCOUNT, REGION, deps=deps)

    assert first.next_page == SweepPage(started_at=STARTED_AT, position="4")
    assert (table.functions(), table.deleted) == (NAMES[:4], [])

    second = audit_account(ACCOUNT, REGION, deps=deps, page=first.next_page)

    assert (second.next_page, table.functions(), len(table.deleted)) == (None, NAMES, 1)


@pytest.mark.parametrize("place", [None, SweepPage(started_at=STARTED_AT, position="2")])
def test_a_throttled_sweep_says_where_it_was(place: SweepPage | None) -> None:
    """It is taken up there; what was recorded before stays recorded."""
    estate, table = account(), Table(unseen=["gone"])
    estate.raises = {(place.position if place else None): ThrottledError("lambda:ListFunctions")}

    swept = audit_account(ACCOUNT, REGION, deps=dependencies(estate, table=table), page=place)

    assert swept.next_page == (place or SweepPage(started_at=STARTED_AT))
    assert (swept.as_dict()["status"], swept.as_dict()["stopped_by"]) == ("partial", "ThrottledError")
    assert table.deleted == []


@pytest.mark.parametrize(("calls_per_second", "pages"), [(1, 14), (5, 73), (15, 100)])
def test_a_run_takes_no_more_pages_than_it_can_read_the_state_of(calls_per_second: int, pages: int) -> None:
    """Else a region whose subnets are full would be swept in vain, every time."""
    estate = account()
    deps = replace(dependencies(estate), lambda_calls_per_second=calls_per_second)

    audit_account(ACCOUNT, REGION, deps=deps, until=time.monotonic() + 900 - sweep.FINISHING_SECONDS)

    assert [options.max_pages for _, options in estate.asked] == [pages]


@pytest.mark.parametrize(
    "error",
    [
        ThrottledError("lambda:GetFunctionConfiguration"),
        ReadError("a 500"),
        FindingStoreError("the table hangs"),
        OpaUnavailableError("dead"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_fails_after_some_steps_forgets_none_of_them(error: VpcGuardError) -> None:
    """Thousands of functions may be recorded by then; the next run closes what this one could not."""
    table, estate = Table(unseen=["gone"]), account()
    table.unseen_error = error

    swept = audit_account(ACCOUNT, REGION, deps=dependencies(estate, table=table))

    assert swept.next_page == SweepPage(started_at=STARTED_AT, phase="close")
    assert (table.functions(), swept.counts["functions"], swept.stopped_by) == (NAMES, 5, error)


def test_what_there_was_no_time_to_record_is_where_the_next_run_begins() -> None:
    """Passed over, functions that no look has seen yet would wait for the next sweep."""
    table, estate = Table(), account()
    place = SweepPage(started_at=STARTED_AT, position="2")
    table.error = FindingStoreError("f2: not recorded in the time there was")

    with pytest.raises(FindingStoreError, match="in the time there was"):
        audit_account(
            ACCOUNT, REGION, deps=dependencies(estate, table=table), page=place, until=time.monotonic()
        )


def test_a_partial_sweep_closes_nothing() -> None:
    """What was not listed yet is not gone."""
    table = Table(unseen=["gone"])

    swept = audit_account(
        ACCOUNT, REGION, deps=dependencies(account(), table=table), until=time.monotonic() + 1
    )

    assert swept.as_dict()["status"] == "partial"
    assert swept.next_page == SweepPage(started_at=STARTED_AT, position="2")
    assert (table.asked, table.deleted) == ([], [])


def test_what_was_not_seen_is_read_by_name_before_it_is_closed() -> None:
    """A listing may overlook a function; a read by name does not."""
    estate, table = account("f0", "f1"), Table(unseen=["gone", "late"])
    estate.functions["late"] = configuration("late")
    deps = dependencies(estate, table=table)

    swept = audit_account(ACCOUNT, REGION, deps=deps, page=SweepPage(started_at=STARTED_AT, phase="close"))

    assert table.deleted == [(ACCOUNT, REGION, "gone", CAPTURED_AT, "sweep")]
    assert table.functions() == ["late"]
    assert (swept.next_page, swept.counts["deleted"], swept.counts["functions"]) == (None, 1, 1)


def test_closing_goes_on_in_steps_even_past_what_cannot_be_read() -> None:
    """A function that may not be read stays unseen for ever; it must not stop the sweep from ending."""
    refusal = Failure("AccessDeniedException", "no")
    unseen = [f"u{number:03}" for number in range(120)]
    estate = Account(dict.fromkeys(unseen[:60], refusal), pages=10)
    table, runs = Table(unseen=unseen), []
    page: SweepPage | None = SweepPage(started_at=STARTED_AT, phase="close")
    while page is not None:
        swept = audit_account(
            ACCOUNT, REGION, deps=dependencies(estate, table=table), page=page, until=time.monotonic() + 1
        )
        runs.append((swept.counts["not_judged"], swept.counts["deleted"]))
        page = swept.next_page and parse_marker(swept.next_page.as_marker())

    assert runs == [(50, 0), (10, 40), (0, 20)]
    assert [name for _, _, name, _, _ in table.deleted] == unseen[60:]


@pytest.mark.parametrize("page", [None, SweepPage(started_at=STARTED_AT, position="2")])
def test_a_refused_listing_is_an_error_not_an_empty_account(page: SweepPage | None) -> None:
    """An empty account would close every finding there is."""
    table = Table(unseen=["f0"])
    estate = Account(listing=Failure("AccessDeniedException", "no"))

    with pytest.raises(ReadError, match="lambda:ListFunctions was refused: AccessDeniedException"):
        audit_account(ACCOUNT, REGION, deps=dependencies(estate, table=table), page=page)

    assert table.deleted == []


def test_a_listing_that_did_not_happen_is_an_error() -> None:
    estate = Account(left_out="lambda:ListFunctions")

    with pytest.raises(ReadError, match="lambda:ListFunctions was not read"):
        audit_account(ACCOUNT, REGION, deps=dependencies(estate))


def test_an_account_without_a_role_is_an_error() -> None:
    with pytest.raises(ReadError, match="account 111122223333 cannot be read"):
        audit_account(ACCOUNT, REGION, deps=dependencies(account(), reader=lambda *_: None))


def test_functions_without_a_verdict_are_counted_and_the_others_judged() -> None:
    """One function that breaks the contract must not hide its page; nor may it be called done."""
    error, table = FactsError("contract"), Table()
    policy = OneRule(error=error, fails_for=frozenset({"f2"}))

    swept = audit_account(ACCOUNT, REGION, deps=dependencies(account(), policy=policy, table=table))

    assert table.functions() == ["f0", "f1", "f3", "f4"]
    assert (swept.counts["functions"], swept.counts["not_judged"]) == (4, 1)
    assert [str(one) for one in swept.errors] == ["f2: contract"]


def test_a_page_that_nobody_can_judge_is_counted_as_a_whole() -> None:
    error, table = FactsError("contract"), Table()
    policy = OneRule(error=error, fails_for=frozenset({"f2", "f3"}))

    swept = audit_account(ACCOUNT, REGION, deps=dependencies(account(), policy=policy, table=table))

    assert table.functions() == ["f0", "f1", "f4"]
    assert (swept.counts["functions"], swept.counts["not_judged"], swept.errors) == (3, 2, [error])


def test_a_dead_opa_ends_the_sweep() -> None:
    """Reading on would spend the account's calls on nothing."""
    table, estate = Table(), account()
    deps = dependencies(estate, policy=OneRule(error=OpaUnavailableError("dead")), table=table)

    with pytest.raises(OpaUnavailableError):
        audit_account(ACCOUNT, REGION, deps=deps)

    assert (len(estate.asked), table.looks) == (1, [])


def test_refused_reads_are_reported_and_parts_are_no_refusal() -> None:
    """A verdict that rests on one is unknown; a part of the listing is what we asked for."""
    estate = account()
    estate.refused = {"ec2:DescribeVpcs": Failure("UnauthorizedOperation", "not allowed")}

    swept = audit_account(ACCOUNT, REGION, deps=dependencies(estate))

    assert swept.as_dict()["failed_reads"] == ["ec2:DescribeVpcs"]


def test_a_request_may_begin_or_go_on() -> None:
    begin = {"account_id": ACCOUNT, "region": REGION}
    page = SweepPage(started_at=STARTED_AT, position="eyJ2IjoxfQ==")

    assert parse_sweep(begin) == SweepRequest(account_id=ACCOUNT, region=REGION)
    assert parse_sweep({**begin, "marker": None}) == SweepRequest(account_id=ACCOUNT, region=REGION)
    assert parse_sweep({**begin, "marker": page.as_marker()}) == SweepRequest(
        account_id=ACCOUNT, region=REGION, page=page
    )


@pytest.mark.parametrize(
    "page",
    [
        SweepPage(started_at=STARTED_AT),
        SweepPage(started_at=STARTED_AT, phase="close"),
        SweepPage(started_at=STARTED_AT, phase="close", position="orders-api"),
    ],
)
def test_a_marker_brings_every_place_back(page: SweepPage) -> None:
    assert parse_marker(page.as_marker()) == page


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        {},
        {"account_id": 111122223333, "region": REGION},
        {"account_id": "1111222233334", "region": REGION},
        {"account_id": ACCOUNT, "region": "eu-west-1.example.com"},
        {"account_id": ACCOUNT, "region": REGION, "marker": ""},
        {"account_id": ACCOUNT, "region": REGION, "marker": "now list"},
        {"account_id": ACCOUNT, "region": REGION, "marker": f"{STARTED_AT} drop table"},
        {"account_id": ACCOUNT, "region": REGION, "marker": 7},
    ],
)
def test_any_other_request_is_refused(event: object) -> None:
    with pytest.raises(EventError):
        parse_sweep(event)


def test_the_sweep_begins_before_its_first_read() -> None:
    """Otherwise a function made in between would count as not seen."""
    deps = dependencies(account(), now=[datetime(2026, 11, 20, 11, 59, tzinfo=UTC)])

    swept = audit_account(ACCOUNT, REGION, deps=deps, until=time.monotonic() + 1)

    assert swept.next_page is not None
    assert swept.next_page.started_at == "2026-11-20T11:59:00.000000Z"
