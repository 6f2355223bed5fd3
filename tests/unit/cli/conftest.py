"""Findings and reports of ten lines for the tests of the command line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vpcguard.cli.report import Looked, Report
from vpcguard.model import Finding

CAPTURED_AT = "2026-11-20T12:00:00.123456Z"


@pytest.fixture
def finding() -> Finding:
    return Finding(
        finding_id="vg-1",
        account_id="111122223333",
        account_name=None,
        organization_unit=None,
        region="eu-west-1",
        function_name="orders-api",
        function_arn="arn:aws:lambda:eu-west-1:111122223333:function:orders-api",
        vpc_id="vpc-0a",
        rule_id="az.single_az",
        family="az",
        title="Function runs in a single Availability Zone",
        severity="medium",
        status="open",
        status_reason=None,
        stage="audit",
        message="orders-api has all its subnets in one zone: subnet-0a.",
        advice="Add a subnet in a second zone.",
        evidence={"zone_ids": ["euw1-az1"]},
        root_cause=None,
        basis=None,
        owner=None,
        tags=None,
        managed_by=None,
        actor=None,
        first_seen=CAPTURED_AT,
        opened_at=CAPTURED_AT,
        confirmed_at=CAPTURED_AT,
        last_seen=CAPTURED_AT,
        changed_at=CAPTURED_AT,
        resolved_at=None,
        times_reopened=None,
        exemption_id=None,
        remediation_id=None,
        policy_revision="rev-1",
        config_digest="sha256:c",
        snapshot_digest="sha256:s",
    )


@pytest.fixture
def looked() -> Looked:
    return Looked(
        account_id="111122223333",
        region="eu-west-1",
        captured_at=CAPTURED_AT,
        snapshot_digest="sha256:s",
        policy_revision="rev-1",
        config_digest="sha256:c",
        functions=("orders-api", "orders-worker", "webhook"),
        rules=2,
        not_applicable=("webhook",),
    )


@pytest.fixture
def report(finding: Finding, looked: Looked) -> Report:
    """One open and one undetermined finding; nothing unread."""
    undetermined = replace(
        finding,
        rule_id="nat.no_internet_egress",
        severity="high",
        status="undetermined",
        title="Not known whether the function can reach the internet",
        advice="Declare tgw-0a if it works.",
        message="the way out of subnet-0a leaves through tgw-0a",
        evidence={"unknown": ["tgw-0a"]},
    )
    return Report(looked=(looked,), findings=(finding, undetermined), unread=())
