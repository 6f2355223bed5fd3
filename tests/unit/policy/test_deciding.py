"""OPA's answer is believed only where it keeps the contract."""

from __future__ import annotations

from typing import Any

import pytest

from vpcguard.errors import InvalidDecisionError
from vpcguard.model import RuleDecision, Unknown, Violation
from vpcguard.policy.deciding import merge_rules, read_rules

VIOLATION: dict[str, Any] = {
    "function": "orders",
    "severity": "high",
    "stage": "audit",
    "message": "orders is broken",
    "evidence": {"subnets": []},
    "root_cause": "nat-1",
    "root_cause_kind": "nat_gateway",
    "root_cause_account": "444455556666",
    "root_cause_name": "egress-a",
    "basis": "declared",
    "eligible_for_remediation": False,
}
UNKNOWN: dict[str, Any] = {
    "function": "billing",
    "stage": "audit",
    "waits_for": ["ec2:DescribeSubnets", "ec2:DescribeNatGateways"],
    "message": "cannot tell",
    "advice": "look again",
    "evidence": {},
    "failed_reads": ["ec2:DescribeNatGateways"],
}


def _rule(**more: Any) -> dict[str, Any]:
    return {
        "id": "nat.no_internet_egress",
        "title": "No way out",
        "doubt": "Not known whether there is a way out",
        "severity": "high",
        "advice": "Repair it",
        "remediation": "none",
        "applies": [],
        "violations": [],
        "unknowns": [],
        "silent": [],
        **more,
    }


def _read(*rules: dict[str, Any], asked: tuple[str, ...] = ("billing", "orders")) -> tuple[RuleDecision, ...]:
    return read_rules({"rules": list(rules)}, asked=asked)


def test_a_whole_answer() -> None:
    rules = _read(
        _rule(applies=["orders", "billing"], violations=[VIOLATION], unknowns=[UNKNOWN], silent=[]),
        _rule(id="az.single_az", silent=["orders"]),
    )

    assert rules == (
        RuleDecision(
            id="az.single_az",
            title="No way out",
            doubt="Not known whether there is a way out",
            severity="high",
            advice="Repair it",
            remediation="none",
            applies=frozenset(),
            violations=(),
            unknowns=(),
            silent=frozenset({"orders"}),
        ),
        RuleDecision(
            id="nat.no_internet_egress",
            title="No way out",
            doubt="Not known whether there is a way out",
            severity="high",
            advice="Repair it",
            remediation="none",
            applies=frozenset({"billing", "orders"}),
            violations=(
                Violation(
                    function="orders",
                    severity="high",
                    stage="audit",
                    message="orders is broken",
                    evidence={"subnets": []},
                    root_cause="nat-1",
                    root_cause_kind="nat_gateway",
                    root_cause_account="444455556666",
                    root_cause_name="egress-a",
                    basis="declared",
                    eligible_for_remediation=False,
                ),
            ),
            unknowns=(
                Unknown(
                    function="billing",
                    stage="audit",
                    waits_for=("ec2:DescribeNatGateways", "ec2:DescribeSubnets"),
                    message="cannot tell",
                    advice="look again",
                    evidence={},
                    failed_reads=("ec2:DescribeNatGateways",),
                ),
            ),
            silent=frozenset(),
        ),
    )


def test_no_root_cause_and_no_basis_are_none() -> None:
    bare = {key: value for key, value in VIOLATION.items() if not key.startswith(("root_cause", "basis"))}

    violation = _read(_rule(violations=[bare]))[0].violations[0]

    told = (violation.root_cause, violation.root_cause_kind, violation.root_cause_account, violation.basis)
    assert told == (None, None, None, None)


