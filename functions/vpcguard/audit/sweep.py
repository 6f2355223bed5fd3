"""The sweep: every function of an account, region by region, page by page, then what is stored and gone."""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

from vpcguard.audit.changes import (
    CALLS_OF_A_FUNCTION,
    SWEEP,
    audit_functions,
)
from vpcguard.audit.dependencies import Dependencies
from vpcguard.audit.judging import failed_reads, judge_or_bisect, part_of
from vpcguard.aws.answers import LeftOut
from vpcguard.changes.events import ACCOUNT_ID, REGION
from vpcguard.clock import rfc3339
from vpcguard.errors import (
    ArchiveError,
    DecisionError,
    EventError,
    FactsError,
    FindingStoreError,
    OpaUnavailableError,
    ReadError,
    SnapshotError,
    ThrottledError,
    VpcGuardError,
)
from vpcguard.findings.store import COUNTED, counts_of
from vpcguard.model import Failure, Scope, Snapshot
from vpcguard.policy.configuration import Configuration, rules_that_read
from vpcguard.snapshot import PARTIAL, AccountRoles, CaptureOptions

LISTING_READ, STATE_READ = "lambda:ListFunctions", "lambda:GetFunctionConfiguration"
PAGES_OF_A_RUN = (
    100  # at most; what their functions share, the network above all, is read once for all of them
)
FUNCTIONS_OF_A_PAGE = 50  # https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
PAGES_AT_ONCE = 10  # judged and recorded together: two questions to OPA or more, asked two at a time
CLOSED_AT_ONCE = 50  # each takes reads of its own
CLOSING_SECONDS = 60  # of reading them at our share of Lambda's rate
STEP_SECONDS = 90  # for one more step: ten pages of functions judged and recorded, or fifty functions by name
FINISHING_SECONDS = 60  # kept back for what has begun then: OPA, the snapshot in S3, a record in DynamoDB
_OF_THESE_FUNCTIONS = (SnapshotError, FactsError, DecisionError, ArchiveError, FindingStoreError)

