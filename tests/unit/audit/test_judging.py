"""From a snapshot to looks: no side effects, and every refusal by name."""

from __future__ import annotations

from tests.unit.audit.fakes import ACCOUNT, CAPTURED_AT, MEMBER, REGION, RULE, OneRule, configuration
from vpcguard.audit.judging import FailedRead, failed_reads, judge
from vpcguard.model import Answers, Failure, Snapshot
from vpcguard.policy.configuration import load_configuration

DENIED = Failure("UnauthorizedOperation", "not allowed")


def snapshot(answers: Answers, **owners: Answers) -> Snapshot:
    return Snapshot(
        account_id=ACCOUNT, region=REGION, captured_at=CAPTURED_AT, own=answers, owners=dict(owners)
    )


def test_a_judgement_holds_a_look_for_every_function() -> None:
    read = {
        "orders-report": configuration("orders-report"),
        "orders-api": configuration("orders-api", State="Pending"),
    }
    taken = snapshot(Answers({"lambda:GetFunctionConfiguration": read}))

    judgement = judge(
        taken,
        policy=OneRule(frozenset({"orders-api"})),
        configuration=load_configuration(),
        trigger="cli",
    )

    assert judgement.functions == ("orders-api", "orders-report")
    assert judgement.changing == {"orders-api"}
    assert [(look.trigger, look.judged_at, look.snapshot_digest) for look in judgement.looks] == [
        ("cli", CAPTURED_AT, taken.digest())
    ] * 2
    assert [[finding.rule_id for finding in look.findings] for look in judgement.looks] == [[RULE], []]


def test_failed_reads_are_named_by_account_operation_and_subject() -> None:
    """Who runs the audit has to know what to permit, and where."""
    own = Answers(
        {},
        {
            "iam:GetRole": {"payments": DENIED, "orders": DENIED},
            "ec2:DescribeNatGateways": DENIED,
        },
    )

    found = failed_reads(snapshot(own, **{MEMBER: Answers({}, {"ec2:DescribeRouteTables": DENIED})}))

    assert found == tuple(
        FailedRead(account_id=account, operation=operation, subject=subject, failure=DENIED)
        for account, operation, subject in [
            (ACCOUNT, "ec2:DescribeNatGateways", None),
            (ACCOUNT, "iam:GetRole", "orders"),
            (ACCOUNT, "iam:GetRole", "payments"),
            (MEMBER, "ec2:DescribeRouteTables", None),
        ]
    )
