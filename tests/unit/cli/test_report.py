"""What a judgement means for the report, and a report for the exit code: what pipelines act on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from vpcguard.audit.judging import Judgement
from vpcguard.cli.report import Report, Unread, report_of
from vpcguard.model import (
    Answers,
    Decision,
    Failure,
    Finding,
    Look,
    RuleDecision,
    Severity,
    Snapshot,
    Unknown,
)

ACCOUNT, REGION = "111122223333", "eu-west-1"
Judge = Callable[..., Judgement]
UNREAD = Unread(account_id=ACCOUNT, region=REGION, operation="ec2:DescribeNatGateways")
LISTED = Answers({"lambda:ListFunctions": {"Functions": []}})


@pytest.fixture
def judgement(finding: Finding) -> Judge:
    def made(
        *,
        unknowns: tuple[Unknown, ...] = (),
        own: Answers = LISTED,
        owners: Mapping[str, Answers] | None = None,
    ) -> Judgement:
        rule = RuleDecision(
            id="az.single_az",
            title="",
            doubt="",
            severity="medium",
            advice="",
            remediation="none",
            applies=frozenset({"orders-api"}),
            violations=(),
            unknowns=unknowns,
            silent=frozenset({"quiet"}),
        )
        names = ("orders-api", "quiet", "webhook")
        findings: dict[str, tuple[Finding, ...]] = {"orders-api": (finding,)}
        return Judgement(
            snapshot=Snapshot(
                account_id=ACCOUNT,
                region=REGION,
                captured_at="2026-11-20T12:00:00.000000Z",
                own=own,
                owners=owners or {},
            ),
            digest="sha256:0a",
            decision=Decision(policy_revision="r", config_digest="c", rules=(rule,)),
            looks=tuple(_look(name, findings.get(name, ())) for name in names),
            changing=frozenset(),
        )

    return made


def test_a_function_no_rule_speaks_about_is_not_applicable(judgement: Judge) -> None:
    """Silence because of a fact left out on purpose is not the same."""
    report = report_of(judgement())

    assert report.looked[0].functions == ("orders-api", "quiet", "webhook")
    assert report.looked[0].not_applicable == ("webhook",)


def test_a_list_that_nobody_read_is_a_failed_read(judgement: Judge) -> None:
    """Without functions there is no verdict that could wait for the list, and silence looks like peace."""
    unlisted = Unread(account_id=ACCOUNT, region=REGION, operation="lambda:ListFunctions")
    by_name = Answers({"lambda:GetFunctionConfiguration": {"orders-api": {"FunctionName": "orders-api"}}})

    assert report_of(judgement(own=Answers())).unread == (unlisted,)
    assert report_of(judgement(own=by_name)).unread == ()


def test_only_the_functions_asked_for_are_reported(judgement: Judge, finding: Finding) -> None:
    assert report_of(judgement(), only=["orders-api"]).findings == (finding,)
    assert report_of(judgement(), only=["webhook"]).findings == ()
    assert report_of(judgement(), only=["webhook"]).looked[0].functions == ("webhook",)


@pytest.mark.parametrize(
    ("code", "is_unread"),
    [
        ("AccessDenied", True),
        ("UnauthorizedOperation", True),
        ("InvalidAction", True),
        ("NoSuchEntity", False),
        ("NoSuchResourceException", False),
        ("ResourceNotFoundException", False),
        ("InvalidVpcID.NotFound", False),
        ("Partial", False),
    ],
)
def test_what_does_not_exist_was_read(judgement: Judge, code: str, is_unread: bool) -> None:  # noqa: FBT001  the expectation
    """An answer kept in part on purpose (Partial) is none of AWS's refusals either."""
    refused = Answers({}, {"iam:GetRole": {"orders-role": Failure(code=code, message="m")}})

    report = report_of(judgement(owners={"444455556666": refused}))

    expected = Unread(
        account_id="444455556666",
        region=REGION,
        operation="iam:GetRole",
        subject="orders-role",
        code=code,
        message="m",
    )
    assert report.unread == ((expected,) if is_unread else ())


def test_an_operation_nobody_asked_for_is_unread_where_a_verdict_waits_for_it(judgement: Judge) -> None:
    """Beside an opaque target only the operation is a failed read."""
    waiting = _unknown("ec2:DescribeRouteTables", "tgw-0a", is_failed_read=True)

    report = report_of(judgement(unknowns=(waiting,)))

    assert report.unread == (Unread(account_id=ACCOUNT, region=REGION, operation="ec2:DescribeRouteTables"),)


def test_an_opaque_target_alone_is_no_failed_read(judgement: Judge) -> None:
    assert report_of(judgement(unknowns=(_unknown("tgw-0a", is_failed_read=False),))).unread == ()


def test_a_failed_read_without_an_operation_is_not_lost(judgement: Judge) -> None:
    """Whatever it waits for is named: silence would end in exit code 0."""
    report = report_of(judgement(unknowns=(_unknown("subnet-0a", is_failed_read=True),)))

    assert [one.operation for one in report.unread] == ["subnet-0a"]


def test_a_refused_operation_is_named_once(judgement: Judge) -> None:
    refusal = Failure(code="UnauthorizedOperation", message="m")
    refused = Answers(LISTED.answers, {"ec2:DescribeRouteTables": refusal})
    waiting = _unknown("ec2:DescribeRouteTables", is_failed_read=True)

    report = report_of(judgement(unknowns=(waiting,), own=refused))

    assert [(one.operation, one.code) for one in report.unread] == [
        ("ec2:DescribeRouteTables", "UnauthorizedOperation")
    ]


@pytest.mark.parametrize(
    ("fail_on", "code"),
    [(None, 0), ("critical", 0), ("high", 0), ("medium", 1), ("low", 1), ("info", 1)],
)
def test_an_open_finding_fails_at_its_severity_and_below(
    report: Report, fail_on: Severity | None, code: int
) -> None:
    """The high one is undetermined: a doubt is not a finding, or nobody could use --fail-on."""
    assert report.exit_code(fail_on) == code


def test_a_failed_read_comes_before_findings(report: Report) -> None:
    """With something unread the findings are not the whole truth, and the pipeline must know that first."""
    assert replace(report, unread=(UNREAD,)).exit_code("info") == 3
    assert replace(report, unread=(UNREAD,)).exit_code(None) == 3


def _unknown(*waits_for: str, is_failed_read: bool) -> Unknown:
    return Unknown(
        function="orders-api",
        stage="audit",
        waits_for=waits_for,
        message="m",
        advice="a",
        evidence={},
        failed_reads=waits_for[:1] if is_failed_read else (),
    )


def _look(name: str, findings: tuple[Finding, ...]) -> Look:
    shared: dict[str, Any] = dict.fromkeys(
        ("judged_at", "snapshot_digest", "policy_revision", "config_digest"), "x"
    )
    return Look(
        account_id=ACCOUNT,
        region=REGION,
        function_name=name,
        trigger="cli",
        findings=findings,
        judged=frozenset(),
        **shared,
    )
