"""Two answers of one account that contradict each other: pages that were read while AWS changed something."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.facts.snapshots import ACCOUNT, ARN, VPC, attached, coverage, facts, functions, subnet, vpc
from vpcguard.model import Answers

Json = dict[str, Any]
SUBNETS = {"Subnets": [subnet("subnet-1"), subnet("subnet-2")]}


def _torn(name: str) -> Json:
    return {"status": "contradictory", "waits_for": [name], "reason": "two answers about it differ"}


def _table(table_id: str, *subnet_ids: str, main: bool = False) -> Json:
    associations = [{"SubnetId": one} for one in subnet_ids] + [{"Main": True}] * main
    return {"RouteTableId": table_id, "VpcId": VPC, "Associations": associations, "Routes": []}


def test_the_same_answer_twice_is_one() -> None:
    found = facts({"ec2:DescribeRouteTables": {"RouteTables": [_table("rtb-1", "subnet-1")] * 2}})

    assert [table["subnet_ids"] for table in found["route_tables"]] == [["subnet-1"]]


def test_a_table_told_twice_leaves_its_subnets_in_doubt_and_no_others() -> None:
    """subnet-1 went from one table to the other between two pages."""
    tables = [_table("rtb-1", "subnet-1"), _table("rtb-1"), _table("rtb-2", "subnet-1", "subnet-2")]

    found = facts({"ec2:DescribeSubnets": SUBNETS, "ec2:DescribeRouteTables": {"RouteTables": tables}})

    assert [(table["id"], table["subnet_ids"]) for table in found["route_tables"]] == [
        ("rtb-2", ["subnet-2"])
    ]
    assert coverage(found, "route_tables", "subnet-1") == _torn("rtb-1")
    assert coverage(found, "route_tables", VPC)["status"] == "known"


def test_a_table_that_is_main_in_one_answer_leaves_the_main_table_in_doubt() -> None:
    tables = [_table("rtb-1"), _table("rtb-1", main=True)]

    found = facts({"ec2:DescribeSubnets": SUBNETS, "ec2:DescribeRouteTables": {"RouteTables": tables}})

    assert coverage(found, "route_tables", VPC) == _torn("rtb-1")


ACL = {"NetworkAclId": "acl-1", "VpcId": VPC, "Associations": [], "Entries": []}
GROUP = {"GroupId": "sg-1", "VpcId": VPC, "IpPermissions": [], "IpPermissionsEgress": []}
ENDPOINT = {
    "VpcEndpointId": "vpce-1",
    "VpcId": VPC,
    "VpcEndpointType": "Interface",
    "ServiceName": "com.amazonaws.eu-west-1.sqs",
    "State": "available",
    "PrivateDnsEnabled": True,
    "SubnetIds": [],
    "Groups": [],
}
NAT = {"NatGatewayId": "nat-1", "VpcId": VPC, "SubnetId": "subnet-1", "State": "available"}
LAMBDA_INTERFACE = {"NetworkInterfaceId": "eni-1", "VpcId": VPC, "InterfaceType": "lambda"} | {
    "SubnetId": "subnet-1",
    "Groups": [],
}


@pytest.mark.parametrize(
    ("kind", "answer", "first", "second", "subject"),
    [
        ("network_acls", "NetworkAcls", ACL, {**ACL, "Associations": [{"SubnetId": "subnet-1"}]}, "subnet-1"),
        ("nat_gateways", "NatGateways", NAT, {**NAT, "State": "deleting"}, "nat-1"),
        (
            "internet_gateways",
            "InternetGateways",
            {"InternetGatewayId": "igw-1", "Attachments": []},
            {"InternetGatewayId": "igw-1", "Attachments": [{"VpcId": VPC, "State": "available"}]},
            VPC,
        ),
        ("vpc_endpoints", "VpcEndpoints", ENDPOINT, {**ENDPOINT, "State": "deleting"}, VPC),
        (
            "security_groups",
            "SecurityGroups",
            GROUP,
            {**GROUP, "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]},
            "sg-1",
        ),
        (
            "lambda_interfaces",
            "NetworkInterfaces",
            LAMBDA_INTERFACE,
            {**LAMBDA_INTERFACE, "SubnetId": "subnet-2"},
            VPC,
        ),
        ("subnets", "Subnets", subnet("subnet-1"), subnet("subnet-1", Ipv6Native=True), "subnet-1"),
        ("vpcs", "Vpcs", vpc(InstanceTenancy="default"), vpc(InstanceTenancy="dedicated"), VPC),
    ],
)
def test_what_is_told_twice_and_differently_is_no_fact(
    kind: str, answer: str, first: Json, second: Json, subject: str
) -> None:
    in_use = functions(attached("subnet-1"))

    found = facts(
        {**in_use, "ec2:DescribeSubnets": SUBNETS, f"ec2:Describe{answer}": {answer: [first, second]}}
    )

    torn = coverage(found, kind, subject)
    assert torn == _torn(torn["waits_for"][0])
    assert torn["waits_for"][0] not in [one["id"] for one in found.get(kind, ())]


def test_tags_told_twice_are_in_doubt() -> None:
    """So is the intent that they declare."""
    arn = ARN + "orders"
    told = [
        {"ResourceARN": arn, "Tags": [{"Key": "vpcguard:egress", "Value": value}]}
        for value in ("aws", "none")
    ]

    found = facts({**functions({}), "tag:GetResources": {"ResourceTagMappingList": told}})

    assert found["functions"][0]["tags"] == []
    assert coverage(found, "function_tags", "orders") == _torn(arn)


def test_a_role_told_twice_is_in_doubt() -> None:
    role = {"RoleName": "work", "Arn": "arn:aws:iam::111122223333:role/work", "AttachedManagedPolicies": []}
    policy = {"PolicyName": "p", "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "s3:*"}]}}
    roles = [{**role, "RolePolicyList": []}, {**role, "RolePolicyList": [policy]}]

    found = facts(
        {
            **functions({"Role": role["Arn"], **attached("subnet-1")}),
            "iam:GetAccountAuthorizationDetails": {"RoleDetailList": roles, "Policies": []},
        }
    )

    assert (found["roles"], coverage(found, "roles", "work")) == ([], _torn("work"))


def test_free_addresses_change_between_two_reads() -> None:
    """The subnet is what it was; only how many are free is in doubt."""
    twice = [subnet("subnet-1", AvailableIpAddressCount=count) for count in (9, 8)]

    found = facts({"ec2:DescribeSubnets": {"Subnets": twice}})

    assert found["subnets"] == [
        {
            "id": "subnet-1",
            "vpc_id": VPC,
            "owner_id": ACCOUNT,
            "zone_id": "euw1-az1",
            "state": "available",
            "ipv4_cidr": "10.0.0.0/24",
            "ipv6_cidrs": [],
            "is_ipv6_only": False,
            "is_visible": True,
        }
    ]


def test_the_answer_of_the_vpcs_owner_counts() -> None:
    owner = "444455556666"
    shared = subnet("subnet-1", owner=owner)
    told = {"NetworkAclId": "acl-1", "VpcId": VPC, "OwnerId": owner, "Associations": [], "Entries": []}
    more = {**told, "IsDefault": True}
    owners = Answers({"ec2:DescribeNetworkAcls": {"NetworkAcls": [more]}})

    found = facts(
        {
            "ec2:DescribeSubnets": {"Subnets": [shared]},
            "ec2:DescribeNetworkAcls": {"NetworkAcls": [told, more]},
        },
        owners={owner: owners},
    )

    assert [one["is_default"] for one in found["network_acls"]] == [True]
