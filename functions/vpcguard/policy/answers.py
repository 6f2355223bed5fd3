"""OPA's answers to types: whatever breaks the contract is an error, never a verdict."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from vpcguard.errors import InvalidDecisionError
from vpcguard.model import RuleDecision, Unknown, Violation
from vpcguard.policy.schemas import check

_Verdict = TypeVar("_Verdict", Violation, Unknown)


def read_rules(result: Mapping[str, Any], *, asked: Collection[str]) -> tuple[RuleDecision, ...]:
    """Return the rules of one answer, by id; asked: the functions the question was about.

    Raises InvalidDecisionError for an answer that breaks policies/schemas/decision.json, speaks of other
    functions, or gives a rule or a verdict twice.
    """
    check("decision", result, error=InvalidDecisionError, root="decision")
    rules = sorted((_rule(rule) for rule in result["rules"]), key=lambda rule: rule.id)
    twice = _repeated(rule.id for rule in rules)
    if twice is not None:
        raise InvalidDecisionError(f"the rule {twice} answers more than once")
    names = frozenset(asked)
    for rule in rules:
        _check_functions(rule, names)
    return tuple(rules)


def merge_rules(answers: Sequence[tuple[RuleDecision, ...]]) -> tuple[RuleDecision, ...]:
    """Return the rules of several answers as those of one.

    Raises InvalidDecisionError where they are not the same rules: OPA changed its policies in between.
    """
    if len({tuple(_metadata(rule) for rule in rules) for rules in answers}) > 1:
        raise InvalidDecisionError("two batches of one question were judged by different rules")
    return tuple(_merged(parts) for parts in zip(*answers, strict=True))


def _merged(parts: Sequence[RuleDecision]) -> RuleDecision:
    identity, title, severity, advice, remediation = _metadata(parts[0])
    return RuleDecision(
        id=identity,
        title=title,
        severity=severity,
        advice=advice,
        remediation=remediation,
        applies=frozenset(name for part in parts for name in part.applies),
        violations=_by_function(one for part in parts for one in part.violations),
        unknowns=_by_function(one for part in parts for one in part.unknowns),
        silent=frozenset(name for part in parts for name in part.silent),
        off=frozenset(name for part in parts for name in part.off),
    )


def _metadata(rule: RuleDecision) -> tuple[Any, ...]:
    return rule.id, rule.title, rule.severity, rule.advice, rule.remediation


def _rule(rule: Mapping[str, Any]) -> RuleDecision:
    return RuleDecision(
        id=rule["id"],
        title=rule["title"],
        severity=rule["severity"],
        advice=rule["advice"],
        remediation=rule["remediation"],
        applies=frozenset(rule["applies"]),
        violations=_by_function(_violation(one) for one in rule["violations"]),
        unknowns=_by_function(_unknown(one) for one in rule["unknowns"]),
        silent=frozenset(rule["silent"]),
        off=frozenset(rule.get("off", ())),
    )


def _violation(found: Mapping[str, Any]) -> Violation:
    return Violation(
        function=found["function"],
        severity=found["severity"],
        stage=found["stage"],
        message=found["message"],
        evidence=found["evidence"],
        root_cause=found.get("root_cause"),
        basis=found.get("basis"),
        eligible_for_remediation=found["eligible_for_remediation"],
    )


def _unknown(found: Mapping[str, Any]) -> Unknown:
    return Unknown(
        function=found["function"],
        stage=found["stage"],
        waits_for=tuple(sorted(found["waits_for"])),
        message=found["message"],
        evidence=found["evidence"],
        is_failed_read=found["is_failed_read"],
    )


def _by_function(found: Iterable[_Verdict]) -> tuple[_Verdict, ...]:
    return tuple(sorted(found, key=lambda one: one.function))


def _check_functions(rule: RuleDecision, asked: frozenset[str]) -> None:
    judged = [*(one.function for one in rule.violations), *(one.function for one in rule.unknowns)]
    strangers = {*rule.applies, *rule.silent, *rule.off, *judged} - asked
    if strangers:
        raise InvalidDecisionError(
            f"the rule {rule.id} speaks of {sorted(strangers)[0]!r}, which nobody asked about"
        )
    twice = _repeated([*judged, *rule.silent, *rule.off]) or next(iter(sorted(rule.applies & rule.off)), None)
    if twice is not None:
        raise InvalidDecisionError(f"the rule {rule.id} gives {twice!r} more than one verdict")


def _repeated(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
