"""What a look changes, given what is remembered about its function: pure, so that every order can be tested.

A look's findings meet the function's look record, which remembers each finding's state. What differs becomes
a plan: the look record as it will be, and the findings to write with it. What stands is decided first, as if
there were no exemptions; what is shown of it second, by the exemptions that hold at this moment. So the end
of an exemption needs no look.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from vpcguard.clock import rfc3339
from vpcguard.errors import FindingStoreError
from vpcguard.findings.exemptions import Exemptions, Subject
from vpcguard.findings.looks import bounded, bounded_text
from vpcguard.findings.states import TOLD, ChangeKind, FindingChange, FindingState, FunctionState, Plan
from vpcguard.model import Finding, Look, Stage, StatusReason, Verdict, cause_of

DAY = 86_400


def is_superseded(seen: FunctionState, judged_at: str, snapshot_digest: str) -> bool:
    """True if a newer look, or this very one, is already recorded; the digest breaks a tie."""
    moment, latest = (judged_at, snapshot_digest), (seen.judged_at, seen.snapshot_digest)
    return moment < latest or (moment == latest and not seen.is_partial)


def plan_look(
    seen: FunctionState,
    look: Look,
    exemptions: Exemptions,
    now: datetime,
    *,
    retention_days: int,
    vanished: Collection[str] = (),
) -> Plan:
    """Return what a look changes that is newer than everything seen.

    now: by which exemptions hold or have ended. vanished: rules whose stored finding turned out to be gone;
    they begin anew. Raises FindingStoreError for a look that contradicts itself.
    """
    moment = seconds(look.judged_at)
    found = _found(look)
    remembered = {
        rule_id: state
        for rule_id, state in seen.findings.items()
        if rule_id not in vanished and (state.ttl is None or state.ttl > moment)
    }
    waiting = Counter(read for reads in look.failed_reads.values() for read in reads)
    state = FunctionState(
        account_id=look.account_id,
        region=look.region,
        function_name=look.function_name,
        organization_unit=look.organization_unit,
        judged_at=look.judged_at,
        snapshot_digest=look.snapshot_digest,
        policy_revision=look.policy_revision,
        config_digest=look.config_digest,
        trigger=bounded_text(look.trigger),
        revision=seen.revision + 1,
        waiting=dict(sorted(waiting.items())),
        last_event_at=max(filter(None, (seen.last_event_at, look.event_time)), default=None),
        modified_at=look.modified_at or seen.modified_at,
    )
    changes, after = [], dict(remembered)
    covering = _exempting(state, exemptions, now) if exemptions.items else None
    for rule_id in sorted({*remembered, *found}):
        before = remembered.get(rule_id)
        stands = _standing(rule_id, before, found.get(rule_id), look, moment + retention_days * DAY)
        if stands is not None:
            exemption_id = covering(rule_id, stands.after) if covering else None
            after[rule_id], change = _shown(rule_id, before, stands, exemption_id, look.judged_at)
            changes += [] if change is None else [change]
    return Plan(
        before=seen,
        after=replace(state, findings=after),
        changes=tuple(changes),
        changed_at=look.judged_at,
        reason=look.snapshot_digest,
        actor=look.actor and bounded_text(look.actor),
        managed_by=look.managed_by,
    )


def plan_exemptions(
    seen: FunctionState, exemptions: Exemptions, now: datetime, *, vanished: Collection[str] = ()
) -> Plan:
    """Return what exemptions that began or ended change of what stands, without a look."""
    moment, changes, after = rfc3339(now), [], {}
    covering = _exempting(seen, exemptions, now)
    for rule_id, before in sorted(seen.findings.items()):
        if rule_id not in vanished:
            stands = _Standing(kind=None, after=before)
            after[rule_id], change = _shown(rule_id, before, stands, covering(rule_id, before), moment)
            changes += [] if change is None else [change]
    state = replace(seen, findings=after, revision=seen.revision + 1)
    return Plan(before=seen, after=state, changes=tuple(changes), changed_at=moment, reason="exemptions")


def plan_deletion(
    seen: FunctionState, judged_at: str, trigger: str, *, retention_days: int, vanished: Collection[str] = ()
) -> Plan:
    """Return what it changes that a function no longer exists."""
    ttl = seconds(judged_at) + retention_days * DAY
    remembered = {rule_id: state for rule_id, state in seen.findings.items() if rule_id not in vanished}
    changes = tuple(
        FindingChange(
            rule_id=rule_id,
            kind="resolved",
            before=state,
            after=_resolved(state, None, ttl),
            status_reason="function_deleted",
            is_told=True,
        )
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
        waiting={},
    )
    return Plan(before=seen, after=after, changes=changes, changed_at=judged_at, reason="deleted")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """What becomes of one finding were there no exemptions; as of a FindingChange. kind: None: no change."""

    kind: ChangeKind | None
    after: FindingState
    finding: Finding | None = None
    doubt: Finding | None = None
    status_reason: StatusReason | None = None


def _standing(
    rule_id: str, before: FindingState | None, finding: Finding | None, look: Look, ttl: int
) -> _Standing | None:
    """Return what stands after a look; None: there is nothing, as before."""
    stands_open = before is not None and before.standing == "open"
    if finding is None and before is not None and before.standing != "resolved":
        reason = _reason(rule_id, before, look)
        if reason is not None:
            verdict: Verdict | None = None if reason in ("rule_retired", "rule_off") else "pass"
            return _Standing(kind="resolved", after=_resolved(before, verdict, ttl), status_reason=reason)
    # what waits for a failed read alone is told by its coverage, once for all that wait for the same
    if finding is None or (rule_id in look.unread and not stands_open):
        return None if before is None else _Standing(kind=None, after=before)
    # what makes a finding another one: not how it is worded, nor what it counts
    statement = look.statements.get(rule_id)
    place = finding.organization_unit  # an account may move
    content = (finding.status, finding.severity, finding.stage, finding.root_cause, place, statement)
    said = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]
    kind = _kind(before, finding, said)
    after = _state(kind, before, finding, said, look)
    is_doubt = kind == "unconfirmed"
    return _Standing(
        kind=kind,
        after=after,
        finding=None if kind is None or is_doubt else finding,
        doubt=finding if is_doubt else None,
    )


def _reason(rule_id: str, before: FindingState, look: Look) -> StatusReason | None:
    """Return why what stands does not any more; None: the look says nothing of it."""
    if rule_id in look.retired:
        return "rule_retired"
    if rule_id in look.off:
        return "rule_off"
    if rule_id not in look.judged:
        return None
    if rule_id not in look.applicable and before.is_attached and not look.is_attached:
        return "detached"
    if None not in (before.declared, look.declared) and before.declared != look.declared:
        return "intent_changed"
    return "fixed" if rule_id in look.applicable else "no_longer_applies"


def _kind(before: FindingState | None, finding: Finding, said: str) -> ChangeKind | None:
    if finding.status == "undetermined":
        return _kind_of_unknown(before, said)
    if before is None or before.times_opened == 0:
        return "opened"
    if before.standing != "open":
        return "reopened"
    if before.unconfirmed and not _begins(before, finding.stage):
        return "confirmed"
    return "updated" if before.unconfirmed or before.fingerprint != said else None


def _begins(before: FindingState, stage: Stage) -> bool:
    """True where people begin to be told of what is open already; so of all updates this one is told."""
    return before.status == "open" and before.stage == "audit" != stage


def _kind_of_unknown(before: FindingState | None, said: str) -> ChangeKind | None:
    if before is None or before.standing == "resolved":
        return "undetermined"
    if before.standing == "open":
        return None if before.unconfirmed == said else "unconfirmed"
    return None if before.fingerprint == said else "updated"


def _state(
    kind: ChangeKind | None, before: FindingState | None, finding: Finding, said: str, look: Look
) -> FindingState:
    is_open = finding.status == "open"
    if before is not None and before.standing == "open" and not is_open:  # in doubt: it stays as it is
        if kind is None:
            return before
        since = before.unconfirmed_since or finding.last_seen
        return replace(before, verdict="unknown", unconfirmed_since=since, unconfirmed=said)
    has_opened = kind in ("opened", "reopened")
    declared = look.declared or (before.declared if before else None)
    if before is not None and kind is None:
        confirmed_at = look.judged_at if is_open else before.confirmed_at
        return replace(
            before,
            last_seen=finding.last_seen,
            confirmed_at=confirmed_at,
            declared=declared,
            is_attached=look.is_attached,
        )
    standing: Literal["open", "undetermined"] = "open" if is_open else "undetermined"
    return FindingState(
        status=standing,
        standing=standing,
        verdict=finding.verdict,
        severity=finding.severity,
        stage=finding.stage,
        fingerprint=said,
        first_seen=before.first_seen if before else finding.first_seen,
        last_seen=finding.last_seen,
        times_opened=(before.times_opened if before else 0) + has_opened,
        opened_at=finding.last_seen if has_opened else before.opened_at if before else None,
        confirmed_at=finding.last_seen if is_open else before.confirmed_at if before else None,
        root_cause=finding.root_cause,
        cause_id=cause_of(finding),
        declared=declared,
        is_attached=look.is_attached,
    )


def _resolved(before: FindingState, verdict: Verdict | None, ttl: int) -> FindingState:
    return replace(
        before,
        status="resolved",
        standing="resolved",
        verdict=verdict,
        unconfirmed_since=None,
        unconfirmed=None,
        exemption_id=None,
        ttl=ttl,
    )


def _exempting(place: FunctionState, exemptions: Exemptions, now: datetime) -> Callable[..., str | None]:
    """Return what gives the id of the exemption that covers what stands of a function now."""

    def covering(rule_id: str, stands: FindingState) -> str | None:
        if stands.standing == "resolved":
            return None
        subject = Subject(
            account_id=place.account_id,
            region=place.region,
            function_name=place.function_name,
            rule_id=rule_id,
            organization_unit=place.organization_unit,
            root_cause=stands.root_cause,
            verdict="violation" if stands.standing == "open" else "unknown",
        )
        found = exemptions.covering(subject, now)
        return None if found is None else found.exemption_id

    return covering


def _shown(
    rule_id: str, before: FindingState | None, stands: _Standing, exemption_id: str | None, moment: str
) -> tuple[FindingState, FindingChange | None]:
    """Return the state with the status that exemptions leave it, and the change if there is one."""
    after, kind = stands.after, stands.kind
    was = before.status if before else None
    if exemption_id is not None:
        if was != "exempt":
            kind = "exempted"
        elif kind in ("opened", "reopened") or (
            kind is None and before is not None and before.exemption_id != exemption_id
        ):
            kind = "updated"
        after = replace(after, status="exempt", exemption_id=exemption_id)
    elif was == "exempt" and after.standing != "resolved":
        if kind not in ("opened", "reopened"):
            kind = "exemption_ended"
        opened_at = moment if after.standing == "open" else after.opened_at
        after = replace(after, status=after.standing, exemption_id=None, opened_at=opened_at)
    if kind is None:
        return after, None
    begins = before is not None and after.status == "open" and _begins(before, after.stage)
    return after, FindingChange(
        rule_id=rule_id,
        kind=kind,
        before=before,
        after=after,
        finding=stands.finding,
        doubt=stands.doubt,
        status_reason=stands.status_reason,
        is_told=kind in TOLD or begins,
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