@pytest.mark.parametrize("missing", ["root_cause", "root_cause_kind", "root_cause_account"])
def test_a_root_cause_comes_with_its_kind_and_account(missing: str) -> None:
    with pytest.raises(InvalidDecisionError, match="root_cause"):
        _read(_rule(violations=[{key: value for key, value in VIOLATION.items() if key != missing}]))


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "decision: "),
        ([], "decision: "),
        ({}, 'decision: "rules" is a required property'),
        ({"rules": []}, "decision: rules: [] has less than 1 item"),
        ({"rules": [_rule(violation=[])]}, "decision: rules[0]: Additional properties"),
        (
            {"rules": [_rule(violations=[VIOLATION | {"severity": "urgent"}])]},
            'decision: rules[0].violations[0].severity: expected one of "critical"',
        ),
        ({"rules": [_rule(violations=[VIOLATION | {"root_cause": None}])]}, "violations[0].root_cause: "),
        ({"rules": [_rule(unknowns=[UNKNOWN | {"message": ""}])]}, "unknowns[0].message: "),
        ({"rules": [_rule(), _rule()]}, "the rule nat.no_internet_egress answers more than once"),
        ({"rules": [_rule(applies=["stranger"])]}, "'stranger', which nobody asked about"),
        ({"rules": [_rule(silent=["stranger"])]}, "'stranger', which nobody asked about"),
        (
            {"rules": [_rule(violations=[VIOLATION | {"function": "stranger"}])]},
            "'stranger', which nobody asked about",
        ),
        (
            {"rules": [_rule(unknowns=[UNKNOWN | {"function": "stranger"}])]},
            "'stranger', which nobody asked about",
        ),
        (
            {"rules": [_rule(violations=[VIOLATION, VIOLATION | {"message": "again"}])]},
            "gives 'orders' more than one verdict",
        ),
        (
            {"rules": [_rule(unknowns=[UNKNOWN, UNKNOWN | {"message": "again"}])]},
            "gives 'billing' more than one verdict",
        ),
        (
            {"rules": [_rule(violations=[VIOLATION], unknowns=[UNKNOWN | {"function": "orders"}])]},
            "gives 'orders' more than one verdict",
        ),
        (
            {"rules": [_rule(violations=[VIOLATION], silent=["orders"])]},
            "gives 'orders' more than one verdict",
        ),
        ({"rules": [_rule(off=["stranger"])]}, "'stranger', which nobody asked about"),
        ({"rules": [_rule(violations=[VIOLATION], off=["orders"])]}, "gives 'orders' more than one verdict"),
        ({"rules": [_rule(applies=["orders"], off=["orders"])]}, "gives 'orders' more than one verdict"),
    ],
)
def test_an_answer_that_breaks_the_contract_is_no_decision(result: Any, message: str) -> None:
    """One finding per rule and function is the identity of everything that is stored."""
    with pytest.raises(InvalidDecisionError) as raised:
        read_rules(result, asked=("billing", "orders"))

    assert message in str(raised.value)


def test_the_answers_of_batches_join() -> None:
    first = _read(_rule(applies=["orders"], violations=[VIOLATION], off=["b"]), asked=("orders", "b"))
    second = _read(
        _rule(applies=["billing"], unknowns=[UNKNOWN], silent=["a"], off=["c"]), asked=("billing", "a", "c")
    )

    merged = merge_rules([first, second])

    assert merged == _read(
        _rule(
            applies=["billing", "orders"],
            violations=[VIOLATION],
            unknowns=[UNKNOWN],
            silent=["a"],
            off=["b", "c"],
        ),
        asked=("a", "b", "billing", "c", "orders"),
    )


@pytest.mark.parametrize(
    "other", [[_rule(), _rule(id="az.single_az")], [_rule(id="az.single_az")], [_rule(severity="low")]]
)
def test_batches_judged_by_different_rules_are_no_decision(other: list[dict[str, Any]]) -> None:
    """The policies changed in between; half a decision by each would look whole."""
    with pytest.raises(InvalidDecisionError, match="judged by different rules"):
        merge_rules([_read(_rule()), _read(*other)])