Phase = Literal["list", "close"]
_MARKER = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z)"
    rf"(?: ({REGION[0].pattern}))? (list|close)(?: ([\x21-\x7e]+))?"
)
_MOST_REGIONS = 100  # AWS has fewer; a request is read before anybody looks at what it costs


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPage:
    """One place of a sweep.

    started_at: RFC 3339, of the whole sweep. region: where several were asked for. position: in phase "list"
    Lambda's own marker, in phase "close" the last name done.
    """

    started_at: str
    region: str | None = None
    phase: Phase = "list"
    position: str | None = None

    def as_marker(self) -> str:
        """Return the text that brings a sweep back here."""
        return " ".join(part for part in (self.started_at, self.region, self.phase, self.position) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRequest:
    """One account and its region, or several, of which region is None. page None: from the beginning."""

    account_id: str
    region: str | None = None
    regions: tuple[str, ...] = ()
    page: SweepPage | None = None


def parse_sweep(event: object) -> SweepRequest:
    """Return the request of {"account_id", "region" or "regions", "marker"?}; raises EventError for all else.

    regions: a list, each named once. The marker belongs to the same request: it names one of its regions, and
    none where "region" names the only one.
    """
    if not isinstance(event, Mapping):
        raise EventError("expected an object with account_id and region, or regions")
    account_id = _text(event, "account_id", ACCOUNT_ID[0])[0]
    marker = event.get("marker")
    page = None if marker is None else parse_marker(marker)
    if event.get("regions") is None:
        region = _text(event, "region", REGION[0])[0]
        if page is not None and page.region is not None:
            raise EventError("marker: it is of a sweep of several regions")
        return SweepRequest(account_id=account_id, region=region, page=page)
    regions = _regions(event)
    if page is not None and page.region not in regions:
        raise EventError("marker: it is of none of these regions")
    return SweepRequest(account_id=account_id, regions=regions, page=page)


def _regions(event: Mapping[str, object]) -> tuple[str, ...]:
    named = event["regions"]
    if event.get("region") is not None:
        raise EventError("region: it is either that or regions")
    if not isinstance(named, list) or not 0 < len(named) <= _MOST_REGIONS:
        raise EventError(f"regions: expected a list of 1 to {_MOST_REGIONS}")
    regions = tuple(_text({"regions": one}, "regions", REGION[0])[0] for one in named)
    if len(set(regions)) < len(regions):
        raise EventError("regions: one is named twice")
    return regions


def parse_marker(marker: object) -> SweepPage:
    """Return the place that a marker names; raises EventError for any other text."""
    match = _text({"marker": marker}, "marker", _MARKER)
    started_at, region, _, phase, position = match.groups()
    return SweepPage(started_at=started_at, region=region, phase=cast("Phase", phase), position=position)


def _text(event: Mapping[str, object], key: str, pattern: re.Pattern[str]) -> re.Match[str]:
    value = event.get(key)
    match = pattern.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise EventError(f"{key}: missing, or not written as expected")
    return match


@dataclass(slots=True, kw_only=True)
class Swept:
    """What one run of a sweep did; it is added to while the run goes on.

    next_page: where the next run begins; None: the sweep is complete. counts: functions (judged and
    recorded), deleted (resolved, since they do not exist any more), not_judged (without a verdict, for the
    reasons in errors), and those of counts_of. failed_reads: operations that AWS refused. left_out: resources
    that were answered and cannot be used. failed_rules: as of Decision. stopped_by: why the run could not go
    on (AWS, OPA or the table), where next_page is for that reason.
    """

    next_page: SweepPage | None
    counts: Counter[str] = field(default_factory=Counter)
    errors: list[Exception] = field(default_factory=list)
    failed_reads: set[str] = field(default_factory=set)
    left_out: set[LeftOut] = field(default_factory=set)
    failed_rules: dict[str, str] = field(default_factory=dict)
    stopped_by: VpcGuardError | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as the answer of an invocation: numbers and names only."""
        return {
            "status": "complete" if self.next_page is None else "partial",
            "marker": None if self.next_page is None else self.next_page.as_marker(),
            "stopped_by": None if self.stopped_by is None else type(self.stopped_by).__name__,
            "functions": self.counts["functions"],
            "deleted": self.counts["deleted"],
            "not_judged": self.counts["not_judged"],
            "failed_reads": sorted(self.failed_reads),
            "left_out": len(self.left_out),
            **{name: self.counts[name] for name in COUNTED},
        }


@dataclass(slots=True, kw_only=True)
class SweptRegions:
    """What one run of a sweep did in several regions; regions it did not come to are not in it.

    next_page: where the next run begins; None: the sweep is complete. regions: what was done in each.
    failed: why nothing could be done there; the sweep goes on without them. stopped_by: as of Swept.
    """

    next_page: SweepPage | None
    regions: dict[str, Swept] = field(default_factory=dict)
    failed: dict[str, ReadError] = field(default_factory=dict)
    stopped_by: VpcGuardError | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as the answer of an invocation: numbers and names only."""
        return {
            "status": "complete" if self.next_page is None else "partial",
            "marker": None if self.next_page is None else self.next_page.as_marker(),
            "stopped_by": None if self.stopped_by is None else type(self.stopped_by).__name__,
            "regions": {region: swept.as_dict() for region, swept in self.regions.items()},
            "failed_regions": sorted(self.failed),
        }


def audit_regions(
    account_id: str,
    regions: Sequence[str],
    *,
    deps: Dependencies,
    page: SweepPage | None = None,
    until: float = math.inf,
) -> SweptRegions:
    """Sweep regions of an account one after the other as `audit_account` does, and read its roles once.

    The sweep of all of them began when that of the first did: what is recorded names the moment at which the
    roles were read where that is earlier. A region that cannot be read (none of the account's, say) is named
    and passed over; where AWS throttles, or OPA or the table is away, or time is over, the sweep says where
    it was. Raises ReadError where a whole sweep could read no region, and OpaUnavailableError and
    FindingStoreError where nothing was done.
    """
    account_roles = AccountRoles(deps.clock)
    begin = page or SweepPage(started_at=rfc3339(deps.clock()), region=regions[0])
    swept = SweptRegions(next_page=begin)
    for region in regions[regions.index(str(begin.region)) :]:
        is_first = region == begin.region
        swept.next_page = begin if is_first else SweepPage(started_at=begin.started_at, region=region)
        if not is_first and _is_late(until):
            return swept
        try:
            one = audit_account(
                account_id,
                region,
                deps=deps,
                page=swept.next_page,
                account_roles=account_roles,
                until=until,
            )
        except ReadError as error:
            if not is_first and _is_late(until):
                return swept  # with a whole run's time it may be read
            swept.failed[region] = error
            continue
        except (OpaUnavailableError, FindingStoreError) as error:
            if not swept.regions:
                raise
            swept.stopped_by = error
            return swept
        swept.regions[region] = one
        if one.next_page is not None:
            swept.next_page, swept.stopped_by = one.next_page, one.stopped_by
            return swept
    swept.next_page = None
    if page is None and not swept.regions:
        raise next(iter(swept.failed.values()))
    return swept


def _is_late(until: float) -> bool:
    return time.monotonic() > until - STEP_SECONDS


def audit_account(
    account_id: str,
    region: str,
    *,
    deps: Dependencies,
    page: SweepPage | None = None,
    account_roles: AccountRoles | None = None,
    trigger: str = SWEEP,
    until: float = math.inf,
) -> Swept:
    """Judge and record the functions of an account and region, from a page on, while there is time.

    One run reads the functions of PAGES_OF_A_RUN pages at most, fewer where our share of Lambda's rate is too
    small for what each function may need, then once what they rest on, and judges and records them a few
    pages at a time. After the last page, functions that are stored and were not seen since
    the sweep began are read by name: those that do not exist are resolved. A sweep that did not get there
    closes nothing. Every run does at least one step. until: a moment of time.monotonic() after which AWS is
    not waited for and nothing is recorded; no step begins in the last STEP_SECONDS before it.
    account_roles: as of CaptureOptions. trigger: what the looks are kept with.

    Where AWS throttles, or AWS, OPA or the table is away after some steps were done, the sweep says where it
    was, and can go on from there. Raises ReadError, OpaUnavailableError and FindingStoreError where no step
    was done. Other failures leave their functions out: they are counted as not_judged.
    """
    run = _Run(
        account_id=account_id,
        region=region,
        deps=deps,
        account_roles=account_roles,
        trigger=trigger,
        until=until,
    )
    swept = Swept(next_page=page or SweepPage(started_at=rfc3339(deps.clock())))
    begun_at = swept.next_page
    try:
        for place in run.places(swept):
            swept.next_page = place
            if _is_late(until):
                break
    except (ReadError, OpaUnavailableError, FindingStoreError) as error:
        if swept.next_page is begun_at and not isinstance(error, ThrottledError):
            raise
        swept.stopped_by = error
    return swept


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run of a sweep, step by step; what each step does is added to swept."""

    account_id: str
    region: str
    deps: Dependencies
    account_roles: AccountRoles | None
    trigger: str
    until: float

    def places(self, swept: Swept) -> Iterator[SweepPage | None]:
        """Sweep; yield after each step the place to go on from, None at the end."""
        if swept.next_page is not None and swept.next_page.phase == "list":
            yield from self._list(swept.next_page, swept)
        while swept.next_page is not None and swept.next_page.phase == "close":
            yield self._close(swept.next_page, swept)

    def _list(self, at: SweepPage, swept: Swept) -> Iterator[SweepPage]:
        """Read pages of the listing and what their functions rest on; judge and record them in parts.

        A State takes a call for each function: it is read where something was found that rests on it.
        """
        rules = {**rules_that_read(), **self.deps.configuration().own}
        of_states = [name for name, rule in rules.items() if STATE_READ in rule["reads"]]
        found = self.deps.store.functions_with_findings(self.account_id, self.region, of_states)
        configuration = self.deps.configuration()
        captured = self.deps.capture(
            Scope(kind="account", account_id=self.account_id, region=self.region),
            self.deps.reader_of(self.account_id, self.region),
            options=CaptureOptions(
                marker=at.position,
                max_pages=self._pages_of_a_run(),
                account=self.deps.directory(self.account_id, needs_unit=configuration.names_units),
                reads=configuration.reads,
                states_of=frozenset(found),
                account_roles=self.account_roles,
                until=self.until,
            ),
        )
        snapshot, pages = captured.snapshot, captured.pages
        digest = snapshot.digest()
        archive = self.deps.archive
        keep = archive.keeping(snapshot, configuration.document) if archive else None
        swept.failed_reads.update(
            read.operation for read in failed_reads(snapshot) if read.failure.code != PARTIAL
        )
        for start in range(0, len(pages), PAGES_AT_ONCE):
            names = frozenset(name for page in pages[start : start + PAGES_AT_ONCE] for name in page.names)
            part = part_of(snapshot, names)
            self._judge_and_record(part, len(names), configuration, digest=digest, keep=keep, swept=swept)
            if start + PAGES_AT_ONCE < len(pages):
                yield replace(at, position=pages[start + PAGES_AT_ONCE].marker)
        _require_listing(snapshot)
        is_last = captured.next_marker is None
        yield replace(at, phase="close" if is_last else "list", position=captured.next_marker)

    def _pages_of_a_run(self) -> int:
        """Return how many pages can be read in the time there is, should every function need all it may."""
        of_lambda = [one for one in self.deps.configuration().reads if one.startswith("lambda:")]
        calls = 1 + FUNCTIONS_OF_A_PAGE * len(of_lambda)
        seconds = self.until - STEP_SECONDS - time.monotonic()
        return int(max(1, min(PAGES_OF_A_RUN, seconds * self.deps.lambda_calls_per_second / calls)))

    def _judge_and_record(
        self,
        part: Snapshot,
        functions: int,
        configuration: Configuration,
        *,
        digest: str,
        keep: Callable[[], None] | None,
        swept: Swept,
    ) -> None:
        """Judge by the configuration that decided what was read. keep: keeps what the digest is of."""
        try:
            judged = judge_or_bisect(
                part,
                policy=self.deps.policy,
                configuration=configuration,
                trigger=self.trigger,
                digest=digest,
                until=self.until,
            )
            recorded = self.deps.store.record_all(judged.looks, until=self.until, before_change=keep)
        except OpaUnavailableError:
            raise
        except _OF_THESE_FUNCTIONS as error:
            if isinstance(error, FindingStoreError) and time.monotonic() > self.until:
                raise  # for want of time alone: the next run begins here
            swept.counts["not_judged"] += functions
            swept.errors.append(error)
        else:
            swept.counts.update(
                counts_of(recorded), functions=len(judged.looks), not_judged=len(judged.refused)
            )
            swept.errors.extend(dict.fromkeys(judged.refused.values()))
            swept.left_out.update(judged.left_out)
            swept.failed_rules.update(judged.failed_rules)

    def _close(self, at: SweepPage, swept: Swept) -> SweepPage | None:
        """Read functions by name that the sweep did not see; return the place to go on from, None at the end.

        The listing is no evidence by itself: it may have been under way while a function was made, the
        index of looks lags, and a part of the sweep may have ended without a verdict.
        """
        unseen = self.deps.store.functions_not_seen_since(self.account_id, self.region, at.started_at)
        waiting = sorted(name for name in unseen if name > (at.position or ""))
        names = tuple(waiting[: _closed_at_once(self.deps.lambda_calls_per_second)])
        if not names:
            return None
        scope = Scope(kind="function", account_id=self.account_id, region=self.region, function_names=names)
        try:
            audited = audit_functions(
                scope,
                deps=self.deps,
                trigger=self.trigger,
                account_roles=self.account_roles,
                until=self.until,
            )
        except OpaUnavailableError:
            raise
        except _OF_THESE_FUNCTIONS as error:
            swept.counts["not_judged"] += len(names)
            swept.errors.append(error)
        else:
            swept.counts.update(
                audited.counts,
                functions=len(names) - len(audited.deleted) - len(audited.failed),
                deleted=len(audited.deleted),
                not_judged=len(audited.failed),
            )
            swept.errors.extend(audited.failed.values())
            swept.left_out.update(audited.left_out)
            swept.failed_rules.update(audited.failed_rules)
        is_last = len(waiting) == len(names)
        return None if is_last else replace(at, position=names[-1])


def _closed_at_once(calls_per_second: float) -> int:
    calls = calls_per_second * CLOSING_SECONDS
    return max(1, min(CLOSED_AT_ONCE, int(calls / CALLS_OF_A_FUNCTION)))


def _require_listing(snapshot: Snapshot) -> None:
    failure = snapshot.own.failures.get(LISTING_READ)
    if isinstance(failure, Failure) and failure.code != PARTIAL:
        raise ReadError(f"{LISTING_READ} was refused: {failure.code}")
    if LISTING_READ not in snapshot.own.answers:
        raise ReadError(f"{LISTING_READ} was not read")
