"""Findings as what people repair: one entry for what one repair ends, in words that hold for all of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.looks import a_finding
from vpcguard.findings.causes import abridged, causes_of, waiting_of
from vpcguard.model import Finding

NAT = {"rule_id": "nat.no_internet_egress", "root_cause": "nat-0a", "root_cause_kind": "nat_gateway"}


def _finding(function: str, **fields: Any) -> Finding:
    return replace(a_finding(function=function), **fields)


def test_one_resource_behind_several_functions_is_one_entry_of_its_worst_severity() -> None:
    [cause] = causes_of(
        [
            _finding("b", severity="high", message="b cannot reach the internet: nat-0a is gone.", **NAT),
            _finding("a", severity="high", message="a cannot reach the internet: nat-0a is gone.", **NAT),
            _finding("c", severity="critical", message="c cannot reach the internet: nat-0a is gone.", **NAT),
        ]
    )

    assert (cause.root_cause, cause.kind, cause.severity) == ("nat-0a", "nat_gateway", "critical")
    assert cause.functions == ("c", "a", "b")
    assert dict(cause.severities) == {"critical": 1, "high": 2}
    assert (cause.message, cause.same_message) == ("cannot reach the internet: nat-0a is gone.", True)


@pytest.mark.parametrize(
    "other",
    [
        {"root_cause": "nat-0b"},
        {"rule_id": "nat.cross_az"},
        {"region": "eu-north-1"},
        {"root_cause_account": "444455556666"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_another_resource_rule_region_or_owner_is_another_cause(other: dict[str, Any]) -> None:
    assert len(causes_of([_finding("a", **NAT), _finding("b", **{**NAT, **other})])) == 2


def test_what_another_account_owns_is_one_cause_for_all_who_share_it() -> None:
    """One deleted NAT gateway behind functions of thirty accounts is one ticket, of its owner."""
    owned = {**NAT, "root_cause_account": "444455556666"}

    [cause] = causes_of([_finding("a", **owned), _finding("a", account_id="999988887777", **owned)])

    assert (cause.account_id, cause.functions) == ("444455556666", ("a", "a"))


def test_without_a_cause_the_network_tells_apart() -> None:
    """Two functions in the same subnets of a VPC have the same fault; two in others have not."""
    shared = {"rule_id": "az.single_az", "root_cause": None}
    one, two = ({**shared, "evidence": {"subnet_ids": [subnet]}} for subnet in ("subnet-0a", "subnet-0b"))
    far = {**one, "vpc_id": "vpc-0b"}

    causes = causes_of([_finding(n, **f) for n, f in (("a", one), ("b", one), ("c", two), ("d", far))])

    assert [cause.functions for cause in causes] == [("a", "b"), ("c",), ("d",)]


def test_the_worst_comes_first_then_the_most_functions_then_the_name() -> None:
    causes = causes_of(
        [
            _finding("a", severity="info", root_cause="rtb-0a"),
            _finding("a", severity="high", root_cause="nat-0b"),
            _finding("a", severity="high", root_cause="nat-0a"),
            _finding("a", severity="high", root_cause="nat-0c"),
            _finding("b", severity="high", root_cause="nat-0c"),
        ]
    )

    assert [cause.root_cause for cause in causes] == ["nat-0c", "nat-0a", "nat-0b", "rtb-0a"]


def test_the_message_is_true_of_every_function() -> None:
    """Subnets are what messages of one cause differ in; where they differ in more, the title is left."""
    said = "cannot: from {}, 0.0.0.0/0 goes to nat-0a."
    one = _finding("a", message=f"a {said.format('subnet-0a (app-a, eu-west-1a)')}", **NAT)
    two = _finding("b", message=f"b {said.format('subnet-0a (app-a, eu-west-1a) and subnet-0b (b)')}", **NAT)
    other = replace(two, function_name="c", message="c cannot for another reason", title="Cannot")

    assert [(c.message, c.same_message) for c in causes_of([one, two])] == [
        (said.format("some subnets"), False)
    ]
    assert [(c.message, c.same_message) for c in causes_of([one, two, other])] == [(one.title, False)]


def test_the_repair_is_that_of_most_and_says_if_it_is_not_all() -> None:
    ones = [_finding(name, advice=advice, **NAT) for name, advice in (("a", "x"), ("b", "y"), ("c", "y"))]

    assert [(c.advice, c.same_advice) for c in causes_of(ones)] == [("y", False)]
    assert [(c.advice, c.same_advice) for c in causes_of(ones[1:])] == [("y", True)]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("from subnet-0a (x, eu-west-1a), it goes", "from subnet-0a (x, eu-west-1a), it goes"),
        ("from subnet-0a (x), subnet-0b and subnet-0c (z), it goes", "from 3 subnets, it goes"),
        ("subnet-0a, subnet-0b and 15 more have no way", "17 subnets have no way"),
        ("its subnets are subnet-0a and subnet-0b", "its subnets are subnet-0a and subnet-0b"),
        ("subnet-0a (a (b), c) and subnet-0b", "subnet-0a (a (b), c) and subnet-0b"),
    ],
)
def test_lists_of_subnets_become_their_number(message: str, expected: str) -> None:
    assert abridged(message) == expected


def test_what_is_not_known_is_told_by_what_it_waits_for_and_is_no_cause() -> None:
    """A verdict that waits for two reads is behind both; the advice is of those that wait for it alone."""
    two = _finding("a", status="undetermined", evidence={"unknown": ["ec2:A", "ec2:B"]}, advice="grant both")
    one = _finding("b", status="undetermined", evidence={"unknown": ["ec2:A"]}, advice="grant A")

    first, second = waiting_of([two, one])

    assert causes_of([two, one]) == []
    assert (first.waits_for, first.verdicts, first.functions, first.advice) == (
        "ec2:A",
        2,
        ("a", "b"),
        "grant A",
    )
    assert (second.waits_for, second.verdicts, second.advice) == ("ec2:B", 1, "grant both")
