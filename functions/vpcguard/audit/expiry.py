"""What began or ended exempting is shown by the stored findings, without a look at AWS.

Every look applies the exemptions of its moment. This is for findings that nobody looks at meanwhile: hourly
what was made, revoked or has expired since it was last applied, and daily all findings that are not resolved,
as a safety net. A finding is written only where it says something else than what exempts it, so everything
may be repeated, and two may do it side by side.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Protocol

from aws_lambda_powertools.metrics import MetricUnit

from vpcguard.audit.exemptions import covered_by
from vpcguard.clock import Clock, rfc3339
from vpcguard.errors import ListingError, VpcGuardError
from vpcguard.findings.exemption_store import ExemptionStore, StoredExemption, WholePass
from vpcguard.findings.exemptions import Covers, Exemptions, Matcher, Subject, is_literal
from vpcguard.findings.pages import Page
from vpcguard.findings.store import EXEMPTIONS_KEPT_FOR, KeptExemptions, Recorded
from vpcguard.model import Finding, Status

FINISHING_SECONDS = 20  # kept back for what has begun, and for noting it
WHOLE_PASS_EVERY = timedelta(hours=23)  # by a run an hour: within a day
_NOTED_BEFORE = timedelta(hours=2)  # what is about to expire is looked up, by two runs at least
# A process may go on for a minute with what it read before, and then has to write: until then findings may
# yet be written by what was.
_SETTLES_AFTER = 2 * EXEMPTIONS_KEPT_FOR
_LIVE: Final[Collection[Status]] = ("open", "undetermined", "exempt")
_PAGE = 500
_AT_ONCE = 8
_CUT = "…"  # ends a text of a listing that was cut short

Function = tuple[str, str, str]  # account id, region, name
Listing = Callable[..., Page[Finding]]  # takes the cursor of a page
_KINDS = [one.name for one in fields(Recorded) if one.name != "outcome"]


class Findings(Protocol):
    """The stored findings: vpcguard.findings.store.FindingStore; methods raise FindingStoreError."""

    def replan(self, account_id: str, region: str, function_name: str, /) -> Recorded:
        """Have the findings of a function show what exempts them now."""

    def list_by_exemption(
        self, exemption_id: str, /, *, details: bool, page_size: int, cursor: str | None = None
    ) -> Page[Finding]:
        """Return findings that say that they are exempt by this one."""

    def where_exempt(self, exemption_id: str, /, *, most: int) -> list[dict[str, str]]:
        """Return where findings are that say so, `most` at most."""

    def list_by_function(
        self,
        account_id: str,
        region: str,
        function_name: str,
        /,
        *,
        details: bool = True,
        page_size: int = ...,
        cursor: str | None = None,
    ) -> Page[Finding]:
        """Return a function's findings."""

    def list_by_account(
        self,
        account_id: str,
        /,
        *,
        region: str | None = None,
        rule_id: str | None = None,
        status: Collection[Status] | None = None,
        details: bool = True,
        page_size: int = ...,
        cursor: str | None = None,
    ) -> Page[Finding]:
        """Return an account's findings."""

    def list_by_rule(
        self,
        rule_id: str,
        /,
        *,
        status: Collection[Status] | None = None,
        details: bool = True,
        page_size: int = ...,
        cursor: str | None = None,
    ) -> Page[Finding]:
        """Return a rule's findings."""

    def list_all(
        self,
        *,
        status: Collection[Status] | None = None,
        details: bool = True,
        page_size: int = ...,
        cursor: str | None = None,
    ) -> Page[Finding]:
        """Return findings of all accounts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What one run did.

    in_force: how many exemptions are. malformed: keys of what is none. applied: how many the findings show
    now. pending: how many are left to the next run, since there was no time, a function failed, or they are
    younger than what a process may still know. functions: how many were written anew. changed: what became of
    their findings, as of a Recorded. failed: those that could not be, with the reason. is_whole: the daily
    pass over all findings came to its end.
    """

    in_force: int
    malformed: tuple[str, ...]
    applied: int
    pending: int
    functions: int
    changed: Mapping[str, int]
    failed: Mapping[Function, Exception]
    is_whole: bool

    def as_dict(self) -> dict[str, Any]:
        """Return the counts."""
        return {
            "in_force": self.in_force,
            "malformed": len(self.malformed),
            "applied": self.applied,
            "pending": self.pending,
            "functions": self.functions,
            "failed": len(self.failed),
            "is_whole": self.is_whole,
            **self.changed,
        }


