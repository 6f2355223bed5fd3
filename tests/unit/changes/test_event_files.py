"""Every file in events/ ends as the tables here say."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest

from vpcguard.changes import EVENTS, parse_change, unversioned
from vpcguard.errors import EventError
from vpcguard.model import Change, Ignored

EVENT_FILES = Path(__file__).parents[3] / "events"

CI = "arn:aws:iam::111122223333:role/delivery/ci-deploy"
CAROL = "arn:aws:iam::111122223333:user/carol"
ALICE = (
    "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/"
    "AWSReservedSSO_Developer_0123456789abcdef"
)
STACK = "arn:aws:iam::111122223333:role/payments-stack-deploy"
ORDERS_VPC, PAYMENTS_VPC, SHIPPING_VPC = (f"vpc-0a1b2c3d4e5f6000{n}" for n in (1, 2, 3))

Outcome = Literal["not_ours", "failed_call"]

# file -> (function, actor, means, VPC hint)
CHANGES: dict[str, tuple[str, str | None, Any, str | None]] = {
    "CreateAlias20150331.sdk": ("orders-api", CAROL, "sdk", None),
    "CreateFunction.unsuffixed": ("orders-api", CI, "sdk", ORDERS_VPC),
    "CreateFunction20150331.cloudformation": ("payments-worker", STACK, "cloudformation", PAYMENTS_VPC),
    "CreateFunction20150331.console": ("orders-report", ALICE, "console", ORDERS_VPC),
    "CreateFunction20150331.forwarded_from_member": (
        "shipping-api",
        "arn:aws:iam::444455556666:role/ci-deploy",
        "terraform",
        SHIPPING_VPC,
    ),
    "CreateFunction20150331.gov_partition": (
        "permits-api",
        "arn:aws-us-gov:iam::111122223333:role/ci-deploy",
        "sdk",
        ORDERS_VPC,
    ),
    "CreateFunction20150331.parameters_omitted": ("catalog-import", CI, "terraform", PAYMENTS_VPC),
    "CreateFunction20150331.sdk": ("orders-export", CAROL, "sdk", ORDERS_VPC),
    "CreateFunction20150331.terraform": ("orders-api", CI, "terraform", ORDERS_VPC),
    "CreateFunction20150331.without_vpc": ("orders-webhook", CAROL, "sdk", None),
    "CreateFunction20290401v3.later_version": ("orders-api", CI, "sdk", ORDERS_VPC),
    "DeleteAlias20150331.console": ("orders-api", ALICE, "console", None),
    "DeleteAlias20150331.sdk": ("orders-api", CAROL, "sdk", None),
    "DeleteFunction20150331.forwarded_from_member": (
        "shipping-tracker",
        "arn:aws:iam::444455556666:role/ci-deploy",
        "sdk",
        None,
    ),
    "DeleteFunction20150331.sdk": ("orders-legacy", ALICE, "sdk", None),
    "LookAgain.second_attempt": ("orders-api", CI, "terraform", ORDERS_VPC),
    "PublishVersion20150331.terraform": ("orders-api", CI, "terraform", ORDERS_VPC),
    "TagResource20170331v2.sdk": ("payments-worker", CAROL, "sdk", None),
    "UntagResource20170331v2.terraform": ("payments-worker", CI, "terraform", None),
    "UpdateAlias20150331.codedeploy": (
        "orders-api",
        "arn:aws:iam::111122223333:role/codedeploy-lambda",
        "aws_service",
        None,
    ),
    "UpdateAlias20150331.parameters_omitted": ("orders-api", CI, "sdk", None),
    "UpdateFunctionCode20150331v2.missing_identity_type": (
        "orders-api",
        "arn:aws:sts::111122223333:assumed-role/ci-deploy/batch-17",
        "sdk",
        ORDERS_VPC,
    ),
    "UpdateFunctionCode20150331v2.partial_arn": ("orders-api", CI, "sdk", ORDERS_VPC),
    "UpdateFunctionCode20150331v2.pulumi": ("payments-worker", CI, "pulumi", PAYMENTS_VPC),
    "UpdateFunctionConfiguration20150331.older_version": ("orders-api", CI, "sdk", ORDERS_VPC),
    "UpdateFunctionConfiguration20150331v2.aws_service": (
        "orders-export",
        "securityhub.amazonaws.com",
        "aws_service",
        ORDERS_VPC,
    ),
    "UpdateFunctionConfiguration20150331v2.cloudformation": (
        "payments-worker",
        STACK,
        "cloudformation",
        PAYMENTS_VPC,
    ),
    "UpdateFunctionConfiguration20150331v2.console": ("orders-report", ALICE, "console", ORDERS_VPC),
    "UpdateFunctionConfiguration20150331v2.detached": ("orders-report", ALICE, "console", None),
    "UpdateFunctionConfiguration20150331v2.qualified_arn": ("orders-api", CI, "sdk", ORDERS_VPC),
    "UpdateFunctionConfiguration20150331v2.terraform": ("orders-api", CI, "terraform", ORDERS_VPC),
}

IGNORED: dict[str, Outcome] = {
    "AddPermission20150331v2.not_ours": "not_ours",
    "CreateFunction20150331.failed": "failed_call",
    "CreateFunctionUrlConfig.not_ours": "not_ours",
    "DeleteAlias20150331.failed": "failed_call",
    "TagResource20170331v2.event_source_mapping": "not_ours",
    "UpdateFunctionConfiguration20150331v2.failed": "failed_call",
}

_NAME = "detail.requestParameters.functionName: expected a function's name or ARN"
MALFORMED = {
    "CreateFunction20150331.malformed_account": "detail.recipientAccountId: expected an account id",
    "CreateFunction20150331.malformed_missing_id": "detail.eventID: expected an id or a name",
    "CreateFunction20150331.malformed_no_detail": "detail.eventSource: expected an id or a name",
    "CreateFunction20150331.malformed_region": "detail.awsRegion: expected a region",
    "CreateFunction20150331.malformed_time": "detail.eventTime: expected a time",
    "CreateFunction20150331.malformed_time_without_offset": (
        "detail.eventTime: expected a time with its offset"
    ),
    "DeleteFunction20150331.malformed_hostile_name": _NAME,
    "DeleteFunction20150331.malformed_other_resource": _NAME,
    "DeleteFunction20150331.malformed_wrong_type": _NAME,
    "DeleteFunction20150331.parameters_omitted": _NAME,
    "LookAgain.malformed_attempt": "detail.attempt: expected a number",
}


def read_event(name: str) -> Any:
    return json.loads((EVENT_FILES / f"{name}.json").read_text())


def test_every_event_file_stands_in_exactly_one_table() -> None:
    """A file that no test reads proves nothing."""
    tables = [*CHANGES, *IGNORED, *MALFORMED]

    assert sorted(tables) == sorted(file.stem for file in EVENT_FILES.glob("*.json"))


def test_every_row_of_the_event_table_has_a_file_that_becomes_a_change() -> None:
    """An event without a realistic example is a guess about what CloudTrail writes."""
    shown = {unversioned(name.partition(".")[0]) for name in CHANGES} - {"LookAgain"}

    assert shown == {name for _, name in EVENTS}


@pytest.mark.parametrize("name", CHANGES)
def test_an_event_of_ours_becomes_the_change_it_reports(name: str) -> None:
    event = read_event(name)
    detail, (function, actor, means, vpc_id) = event["detail"], CHANGES[name]
    answer = detail.get("responseElements") or {}

    change = parse_change(event)

    assert change == Change(
        event_id=detail["eventID"],
        event_name=detail["eventName"],
        event_time=datetime.fromisoformat(detail["eventTime"]),
        account_id="444455556666" if "member" in name else "111122223333",
        region="us-gov-west-1" if "gov" in name else "eu-west-1",
        function_name=function,
        actor=actor,
        managed_by=means,
        vpc_id=vpc_id,
        role_name=f"{function}-execution" if "role" in answer or "LookAgain" in name else None,
        attempt=2 if "LookAgain" in name else 0,
    )


@pytest.mark.parametrize("name", IGNORED)
def test_an_event_that_needs_no_look_says_why(name: str) -> None:
    detail = read_event(name)["detail"]

    ignored = parse_change(read_event(name))

    assert ignored == Ignored(IGNORED[name], detail["eventID"], detail["eventName"])


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_event_names_the_place(name: str) -> None:
    """The reason travels to the dead-letter queue, so it says where, and never repeats what stood there."""
    with pytest.raises(EventError) as raised:
        parse_change(read_event(name))

    assert str(raised.value) == MALFORMED[name]


def test_nothing_that_runs_or_is_secret_is_in_a_change() -> None:
    """Environment values and code locations never enter: a change has no place to put them."""
    event = read_event("CreateFunction20150331.terraform")
    event["detail"]["requestParameters"]["environment"] = {"variables": {"TOKEN": "s3cret"}}
    event["detail"]["requestParameters"]["code"] = {"s3Bucket": "s3cret"}

    assert "s3cret" not in repr(parse_change(event))


def test_a_time_with_another_offset_is_read_as_utc() -> None:
    event = read_event("CreateFunction20150331.terraform")
    expected = parse_change(event)
    event["detail"]["eventTime"] = "2026-11-20T13:30:00+01:30"

    assert isinstance(expected, Change)
    assert parse_change(event) == replace(expected, event_time=datetime(2026, 11, 20, 12, tzinfo=UTC))


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "2026-13-01T00:00:00Z", "", 0, None, []])
def test_a_time_that_is_none_is_malformed(moment: object) -> None:
    event = read_event("CreateFunction20150331.terraform")
    event["detail"]["eventTime"] = moment

    with pytest.raises(EventError, match=r"detail\.eventTime"):
        parse_change(event)


@pytest.mark.parametrize("attempt", [True, -1, 1.5, None, "1"])
def test_an_attempt_is_a_whole_number(attempt: object) -> None:
    """It decides how often we look again: anything else could go on for ever."""
    event = read_event("LookAgain.second_attempt")
    event["detail"]["attempt"] = attempt

    with pytest.raises(EventError, match=r"detail\.attempt"):
        parse_change(event)


@pytest.mark.parametrize("resource", [None, "", "payments worker", "arn:aws:s3:::bucket", 7])
def test_a_tagged_resource_that_is_no_lambda_resource_is_malformed(resource: object) -> None:
    """Only what is known to be another kind of resource is ignored in silence."""
    event = read_event("TagResource20170331v2.sdk")
    event["detail"]["requestParameters"]["resource"] = resource

    with pytest.raises(EventError, match="expected a function's name or ARN"):
        parse_change(event)
