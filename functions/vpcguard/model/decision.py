"""OPA's answer as types: per rule the functions it applies to, the violations and the unknowns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["critical", "high", "medium", "low", "info"]
Stage = Literal["audit", "warn", "approve", "enforce"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One rule broken by one function."""

    function: str
    severity: Severity
    stage: Stage
    message: str
    evidence: Mapping[str, Any]
    root_cause: str | None
    basis: Literal["declared", "inferred"] | None
    eligible_for_remediation: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A judgement that could not be made; it never passes and never resolves a finding."""

    function: str
    stage: Stage
    waits_for: tuple[str, ...]
    message: str
    evidence: Mapping[str, Any]
    is_failed_read: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDecision:
    """What one rule says about every function of the query.

    A function in `applies` with neither a violation nor an unknown passes. A function in none of
    the lists is not applicable. About a function in `silent` the rule says nothing. For a function in
    `off` the configuration switches the rule off: it is in no other list.
    """

    id: str
    title: str
    severity: Severity
    advice: str
    remediation: Literal["detach_vpc_config", "none"]
    applies: frozenset[str]
    violations: tuple[Violation, ...]
    unknowns: tuple[Unknown, ...]
    silent: frozenset[str]
    off: frozenset[str] = frozenset()

    @property
    def family(self) -> str:
        """The part of the id before the dot, e.g. "nat"."""
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The verdicts of all rules over all functions asked about.

    policy_revision: revision of the bundle that answered. config_digest: "sha256:<hex>" of the
    override document that was in force.
    """

    policy_revision: str
    config_digest: str
    rules: tuple[RuleDecision, ...]