class Expiry:
    """Has findings show what exempts them; kept: what `findings` plans with."""

    def __init__(
        self, store: ExemptionStore, kept: KeptExemptions, findings: Findings, *, clock: Clock
    ) -> None:
        self._store = store
        self._kept = kept
        self._findings = findings
        self._clock = clock

    def run(self, *, until: float) -> Applied:
        """Apply what began or ended since it was last applied; daily, go through all findings.

        until: a moment of time.monotonic() to begin nothing after. Raises FindingStoreError where exemptions
        or a listing cannot be read.
        """
        stored, _ = self._store.read_all()
        self._kept.forget()  # from here on nothing is planned with less than what was just read
        exemptions, now = self._kept(), self._clock()
        moment = rfc3339(now)
        _note_covered(stored, self._store, self._findings, now)
        waiting = [one for one in stored if one.applied != _target(one, moment)]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            run = _Run(self._findings, exemptions, now, until, pool)
            done = list(_applied(waiting, run, moment))
            for key in exemptions.malformed:  # whoever broke it, what it covered comes back
                run.goes_through(_listing(self._findings, ("exemption", key)), is_whole=True)
            is_whole = _pass_over_all(self._store, run, now)
        applied = sum(
            self._store.note(one, applied=_target(one, moment), covered=None)
            for one in done
            if _is_settled(one, now)
        )
        return Applied(
            in_force=sum(one.is_in_force(moment) for one in exemptions.items),
            malformed=exemptions.malformed,
            applied=applied,
            pending=len(waiting) - applied,
            functions=run.functions,
            changed=dict(run.changed),
            failed=run.failed,
            is_whole=is_whole,
        )


def _target(one: StoredExemption, moment: str) -> str:
    """Return what is noted of an exemption once the findings show it."""
    return "in force" if one.exemption.state(moment) == "in_force" else "ended"


def _is_settled(one: StoredExemption, now: datetime) -> bool:
    changed_at = one.exemption.revoked_at or one.exemption.created_at
    return changed_at <= rfc3339(now - _SETTLES_AFTER)


def _note_covered(
    stored: Iterable[StoredExemption], store: ExemptionStore, findings: Findings, now: datetime
) -> None:
    """Keep what exemptions cover that expire soon or just did: nobody can look that up afterwards."""
    soon = rfc3339(now + _NOTED_BEFORE)
    for one in stored:
        state = one.exemption.state(rfc3339(now))
        has_lapsed = state == "expired" and one.applied != "ended" and one.covered is None
        if has_lapsed or (state == "in_force" and one.exemption.expires_at <= soon):
            covered = covered_by(findings, one.exemption.exemption_id)
            store.note(one, applied=None, covered=covered.as_document())


# ---- which findings an exemption is about ----


def _applied(waiting: Iterable[StoredExemption], run: _Run, moment: str) -> Iterator[StoredExemption]:
    """Yield the exemptions that the findings show now, those that ended first."""
    groups: dict[tuple[str, ...], list[StoredExemption]] = {}
    for one in waiting:
        if one.exemption.state(moment) == "in_force":
            groups.setdefault(_place(one.exemption.match), []).append(one)
        elif run.goes_through(
            _listing(run.findings, ("exemption", one.exemption.exemption_id)), is_whole=True
        ):
            yield one
    if _EVERYWHERE in groups:  # goes through what any other would
        groups = {_EVERYWHERE: [one for ones in groups.values() for one in ones]}
    for place, ones in groups.items():
        if run.goes_through(_listing(run.findings, place)):
            yield from ones


_EVERYWHERE = ("everywhere",)


def _place(match: Matcher) -> tuple[str, ...]:
    """Return the smallest listing that holds all that can match."""

    def exact(glob: str | None) -> str:
        return glob if glob is not None and is_literal(glob) else ""

    account_id, region, function = exact(match.account_id), exact(match.region), exact(match.function)
    if account_id and region and function:
        return ("function", account_id, region, function)
    if account_id:
        return ("account", account_id, region, match.rule_id or "")
    return ("rule", match.rule_id) if match.rule_id else _EVERYWHERE


def _listing(findings: Findings, place: tuple[str, ...]) -> Listing:
    """Return what reads a page of a listing; without details, texts may be cut short."""
    match place:
        case ("exemption", exemption_id):
            return partial(_page, findings.list_by_exemption, exemption_id)
        case ("function", account_id, region, function):
            return partial(_page, findings.list_by_function, account_id, region, function)
        case ("account", account_id, region, rule_id):
            listing = partial(findings.list_by_account, region=region or None, rule_id=rule_id or None)
            return partial(_page, partial(listing, status=_LIVE), account_id)
        case ("rule", rule_id):
            return partial(_page, partial(findings.list_by_rule, status=_LIVE), rule_id)
    return partial(_page, partial(findings.list_all, status=_LIVE))


def _page(listing: Callable[..., Page[Finding]], *keys: str, cursor: str | None) -> Page[Finding]:
    return listing(*keys, details=False, page_size=_PAGE, cursor=cursor)


# ---- one run ----


