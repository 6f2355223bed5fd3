"""A sweep of several regions reads the roles once, loses no region to another, and knows where it was."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.unit.audit.fakes import ACCOUNT, Account, OneRule, Table, configuration, dependencies
from vpcguard.audit import sweep
from vpcguard.audit.dependencies import Dependencies
from vpcguard.audit.sweep import SweepPage, SweepRequest, audit_regions, parse_marker, parse_sweep
from vpcguard.errors import EventError, FindingStoreError, OpaUnavailableError, ReadError, ThrottledError

STARTED_AT = "2026-11-20T12:00:00.000000Z"
HERE, THERE, FAR = REGIONS = ("eu-west-1", "ap-east-1", "us-east-1")
NAMES = ["f0", "f1", "f2"]


@pytest.fixture(autouse=True)
def _page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "PAGES_AT_ONCE", 1)


def _deps(
    estate: Account | None = None, *, faults: dict[str, Exception | None] | None = None, **more: Any
) -> Dependencies:
    """Return an account that is the same in every region; faults: what reading a region raises."""

    def reader(_account_id: str, region: str) -> object:
        if fault := (faults or {}).get(region):
            raise fault
        return object()

    estate = estate or Account({name: configuration(name) for name in NAMES}, pages=2)
    return dependencies(estate, reader=reader, **more)


def _looked(table: Table) -> list[tuple[str, str]]:
    return [(look.region, look.function_name) for look in table.looks]


def _all_of(*regions: str) -> list[tuple[str, str]]:
    return [(region, name) for region in regions for name in NAMES]


def test_regions_are_swept_one_after_the_other_and_told_apart() -> None:
    table = Table()

    swept = audit_regions(ACCOUNT, REGIONS, deps=_deps(table=table))

    assert _looked(table) == _all_of(*REGIONS)
    answer = swept.as_dict()
    assert (answer["status"], answer["marker"], answer["failed_regions"]) == ("complete", None, [])
    assert {region: one["functions"] for region, one in answer["regions"].items()} == dict.fromkeys(
        REGIONS, 3
    )


def test_all_that_is_captured_in_a_run_shares_the_roles_of_the_account() -> None:
    """What is read by name at the end of a region too."""
    estate = Account({name: configuration(name) for name in NAMES})

    audit_regions(ACCOUNT, REGIONS, deps=_deps(estate, table=Table(unseen=["gone"])))

    assert [scope.kind for scope, _ in estate.asked] == ["account", "function", "account", "account"]
    assert len({id(options.account_roles) for _, options in estate.asked}) == 1
    assert estate.asked[0][1].account_roles is not None


def test_a_run_ends_anywhere_and_the_next_goes_on_there() -> None:
    table, runs = Table(), 0
    deps, page = _deps(table=table), None
    while runs == 0 or page is not None:
        swept = audit_regions(ACCOUNT, REGIONS, deps=deps, page=page, until=time.monotonic() + 1)
        page, runs = swept.next_page and parse_marker(swept.next_page.as_marker()), runs + 1

    assert _looked(table) == _all_of(*REGIONS)
    assert [*table.asked] == [(ACCOUNT, region, STARTED_AT) for region in REGIONS]
    assert runs == 9  # two pages and the end of each region


def test_a_region_that_cannot_be_read_is_named_and_the_others_are_swept() -> None:
    """It may not be enabled."""
    table, error = Table(unseen=["gone"]), ReadError("not enabled")

    swept = audit_regions(ACCOUNT, REGIONS, deps=_deps(table=table, faults={THERE: error}))

    assert (swept.next_page, swept.failed) == (None, {THERE: error})
    assert _looked(table) == _all_of(HERE, FAR)
    assert {region for _, region, _ in table.asked} == {HERE, FAR}
    assert swept.as_dict()["failed_regions"] == [THERE]


def test_where_no_region_can_be_read_the_sweep_fails_as_one_of_a_single_region_does() -> None:
    """The invocation is tried again, and its alarm rings."""
    faults: dict[str, Exception | None] = {region: ReadError(f"no role in {region}") for region in REGIONS}

    with pytest.raises(ReadError, match=f"no role in {HERE}"):
        audit_regions(ACCOUNT, REGIONS, deps=_deps(faults=faults))

    last = SweepPage(started_at=STARTED_AT, region=FAR)  # what came before is done
    swept = audit_regions(ACCOUNT, REGIONS, deps=_deps(faults=faults), page=last)
    assert (swept.next_page, [*swept.failed]) == (None, [FAR])


@pytest.mark.parametrize("region", REGIONS)
def test_throttling_stops_it_at_its_region(region: str) -> None:
    """The roles are read in one, so this is also what becomes of a throttled IAM."""
    table, faults = Table(), dict[str, Exception | None]()
    faults[region] = ThrottledError("iam:GetAccountAuthorizationDetails")
    deps = _deps(table=table, faults=faults)

    swept = audit_regions(ACCOUNT, REGIONS, deps=deps)

    assert swept.next_page == SweepPage(started_at=STARTED_AT, region=region)
    assert (swept.as_dict()["status"], swept.as_dict()["stopped_by"]) == ("partial", "ThrottledError")
    faults.clear()
    assert audit_regions(ACCOUNT, REGIONS, deps=deps, page=swept.next_page).next_page is None
    assert _looked(table) == _all_of(*REGIONS)


def test_a_region_that_time_ran_out_on_is_no_region_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the time of a whole run it may be read; one that takes longer even so is passed over."""
    until, table = time.monotonic() + 1e6, Table()

    def take_all_the_time(_account_id: str, region: str) -> object:
        if region == THERE:
            monkeypatch.setattr(sweep, "STEP_SECONDS", 1e7)
            raise ReadError("AWS could not be read in the time there was; try again later")
        return object()

    estate = Account({name: configuration(name) for name in NAMES})
    deps = dependencies(estate, reader=take_all_the_time, table=table)

    first = audit_regions(ACCOUNT, REGIONS, deps=deps, until=until)
    monkeypatch.undo()
    second = audit_regions(ACCOUNT, REGIONS, deps=deps, page=first.next_page, until=until)

    assert (first.failed, first.next_page) == ({}, SweepPage(started_at=STARTED_AT, region=THERE))
    assert ([*second.failed], second.next_page) == ([THERE], SweepPage(started_at=STARTED_AT, region=FAR))
    assert _looked(table) == _all_of(HERE)


