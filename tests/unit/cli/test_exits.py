"""Exit codes are what pipelines act on: 0 done, 1 findings, 2 usage, 3 unread; 2 before 3 before 1."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vpcguard.cli.exits import status_of
from vpcguard.cli.report import Report, Unread
from vpcguard.model import Severity

UNREAD = Unread(account_id="111122223333", region="eu-west-1", operation="ec2:DescribeNatGateways")


@pytest.mark.parametrize(
    ("fail_on", "code"),
    [(None, 0), ("critical", 0), ("high", 0), ("medium", 1), ("low", 1), ("info", 1)],
)
def test_an_open_finding_fails_at_its_severity_and_below(
    report: Report, fail_on: Severity | None, code: int
) -> None:
    """The high one is undetermined: a doubt is not a finding, or nobody could use --fail-on."""
    assert status_of(report, fail_on) == code


def test_a_failed_read_comes_before_findings(report: Report) -> None:
    """With something unread the findings are not the whole truth, and the pipeline must know that first."""
    assert status_of(replace(report, unread=(UNREAD,)), "info") == 3
    assert status_of(replace(report, unread=(UNREAD,)), None) == 3
