"""Environment values, code locations and signed URLs never enter a snapshot, whoever hands them to us."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tests.support.recorded_aws import ACCOUNT, REGION, RecordedAws, a_function, always, functions
from vpcguard.model import Scope
from vpcguard.snapshot import capture, parse_snapshot

SECRET = "hunter2"
LEAKY: dict[str, Any] = {
    "Environment": {"Variables": {"PASSWORD": SECRET}, "Error": {"ErrorCode": "E", "Message": SECRET}},
    "Description": SECRET,
    "Handler": SECRET,
    "CodeSha256": SECRET,
    "Layers": [{"Arn": SECRET}],
    "ImageConfigResponse": {"ImageConfig": {"Command": [SECRET]}},
    "RevisionId": SECRET,
    "LoggingConfig": {"LogGroup": SECRET},
}


def test_what_a_function_hides_stays_with_aws() -> None:
    aws = RecordedAws(
        {
            **functions(a_function("orders", **LEAKY)),
            "iam:GetRole": always(
                {
                    "Role": {
                        "RoleName": "orders",
                        "Description": SECRET,
                        "AssumeRolePolicyDocument": f"%7B%22{SECRET}%22%3A1%7D",
                        "Tags": [{"Key": "k", "Value": SECRET}],
                    }
                }
            ),
            "ec2:DescribeVpcs": always(
                {"Vpcs": [{"VpcId": "vpc-0a", "Tags": [{"Key": "k", "Value": SECRET}]}]}
            ),
        }
    )
    for scope in (
        Scope(kind="function", account_id=ACCOUNT, region=REGION, function_names=("orders",)),
        Scope(kind="vpc", account_id=ACCOUNT, region=REGION, vpc_id="vpc-0a"),
        Scope(kind="account", account_id=ACCOUNT, region=REGION),
    ):
        snapshot = capture(scope, aws, clock=lambda: datetime(2026, 11, 20, tzinfo=UTC))

        assert SECRET not in json.dumps(snapshot.as_document())


def test_what_a_file_holds_beyond_the_format_is_dropped() -> None:
    document = {
        "schema_version": 1,
        "account_id": ACCOUNT,
        "region": REGION,
        "captured_at": "2026-11-20T12:00:00Z",
        "answers": {
            "lambda:ListFunctions": {"Functions": [a_function("orders", **LEAKY)], "Extra": SECRET},
            "lambda:GetFunctionConfiguration": {"orders": a_function("orders", **LEAKY)},
            "lambda:GetFunction": {"orders": {"Code": {"Location": SECRET}}},
        },
        "failures": {"lambda:GetFunction": {"code": "x", "message": SECRET}},
        "anything": SECRET,
    }

    assert SECRET not in json.dumps(parse_snapshot(document).as_document())