@pytest.mark.parametrize("error", [OpaUnavailableError("dead"), FindingStoreError("the table hangs")])
def test_what_every_region_needs_ends_the_run_and_loses_none(error: Exception) -> None:
    table = Table()
    deps = _deps(table=table, faults={THERE: error})

    swept = audit_regions(ACCOUNT, REGIONS, deps=deps)

    assert (swept.next_page, swept.stopped_by) == (SweepPage(started_at=STARTED_AT, region=THERE), error)
    assert _looked(table) == _all_of(HERE)
    with pytest.raises(type(error)):
        audit_regions(ACCOUNT, (THERE, FAR), deps=_deps(faults={THERE: error}))


def test_a_dead_opa_ends_the_sweep_of_all_regions() -> None:
    estate = Account({name: configuration(name) for name in NAMES})

    with pytest.raises(OpaUnavailableError):
        audit_regions(ACCOUNT, REGIONS, deps=_deps(estate, policy=OneRule(error=OpaUnavailableError("dead"))))

    assert len(estate.asked) == 1


def test_a_request_names_one_region_or_several() -> None:
    event = {"account_id": ACCOUNT, "regions": [*REGIONS]}
    page = SweepPage(started_at=STARTED_AT, region=THERE, position="eyJ2IjoxfQ==")

    assert parse_sweep(event) == SweepRequest(account_id=ACCOUNT, regions=REGIONS)
    assert parse_sweep({**event, "region": None, "marker": page.as_marker()}) == SweepRequest(
        account_id=ACCOUNT, regions=REGIONS, page=page
    )


@pytest.mark.parametrize(
    "page",
    [
        SweepPage(started_at=STARTED_AT, region=THERE),
        SweepPage(started_at=STARTED_AT, region="us-gov-west-1", phase="close"),
        SweepPage(started_at=STARTED_AT, region=THERE, phase="close", position="orders-api"),
    ],
)
def test_a_marker_brings_every_place_of_every_region_back(page: SweepPage) -> None:
    assert parse_marker(page.as_marker()) == page


_SEVERAL = {"account_id": ACCOUNT, "regions": [HERE, THERE]}


@pytest.mark.parametrize(
    "event",
    [
        {**_SEVERAL, "region": HERE},
        {**_SEVERAL, "regions": []},
        {**_SEVERAL, "regions": HERE},
        {**_SEVERAL, "regions": [HERE, HERE]},
        {**_SEVERAL, "regions": [HERE, 7]},
        {**_SEVERAL, "regions": [HERE, "nowhere"]},
        {**_SEVERAL, "regions": [f"eu-west-{number}" for number in range(99)] + ["a-b-1", "us-west-1"]},
        {**_SEVERAL, "marker": f"{STARTED_AT} list"},
        {**_SEVERAL, "marker": f"{STARTED_AT} {FAR} list"},
        {**_SEVERAL, "marker": f"{STARTED_AT} {HERE}"},
        {**_SEVERAL, "marker": f"{STARTED_AT} {HERE} {THERE} list"},
        {**_SEVERAL, "marker": f"{STARTED_AT}  {HERE} list"},
        {"account_id": ACCOUNT, "region": HERE, "marker": f"{STARTED_AT} {HERE} list"},
    ],
)
def test_any_other_request_for_regions_is_refused(event: object) -> None:
    with pytest.raises(EventError):
        parse_sweep(event)
