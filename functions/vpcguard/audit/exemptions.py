"""What people do with exemptions: make, list, show and revoke them, and see which of them deserve a look.

The report is made of the exemptions themselves, so that none can hide it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from vpcguard.clock import Clock, rfc3339, system_clock
from vpcguard.findings.exemption_store import ExemptionStore
from vpcguard.findings.exemptions import SHORTEST_NOTICE, Exemption, State, made, new_id
from vpcguard.findings.pages import LARGEST_PAGE, PAGE_SIZE, Page

LAPSED_FOR = timedelta(days=90)  # what expired longer ago is no news
COUNTED = 100  # findings of one exemption that are counted; more are "100 and more"
NAMED = 20  # of them that are named
_AT_ONCE = 8


class CoveredFindings(Protocol):
    """Tells what an exemption covers: vpcguard.findings.queries.FindingQueries; raises FindingStoreError."""

    def where_exempt(self, exemption_id: str, /, *, most: int) -> list[dict[str, str]]:
        """Return where findings are that are exempt by it now, `most` at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What an exemption covers. findings: at most COUNTED. first: where the first of them are."""

    findings: int = 0
    is_more: bool = False
    first: tuple[Mapping[str, str], ...] = ()

    def as_document(self) -> dict[str, Any]:
        """Return all fields as one JSON object."""
        return {
            "findings": self.findings,
            "is_more": self.is_more,
            "first": [dict(one) for one in self.first],
        }


@dataclass(frozen=True, slots=True)
class ShownExemption:
    """An exemption, what it is now, and what it covers, or covered when it lapsed; None: nobody looked."""

    exemption: Exemption
    state: State
    covered: Coverage | None = None

    def as_document(self) -> dict[str, Any]:
        """Return the exemption's fields, its state and what it covers as one JSON object."""
        covered = None if self.covered is None else self.covered.as_document()
        return {**self.exemption.as_document(), "state": self.state, "covered": covered}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExemptionReport:
    """Which exemptions deserve a look.

    unused: in force, and cover nothing now. expiring: end within 14 days, soonest first. lapsed: expired
    within the last 90 days, latest first, with what they covered then. malformed: keys of items that are no
    exemption.
    """

    reported_at: str
    in_force: int
    unused: tuple[ShownExemption, ...]
    expiring: tuple[ShownExemption, ...]
    lapsed: tuple[ShownExemption, ...]
    malformed: tuple[str, ...]

    def as_document(self) -> dict[str, Any]:
        """Return all fields as one JSON object."""
        return {
            "reported_at": self.reported_at,
            "in_force": self.in_force,
            "unused": [one.as_document() for one in self.unused],
            "expiring": [one.as_document() for one in self.expiring],
            "lapsed": [one.as_document() for one in self.lapsed],
            "malformed": list(self.malformed),
        }


class TableExemptions:
    """The exemptions of one findings table, as one caller works with them.

    caller: tells the ARN of who does; it stays with what is made and revoked. Methods raise FindingStoreError
    where DynamoDB does not do what was asked.
    """

    def __init__(
        self,
        store: ExemptionStore,
        findings: CoveredFindings,
        *,
        caller: Callable[[], str],
        clock: Clock = system_clock,
    ) -> None:
        self._store = store
        self._findings = findings
        self._caller = caller
        self._clock = clock

    def create(
        self, given: Mapping[str, Any], *, exemption_id: str | None = None, source: str = ""
    ) -> Exemption:
        """Make and keep what is asked for, as exemptions.made says; ExemptionError names what is wrong.

        exemption_id: where it is derived from something; what is kept under it already stays, and is
        returned.
        """
        asked = made(
            given,
            created_by=self._caller(),
            now=self._clock(),
            exemption_id=exemption_id or new_id(),
            source=source,
        )
        return self._store.create(asked)

    def page(
        self, *, state: State | None = None, page_size: int = PAGE_SIZE, cursor: str | None = None
    ) -> Page[ShownExemption]:
        """Return a page of them, by id; ListingError for what is no cursor or page size."""
        page = self._store.page(state=state, page_size=page_size, cursor=cursor)
        moment = rfc3339(self._clock())
        return Page(tuple(ShownExemption(one, one.state(moment)) for one in page.items), page.cursor)

    def all(self, *, state: State | None = None) -> Iterator[ShownExemption]:
        """Yield all of them, by id."""
        page = self.page(state=state, page_size=LARGEST_PAGE)
        yield from page.items
        while page.cursor is not None:
            page = self.page(state=state, page_size=LARGEST_PAGE, cursor=page.cursor)
            yield from page.items

    def show(self, exemption_id: str) -> ShownExemption:
        """Return one with what it covers; raises NoExemptionError."""
        stored = self._store.get(exemption_id)
        state = stored.exemption.state(rfc3339(self._clock()))
        if state == "expired":
            return ShownExemption(stored.exemption, state, _kept_coverage(stored.covered))
        return ShownExemption(stored.exemption, state, covered_by(self._findings, exemption_id))

    def revoke(self, exemption_id: str, *, revision: int | None = None) -> ShownExemption:
        """End one now; one that has ended stays as it is.

        revision: that of what the caller saw; RevisionError where it is another by now. Raises
        NoExemptionError.
        """
        revoked = self._store.revoke(exemption_id, revoked_by=self._caller(), revision=revision)
        return ShownExemption(revoked, revoked.state(rfc3339(self._clock())))

    def report(self, account_id: str | None = None) -> ExemptionReport:
        """Say which exemptions deserve a look; account_id: of those that name this account by its id."""
        stored, malformed = self._store.read_all()
        if account_id is not None:
            stored, malformed = [one for one in stored if one.exemption.match.account_id == account_id], ()
        now = self._clock()
        moment, soon, long_ago = (rfc3339(now + by) for by in (timedelta(0), SHORTEST_NOTICE, -LAPSED_FOR))
        in_force = [one.exemption for one in stored if one.exemption.state(moment) == "in_force"]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            covered = pool.map(lambda one: covered_by(self._findings, one.exemption_id), in_force)
            shown = [
                ShownExemption(one, "in_force", found) for one, found in zip(in_force, covered, strict=True)
            ]
        shown.sort(key=lambda one: (one.exemption.expires_at, one.exemption.exemption_id))
        lapsed = [
            ShownExemption(one.exemption, "expired", _kept_coverage(one.covered))
            for one in stored
            if one.exemption.state(moment) == "expired" and one.exemption.expires_at > long_ago
        ]
        lapsed.sort(key=lambda one: (one.exemption.expires_at, one.exemption.exemption_id), reverse=True)
        return ExemptionReport(
            reported_at=moment,
            in_force=len(in_force),
            unused=tuple(one for one in shown if one.covered is None or not one.covered.findings),
            expiring=tuple(one for one in shown if one.exemption.expires_at <= soon),
            lapsed=tuple(lapsed),
            malformed=malformed,
        )


def covered_by(findings: CoveredFindings, exemption_id: str) -> Coverage:
    """Return what an exemption covers now."""
    found = findings.where_exempt(exemption_id, most=COUNTED + 1)
    return Coverage(
        findings=min(len(found), COUNTED), is_more=len(found) > COUNTED, first=tuple(found[:NAMED])
    )


def _kept_coverage(kept: Mapping[str, Any] | None) -> Coverage | None:
    """Return what was noted of an exemption before it ended; None for what is no such note."""
    match kept:
        case {"findings": int(findings), "is_more": bool(is_more), "first": list(first)} if all(
            isinstance(one, dict) for one in first
        ):
            return Coverage(findings=findings, is_more=is_more, first=tuple(first))
    return None
