"""A decision over the facts becomes one look per function."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from vpcguard.findings.looks import looks
from vpcguard.model import Change, Decision, Finding, Look, RuleDecision, Unknown, Violation, finding_id

CAPTURED_AT = "2026-11-20T12:00:00.123456Z"
ASKED_FOR = {"team": "pay\u202ements", "cost-center": ""}


def test_each_function_gets_one_look_with_what_every_rule_says_of_it() -> None:
    """Open, passed, not applicable and silent must stay apart: only what was judged may resolve a finding."""
    rules = [
        _rule("nat.mixed_egress", applies={"orders"}, violations=[_violation("orders", message="broken")]),
        _rule("az.single_az", applies={"orders", "idle"}),
        _rule("config.update_failed", silent={"orders", "idle"}),
    ]

    found = _looks(rules, [_function("orders", vpc_id="vpc-0a"), _function("idle")])

    assert found == [
        _look(
            "idle",
            findings=(),
            judged={"nat.mixed_egress", "az.single_az"},
            applicable=frozenset({"az.single_az"}),
        ),
        _look(
            "orders",
            findings=(_finding("orders", "nat.mixed_egress", message="broken", vpc_id="vpc-0a"),),
            judged={"nat.mixed_egress", "az.single_az"},
            statements={"nat.mixed_egress": {}},
            applicable=frozenset({"nat.mixed_egress", "az.single_az"}),
            is_attached=True,
        ),
    ]


def test_a_finding_states_what_its_rule_declares_of_the_evidence() -> None:
    """A count is evidence and no statement; causes stay with their subnets."""
    subnets = [
        {"subnet_id": "subnet-a", "cause": "blackhole", "free": 7},
        {"subnet_id": "subnet-b", "cause": None, "free": 9},
    ]
    broken = replace(_violation("orders"), evidence={"subnets": subnets, "vpc_id": "vpc-0a", "free": 16})
    declared = ("vpc_id", "subnets.subnet_id", "subnets.cause", "missing")
    rule = replace(_rule("nat.mixed_egress", violations=[broken]), statement=declared)

    (look,) = _looks([rule], [_function("orders")])

    assert look.statements == {
        "nat.mixed_egress": {
            "vpc_id": "vpc-0a",
            "subnets.subnet_id": ["subnet-a", "subnet-b"],
            "subnets.cause": ["blackhole", None],
            "missing": None,
        }
    }


def test_a_rule_that_is_off_for_a_function_is_not_judged_there() -> None:
    """Passed would read as fixed, though nobody repaired anything."""
    rules = [
        _rule("nat.mixed_egress", applies={"idle"}, off={"orders"}),
        _rule("az.single_az", applies={"orders", "idle"}),
    ]

    idle, orders = _looks(rules, [_function("orders"), _function("idle")])

    assert (sorted(idle.judged), sorted(idle.off)) == (["az.single_az", "nat.mixed_egress"], [])
    assert (sorted(orders.judged), sorted(orders.off)) == (["az.single_az"], ["nat.mixed_egress"])


def test_withdrawn_rules_are_those_that_the_decision_names() -> None:
    (look,) = _looks([_rule("az.single_az")], [_function("orders")], retired={"nat.some_fault"})

    assert (sorted(look.judged), sorted(look.retired)) == (["az.single_az"], ["nat.some_fault"])


@pytest.mark.parametrize("state", ["Deleting", "deleting"])
def test_a_function_that_is_being_deleted_resolves_nothing(state: str) -> None:
    """No rule applies to it any more, and nobody fixed it; once gone, its findings end as deleted."""
    (look,) = _looks([_rule("az.single_az")], [_function("orders", state=state)])

    assert look == _look("orders", findings=(), judged=set())


def test_an_unknown_is_an_undetermined_finding_that_names_what_it_waits_for() -> None:
    """It carries the rule's own severity, and neither its title nor its advice: nothing is proven.

    Its rule is not judged: nothing of it may be resolved.
    """
    waits = {"nat.mixed_egress": ["ec2:DescribeRouteTables", "tgw-0a"]}
    waiting = _unknown("orders", waits_for=("tgw-0a", "ec2:DescribeRouteTables", "tgw-0a"))
    rules = [_rule("nat.mixed_egress", severity="critical", applies={"orders"}, unknowns=[waiting])]

    (look,) = _looks(rules, [_function("orders")])

    expected = _finding(
        "orders",
        "nat.mixed_egress",
        status="undetermined",
        verdict="unknown",
        opened_at=None,
        confirmed_at=None,
        severity="critical",
        stage="warn",
        title="Not known whether nat.mixed_egress",
        message="cannot see",
        advice="look again",
        evidence={"subnets": [], "unknown": ["ec2:DescribeRouteTables", "tgw-0a"]},
        root_cause=None,
        root_cause_kind=None,
        root_cause_account=None,
        root_cause_name=None,
        basis=None,
    )
    assert look == _look(
        "orders",
        findings=(expected,),
        judged=set(),
        statements=waits,
        applicable=frozenset({"nat.mixed_egress"}),
        failed_reads={"nat.mixed_egress": ("ec2:DescribeRouteTables",)},
    )


def test_what_waits_for_failed_reads_alone_is_told_apart() -> None:
    """Its coverage tells it, once; what waits for an opaque target as well is a finding of its own."""
    rules = [
        _rule("nat.mixed_egress", unknowns=[_unknown("orders", waits_for=("ec2:DescribeRouteTables",))]),
        _rule("az.single_az", unknowns=[_unknown("orders", waits_for=("tgw-0a",))]),
    ]

    (look,) = _looks(rules, [_function("orders")])

    assert look.unread == {"nat.mixed_egress"}


def test_a_violation_may_bring_a_title_and_an_advice_of_its_own() -> None:
    own = replace(_violation("orders"), title="No longer visible", advice="Look who shares it.")
    rules = [_rule("nat.mixed_egress", applies={"orders"}, violations=[own])]

    (look,) = _looks(rules, [_function("orders")])

    assert [(one.title, one.advice) for one in look.findings] == [
        ("No longer visible", "Look who shares it.")
    ]


def test_findings_and_looks_are_sorted_whatever_order_they_came_in() -> None:
    """The command line promises the same output every time."""
    both = ["b", "a"]
    rules = [
        _rule(rule_id, applies=set(both), violations=[_violation(name) for name in both])
        for rule_id in ("nat.mixed_egress", "az.single_az")
    ]

    found = _looks(rules, [_function(name) for name in both])

    assert [(look.function_name, [finding.rule_id for finding in look.findings]) for look in found] == [
        ("a", ["az.single_az", "nat.mixed_egress"]),
        ("b", ["az.single_az", "nat.mixed_egress"]),
    ]


@pytest.mark.parametrize(
    ("tags", "owner"),
    [
        ({}, None),
        ({"owner": "team-a"}, "team-a"),
        ({"owner": "team-a", "vpcguard:owner": "team-b"}, "team-b"),
        ({"owner": "team-a", "vpcguard:owner": ""}, "team-a"),
        ({"owner": ""}, None),
        ({"vpcguard:egress": "internet"}, None),
    ],
)
def test_the_owner_comes_from_our_tag_then_from_the_common_one(
    tags: dict[str, str], owner: str | None
) -> None:
    rules = [_rule("nat.mixed_egress", applies={"orders"}, violations=[_violation("orders")])]

    (look,) = _looks(rules, [_function("orders", tags=tags)])

    assert look.findings[0].owner == owner


@pytest.mark.parametrize(
    ("coverage", "tags"),
    [
        ([{"status": "known"}], ASKED_FOR),
        ([{"subject": "orders", "status": "known"}, {"status": "unknown"}], ASKED_FOR),
        ([{"subject": "orders", "status": "contradictory"}, {"status": "known"}], None),
        ([{"status": "unknown"}], None),
        ([{"status": "not_requested"}], None),
        ([], None),
    ],
)
def test_findings_show_the_tags_that_are_asked_for_where_they_were_read(
    coverage: list[dict[str, str]], tags: dict[str, str] | None
) -> None:
    """Others may hold what nobody wants to see exported; tags that were not read are not none."""
    function = _function(
        "orders",
        tags={**ASKED_FOR, "owner": "o", "vpcguard:egress": "none"},
    )
    rules = [_rule("nat.mixed_egress", applies={"orders"}, violations=[_violation("orders")])]

    (look,) = _looks(
        rules,
        [function],
        tag_keys=["team", "Cost-Center", "absent"],
        coverage=[{"kind": "function_tags", **one} for one in coverage],
    )

    assert look.findings[0].tags == tags


def test_a_function_without_such_tags_has_none() -> None:
    rules = [_rule("nat.mixed_egress", applies={"orders"}, violations=[_violation("orders")])]

    (look,) = _looks(rules, [_function("orders", tags={"owner": "o"})], tag_keys=["team"])

    assert look.findings[0].tags == {}


def test_the_change_that_led_here_names_actor_and_tool() -> None:
    change = Change(
        event_id="e-1",
        event_name="CreateFunction20150331",
        event_time=datetime(2026, 11, 20, 11, 59, 58, tzinfo=UTC),
        account_id="111122223333",
        region="eu-west-1",
        function_name="orders",
        actor="arn:aws:iam::111122223333:role/deployer",
        managed_by="terraform",
    )
    rules = [
        _rule(
            "nat.mixed_egress",
            applies={"orders", "idle"},
            violations=[_violation("orders"), _violation("idle")],
        )
    ]

    idle, orders = _looks(rules, [_function("orders"), _function("idle")], origins={"orders": change})

    assert (orders.findings[0].actor, orders.findings[0].managed_by) == (change.actor, "terraform")
    assert (idle.findings[0].actor, idle.findings[0].managed_by) == (None, None)
    assert (orders.event_time, idle.event_time) == ("2026-11-20T11:59:58.000000Z", None)


def test_a_look_knows_when_its_function_was_last_modified() -> None:
    """Newer than the last event: the path of events missed it."""
    modified = "2026-11-20T11:59:57.123+0000"

    idle, orders = _looks([], [_function("orders"), _function("idle")], modified={"orders": modified})

    assert (orders.modified_at, idle.modified_at) == (modified, None)


def test_an_account_without_a_name_leaves_the_fields_empty() -> None:
    rules = [_rule("nat.mixed_egress", applies={"orders"}, violations=[_violation("orders")])]
    account = {"id": "111122223333", "region": "eu-west-1"}

    (look,) = _looks(rules, [_function("orders")], account=account)

    assert (look.findings[0].account_name, look.findings[0].organization_unit) == (None, None)


def _looks(
    rules: list[RuleDecision],
    functions: list[dict[str, Any]],
    *,
    origins: Mapping[str, Change] | None = None,
    account: Mapping[str, Any] | None = None,
    retired: Collection[str] = (),
    tag_keys: Collection[str] = (),
    modified: Mapping[str, str] | None = None,
    coverage: Collection[Mapping[str, str]] = ({"kind": "function_tags", "status": "known"},),
) -> list[Look]:
    known = {
        "id": "111122223333",
        "region": "eu-west-1",
        "name": "payments-prod",
        "organization_unit": "root/prod",
    }
    return looks(
        Decision(
            policy_revision="r1", config_digest="sha256:c0", rules=tuple(rules), retired=frozenset(retired)
        ),
        {
            "account": known if account is None else account,
            "functions": functions,
            "coverage": [{"kind": "roles", "status": "unknown"}, *coverage],
        },
        snapshot_digest="sha256:5a",
        captured_at=CAPTURED_AT,
        origins=origins or {},
        trigger="sweep 7",
        tag_keys=tag_keys,
        modified=modified,
    )


def _rule(rule_id: str, **parts: Any) -> RuleDecision:
    values = {
        "title": f"Title of {rule_id}",
        "doubt": f"Not known whether {rule_id}",
        "severity": "medium",
        "advice": f"Advice of {rule_id}",
        "remediation": "none",
    }
    return RuleDecision(
        id=rule_id,
        **(values | {"severity": parts.pop("severity", "medium")}),
        applies=frozenset(parts.get("applies", ())),
        violations=tuple(parts.get("violations", ())),
        unknowns=tuple(parts.get("unknowns", ())),
        silent=frozenset(parts.get("silent", ())),
        off=frozenset(parts.get("off", ())),
    )


def _violation(function: str, *, message: str = "violated") -> Violation:
    return Violation(
        function=function,
        severity="high",
        stage="audit",
        message=message,
        evidence={"subnets": []},
        root_cause="nat-0a",
        root_cause_kind="nat_gateway",
        root_cause_account="444455556666",
        root_cause_name="egress-a",
        basis="declared",
        eligible_for_remediation=False,
    )


def _unknown(function: str, *, waits_for: tuple[str, ...] = ("ec2:DescribeSubnets",)) -> Unknown:
    return Unknown(
        function=function,
        stage="warn",
        waits_for=waits_for,
        message="cannot see",
        advice="look again",
        evidence={"subnets": []},
        failed_reads=("ec2:DescribeRouteTables",) if "ec2:DescribeRouteTables" in waits_for else (),
    )


def _function(name: str, *, tags: Mapping[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    tag_list = [{"key": key, "value": value} for key, value in (tags or {}).items()]
    return {"name": name, "arn": f"arn:aws:lambda:::{name}", "tags": tag_list, **fields}


def _look(
    function: str,
    *,
    findings: tuple[Finding, ...],
    judged: set[str],
    **more: Any,
) -> Look:
    """Return the look at a function outside of any VPC, unless `more` says otherwise."""
    values: dict[str, Any] = {"is_attached": False, "organization_unit": "root/prod"}
    return Look(
        account_id="111122223333",
        region="eu-west-1",
        function_name=function,
        judged_at=CAPTURED_AT,
        snapshot_digest="sha256:5a",
        policy_revision="r1",
        config_digest="sha256:c0",
        trigger="sweep 7",
        findings=findings,
        judged=frozenset(judged),
        **(values | more),
    )


def _finding(function: str, rule_id: str, **fields: Any) -> Finding:
    values: dict[str, Any] = {
        "finding_id": finding_id("111122223333", "eu-west-1", function, rule_id),
        "account_id": "111122223333",
        "account_name": "payments-prod",
        "organization_unit": "root/prod",
        "region": "eu-west-1",
        "function_name": function,
        "function_arn": f"arn:aws:lambda:::{function}",
        "vpc_id": None,
        "rule_id": rule_id,
        "family": rule_id.partition(".")[0],
        "title": f"Title of {rule_id}",
        "severity": "high",
        "status": "open",
        "status_reason": None,
        "verdict": "violation",
        "stage": "audit",
        "message": "violated",
        "advice": f"Advice of {rule_id}",
        "evidence": {"subnets": []},
        "root_cause": "nat-0a",
        "root_cause_kind": "nat_gateway",
        "root_cause_account": "444455556666",
        "root_cause_name": "egress-a",
        "basis": "declared",
        "owner": None,
        "tags": {},
        "managed_by": None,
        "actor": None,
        "first_seen": CAPTURED_AT,
        "opened_at": CAPTURED_AT,
        "confirmed_at": CAPTURED_AT,
        "last_seen": CAPTURED_AT,
        "changed_at": CAPTURED_AT,
        "resolved_at": None,
        "times_reopened": None,
        "exemption_id": None,
        "remediation_id": None,
        "policy_revision": "r1",
        "config_digest": "sha256:c0",
        "snapshot_digest": "sha256:5a",
    }
    return Finding(**(values | fields))
