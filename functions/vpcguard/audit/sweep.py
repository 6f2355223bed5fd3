"""The sweep: every function of one account and region, page by page, then what is stored and gone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from vpcguard.audit.changes import COUNTED, SWEEP, audit_functions, counts_of
from vpcguard.audit.dependencies import Dependencies
from vpcguard.audit.judging import failed_reads, judge_or_bisect
from vpcguard.changes.events import ACCOUNT_ID, REGION
from vpcguard.clock import rfc3339
from vpcguard.errors import (
    DecisionError,
    EventError,
    FactsError,
    FindingStoreError,
    OpaUnavailableError,
    ReadError,
    SnapshotError,
)
from vpcguard.model import Failure, Scope, Snapshot
from vpcguard.snapshot import PARTIAL, CaptureOptions

LISTING_READ = "lambda:ListFunctions"
PAGES_AT_ONCE = 10  # 50 functions each: two questions to OPA or more, asked two at a time
CLOSED_AT_ONCE = 50  # each takes a read of its own
_OF_THESE_FUNCTIONS = (SnapshotError, FactsError, DecisionError, FindingStoreError)

Phase = Literal["list", "close"]
_MARKER = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z) (list|close)(?: ([\x21-\x7e]+))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPage:
    """One place of a sweep.

    started_at: RFC 3339. position: in phase "list" Lambda's own marker, in phase "close" the last name done.
    """

    started_at: str
    phase: Phase = "list"
    position: str | None = None

    def as_marker(self) -> str:
        """Return the text that brings a sweep back here."""
        return " ".join(part for part in (self.started_at, self.phase, self.position) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRequest:
    """One account and region; page None: from the beginning."""

    account_id: str
    region: str
    page: SweepPage | None = None


def parse_sweep(event: object) -> SweepRequest:
    """Return the request that {"account_id", "region", "marker"?} makes; raises EventError for all else."""
    if not isinstance(event, Mapping):
        raise EventError("expected an object with account_id and region")
    marker = event.get("marker")
    return SweepRequest(
        account_id=_text(event, "account_id", ACCOUNT_ID[0])[0],
        region=_text(event, "region", REGION[0])[0],
        page=None if marker is None else parse_marker(marker),
    )


def parse_marker(marker: object) -> SweepPage:
    """Return the place that a marker names; raises EventError for any other text."""
    match = _text({"marker": marker}, "marker", _MARKER)
    return SweepPage(started_at=match[1], phase=cast("Phase", match[2]), position=match[3])


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
    reasons in errors), and those of counts_of. failed_reads: operations that AWS refused.
    """

    next_page: SweepPage | None
    counts: Counter[str] = field(default_factory=Counter)
    errors: list[Exception] = field(default_factory=list)
    failed_reads: set[str] = field(default_factory=set)

    def as_dict(self) -> dict[str, Any]:
        """Return it as the answer of an invocation: numbers and names only."""
        return {
            "status": "complete" if self.next_page is None else "partial",
            "marker": None if self.next_page is None else self.next_page.as_marker(),
            "functions": self.counts["functions"],
            "deleted": self.counts["deleted"],
            "not_judged": self.counts["not_judged"],
            "failed_reads": sorted(self.failed_reads),
            **{name: self.counts[name] for name in COUNTED},
        }


def audit_account(
    account_id: str,
    region: str,
    *,
    deps: Dependencies,
    page: SweepPage | None = None,
    has_time: Callable[[], bool] = lambda: True,
) -> Swept:
    """Judge and record the functions of an account and region, from a page on, while there is time.

    After the last page, functions that are stored and were not seen since the sweep began are read by
    name: those that do not exist are resolved. A sweep that did not get there closes nothing. Every run
    does at least one step. Raises ReadError where functions cannot be listed, and OpaUnavailableError;
    what was recorded until then stands. Other failures leave their functions out: they are counted as
    not_judged.
    """
    swept = Swept(next_page=page or SweepPage(started_at=rfc3339(deps.clock())))
    while swept.next_page is not None:
        step = _list if swept.next_page.phase == "list" else _close
        swept.next_page = step(account_id, region, swept.next_page, deps, swept)
        if not has_time():
            break
    return swept


def _list(account_id: str, region: str, at: SweepPage, deps: Dependencies, swept: Swept) -> SweepPage | None:
    """Judge and record some pages of the listing; return the place to go on from."""
    captured = deps.capture(
        Scope(kind="account", account_id=account_id, region=region),
        deps.reader_of(account_id, region),
        options=CaptureOptions(marker=at.position, max_pages=PAGES_AT_ONCE),
    )
    snapshot = captured.snapshot
    swept.failed_reads.update(
        read.operation for read in failed_reads(snapshot) if read.failure.code != PARTIAL
    )
    try:
        looks, _, refused = judge_or_bisect(
            snapshot, policy=deps.policy, configuration=deps.configuration(), trigger=SWEEP
        )
        recorded = deps.store.record_all(looks)
    except OpaUnavailableError:
        raise
    except _OF_THESE_FUNCTIONS as error:
        listed = snapshot.own.answers.get(LISTING_READ, {}).get("Functions", ())
        swept.counts["not_judged"] += len(listed)
        swept.errors.append(error)
    else:
        swept.counts.update(counts_of(recorded), functions=len(looks), not_judged=len(refused))
        swept.errors.extend(dict.fromkeys(refused.values()))
    _require_listing(snapshot)
    if captured.next_marker is None:
        return SweepPage(started_at=at.started_at, phase="close")
    return SweepPage(started_at=at.started_at, position=captured.next_marker)


def _require_listing(snapshot: Snapshot) -> None:
    failure = snapshot.own.failures.get(LISTING_READ)
    if isinstance(failure, Failure) and failure.code != PARTIAL:
        raise ReadError(f"{LISTING_READ} was refused: {failure.code}")
    if LISTING_READ not in snapshot.own.answers:
        raise ReadError(f"{LISTING_READ} was not read")


def _close(account_id: str, region: str, at: SweepPage, deps: Dependencies, swept: Swept) -> SweepPage | None:
    """Read functions by name that the sweep did not see; return the place to go on from, None at the end.

    The listing is no evidence by itself: it may have been under way while a function was made, the
    index of looks lags, and a part of the sweep may have ended without a verdict.
    """
    unseen = deps.store.functions_not_seen_since(account_id, region, at.started_at)
    waiting = sorted(name for name in unseen if name > (at.position or ""))
    names = tuple(waiting[:CLOSED_AT_ONCE])
    if not names:
        return None
    scope = Scope(kind="function", account_id=account_id, region=region, function_names=names)
    try:
        audited = audit_functions(scope, deps=deps)
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
    is_last = len(waiting) == len(names)
    return None if is_last else SweepPage(started_at=at.started_at, phase="close", position=names[-1])
