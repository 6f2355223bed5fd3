"""Shared VPCs: the owner is asked, only about VPCs in use, and only if a role lets us."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.support.recorded_aws import (
    ACCOUNT,
    OWNER,
    REGION,
    Answer,
    RecordedAws,
    a_function,
    a_network,
    always,
    functions,
    networks,
    refused,
)
from vpcguard.errors import ReadError, ThrottledError
from vpcguard.model import Failure, Scope, Snapshot
from vpcguard.snapshot import SCOPE_ACTIONS, CaptureOptions, capture

SHARED = a_network("vpc-0a", owner=OWNER)
NAT = {"NatGatewayId": "nat-0a", "VpcId": "vpc-0a", "State": "available"}


def _owner(**more: Answer) -> RecordedAws:
    answers: dict[str, Answer] = {
        **networks(SHARED),
        "ec2:DescribeNatGateways": always({"NatGateways": [NAT]}),
    }
    return RecordedAws(answers | more)


def _capture(
    owner: RecordedAws | Exception | None,
    kind: str = "function",
    *,
    raises: type[ReadError] | None = ThrottledError,
) -> Snapshot:
    aws = RecordedAws(
        {
            **functions(a_function("orders"), a_function("hook", vpc_id=None)),
            **networks(SHARED, a_network("vpc-0b")),
        },
        owners={} if owner is None else {OWNER: owner},
    )
    scope = Scope(
        kind="account" if kind == "account" else "function",
        account_id=ACCOUNT,
        region=REGION,
        function_names=("orders",),
    )
    options = CaptureOptions(raises=raises)
    return capture(scope, aws, clock=lambda: datetime(2026, 11, 20, tzinfo=UTC), options=options)


@pytest.mark.parametrize("kind", ["function", "account"])
def test_the_owner_of_a_vpc_in_use_is_asked_about_that_vpc(kind: str) -> None:
    owner = _owner()

    snapshot = _capture(owner, kind)

    assert list(snapshot.owners) == [OWNER]
    assert snapshot.owners[OWNER].answers["ec2:DescribeNatGateways"] == {"NatGateways": [NAT]}
    assert owner.asked("ec2:DescribeNatGateways")[0]["Filter"] == [{"Name": "vpc-id", "Values": ["vpc-0a"]}]
    assert set(owner.counts()) <= SCOPE_ACTIONS["owner"]
    # Lambda's interfaces are the participant's, not the owner's
    assert owner.counts()["ec2:DescribeNetworkInterfaces"] == 0


def test_vpcs_that_no_function_uses_are_nobodys_business() -> None:
    """Everything shared with the account would be read otherwise, at every sweep."""
    unused = a_network("vpc-0c", owner=OWNER)
    owner = _owner()
    aws = RecordedAws(
        {**functions(a_function("orders", vpc_id="vpc-0b")), **networks(a_network("vpc-0b"), unused)},
        owners={OWNER: owner, ACCOUNT: owner},
    )
    scope = Scope(kind="account", account_id=ACCOUNT, region=REGION)

    snapshot = capture(scope, aws, clock=lambda: datetime(2026, 11, 20, tzinfo=UTC))

    assert dict(snapshot.owners) == {}
    assert owner.calls == []


def test_an_owner_without_a_role_stays_unknown() -> None:
    assert dict(_capture(None).owners) == {}


def test_an_owner_whose_role_refuses_us_stays_unknown() -> None:
    """A role that does not exist and one that does not trust us answer alike."""
    error = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "AssumeRole")

    assert dict(_capture(error).owners) == {}


def test_throttling_on_the_way_to_the_owner_is_raised() -> None:
    error = ClientError({"Error": {"Code": "Throttling", "Message": "slow down"}}, "AssumeRole")

    with pytest.raises(ThrottledError, match="sts:AssumeRole"):
        _capture(error)


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://sts.eu-west-1.amazonaws.com/"),
        ClientError({"Error": {"Code": "InvalidClientTokenId", "Message": "bad"}}, "AssumeRole"),
    ],
    ids=repr,
)
def test_an_owner_who_cannot_be_reached_costs_nobody_else(error: Exception) -> None:
    """Nothing is known of the owner's side, each of whose lists is a failed read; our own side stands."""
    snapshot = _capture(error)

    failures = snapshot.owners[OWNER].failures
    assert {one.code for one in failures.values() if isinstance(one, Failure)} == {
        getattr(error, "response", {}).get("Error", {}).get("Code", type(error).__name__)
    }
    assert {"ec2:DescribeNatGateways", "ec2:DescribeVpcEndpoints"} <= failures.keys()
    assert dict(snapshot.own.failures) == {}
    with pytest.raises(ReadError, match=r"^sts:AssumeRole could not be read: "):
        _capture(error, raises=ReadError)


def test_what_the_owner_denies_is_a_failure_of_the_owners() -> None:
    snapshot = _capture(_owner(**{"ec2:DescribeVpcEndpoints": refused("UnauthorizedOperation")}))

    assert dict(snapshot.owners[OWNER].failures) == {
        "ec2:DescribeVpcEndpoints": Failure("UnauthorizedOperation", "refused")
    }
    assert dict(snapshot.own.failures) == {}


def test_nat_instances_and_dns_attributes_are_the_owners_to_tell() -> None:
    table = {
        "RouteTableId": "rtb-0a",
        "VpcId": "vpc-0a",
        "Routes": [
            {"DestinationCidrBlock": "0.0.0.0/0", "NetworkInterfaceId": "eni-0a", "InstanceId": "i-0a"}
        ],
    }
    endpoint = {"VpcEndpointId": "vpce-0a", "VpcEndpointType": "Interface", "VpcId": "vpc-0a"}
    owner = _owner(
        **{
            "ec2:DescribeRouteTables": always({"RouteTables": [table]}),
            "ec2:DescribeVpcEndpoints": always({"VpcEndpoints": [endpoint]}),
            "ec2:DescribeVpcAttribute": always({"EnableDnsSupport": {"Value": True}}),
            "ec2:DescribeNetworkInterfaces": always(
                {"NetworkInterfaces": [{"NetworkInterfaceId": "eni-0a"}]}
            ),
        }
    )

    answers = _capture(owner).owners[OWNER].answers

    assert answers["ec2:DescribeVpcAttribute"] == {"vpc-0a": {"EnableDnsSupport": {"Value": True}}}
    assert answers["ec2:DescribeNetworkInterfaces"] == {
        "NetworkInterfaces": [{"NetworkInterfaceId": "eni-0a"}]
    }
    assert owner.asked("ec2:DescribeInstances")[0]["Filters"] == [{"Name": "instance-id", "Values": ["i-0a"]}]


def test_an_owners_role_that_hangs_is_not_waited_for_beyond_the_time_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Becoming the owner is a call to AWS as any other."""
    released, ended = threading.Event(), threading.Event()

    def hang(*_: object) -> None:
        released.wait(10)
        ended.set()

    monkeypatch.setattr(RecordedAws, "owner", hang)
    aws = RecordedAws({**functions(a_function("orders")), **networks(SHARED)})
    scope = Scope(kind="function", account_id=ACCOUNT, region=REGION, function_names=("orders",))
    options = CaptureOptions(until=time.monotonic() + 0.5)

    with pytest.raises(ReadError, match="in the time there was"):
        capture(scope, aws, clock=lambda: datetime(2026, 11, 20, tzinfo=UTC), options=options)

    assert not ended.is_set()
    released.set()
