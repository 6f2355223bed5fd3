"""The functions of one VPC, judged because of what happened to the network under them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.support.recorded_aws import (
    ACCOUNT,
    REGION,
    Answer,
    RecordedAws,
    a_function,
    a_network,
    functions,
    networks,
    refused,
)
from vpcguard.model import Failure, Scope, Snapshot
from vpcguard.snapshot import PARTIAL, CaptureOptions, capture

FLEET = [
    a_function(f"f{number:03}", vpc_id="vpc-0a" if number in (3, 90) else "vpc-0b") for number in range(120)
]
NETWORK = networks(a_network("vpc-0a"), a_network("vpc-0b"))


def _capture(
    answers: dict[str, Answer], vpc_id: str = "vpc-0a", **options: Any
) -> tuple[RecordedAws, Snapshot]:
    aws = RecordedAws({**functions(*FLEET), **NETWORK, **answers})
    scope = Scope(kind="vpc", account_id=ACCOUNT, region=REGION, vpc_id=vpc_id)
    return aws, capture(
        scope, aws, clock=lambda: datetime(2026, 11, 20, tzinfo=UTC), options=CaptureOptions(**options)
    )


def test_the_functions_of_the_vpc_are_read_with_their_states_where_asked() -> None:
    aws, snapshot = _capture({}, states=True)

    assert sorted(snapshot.own.answers["lambda:GetFunctionConfiguration"]) == ["f003", "f090"]
    assert [each["FunctionName"] for each in snapshot.own.answers["lambda:ListFunctions"]["Functions"]] == [
        "f003",
        "f090",
    ]
    assert aws.counts()["lambda:ListFunctions"] == 3
    assert aws.counts()["lambda:GetFunctionConfiguration"] == 2
    assert [vpc["VpcId"] for vpc in snapshot.own.answers["ec2:DescribeVpcs"]["Vpcs"]] == ["vpc-0a"]
    assert aws.counts()["ec2:DescribeVpcs"] == 1
    assert snapshot.not_requested == (
        "elasticfilesystem:DescribeMountTargetSecurityGroups",
        "elasticfilesystem:DescribeMountTargets",
        "lambda:GetFunctionConcurrency",
        "lambda:GetFunctionEventInvokeConfig",
        "lambda:ListAliases",
        "lambda:ListVersionsByFunction",
    )


def test_its_list_of_functions_is_a_part_and_says_so() -> None:
    """Taken for the account's, it would close the findings of every other function."""
    _, snapshot = _capture({})

    assert dict(snapshot.own.failures) == {
        "lambda:ListFunctions": Failure(PARTIAL, "only the functions of vpc-0a were kept")
    }


def test_a_vpc_without_functions_leaves_no_network_behind() -> None:
    _, snapshot = _capture({}, vpc_id="vpc-0c")

    assert set(snapshot.own.answers) == {"lambda:ListFunctions"}


def test_a_denied_list_is_a_failure() -> None:
    _, snapshot = _capture({"lambda:ListFunctions": refused("AccessDeniedException")})

    assert dict(snapshot.own.answers) == {}
    assert dict(snapshot.own.failures) == {
        "lambda:ListFunctions": Failure("AccessDeniedException", "refused")
    }


def test_functions_whose_state_is_denied_are_still_read_around() -> None:
    """The list already names their subnets."""
    _, snapshot = _capture({"lambda:GetFunctionConfiguration": refused("AccessDeniedException")}, states=True)

    assert "ec2:DescribeSubnets" in snapshot.own.answers
    assert snapshot.own.failures["lambda:GetFunctionConfiguration"] == {
        "f003": Failure("AccessDeniedException", "refused"),
        "f090": Failure("AccessDeniedException", "refused"),
    }
