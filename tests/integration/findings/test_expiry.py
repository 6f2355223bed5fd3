"""Exemptions that began or ended reach the stored findings without a look, on DynamoDB Local."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dev.deliveries import Context
from expire_exemptions import handler
from tests.support.looks import ACCOUNT, EGRESS, FUNCTION, REGION, ZONES, a_finding, a_look
from vpcguard.audit.exemptions import Coverage, TableExemptions, covered_by
from vpcguard.audit.expiry import Applied, Expiry
from vpcguard.errors import FindingStoreError, ListingError
from vpcguard.findings.exemption_store import ExemptionStore, WholePass
from vpcguard.findings.exemptions import Exemption
from vpcguard.findings.pages import Page
from vpcguard.findings.records import EXEMPTIONS
from vpcguard.findings.store import FindingStore, KeptExemptions, Recorded
from vpcguard.model import Finding, Look

NOW = datetime(2026, 11, 20, 13, tzinfo=UTC)


class Hub:
    """The table with everything that works on it, and a clock that is moved by hand."""

    def __init__(self, client: Any, table_name: str) -> None:
        self.now = NOW
        self.client, self.table_name = client, table_name
        self.store = ExemptionStore(client, table_name, clock=self.clock)
        self.kept = KeptExemptions(self.store.read, clock=self.clock)
        self.findings = FindingStore(
            client, table_name, exemptions=self.kept, clock=self.clock, pause=lambda _: None
        )
        self.people = TableExemptions(self.store, self.findings, caller=lambda: "arn:ada", clock=self.clock)
        self.expiry = Expiry(self.store, self.kept, self.findings, clock=self.clock)

    def clock(self) -> datetime:
        """Return the present."""
        return self.now

    def exempt(self, *, days: float = 30, covers: str = "violation", **match: Any) -> Exemption:
        """Make an exemption of this match."""
        until = (self.now + timedelta(days=days)).isoformat()
        return self.people.create(
            {"match": match, "covers": covers, "reason": "r", "owner": "o", "expires_at": until}
        )

    def look(self, *looks: Look) -> None:
        """Record looks with the exemptions of this moment."""
        self.kept.forget()
        self.findings.record_all(looks)

    def run(self, **passed: float) -> Applied:
        """Some time passes, then one run."""
        self.now += timedelta(**passed or {"hours": 1})
        return self.expiry.run(until=math.inf)

    def statuses(self, **filters: Any) -> dict[str, tuple[str, str | None]]:
        """Status and exemption of all findings, by function and rule."""
        found = dict[str, tuple[str, str | None]]()
        page: Page[Finding] = self.findings.list_all(**filters)
        while True:
            for one in page.items:
                found[f"{one.function_name} {one.rule_id}"] = one.status, one.exemption_id
            if page.cursor is None:
                return found
            page = self.findings.list_all(cursor=page.cursor, **filters)


@pytest.fixture
def hub(dynamodb: Any, table_name: str) -> Hub:
    return Hub(dynamodb, table_name)


def test_what_is_made_exempts_what_is_found_already_and_comes_back_when_it_expires(hub: Hub) -> None:
    hub.look(a_look(1, violated=[EGRESS, ZONES]))
    one = hub.exempt(days=1, rule_id=EGRESS)

    applied = hub.run()

    assert hub.statuses() == {
        f"{FUNCTION} {EGRESS}": ("exempt", one.exemption_id),
        f"{FUNCTION} {ZONES}": ("open", None),
    }
    assert (applied.in_force, applied.applied, applied.pending, applied.functions) == (1, 1, 0, 1)
    assert applied.changed["exempted"] == 1
    assert hub.run().functions == 0

    applied = hub.run(days=1)

    assert set(hub.statuses().values()) == {("open", None)}
    assert (applied.in_force, applied.applied, applied.functions) == (0, 1, 1)
    assert applied.changed["exemption_ended"] == 1
    assert hub.run().as_dict() == {
        **dict.fromkeys(("in_force", "malformed", "applied", "pending", "functions", "failed"), 0),
        "is_whole": False,
    }


def test_what_is_revoked_comes_back(hub: Hub) -> None:
    one = hub.exempt(family="nat")
    hub.look(a_look(1, violated=[EGRESS]))
    assert hub.run().functions == 0  # the look saw it

    hub.people.revoke(one.exemption_id)
    hub.run()

    assert hub.statuses() == {f"{FUNCTION} {EGRESS}": ("open", None)}


def test_of_two_the_other_one_goes_on(hub: Hub) -> None:
    short, long = hub.exempt(days=2, family="nat"), hub.exempt(days=9, rule_id=EGRESS)
    hub.look(a_look(1, violated=[EGRESS]))
    hub.people.revoke(long.exemption_id)
    hub.run()
    assert hub.statuses() == {f"{FUNCTION} {EGRESS}": ("exempt", short.exemption_id)}

    later = hub.exempt(days=3, function="orders-*")
    hub.run()

    assert hub.statuses() == {f"{FUNCTION} {EGRESS}": ("exempt", later.exemption_id)}


def test_an_attestation_exempts_unknowns_alone(hub: Hub) -> None:
    hub.look(a_look(1, violated=[ZONES], unknown=[EGRESS]))
    one = hub.exempt(account_id=ACCOUNT, covers="unknown")

    hub.run()

    assert hub.statuses() == {
        f"{FUNCTION} {EGRESS}": ("exempt", one.exemption_id),
        f"{FUNCTION} {ZONES}": ("open", None),
    }
    (finding,) = hub.findings.list_by_exemption(one.exemption_id).items
    assert finding.verdict == "unknown"
    assert hub.run(days=1).functions == 0


MATCHES: list[dict[str, Any]] = [
    {"account_id": ACCOUNT, "region": REGION, "function": "f-1"},
    {"account_id": ACCOUNT, "rule_id": EGRESS},
    {"account_id": ACCOUNT, "region": REGION, "family": "nat"},
    {"account_id": ACCOUNT, "region": "eu-*", "function": "f-?"},
    {"account_id": "11*", "rule_id": EGRESS},
    {"organization_unit": "*/payments", "root_cause": "nat-0a"},
    {"function": "{f-1,f-2}"},
]


@pytest.mark.parametrize("match", MATCHES, ids=str)
def test_whatever_it_matches_by_is_found(hub: Hub, match: dict[str, Any]) -> None:
    """The same as if every function were gone through."""
    hub.look(*(a_look(1, function=f"f-{number}", violated=[EGRESS, ZONES]) for number in range(5)))
    hub.look(a_look(1, function="f-1", account_id="444455556666", violated=[EGRESS]))
    hub.look(a_look(1, function="f-1", region="us-east-1", violated=[EGRESS]))
    hub.store.keep_whole_pass(WholePass("2026-11-20T12:59:00.000000Z"))  # no safety net today
    one = hub.exempt(**match)

    hub.run(minutes=5)
    found = covered(hub, one)
    for finding in hub.findings.list_all().items:
        hub.findings.replan(finding.account_id, finding.region, finding.function_name)

    assert found == covered(hub, one) != set()


def covered(hub: Hub, one: Exemption) -> set[str]:
    """Ids of the findings that an exemption covers."""
    return {
        found.finding_id for found in hub.findings.list_all().items if found.exemption_id == one.exemption_id
    }


def test_a_text_that_a_listing_cuts_short_is_matched_whole(hub: Hub) -> None:
    unit = "root/" + "/".join(letter * 120 for letter in "abcde")
    finding = a_finding(EGRESS, organization_unit=unit, root_cause="r" * 600)
    hub.look(a_look(1, violated=[finding], organization_unit=unit))
    hub.exempt(organization_unit="*eee")
    hub.run()

    assert hub.statuses()[f"{FUNCTION} {EGRESS}"][0] == "exempt"


# ---- what goes wrong ----


class Failing:
    """The findings, where functions of some names cannot be written."""

    def __init__(self, hub: Hub, errors: dict[str, Exception]) -> None:
        self._findings = hub.findings
        self.errors = errors

    def replan(self, account_id: str, region: str, function_name: str, /) -> Recorded:
        """Fail, or do it."""
        if function_name in self.errors:
            raise self.errors[function_name]
        return self._findings.replan(account_id, region, function_name)

    def __getattr__(self, name: str) -> Any:
        """Return what the findings have."""
        return getattr(self._findings, name)


def test_a_function_that_fails_stops_no_other_and_comes_again(hub: Hub) -> None:
    functions = [f"f-{number}" for number in range(20)]
    hub.look(*(a_look(1, function=name, violated=[EGRESS]) for name in functions))
    one = hub.exempt(rule_id=EGRESS)
    failing: Any = Failing(hub, {"f-3": FindingStoreError("busy"), "f-4": KeyError("unforeseen")})
    expiry = Expiry(hub.store, hub.kept, failing, clock=hub.clock)
    hub.now += timedelta(hours=1)

    applied = expiry.run(until=math.inf)

    assert (applied.functions, applied.applied, applied.pending) == (18, 0, 1)
    assert {name for _, _, name in applied.failed} == {"f-3", "f-4"}
    assert list(hub.statuses().values()).count(("exempt", one.exemption_id)) == 18
    failing.errors = {}
    again = expiry.run(until=math.inf)
    assert (again.functions, again.applied, again.pending) == (2, 1, 0)


def test_what_there_is_no_time_for_is_done_by_the_next_run(hub: Hub) -> None:
    hub.look(a_look(1, violated=[EGRESS]))
    one = hub.exempt(rule_id=EGRESS)
    hub.now += timedelta(hours=1)

    late = hub.expiry.run(until=-math.inf)

    assert (late.functions, late.pending, late.is_whole, late.failed) == (0, 1, False, {})
    assert hub.statuses() == {f"{FUNCTION} {EGRESS}": ("open", None)}
    assert hub.run().applied == 1
    assert hub.statuses() == {f"{FUNCTION} {EGRESS}": ("exempt", one.exemption_id)}


def test_two_runs_side_by_side_do_it_once(hub: Hub) -> None:
    hub.look(*(a_look(1, function=f"f-{number}", violated=[EGRESS]) for number in range(30)))
    hub.exempt(rule_id=EGRESS)
    hub.now += timedelta(hours=1)

    with ThreadPoolExecutor(3) as pool:
        runs = list(pool.map(lambda _: hub.expiry.run(until=math.inf), range(3)))

    assert all(not run.failed for run in runs)
    assert sum(run.changed["exempted"] for run in runs) == 30
    for finding in hub.findings.list_all().items:
        kinds = [entry.change for entry in hub.findings.history(finding.finding_id).items]
        assert kinds == ["exempted", "opened"]


def test_a_process_that_read_before_cannot_undo_it_for_longer_than_an_hour(hub: Hub) -> None:
    """It plans with what it knows for a minute yet."""
    one = hub.exempt(rule_id=EGRESS)
    hub.look(a_look(1, violated=[EGRESS]))
    knew = hub.kept()
    hub.people.revoke(one.exemption_id)
    first = hub.run(seconds=30)
    stale = FindingStore(hub.client, hub.table_name, exemptions=lambda: knew, clock=hub.clock)
    stale.record(a_look(61, violated=[EGRESS]))
    assert (first.functions, first.pending) == (1, 1)
    assert hub.statuses()[f"{FUNCTION} {EGRESS}"][0] == "exempt"

    assert hub.run().applied == 1

    assert hub.statuses()[f"{FUNCTION} {EGRESS}"][0] == "open"
    assert hub.run().pending == 0


def test_an_item_that_somebody_breaks_hides_nothing_any_more(hub: Hub) -> None:
    one = hub.exempt(rule_id=EGRESS)
    hub.look(a_look(1, violated=[EGRESS]))
    hub.run()
    key = {"pk": {"S": EXEMPTIONS}, "sk": {"S": one.exemption_id}}
    item = hub.client.get_item(TableName=hub.table_name, Key=key)["Item"]
    broken = {**item, "match": {"S": json.dumps({"rule_id": EGRESS, "account_id": "["})}}
    hub.client.put_item(TableName=hub.table_name, Item=broken)

    applied = hub.run()

    assert applied.malformed == (one.exemption_id,)
    assert hub.statuses() == {f"{FUNCTION} {EGRESS}": ("open", None)}
    report = hub.people.report()
    assert (report.malformed, report.in_force) == ((one.exemption_id,), 0)
    hub.look(a_look(300, violated=[EGRESS]))
    assert hub.statuses() == {f"{FUNCTION} {EGRESS}": ("open", None)}


# ---- the safety net ----


def test_once_a_day_all_findings_are_gone_through(hub: Hub) -> None:
    one = hub.exempt(rule_id=EGRESS)
    hub.look(a_look(1, violated=[EGRESS]))
    assert hub.run().is_whole
    hub.client.delete_item(
        TableName=hub.table_name, Key={"pk": {"S": EXEMPTIONS}, "sk": {"S": one.exemption_id}}
    )
    assert (hub.run().is_whole, hub.run(hours=20).is_whole) == (False, False)
    assert hub.statuses()[f"{FUNCTION} {EGRESS}"][0] == "exempt"

    applied = hub.run(hours=2)

    assert applied.is_whole
    assert hub.statuses() == {f"{FUNCTION} {EGRESS}": ("open", None)}


def test_a_pass_goes_on_where_the_last_run_ended(hub: Hub) -> None:
    hub.look(*(a_look(1, function=f"f-{number}", violated=[EGRESS]) for number in range(20)))
    first = hub.findings.list_all(status=["open"], details=False, page_size=7)
    begun = WholePass("2026-11-20T12:00:00.000000Z", first.cursor)
    hub.store.keep_whole_pass(begun)
    seen = list[str | None]()
    listing: Any = Failing(hub, {})

    def list_all(*, cursor: str | None, **asked: Any) -> Page[Finding]:
        seen.append(cursor)
        return hub.findings.list_all(cursor=cursor, **asked)

    listing.list_all = list_all
    assert Expiry(hub.store, hub.kept, listing, clock=hub.clock).run(until=math.inf).is_whole
    assert seen[0] == first.cursor
    assert hub.store.whole_pass() == WholePass(begun.begun_at)

    hub.store.keep_whole_pass(WholePass(begun.begun_at, "no cursor of this release"))
    with pytest.raises(ListingError):
        hub.findings.list_all(cursor="no cursor of this release")
    assert hub.run().is_whole


# ---- what people see ----


def test_what_it_covered_is_told_after_it_lapsed(hub: Hub) -> None:
    hub.look(*(a_look(1, function=f"f-{number}", violated=[EGRESS]) for number in range(3)))
    lapsing, unused = hub.exempt(days=1, rule_id=EGRESS), hub.exempt(days=40, rule_id=ZONES)
    hub.run()
    shown = hub.people.show(lapsing.exemption_id)
    assert shown.covered is not None
    assert (shown.state, shown.covered.findings) == ("in_force", 3)
    hub.run(hours=22)
    hub.now += timedelta(hours=2)
    hub.look(a_look(26 * 60, function="f-1", violated=[EGRESS]))  # a look was faster than the schedule

    hub.run()
    report = hub.people.report()

    assert [one.exemption for one in report.unused] == [unused]
    assert report.expiring == ()
    (lapsed,) = report.lapsed
    assert lapsed.covered is not None
    assert (lapsed.exemption, lapsed.state, lapsed.covered.findings) == (lapsing, "expired", 3)
    assert {one["function_name"] for one in lapsed.covered.first} == {"f-0", "f-1", "f-2"}
    assert hub.people.show(lapsing.exemption_id) == lapsed
    json.dumps(report.as_document())
    hub.now += timedelta(days=91)
    assert [one.exemption for one in hub.people.report().lapsed] == [unused]


def test_what_covers_much_says_so_without_reading_it_all(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vpcguard.audit.exemptions.COUNTED", 4)
    one = hub.exempt(rule_id=EGRESS)
    hub.look(*(a_look(1, function=f"f-{number}", violated=[EGRESS]) for number in range(6)))

    covered = covered_by(hub.findings, one.exemption_id)

    assert (covered.findings, covered.is_more) == (4, True)
    assert set(covered.first[0]) == {"finding_id", "account_id", "region", "function_name", "rule_id"}
    assert covered_by(hub.findings, "vx-0") == Coverage()


def test_nobody_can_exempt_the_report(hub: Hub) -> None:
    """It is made of exemptions, not of findings; one that matches all it can is in it like any other."""
    wide = hub.exempt(days=3, account_id="1*", covers="unknown")
    revoked = hub.exempt(days=3, account_id="1*")
    hub.people.revoke(revoked.exemption_id)

    report = hub.people.report()

    assert [one.exemption for one in report.unused] == [wide]
    assert [one.exemption for one in report.expiring] == [wide]
    assert report.lapsed == ()


def test_the_handler_logs_counts_and_answers_them(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    hub.look(a_look(1, violated=[EGRESS]))
    hub.exempt(rule_id=EGRESS)
    hub.now += timedelta(hours=1)

    answered: Callable[..., dict[str, Any]] = handler
    answer = answered({}, Context("expire-exemptions"), expiry=hub.expiry)

    assert (answer["functions"], answer["exempted"], answer["pending"], answer["is_whole"]) == (1, 1, 0, True)


@pytest.mark.parametrize("seed", range(6))
def test_after_any_order_of_events_one_run_shows_what_holds(hub: Hub, seed: int) -> None:
    """Looks, exemptions, ends and runs as they come; then one run, and every finding says what exempts it."""
    chance = random.Random(seed)  # noqa: S311 - an order, no secret
    made = list[Exemption]()
    names = [f"f-{number}" for number in range(6)]
    for minute in range(1, 40):
        hub.now += timedelta(minutes=chance.choice([1, 30, 300]))
        match chance.randrange(6):
            case 0 | 1:
                rules = chance.sample([EGRESS, ZONES], 2)
                unknown = rules[chance.randrange(1, 3) :]
                look = a_look(minute, function=chance.choice(names), violated=rules[:1], unknown=unknown)
                hub.look(look)
            case 2:
                match = chance.choice([{"rule_id": EGRESS}, {"function": "f-[12]"}, {"family": "az"}])
                covers = chance.choice(["violation", "unknown"])
                made.append(hub.exempt(days=chance.choice([0.1, 1, 30]), covers=covers, **match))
            case 3 if made:
                hub.people.revoke(chance.choice(made).exemption_id)
            case _:
                hub.run(minutes=3)
    hub.run(minutes=3)

    shown = hub.statuses()
    for name in names:
        assert hub.findings.replan(ACCOUNT, REGION, name).outcome == "repeated", shown
