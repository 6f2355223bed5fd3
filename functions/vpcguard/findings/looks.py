"""A decision over the facts, as one look per function: pure, for every trigger and for the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from vpcguard.errors import InvalidDecisionError
from vpcguard.model import (
    Decision,
    Finding,
    Look,
    RuleDecision,
    Severity,
    Stage,
    Status,
    Unknown,
    Violation,
    finding_id,
)

OWNER_TAGS = ("vpcguard:owner", "owner")  # the first that is set counts


class Origin(Protocol):
    """Who changed a function, and with what; a Change is one."""

    @property
    def actor(self) -> str | None:
        """The caller as CloudTrail names it."""

    @property
    def managed_by(self) -> str | None:
        """The tool behind the call, e.g. terraform."""

    @property
    def trigger(self) -> str:
        """What its looks are kept with, e.g. event:<id>."""


def looks(
    decision: Decision,
    facts: Mapping[str, Any],
    *,
    snapshot_digest: str,
    captured_at: str,
    origins: Mapping[str, Origin],
    trigger: str,
) -> list[Look]:
    """Return one look for every function of the facts, sorted by name; its findings are sorted by rule id.

    facts: the document of policies/schemas/input.json that the decision answers. origins: function
    name -> the change that led here; a function without one has neither actor nor managed_by, and
    `trigger`. A proven violation outweighs an unknown of the same rule. Raises InvalidDecisionError where the
    decision names a function that the facts do not hold, or one function twice in one rule.
    """
    functions = {function["name"]: function for function in facts["functions"]}
    said = {name: _Said() for name in functions}
    for rule in sorted(decision.rules, key=lambda rule: rule.id):
        _hear(rule, said)
    context = _Context(
        decision,
        frozenset(rule.id for rule in decision.rules),
        facts["account"],
        snapshot_digest,
        captured_at,
    )
    return [
        context.look(functions[name], said[name], origin=origins.get(name), trigger=trigger)
        for name in sorted(functions)
    ]


@dataclass(slots=True)
class _Said:
    """What rules say of one function; one in none of the three passes, or does not apply.

    stated: by rule, sorted by id. off and unjudged: ids of rules.
    """

    stated: list[tuple[RuleDecision, _Stated]] = field(default_factory=list)
    off: set[str] = field(default_factory=set)
    unjudged: set[str] = field(default_factory=set)


def _hear(rule: RuleDecision, said: Mapping[str, _Said]) -> None:
    """Add what one rule says of every function."""
    violations = {violation.function: violation for violation in rule.violations}
    unknowns = {unknown.function: unknown for unknown in rule.unknowns}
    if len(violations) < len(rule.violations) or len(unknowns) < len(rule.unknowns):
        raise InvalidDecisionError(f"{rule.id} judges one function twice")
    if strangers := {*violations, *unknowns, *rule.applies, *rule.silent, *rule.off} - said.keys():
        raise InvalidDecisionError(
            f"{rule.id} names functions that were not asked about: {sorted(strangers)[:5]}"
        )
    for name in rule.off:
        said[name].off.add(rule.id)
    for name in unknowns.keys() - violations.keys() - rule.off:
        said[name].stated.append((rule, _undetermined(unknowns[name], rule.severity)))
        said[name].unjudged.add(rule.id)
    for name in rule.silent - violations.keys():
        said[name].unjudged.add(rule.id)
    for name in violations.keys() - rule.off:
        said[name].stated.append((rule, _open(violations[name])))


def _is_going(function: Mapping[str, Any]) -> bool:
    """No rule applies while AWS deletes a function, and nobody fixed its faults: its end resolves them."""
    return str(function.get("state", "")).lower() == "deleting"


@dataclass(frozen=True, slots=True)
class _Context:
    """What all findings of one evaluation share."""

    decision: Decision
    rule_ids: frozenset[str]
    account: Mapping[str, Any]
    snapshot_digest: str
    captured_at: str

    def look(self, function: Mapping[str, Any], said: _Said, *, origin: Origin | None, trigger: str) -> Look:
        in_force = self.rule_ids - said.off
        return Look(
            account_id=self.account["id"],
            region=self.account["region"],
            function_name=function["name"],
            judged_at=self.captured_at,
            snapshot_digest=self.snapshot_digest,
            policy_revision=self.decision.policy_revision,
            config_digest=self.decision.config_digest,
            trigger=origin.trigger if origin else trigger,
            findings=tuple(self._finding(function, rule, origin, stated) for rule, stated in said.stated),
            judged=frozenset() if _is_going(function) else in_force - said.unjudged,
            in_force=in_force,
        )

    def _finding(
        self, function: Mapping[str, Any], rule: RuleDecision, origin: Origin | None, stated: _Stated
    ) -> Finding:
        account_id, region, name = self.account["id"], self.account["region"], function["name"]
        return Finding(
            finding_id=finding_id(account_id, region, name, rule.id),
            account_id=account_id,
            account_name=self.account.get("name"),
            organization_unit=self.account.get("organization_unit"),
            region=region,
            function_name=name,
            function_arn=function["arn"],
            vpc_id=function.get("vpc_id"),
            rule_id=rule.id,
            family=rule.family,
            title=rule.title,
            severity=stated.severity,
            status=stated.status,
            status_reason=None,
            stage=stated.stage,
            message=stated.message,
            advice=rule.advice,
            evidence=stated.evidence,
            root_cause=stated.root_cause,
            basis=stated.basis,
            owner=_owner(function["tags"]),
            managed_by=origin.managed_by if origin else None,
            actor=origin.actor if origin else None,
            first_seen=self.captured_at,
            last_seen=self.captured_at,
            changed_at=self.captured_at,
            resolved_at=None,
            times_reopened=None,
            exemption_id=None,
            remediation_id=None,
            policy_revision=self.decision.policy_revision,
            config_digest=self.decision.config_digest,
            snapshot_digest=self.snapshot_digest,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stated:
    """The fields in which a violation and an unknown differ."""

    status: Status
    severity: Severity
    stage: Stage
    message: str
    evidence: Mapping[str, Any]
    root_cause: str | None
    basis: Literal["declared", "inferred"] | None


def _open(violation: Violation) -> _Stated:
    return _Stated(
        status="open",
        severity=violation.severity,
        stage=violation.stage,
        message=violation.message,
        evidence=violation.evidence,
        root_cause=violation.root_cause,
        basis=violation.basis,
    )


def _undetermined(unknown: Unknown, severity: Severity) -> _Stated:
    return _Stated(
        status="undetermined",
        severity=severity,
        stage=unknown.stage,
        message=unknown.message,
        evidence={**unknown.evidence, "unknown": sorted(set(unknown.waits_for))},
        root_cause=None,
        basis=None,
    )


def _owner(tags: Iterable[Mapping[str, str]]) -> str | None:
    values = {tag["key"]: tag["value"] for tag in tags}
    return next((values[key] for key in OWNER_TAGS if values.get(key)), None)
