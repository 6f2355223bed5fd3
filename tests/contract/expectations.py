"""What a case pins of a decision, and how it is compared with the one that OPA gives."""

from __future__ import annotations

from typing import Any

from vpcguard.model import Decision, RuleDecision, Unknown, Violation

Json = dict[str, Any]

PASS: Json = {"verdict": "pass"}
NOT_APPLICABLE: Json = {"verdict": "not_applicable"}
SILENT: Json = {"verdict": "silent"}


def violation(severity: str, *, root_cause: str | None = "-", account: str = "", **evidence: Any) -> Json:
    """Return an expected violation; root_cause "-": not pinned, None: there is none; account: who owns it."""
    expected: Json = {"verdict": "violation", "severity": severity}
    if root_cause != "-":
        expected["root_cause"] = root_cause
    if account:
        expected["root_cause_account"] = account
    return expected | ({"evidence": evidence} if evidence else {})


def unknown(*waits_for: str, is_failed_read: bool) -> Json:
    """Return an expected unknown that waits for exactly this."""
    return {"verdict": "unknown", "waits_for": sorted(waits_for), "is_failed_read": is_failed_read}


def subnets(**causes: str | None) -> list[Json]:
    """Return evidence.subnets by the last part of the subnet's id; no cause: it has a way."""
    return [{"subnet_id": f"subnet-{name}", "cause": cause} for name, cause in sorted(causes.items())]


def verdicts(decision: Decision, rule_id: str, functions: list[str]) -> dict[str, Json]:
    """Return what a decision says about each function by one rule; raises KeyError for a rule it lacks."""
    rule = {one.id: one for one in decision.rules}[rule_id]
    said = {one.function: _open(one) for one in rule.unknowns}
    said |= {one.function: _violated(one) for one in rule.violations}
    return {name: said[name] if name in said else _unsaid(rule, name) for name in functions}


def _violated(violated: Violation) -> Json:
    return {
        "verdict": "violation",
        "severity": violated.severity,
        "root_cause": violated.root_cause,
        "root_cause_kind": violated.root_cause_kind,
        "root_cause_account": violated.root_cause_account,
        "root_cause_name": violated.root_cause_name,
        "basis": violated.basis,
        "stage": violated.stage,
        "eligible_for_remediation": violated.eligible_for_remediation,
        "message": violated.message,
        "evidence": violated.evidence,
    }


def _open(question: Unknown) -> Json:
    return {
        "verdict": "unknown",
        "waits_for": sorted(question.waits_for),
        "is_failed_read": question.is_failed_read,
        "message": question.message,
        "evidence": question.evidence,
    }


def _unsaid(rule: RuleDecision, name: str) -> Json:
    if name in rule.silent:
        return SILENT
    return PASS if name in rule.applies else NOT_APPLICABLE


def pinned(found: Any, expected: Any) -> Any:
    """Return the part of what was found that the expectation speaks about, in its shape.

    Objects are cut to the expected keys; lists of the same length element by element, in the order of
    subnet ids where there are such.
    """
    if isinstance(expected, dict) and isinstance(found, dict):
        return {key: pinned(found[key], value) for key, value in expected.items() if key in found}
    if isinstance(expected, list) and isinstance(found, list) and len(found) == len(expected):
        ordered = sorted(found, key=_subnet_id) if all(isinstance(one, dict) for one in found) else found
        return [pinned(one, value) for one, value in zip(ordered, expected, strict=True)]
    return found


def _subnet_id(one: Json) -> str:
    return str(one.get("subnet_id", ""))
