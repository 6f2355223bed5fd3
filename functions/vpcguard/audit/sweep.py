"""The use case of the sweep: every function of one account and region, page by page, then what is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from vpcguard.audit.dependencies import Dependencies
from vpcguard.audit.functions import audit_functions
from vpcguard.audit.isolating import judge_apart
from vpcguard.audit.judging import failed_reads
from vpcguard.audit.recording import Summary, record
from vpcguard.audit.sweep_page import SweepPage
from vpcguard.clock import rfc3339
from vpcguard.errors import (
    DecisionError,
    FactsError,
    FindingStoreError,
    OpaUnavailableError,
    ReadError,
    SnapshotError,
)
from vpcguard.model import Failure, Scope, Snapshot
from vpcguard.snapshot import PARTIAL, CaptureOptions

LISTING_READ = "lambda:ListFunctions"
PAGES_AT_ONCE = 10  # 50 functions each: one question to OPA takes 500
CLOSED_AT_ONCE = 50  # each takes a read of its own
TRIGGER = "sweep"
_OF_THESE_FUNCTIONS = (SnapshotError, FactsError, DecisionError, FindingStoreError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one part of a sweep did.

    functions: judged and recorded. deleted: resolved, since they do not exist any more. not_judged: left
    without a verdict, for the reasons in errors. failed_reads: operations that AWS refused.
    """

    functions: int = 0
    deleted: int = 0
    not_judged: int = 0
    errors: tuple[Exception, ...] = ()
    failed_reads: frozenset[str] = frozenset()
    summary: Summary = field(default_factory=Summary)

    def __add__(self, other: Step) -> Step:
        """Return what both did."""
        return Step(
            functions=self.functions + other.functions,
            deleted=self.deleted + other.deleted,
            not_judged=self.not_judged + other.not_judged,
            errors=self.errors + other.errors,
            failed_reads=self.failed_reads | other.failed_reads,
            summary=self.summary + other.summary,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one run of a sweep did, and where the next one begins; None: the sweep is complete."""

    done: Step
    next_page: SweepPage | None

    def as_dict(self) -> dict[str, Any]:
        """Return it as the answer of an invocation: numbers and names only."""
        return {
            "status": "complete" if self.next_page is None else "partial",
            "marker": None if self.next_page is None else self.next_page.as_marker(),
            "functions": self.done.functions,
            "deleted": self.done.deleted,
            "not_judged": self.done.not_judged,
            "failed_reads": sorted(self.done.failed_reads),
            **asdict(self.done.summary),
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
    what was recorded until then stands. Other failures leave their functions out, see Step.not_judged.
    """
    following: SweepPage | None = page or SweepPage(started_at=rfc3339(deps.clock()))
    done = Step()
    while following is not None:
        step, following = _STEPS[following.phase](account_id, region, following, deps)
        done += step
        if not has_time():
            break
    return Swept(done=done, next_page=following)


def _list(account_id: str, region: str, at: SweepPage, deps: Dependencies) -> tuple[Step, SweepPage | None]:
    aws = deps.reader_of(account_id, region)
    captured = deps.capture(
        Scope(kind="account", account_id=account_id, region=region),
        aws,
        options=CaptureOptions(marker=at.position, max_pages=PAGES_AT_ONCE),
    )
    step = _record(captured.snapshot, deps)
    _require_listing(captured.snapshot)
    if captured.next_marker is None:
        return step, SweepPage(started_at=at.started_at, phase="close")
    return step, SweepPage(started_at=at.started_at, position=captured.next_marker)


def _record(snapshot: Snapshot, deps: Dependencies) -> Step:
    refused = frozenset(read.operation for read in failed_reads(snapshot) if read.failure.code != PARTIAL)
    listed = snapshot.own.answers.get(LISTING_READ, {}).get("Functions", ())
    try:
        judgement = judge_apart(
            snapshot, policy=deps.policy, configuration=deps.configuration(), trigger=TRIGGER
        )
        summary = record(judgement.looks, deps.store)
    except OpaUnavailableError:
        raise
    except _OF_THESE_FUNCTIONS as error:
        return Step(not_judged=len(listed), errors=(error,), failed_reads=refused)
    return Step(
        functions=len(judgement.looks),
        not_judged=len(judgement.refused),
        errors=tuple(dict.fromkeys(judgement.refused.values())),
        failed_reads=refused,
        summary=summary,
    )


def _require_listing(snapshot: Snapshot) -> None:
    failure = snapshot.own.failures.get(LISTING_READ)
    if isinstance(failure, Failure) and failure.code != PARTIAL:
        raise ReadError(f"{LISTING_READ} was refused: {failure.code}")
    if LISTING_READ not in snapshot.own.answers:
        raise ReadError(f"{LISTING_READ} was not read")


def _close(account_id: str, region: str, at: SweepPage, deps: Dependencies) -> tuple[Step, SweepPage | None]:
    """Read functions by name that the sweep did not see.

    The listing is no evidence by itself: it may have been under way while a function was made, the
    index of looks lags, and a part of the sweep may have ended without a verdict.
    """
    unseen = deps.store.functions_not_seen_since(account_id, region, at.started_at)
    waiting = sorted(name for name in unseen if name > (at.position or ""))
    names = waiting[:CLOSED_AT_ONCE]
    if not names:
        return Step(), None
    try:
        scope = Scope(kind="function", account_id=account_id, region=region, function_names=tuple(names))
        audited = audit_functions(scope, dict.fromkeys(names, TRIGGER), deps=deps)
    except OpaUnavailableError:
        raise
    except _OF_THESE_FUNCTIONS as error:
        step = Step(not_judged=len(names), errors=(error,))
    else:
        step = Step(
            functions=len(audited.judgement.looks),
            deleted=len(audited.deleted),
            not_judged=len(audited.failed),
            errors=tuple(audited.failed.values()),
            summary=audited.summary,
        )
    is_last = len(waiting) == len(names)
    return step, None if is_last else SweepPage(started_at=at.started_at, phase="close", position=names[-1])


_STEPS = {"list": _list, "close": _close}
