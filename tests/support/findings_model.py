"""What docs/table.md promises of a function's findings, as a small model.

Written from the words, not from the code: what the store does is compared with it step by step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

RETENTION_SECONDS = 400 * 86_400
_STATUSES = {"violated": "open", "unknown": "undetermined", "unread": "undetermined"}


class Said(NamedTuple):
    """What a look says by one rule.

    statement, severity, root_cause and stage of a violation; waits_for of an unknown: what nobody can see
    into, and reads that failed; one that waits for nothing else is "unread".
    """

    kind: Literal["violated", "unknown", "unread", "passed", "not_applicable", "silent", "off", "retired"]
    statement: str = ""
    severity: str = "high"
    root_cause: str | None = None
    waits_for: tuple[str, ...] = ()
    failed_reads: tuple[str, ...] = ()
    stage: str = "audit"

    @property
    def content(self) -> tuple[object, ...]:
        """What makes another finding of it."""
        status = _STATUSES.get(self.kind)
        return status, self.statement, self.severity, self.root_cause, self.waits_for, self.stage


class ModelLook(NamedTuple):
    """A look; `moment` and `digest` order all looks of a function."""

    moment: str
    digest: str
    says: dict[str, Said]
    message: str
    actor: str | None
    declared: str | None
    is_attached: bool


class Told(NamedTuple):
    """One entry of the history."""

    rule_id: str
    change: str
    status_before: str | None
    status: str
    status_reason: str | None
    verdict: str | None
    exemption_id: str | None
    changed_at: str
    opened_at: str | None
    message: str


@dataclass
class Found:
    """One finding. standing: its status were there no exemptions.

    expires: seconds since 1970, of a resolved one. doubt: of one that stands open and waits.
    """

    standing: str
    said: Said
    message: str
    first_seen: str
    last_seen: str
    changed_at: str
    snapshot_digest: str
    status: str = ""
    verdict: str | None = None
    actor: str | None = None
    times_opened: int = 0
    status_reason: str | None = None
    opened_at: str | None = None
    confirmed_at: str | None = None
    resolved_at: str | None = None
    exemption_id: str | None = None
    doubt: dict[str, Any] | None = None
    declared: str | None = None
    was_attached: bool = True
    expires: float | None = None

    @property
    def times_reopened(self) -> int:
        """How often it opened but for the first time."""
        return max(0, self.times_opened - 1)

    @property
    def severity(self) -> str:
        """As the rule said."""
        return self.said.severity

    @property
    def stage(self) -> str:
        """As the rule said."""
        return self.said.stage

    @property
    def root_cause(self) -> str | None:
        """As the rule said."""
        return self.said.root_cause


# by rule and what stands: the id of the exemption that covers it now
Covering = Callable[[str, Found], str | None]


@dataclass
class FunctionModel:
    """One function: its latest look, its findings by rule, what waits, and what happened, oldest first."""

    latest: tuple[str, str] = ("", "")
    is_partial: bool = False
    is_deleted: bool = False
    findings: dict[str, Found] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    history: list[Told] = field(default_factory=list)

    def look(self, look: ModelLook, covering: Covering, *, most: int | None = None) -> None:
        """Take a look, or the first `most` of what it changes, by rule and then by failed read."""
        moment = (look.moment, look.digest)
        if moment < self.latest or (moment == self.latest and not self.is_partial):
            return
        self.latest, self.is_deleted = moment, False
        now = seconds(look.moment)
        known = {name: one for name, one in self.findings.items() if one.expires is None or one.expires > now}
        after: dict[str, Found] = {}
        told: list[Told] = []
        changed: list[str] = []
        for rule in sorted({*known, *look.says}):
            stands, kind, message = _standing(known.get(rule), look.says.get(rule, Said("silent")), look)
            if stands is not None:
                kind = _show(known.get(rule), stands, kind, covering(rule, stands), look.moment)
                after[rule] = stands
                changed += [rule] if kind else []
                told += _told(rule, known.get(rule), stands, kind, message=message, moment=look.moment)
        waiting = Counter(read for said in look.says.values() for read in said.failed_reads)
        differ = [
            one for one in sorted({*waiting, *self.waiting}) if waiting[one] != self.waiting.get(one, 0)
        ]
        units = [*changed, *differ]
        self.is_partial = most is not None and len(units) > most
        if not self.is_partial:
            self.findings, self.waiting = after, dict(waiting)
        for unit in units[:most] if self.is_partial else ():
            if unit in after:
                self.findings[unit] = after[unit]
            else:
                self.waiting[unit] = waiting[unit]
                self.waiting = {one: number for one, number in self.waiting.items() if number}
        self.history += [one for one in told if one.rule_id in units[:most]]

    def replan(self, covering: Covering, moment: str) -> None:
        """Show what stands as exemptions leave it now."""
        for rule, found in sorted(self.findings.items()):
            after = copy(found)
            kind = _show(found, after, None, covering(rule, after), moment)
            self.findings[rule] = after
            self.history += _told(rule, found, after, kind, message=after.message, moment=moment)

    def delete(self, moment: str) -> None:
        """Take that the function did not exist at this moment; a look of the same moment saw it."""
        if (moment, "") <= self.latest:
            return
        self.latest, self.is_partial, self.is_deleted = (moment, ""), False, True
        self.waiting = {}
        for rule, found in sorted(self.findings.items()):
            if found.status != "resolved":
                after = _resolved(found, moment, "function_deleted", None, found.snapshot_digest)
                self.findings[rule] = after
                self.history += _told(rule, found, after, "resolved", message=after.message, moment=moment)


def _standing(found: Found | None, said: Said, look: ModelLook) -> tuple[Found | None, str | None, str]:
    """Return what stands after a look, which change that is, and in which words; exemptions aside."""
    stands = found.standing if found else None
    kept = found.message if found else ""
    if found and stands != "resolved" and (reason := _reason(found, said, look)):
        verdict = None if reason in ("rule_off", "rule_retired") else "pass"
        return _resolved(found, look.moment, reason, verdict, look.digest), "resolved", kept
    is_open, now = stands == "open", copy(found)
    if said.kind not in _STATUSES or (said.kind == "unread" and not is_open):
        return now, None, kept
    if found and now and is_open and said.kind != "violated":
        waits = [*said.waits_for]
        if found.doubt and found.doubt["unknown"] == waits:
            return now, None, kept
        since = found.doubt["since"] if found.doubt else look.moment
        now.doubt, now.verdict = {"since": since, "message": look.message, "unknown": waits}, "unknown"
        return now, "unconfirmed", look.message
    is_same = found is not None and stands != "resolved" and found.said.content == said.content
    if now and is_same and not now.doubt:
        now.last_seen, now.was_attached = look.moment, look.is_attached
        now.declared = look.declared or now.declared
        now.confirmed_at = look.moment if is_open else now.confirmed_at
        return now, None, kept
    return _stated(found, said, look, is_same=is_same)


def _stated(
    found: Found | None, said: Said, look: ModelLook, *, is_same: bool
) -> tuple[Found, str | None, str]:
    """Return a finding as a look states it, and which change that is."""
    stands, status = found.standing if found else None, _STATUSES[said.kind]
    opened = found.times_opened if found else 0
    is_opening = status == "open" != stands
    now = Found(
        standing=status,
        verdict="violation" if status == "open" else "unknown",
        said=said,
        message=look.message,
        first_seen=found.first_seen if found else look.moment,
        last_seen=look.moment,
        changed_at=found.changed_at if found and is_same else look.moment,
        snapshot_digest=look.digest,
        actor=look.actor or (found.actor if found else None),
        times_opened=opened + is_opening,
        opened_at=look.moment if is_opening else found.opened_at if found else None,
        confirmed_at=look.moment if status == "open" else found.confirmed_at if found else None,
        declared=look.declared or (found.declared if found else None),
        was_attached=look.is_attached,
    )
    if is_opening:
        return now, "reopened" if opened else "opened", look.message
    if status == stands:
        is_doubt = found is not None and found.doubt is not None and not _begins(found, said)
        return now, "confirmed" if is_doubt else "updated", look.message
    return now, "undetermined", look.message


def _begins(found: Found, said: Said) -> bool:
    """True where what was open already leaves the stage in which nobody is told."""
    return found.status == "open" and found.said.stage == "audit" != said.stage


def _reason(found: Found, said: Said, look: ModelLook) -> str | None:
    if said.kind in ("off", "retired"):
        return f"rule_{said.kind}"
    if said.kind not in ("passed", "not_applicable"):
        return None
    if said.kind == "not_applicable" and found.was_attached and not look.is_attached:
        return "detached"
    if found.declared and look.declared and found.declared != look.declared:
        return "intent_changed"
    return "fixed" if said.kind == "passed" else "no_longer_applies"


def _resolved(found: Found, moment: str, reason: str, verdict: str | None, digest: str) -> Found:
    now = copy(found)
    now.standing = now.status = "resolved"
    now.status_reason, now.verdict, now.doubt, now.exemption_id = reason, verdict, None, None
    now.changed_at = now.resolved_at = moment
    now.snapshot_digest, now.expires = digest, seconds(moment) + RETENTION_SECONDS
    return now


def _show(
    before: Found | None, now: Found, kind: str | None, exemption_id: str | None, moment: str
) -> str | None:
    """Give what stands its status and return which change that is."""
    if now.standing == "resolved":
        return kind
    was = before.status if before else None
    now.exemption_id, now.status = exemption_id, "exempt" if exemption_id else now.standing
    if exemption_id and was != "exempt":
        kind = "exempted"
    elif exemption_id and (
        kind in ("opened", "reopened") or (kind is None and before and before.exemption_id != exemption_id)
    ):
        kind = "updated"
    elif was == "exempt" and not exemption_id:
        kind = kind if kind in ("opened", "reopened") else "exemption_ended"
        now.opened_at = moment if now.standing == "open" else now.opened_at
    if kind not in (None, "confirmed", "unconfirmed"):  # a confirmed one that differs has it already
        now.changed_at = moment
    return kind


def _told(
    rule: str, before: Found | None, now: Found, kind: str | None, *, message: str, moment: str
) -> list[Told]:
    begins = before is not None and now.status == "open" and _begins(before, now.said)
    if kind is None or (kind == "updated" and not begins):
        return []
    return [
        Told(
            rule_id=rule,
            change=str(kind),
            status_before=before.status if before else None,
            status=now.status,
            status_reason=now.status_reason if now.status == "resolved" else None,
            verdict=now.verdict,
            exemption_id=now.exemption_id or (before.exemption_id if before else None),
            changed_at=moment,
            opened_at=now.opened_at,
            message=message,
        )
    ]


def seconds(moment: str) -> float:
    """Return a moment in seconds since 1970."""
    return datetime.fromisoformat(moment).timestamp()
