"""What docs/table.md promises of a function's findings, as a small model of dictionaries.

Written from the words, not from the code: what the store does is compared with it step by step.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

RETENTION_SECONDS = 400 * 86_400


class Said(NamedTuple):
    """What a look says by one rule; statement, severity and cause of a violation, waits_for of an unknown."""

    kind: Literal["violated", "unknown", "passed", "silent", "off", "retired"]
    statement: str = ""
    severity: str = "high"
    root_cause: str | None = None
    waits_for: str = ""


class ModelLook(NamedTuple):
    """A look; `moment` and `digest` order all looks of a function."""

    moment: str
    digest: str
    says: dict[str, Said]
    message: str = ""
    actor: str | None = None


class Told(NamedTuple):
    """One entry of the history."""

    rule_id: str
    change: str
    status_before: str | None
    status: str
    status_reason: str | None
    changed_at: str
    opened_at: str | None
    message: str


@dataclass
class Found:
    """One finding; expires: seconds since 1970, of a resolved one. doubt: of an open one that waits."""

    status: str
    severity: str
    statement: object
    root_cause: str | None
    message: str
    first_seen: str
    last_seen: str
    changed_at: str
    snapshot_digest: str
    actor: str | None
    times_opened: int = 0
    status_reason: str | None = None
    opened_at: str | None = None
    confirmed_at: str | None = None
    resolved_at: str | None = None
    doubt: dict[str, Any] | None = None
    expires: float | None = None

    @property
    def times_reopened(self) -> int:
        """How often it opened but for the first time."""
        return max(0, self.times_opened - 1)


@dataclass
class FunctionModel:
    """One function: its latest look, its findings by rule, and what happened to them, oldest first."""

    latest: tuple[str, str] = ("", "")
    is_partial: bool = False
    is_deleted: bool = False
    findings: dict[str, Found] = field(default_factory=dict)
    history: list[Told] = field(default_factory=list)

    def look(self, look: ModelLook, *, most: int = 1_000) -> int:
        """Take a look, or the first `most` of what it changes; return how many findings it changes."""
        moment = (look.moment, look.digest)
        if moment < self.latest or (moment == self.latest and not self.is_partial):
            return 0
        self.latest, self.is_deleted = moment, False
        now = seconds(look.moment)
        self.findings = {
            rule: one for rule, one in self.findings.items() if one.expires is None or one.expires > now
        }
        changing = [rule for rule in sorted(look.says) if self._is_changing(rule, look.says[rule])]
        for rule in sorted(look.says):
            if rule not in changing:
                self._confirm(rule, look)
        for rule in changing[:most]:
            self._change(rule, look)
        self.is_partial = len(changing) > most
        return len(changing)

    def delete(self, moment: str) -> None:
        """Take that the function did not exist at this moment; a look of the same moment saw it."""
        if (moment, "") <= self.latest:
            return
        self.latest, self.is_partial, self.is_deleted = (moment, ""), False, True
        for rule, found in sorted(self.findings.items()):
            if found.status != "resolved":
                self._resolve(rule, found, moment, "function_deleted")

    def _is_changing(self, rule: str, said: Said) -> bool:
        found = self.findings.get(rule)
        if said.kind == "silent":
            return False
        if said.kind in ("passed", "off", "retired"):
            return found is not None and found.status != "resolved"
        if found is None or found.status == "resolved":
            return True
        if said.kind == "unknown" and found.status == "open":
            return found.doubt is None or found.doubt["unknown"] != [said.waits_for]
        return found.doubt is not None or _content(said) != (found.status, found.statement)

    def _confirm(self, rule: str, look: ModelLook) -> None:
        """A look that says the same again: the finding was seen."""
        found, said = self.findings.get(rule), look.says[rule]
        if found is not None and found.status == _STATUSES.get(said.kind):
            found.last_seen = look.moment
            if found.status == "open":
                found.confirmed_at = look.moment

    def _change(self, rule: str, look: ModelLook) -> None:
        found, said = self.findings.get(rule), look.says[rule]
        if found is not None and said.kind in _REASONS:
            self._resolve(rule, found, look.moment, _REASONS[said.kind], look.digest)
            return
        if found is not None and found.status == "open" and said.kind == "unknown":
            since = found.doubt["since"] if found.doubt else look.moment
            found.doubt = {"since": since, "message": look.message, "unknown": [said.waits_for]}
            return
        status, statement = _content(said)
        if found is not None and found.doubt and (found.status, found.statement) == (status, statement):
            found.doubt, found.last_seen, found.confirmed_at = None, look.moment, look.moment
            return
        self._state(rule, found, look, status, statement)

    def _state(self, rule: str, found: Found | None, look: ModelLook, status: str, statement: object) -> None:
        said, before = look.says[rule], found.status if found else None
        is_opening = status == "open" and before != "open"
        opened = found.times_opened if found else 0
        self.findings[rule] = now = Found(
            status=status,
            severity=said.severity,
            statement=statement,
            root_cause=said.root_cause,
            message=look.message,
            first_seen=found.first_seen if found else look.moment,
            last_seen=look.moment,
            changed_at=look.moment,
            snapshot_digest=look.digest,
            actor=look.actor or (found.actor if found else None),
            times_opened=opened + is_opening,
            opened_at=look.moment if is_opening else found.opened_at if found else None,
            confirmed_at=look.moment if status == "open" else found.confirmed_at if found else None,
        )
        if before != status:
            change = ("reopened" if opened else "opened") if is_opening else "undetermined"
            self._tell(rule, change, before, now)

    def _resolve(self, rule: str, found: Found, moment: str, reason: str, digest: str | None = None) -> None:
        before = found.status
        found.status, found.status_reason, found.doubt = "resolved", reason, None
        found.changed_at = found.resolved_at = moment
        found.snapshot_digest = digest or found.snapshot_digest
        found.expires = seconds(moment) + RETENTION_SECONDS
        self._tell(rule, "resolved", before, found)

    def _tell(self, rule: str, change: str, before: str | None, found: Found) -> None:
        self.history.append(
            Told(
                rule_id=rule,
                change=change,
                status_before=before,
                status=found.status,
                status_reason=found.status_reason,
                changed_at=found.changed_at,
                opened_at=found.opened_at,
                message=found.message,
            )
        )


_STATUSES = {"violated": "open", "unknown": "undetermined"}
_REASONS = {"passed": "fixed", "off": "rule_off", "retired": "rule_retired"}


def _content(said: Said) -> tuple[str, object]:
    """Return the status that a look gives, and what makes another finding of it."""
    if said.kind == "unknown":
        return "undetermined", said.waits_for
    return "open", (said.statement, said.severity, said.root_cause)


def seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
