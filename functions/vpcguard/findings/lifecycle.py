"""What a look changes, given what is remembered about its function: pure, so that every order can be tested.

A look's findings meet the function's look record, which remembers each finding's state. What differs becomes
a plan: the look record as it will be, and the findings to write with it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from vpcguard.errors import FindingStoreError
from vpcguard.findings.looks import bounded, bounded_text
from vpcguard.model import Finding, Look, Severity, Stage, Status, StatusReason

DAY = 86_400

# opened, reopened, resolved, undetermined: the status changed, and the history says so.
# updated: open or undetermined as before, but of another severity, stage, root cause or statement.
# unconfirmed: open, and this look could not judge it; it stays open. confirmed: it could again.
ChangeKind = Literal["opened", "reopened", "resolved", "undetermined", "updated", "unconfirmed", "confirmed"]
STATUS_CHANGES: frozenset[ChangeKind] = frozenset({"opened", "reopened", "resolved", "undetermined"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingState:
    """One finding as the look record remembers it.

    fingerprint: digest of what makes the stored finding what it is. times_opened: how often it became open.
    opened_at: when it last did. confirmed_at: the latest look that judged it as a violation.
    unconfirmed_since and unconfirmed: an open finding that later looks could not judge, since when,
    and the fingerprint of why. ttl: seconds since 1970, on resolved ones.
    """

    status: Status
    severity: Severity
    stage: Stage
    fingerprint: str
    first_seen: str
    last_seen: str
    times_opened: int
    opened_at: str | None = None
    confirmed_at: str | None = None
    unconfirmed_since: str | None = None
    unconfirmed: str | None = None
    ttl: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionState:
    """The look record of one function; revision 0: there is none yet.

    judged_at and snapshot_digest of the latest look order all looks: an older one changes nothing. It is one
    item of the table, so one read of it is never a mixture of two writes (a query is no snapshot:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-isolation).
    last_event_at: of the newest event that led to a look. modified_at: its LastModified as last read.
    is_partial: not all that the latest look changes is recorded yet, and only this very look brings it.
    """

    account_id: str
    region: str
    function_name: str
    judged_at: str = ""
    snapshot_digest: str = ""
    policy_revision: str | None = None
    config_digest: str | None = None
    trigger: str = ""
    revision: int = 0
    findings: Mapping[str, FindingState] = field(default_factory=dict)
    deleted_at: str | None = None
    is_partial: bool = False
    last_event_at: str | None = None
    modified_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingChange:
    """One finding that a look changes. finding: as the look has it; None where the fault is gone."""

    rule_id: str
    kind: ChangeKind
    before: FindingState | None
    after: FindingState
    finding: Finding | None
    status_reason: StatusReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to write: the look record as it will be, and the findings that differ.

    actor, managed_by: who made the change that led to the look, and by what; None: no event led to it.
    """

    before: FunctionState
    after: FunctionState
    changes: tuple[FindingChange, ...]
    actor: str | None = None
    managed_by: str | None = None


def is_superseded(seen: FunctionState, judged_at: str, snapshot_digest: str) -> bool:
    """True if a newer look, or this very one, is already recorded; the digest breaks a tie."""
    moment, latest = (judged_at, snapshot_digest), (seen.judged_at, seen.snapshot_digest)
    return moment < latest or (moment == latest and not seen.is_partial)


def plan_look(
    seen: FunctionState, look: Look, *, retention_days: int, vanished: Collection[str] = ()
) -> Plan:
    """Return what a look changes that is newer than everything seen.

    vanished: rules whose stored finding turned out to be gone; they begin anew. Raises
    FindingStoreError for a look that contradicts itself.
    """
    moment = seconds(look.judged_at)
    found = _found(look)
    remembered = {
        rule_id: state
        for rule_id, state in seen.findings.items()
        if rule_id not in vanished and (state.ttl is None or state.ttl > moment)
    }
    changes, after = [], dict(remembered)
    for rule_id in sorted({*remembered, *found}):
        before, finding = remembered.get(rule_id), found.get(rule_id)
        change = _change(rule_id, before, finding, look, moment + retention_days * DAY)
        if change is not None:
            changes.append(change)
            after[rule_id] = change.after
        elif before is not None and finding is not None and before.status == finding.status:
            confirmed_at = look.judged_at if finding.status == "open" else before.confirmed_at
            after[rule_id] = replace(before, last_seen=finding.last_seen, confirmed_at=confirmed_at)
    state = FunctionState(
        account_id=look.account_id,
        region=look.region,
        function_name=look.function_name,
        judged_at=look.judged_at,
        snapshot_digest=look.snapshot_digest,
        policy_revision=look.policy_revision,
        config_digest=look.config_digest,
        trigger=bounded_text(look.trigger),
        revision=seen.revision + 1,
        findings=after,
        last_event_at=max(filter(None, (seen.last_event_at, look.event_time)), default=None),
        modified_at=look.modified_at or seen.modified_at,
    )
    actor = look.actor and bounded_text(look.actor)
    return Plan(before=seen, after=state, changes=tuple(changes), actor=actor, managed_by=look.managed_by)


def plan_deletion(
    seen: FunctionState, judged_at: str, trigger: str, *, retention_days: int, vanished: Collection[str] = ()
) -> Plan:
    """Return what it changes that a function no longer exists."""
    ttl = seconds(judged_at) + retention_days * DAY
    remembered = {rule_id: state for rule_id, state in seen.findings.items() if rule_id not in vanished}
    changes = tuple(
        _resolved(rule_id, state, "function_deleted", ttl)
        for rule_id, state in sorted(remembered.items())
        if state.status != "resolved"
    )
    after = replace(
        seen,
        judged_at=judged_at,
        snapshot_digest="",  # below every digest: a look of the same moment read the function, so it existed
        trigger=bounded_text(trigger),
        revision=seen.revision + 1,
        deleted_at=judged_at,
        is_partial=False,
        findings={**remembered, **{change.rule_id: change.after for change in changes}},
    )
    return Plan(before=seen, after=after, changes=changes)