class _Run:
    """What is done to functions within one run: each once, several at a time, as long as there is time."""

    def __init__(
        self, findings: Findings, exemptions: Exemptions, now: datetime, until: float, pool: Executor
    ) -> None:
        self.findings = findings
        self.functions = 0
        self.changed: Counter[str] = Counter()
        self.failed: dict[Function, Exception] = {}
        self._exemptions = exemptions
        self._covers: dict[str, Covers] = {one.exemption_id: one.covers for one in exemptions.items}
        self._now = now
        self._until = until
        self._pool = pool
        self._done: set[Function] = set()

    def goes_through(self, listing: Listing, *, is_whole: bool = False) -> bool:
        """Have all findings of a listing show what exempts them; False where some may not, yet.

        is_whole: all of them; otherwise those that say something else than what exempts them.
        """
        cursor: str | None = None
        is_complete = True
        while self.has_time():
            page = listing(cursor=cursor)
            is_complete &= self.goes_through_page(page, is_whole=is_whole)
            cursor = page.cursor
            if cursor is None:
                return is_complete
        return False

    def goes_through_page(self, page: Page[Finding], *, is_whole: bool = False) -> bool:
        """Have the findings of a page show what exempts them, as goes_through."""
        functions = {
            (one.account_id, one.region, one.function_name)
            for one in page.items
            if is_whole or self._says_something_else(one)
        }
        waiting = sorted(functions - self._done)
        for function, outcome in zip(waiting, self._pool.map(self._replan, waiting), strict=True):
            if isinstance(outcome, Recorded):
                self._done.add(function)
                self.failed.pop(function, None)
                self.functions += outcome.outcome == "recorded"
                self.changed.update({kind: len(getattr(outcome, kind)) for kind in _KINDS})
            elif outcome is not None:
                self.failed[function] = outcome
        return functions <= self._done

    def has_time(self) -> bool:
        """False once nothing may be begun any more."""
        return time.monotonic() < self._until

    def _replan(self, function: Function) -> Recorded | Exception | None:
        """Return what became of a function, why it could not be, or None where there was no time."""
        if not self.has_time():
            return None
        try:
            return self.findings.replan(*function)
        except Exception as error:  # noqa: BLE001 - no fault of one function may keep the others exempt
            return error

    def _says_something_else(self, finding: Finding) -> bool:
        """True where a finding, as a listing has it, does not say what exempts it now, or cannot be told."""
        if finding.status == "resolved":
            return False
        covers: Covers | None = "violation" if finding.status == "open" else "unknown"
        if finding.status == "exempt":  # it stands as what exempts it covers
            covers = self._covers.get(finding.exemption_id or "")
        texts = (finding.organization_unit, finding.root_cause)
        if covers is None or any(text is not None and text.endswith(_CUT) for text in texts):
            return True
        subject = Subject(
            account_id=finding.account_id,
            region=finding.region,
            function_name=finding.function_name,
            rule_id=finding.rule_id,
            organization_unit=finding.organization_unit,
            root_cause=finding.root_cause,
            verdict=covers,
        )
        covering = self._exemptions.covering(subject, self._now)
        return finding.exemption_id != (covering.exemption_id if covering else None)


def _pass_over_all(store: ExemptionStore, run: _Run, now: datetime) -> bool:
    """Go through all findings once a day, from where the last run ended; True at the end.

    A function that fails is left to the next day: its exemption, if there is one, is pending anyway.
    """
    begun = store.whole_pass()
    if begun.cursor is None:
        if begun.begun_at is not None and begun.begun_at > rfc3339(now - WHOLE_PASS_EVERY):
            return False
        begun = WholePass(rfc3339(now))
    listing = _listing(run.findings, _EVERYWHERE)
    while run.has_time():
        try:
            page = listing(cursor=begun.cursor)
        except ListingError:  # a release that lists otherwise
            begun = WholePass(rfc3339(now))
            page = listing(cursor=None)
        run.goes_through_page(page)
        if not run.has_time() and page.cursor is not None:
            break  # some of this page may not have been begun
        begun = WholePass(begun.begun_at, page.cursor)
        store.keep_whole_pass(begun)
        if page.cursor is None:
            return True
    return False


# ---- what is logged and counted ----


def report_applied(applied: Applied, logger: Any, metrics: Any) -> dict[str, Any]:
    """Log and count what one run did, and return it as the answer of the invocation."""
    for (account_id, region, function_name), error in sorted(applied.failed.items()):
        keys = {"account_id": account_id, "region": region, "reason": str(error) or type(error).__name__}
        unforeseen = None if isinstance(error, VpcGuardError) else error
        logger.error("exemptions not applied", changed_function=function_name, exc_info=unforeseen, **keys)
    if applied.malformed:
        logger.error("malformed exemptions exempt nothing", exemption_ids=sorted(applied.malformed)[:100])
    counted = {
        "ExemptionsInForce": applied.in_force,
        "ExemptionsMalformed": len(applied.malformed),
        "ExemptionsPending": applied.pending,
        "ExemptionFunctionsChanged": applied.functions,
        "ExemptionFunctionsFailed": len(applied.failed),
    }
    for name, number in counted.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=number)
    answer = applied.as_dict()
    logger.info("exemptions applied", **answer)
    return answer
