"""Snapshots of the example estate, read over the network from the AWS stand-in, in every kind of scope."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest

from dev.estate import ACCOUNT, REGION, build_estate
from dev.processes import ministack
from vpcguard.aws.accounts import AwsAccounts, AwsReader
from vpcguard.clock import system_clock
from vpcguard.model import Scope, Snapshot
from vpcguard.snapshot import CaptureOptions, Hints, capture, parse_snapshot

# Lists whose items say which VPC they belong to, by the field that is their id.
BY_VPC = {
    "ec2:DescribeVpcs": ("Vpcs", "VpcId"),
    "ec2:DescribeSubnets": ("Subnets", "SubnetId"),
    "ec2:DescribeRouteTables": ("RouteTables", "RouteTableId"),
    "ec2:DescribeNatGateways": ("NatGateways", "NatGatewayId"),
    "ec2:DescribeVpcEndpoints": ("VpcEndpoints", "VpcEndpointId"),
    "ec2:DescribeSecurityGroups": ("SecurityGroups", "GroupId"),
    "ec2:DescribeNetworkAcls": ("NetworkAcls", "NetworkAclId"),
}


@pytest.fixture(scope="module")
def aws() -> Iterator[AwsReader]:
    """The estate of the example run, as a reader sees it."""
    with ministack(account_id=ACCOUNT, region=REGION) as url, pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", url)
        environment.delenv("AWS_PROFILE", raising=False)
        environment.setenv("AWS_CONFIG_FILE", os.devnull)
        environment.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        session: Any = botocore.session.Session()
        session.set_credentials("local", "local")
        reader = AwsAccounts(session=session).reader(ACCOUNT, REGION)
        assert reader is not None
        build_estate(reader.client, lambda _: None)
        yield reader


@pytest.fixture(scope="module")
def account(aws: AwsReader) -> Snapshot:
    return _capture(aws, "account")


def _capture(aws: AwsReader, kind: Any, *names: str, vpc_id: str | None = None, **options: Any) -> Snapshot:
    scope = Scope(kind=kind, account_id=ACCOUNT, region=REGION, function_names=names, vpc_id=vpc_id)
    return capture(scope, aws, clock=system_clock, options=CaptureOptions(**options))


def _listed(snapshot: Snapshot) -> dict[str, Any]:
    return {each["FunctionName"]: each for each in snapshot.own.answers["lambda:ListFunctions"]["Functions"]}


def _of_vpc(snapshot: Snapshot, vpc_id: str) -> dict[str, list[Any]]:
    return {
        key: sorted(
            (each for each in snapshot.own.answers[key][name] if each.get("VpcId") == vpc_id),
            key=lambda each: str(each[field]),
        )
        for key, (name, field) in BY_VPC.items()
    }


def test_everything_that_the_estate_holds_is_read(account: Snapshot) -> None:
    listed = _listed(account)

    assert len(listed) >= 35
    assert dict(account.own.failures) == {}
    assert {"AvailabilityZoneId", "AvailableIpAddressCount"} <= set(
        account.own.answers["ec2:DescribeSubnets"]["Subnets"][0]
    )
    roles = {
        role["RoleName"]
        for role in account.own.answers["iam:GetAccountAuthorizationDetails"]["RoleDetailList"]
    }
    assert roles == {f"{name}-role" for name in listed}


def test_a_captured_snapshot_is_one_that_can_be_replayed(account: Snapshot) -> None:
    assert parse_snapshot(account.as_document()) == account


def test_one_network_looks_the_same_from_every_scope(aws: AwsReader, account: Snapshot) -> None:
    """A verdict must not depend on what it was reached from."""
    orders = _listed(account)["orders-api"]
    vpc_id = orders["VpcConfig"]["VpcId"]

    one = _capture(aws, "function", "orders-api")
    whole_vpc = _capture(aws, "vpc", vpc_id=vpc_id)

    assert _of_vpc(one, vpc_id) == _of_vpc(account, vpc_id) == _of_vpc(whole_vpc, vpc_id)
    assert [vpc["VpcId"] for vpc in one.own.answers["ec2:DescribeVpcs"]["Vpcs"]] == [vpc_id]
    assert (
        one.own.answers["lambda:GetFunctionConfiguration"]["orders-api"]["VpcConfig"] == orders["VpcConfig"]
    )


def test_hints_change_nothing_but_the_order_of_the_calls(aws: AwsReader, account: Snapshot) -> None:
    orders, bills = (_listed(account)[name] for name in ("orders-api", "payments-api"))
    right, wrong = (
        Hints(frozenset({each["VpcConfig"]["VpcId"]}), frozenset({each["Role"].rpartition("/")[2]}))
        for each in (orders, bills)
    )

    plain = _capture(aws, "function", "orders-api").own

    assert _capture(aws, "function", "orders-api", hints=right).own == plain
    assert _capture(aws, "function", "orders-api", hints=wrong).own == plain


def test_functions_of_several_networks_and_of_none_are_read_together(aws: AwsReader) -> None:
    snapshot = _capture(aws, "function", "orders-api", "payments-api", "web-forms", "no-such-function")

    answers = snapshot.own.answers
    assert sorted(answers["lambda:GetFunctionConfiguration"]) == ["orders-api", "payments-api", "web-forms"]
    assert len(answers["ec2:DescribeVpcs"]["Vpcs"]) == 2
    assert answers["lambda:ListTags"]["orders-api"]["Tags"]["vpcguard:egress"] == "internet"
    assert dict(snapshot.own.failures) == {}


def test_a_subnet_that_was_deleted_is_in_no_answer(aws: AwsReader) -> None:
    snapshot = _capture(aws, "function", "search-index")

    named = set(
        snapshot.own.answers["lambda:GetFunctionConfiguration"]["search-index"]["VpcConfig"]["SubnetIds"]
    )
    found = {each["SubnetId"] for each in snapshot.own.answers["ec2:DescribeSubnets"]["Subnets"]}
    assert len(named - found) == 1