def in_steps(plan: Plan, most: int) -> Iterator[Plan]:
    """Yield a plan as several that change `most` findings each, to be written one after the other.

    From the first on the look counts as the latest, so that no older one comes between; until the last it is
    partial, so that the same look, delivered again, goes on where it ended.
    """
    before, left = plan.before, plan.changes
    while len(left) > most:
        now, left = left[:most], left[most:]
        findings = dict(plan.after.findings)
        for change in left:
            if change.before is None:
                del findings[change.rule_id]
            else:
                findings[change.rule_id] = change.before
        after = replace(plan.after, findings=findings, revision=before.revision + 1, is_partial=True)
        yield replace(plan, before=before, after=after, changes=now)
        before = after
    after = replace(plan.after, revision=before.revision + 1)
    yield replace(plan, before=before, after=after, changes=left)


def _found(look: Look) -> dict[str, Finding]:
    found = {finding.rule_id: bounded(finding) for finding in look.findings}
    if len(found) < len(look.findings):
        raise FindingStoreError(f"a look at {look.function_name} holds two findings of one rule")
    here = (look.account_id, look.region, look.function_name)
    for finding in found.values():
        if (finding.account_id, finding.region, finding.function_name) != here:
            raise FindingStoreError(f"a look at {look.function_name} holds a finding of another function")
        if finding.status not in ("open", "undetermined"):
            raise FindingStoreError(f"a look finds what is open or undetermined, not {finding.status}")
        if finding.status == "undetermined" and finding.rule_id in look.judged:
            raise FindingStoreError(
                f"a look says of {finding.rule_id} that it was judged and that it was not"
            )
    if stray := {*found, *look.judged} & (look.off | look.retired):
        raise FindingStoreError(f"a look judges by {min(stray)}, which is off or retired")
    return found


def _change(
    rule_id: str, before: FindingState | None, finding: Finding | None, look: Look, ttl: int
) -> FindingChange | None:
    if finding is None:
        if before is None or before.status == "resolved":
            return None
        reasons: tuple[tuple[StatusReason, frozenset[str]], ...] = (
            ("rule_retired", look.retired),
            ("rule_off", look.off),
            ("fixed", look.judged),
        )
        reason = next((reason for reason, rules in reasons if rule_id in rules), None)
        return None if reason is None else _resolved(rule_id, before, reason, ttl)
    # what makes a finding another one: not how it is worded, nor what it counts
    statement = look.statements.get(rule_id)
    content = (finding.status, finding.severity, finding.stage, finding.root_cause, statement)
    said = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]
    kind = _kind(before, finding, said)
    if kind is None:
        return None
    after = _state(kind, before, finding, said)
    return FindingChange(rule_id=rule_id, kind=kind, before=before, after=after, finding=finding)


def _kind(before: FindingState | None, finding: Finding, said: str) -> ChangeKind | None:
    if finding.status == "undetermined":
        return _kind_of_unknown(before, said)
    if before is None or before.times_opened == 0:
        return "opened"
    if before.status != "open":
        return "reopened"
    if before.fingerprint != said:
        return "updated"
    return "confirmed" if before.unconfirmed else None


def _kind_of_unknown(before: FindingState | None, said: str) -> ChangeKind | None:
    if before is None or before.status == "resolved":
        return "undetermined"
    if before.status == "open":
        return None if before.unconfirmed == said else "unconfirmed"
    return None if before.fingerprint == said else "updated"


def _state(kind: ChangeKind, before: FindingState | None, finding: Finding, said: str) -> FindingState:
    if kind == "unconfirmed" and before is not None:
        since = before.unconfirmed_since or finding.last_seen
        return replace(before, unconfirmed_since=since, unconfirmed=said)
    has_opened, is_open = kind in ("opened", "reopened"), finding.status == "open"
    return FindingState(
        status=finding.status,
        severity=finding.severity,
        stage=finding.stage,
        fingerprint=said,
        first_seen=before.first_seen if before else finding.first_seen,
        last_seen=finding.last_seen,
        times_opened=(before.times_opened if before else 0) + has_opened,
        opened_at=finding.last_seen if has_opened else before.opened_at if before else None,
        confirmed_at=finding.last_seen if is_open else before.confirmed_at if before else None,
    )


def _resolved(rule_id: str, before: FindingState, reason: StatusReason, ttl: int) -> FindingChange:
    after = replace(before, status="resolved", unconfirmed_since=None, unconfirmed=None, ttl=ttl)
    return FindingChange(
        rule_id=rule_id, kind="resolved", before=before, after=after, finding=None, status_reason=reason
    )


def seconds(moment: str) -> int:
    """Return an RFC 3339 time of fixed width in seconds since 1970; FindingStoreError for any other text.

    Times are compared as texts, which holds for the fixed width only.
    """
    try:
        parsed = datetime.strptime(moment, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise FindingStoreError(f"not an RFC 3339 time with microseconds in UTC: {moment!r}") from error
    if len(moment) != len("2026-11-20T12:00:00.123456Z"):
        raise FindingStoreError(f"not an RFC 3339 time with microseconds in UTC: {moment!r}")
    return int(parsed.timestamp())
