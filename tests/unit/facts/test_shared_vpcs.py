"""Coverage of networks: our own VPCs, those that another account shares with us, and those of nobody."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.facts.snapshots import (
    ACCOUNT,
    DENIED,
    KNOWN,
    OWNER,
    VPC,
    attached,
    coverage,
    facts,
    functions,
    subnet,
    unknown,
    vpc,
)
from vpcguard.model import Answers

LISTS = {
    "subnets": ("ec2:DescribeSubnets", "Subnets"),
    "route_tables": ("ec2:DescribeRouteTables", "RouteTables"),
    "nat_gateways": ("ec2:DescribeNatGateways", "NatGateways"),
    "internet_gateways": ("ec2:DescribeInternetGateways", "InternetGateways"),
    "egress_only_internet_gateways": (
        "ec2:DescribeEgressOnlyInternetGateways",
        "EgressOnlyInternetGateways",
    ),
    "transit_gateway_attachments": (
        "ec2:DescribeTransitGatewayVpcAttachments",
        "TransitGatewayVpcAttachments",
    ),
    "vpc_endpoints": ("ec2:DescribeVpcEndpoints", "VpcEndpoints"),
    "security_groups": ("ec2:DescribeSecurityGroups", "SecurityGroups"),
    "network_acls": ("ec2:DescribeNetworkAcls", "NetworkAcls"),
    "network_interfaces": ("ec2:DescribeNetworkInterfaces", "NetworkInterfaces"),
    "instances": ("ec2:DescribeInstances", "Reservations"),
}
OURS_SETTLES = {"network_acls"}
OPAQUE = {
    "status": "unknown",
    "waits_for": [OWNER],
    "reason": f"account {OWNER}, which owns the VPC, was not read",
    "is_failed_read": False,
}


def _empty(*without: str) -> dict[str, Any]:
    lists: dict[str, Any] = {operation: {key: []} for operation, key in LISTS.values()}
    return {operation: answer for operation, answer in lists.items() if operation not in without}


def _network(owner: str, *without: str) -> dict[str, Any]:
    network = {"ec2:DescribeVpcs": {"Vpcs": [vpc(owner=owner)]}}
    listed = {"ec2:DescribeSubnets": {"Subnets": [subnet("subnet-a", owner=owner)]}}
    return functions(attached("subnet-a")) | _empty(*without) | network | listed


@pytest.mark.parametrize("kind", LISTS)
def test_our_own_vpc_is_known_where_our_own_answer_is_complete(kind: str) -> None:
    operation, _ = LISTS[kind]
    without = {one: answer for one, answer in _network(ACCOUNT).items() if one != operation}

    complete = facts(_network(ACCOUNT))
    partial = facts(_network(ACCOUNT), {operation: DENIED})
    refused = facts(without, {operation: DENIED})

    assert coverage(complete, kind, VPC) == KNOWN
    assert coverage(partial, kind, VPC) == unknown(operation, "answered in part: UnauthorizedOperation")
    assert coverage(refused, kind, VPC) == unknown(operation, "refused: UnauthorizedOperation")
    assert coverage(facts(without), kind, VPC) == unknown(operation)


@pytest.mark.parametrize("kind", LISTS)
def test_a_shared_vpc_whose_owner_nobody_reads_is_opaque(kind: str) -> None:
    """An empty answer of ours is no evidence: participants do not see the owner's resources."""
    found = facts(_network(OWNER))

    assert coverage(found, kind, VPC) == (KNOWN if kind in OURS_SETTLES else OPAQUE)


@pytest.mark.parametrize("kind", LISTS)
def test_a_shared_vpc_is_known_where_its_owner_answered(kind: str) -> None:
    found = facts(_network(OWNER), owners={OWNER: Answers(_empty())})

    assert coverage(found, kind, VPC) == KNOWN


@pytest.mark.parametrize("kind", sorted(set(LISTS) - OURS_SETTLES))
def test_an_owner_who_refused_is_a_failed_read(kind: str) -> None:
    """Not opaque: somebody can grant the permission, and the exit status says so."""
    operation, _ = LISTS[kind]

    refused = facts(_network(OWNER), owners={OWNER: Answers(_empty(operation), {operation: DENIED})})
    unread = facts(_network(OWNER), owners={OWNER: Answers(_empty(operation))})

    assert coverage(refused, kind, VPC) == unknown(
        operation, f"in account {OWNER} refused: UnauthorizedOperation"
    )
    assert coverage(unread, kind, VPC) == unknown(operation, f"in account {OWNER} was not read")


@pytest.mark.parametrize("kind", ["security_groups", "network_interfaces", "instances"])
def test_what_each_account_sees_its_own_part_of_needs_both_answers(kind: str) -> None:
    operation, _ = LISTS[kind]
    own = {one: answer for one, answer in _network(OWNER).items() if one != operation}

    found = facts(own, {operation: DENIED}, owners={OWNER: Answers(_empty())})

    assert coverage(found, kind, VPC) == unknown(operation, "refused: UnauthorizedOperation")


def test_lambda_interfaces_are_our_own_whoever_owns_the_vpc() -> None:
    found = facts(_network(OWNER))

    assert coverage(found, "lambda_interfaces", VPC) == KNOWN


def test_acls_of_the_subnets_shared_with_us_are_settled_by_the_owner_too() -> None:
    operation, _ = LISTS["network_acls"]
    own = {one: answer for one, answer in _network(OWNER).items() if one != operation}

    assert coverage(facts(own), "network_acls", VPC) == OPAQUE
    assert coverage(facts(own, owners={OWNER: Answers(_empty())}), "network_acls", VPC) == KNOWN


def test_dns_attributes_of_a_shared_vpc_are_the_owners() -> None:
    attributes = {VPC: {"EnableDnsSupport": {"Value": True}, "EnableDnsHostnames": {"Value": True}}}
    owner = Answers({"ec2:DescribeVpcAttribute": attributes})

    read = facts(_network(OWNER), owners={OWNER: owner})
    unread = facts(_network(OWNER))

    assert coverage(read, "vpc_attributes", VPC) == KNOWN
    assert (read["vpcs"][0]["dns_support"], read["vpcs"][0]["dns_hostnames"]) == (True, True)
    assert coverage(unread, "vpc_attributes", VPC) == OPAQUE


def test_networks_are_the_union_of_our_answer_and_the_owners() -> None:
    """The owner sees all of its own: where both saw one thing, the owner's view counts."""
    ours = {
        "RouteTableId": "rtb-1",
        "VpcId": VPC,
        "OwnerId": OWNER,
        "Associations": [{"SubnetId": "subnet-a"}],
        "Routes": [],
    }
    theirs = ours | {"Associations": [{"SubnetId": "subnet-a"}, {"SubnetId": "subnet-z"}]}
    own = _network(OWNER) | {"ec2:DescribeRouteTables": {"RouteTables": [ours]}}
    owner = Answers(
        {
            "ec2:DescribeRouteTables": {"RouteTables": [theirs]},
            "ec2:DescribeSubnets": {"Subnets": [subnet("subnet-z", owner=OWNER)]},
            "ec2:DescribeNatGateways": {
                "NatGateways": [{"NatGatewayId": "nat-1", "VpcId": VPC, "SubnetId": "subnet-n"}]
            },
        }
    )

    found = facts(own, owners={OWNER: owner})

    assert [one["id"] for one in found["subnets"]] == ["subnet-a", "subnet-z"]
    assert found["route_tables"][0]["subnet_ids"] == ["subnet-a", "subnet-z"]
    assert [one["id"] for one in found["nat_gateways"]] == ["nat-1"]


def test_zone_names_of_a_shared_subnet_are_ours() -> None:
    """The same name is another zone in the owner's account."""
    own = _network(OWNER)
    own["ec2:DescribeSubnets"] = {"Subnets": [subnet("subnet-a", owner=OWNER, AvailabilityZone="eu-west-1a")]}
    theirs = subnet("subnet-a", owner=OWNER, AvailabilityZone="eu-west-1c")

    found = facts(own, owners={OWNER: Answers({"ec2:DescribeSubnets": {"Subnets": [theirs]}})})

    assert found["subnets"][0]["zone_name"] == "eu-west-1a"


def test_zone_names_of_an_owners_nat_gateway_are_the_owners() -> None:
    theirs = subnet("subnet-z", owner=OWNER, AvailabilityZone="eu-west-1a", AvailabilityZoneId="euw1-az3")
    own = _network(OWNER)
    own["ec2:DescribeSubnets"]["Subnets"][0] |= {
        "AvailabilityZone": "eu-west-1a",
        "AvailabilityZoneId": "euw1-az1",
    }
    nat = {
        "NatGatewayId": "nat-1",
        "VpcId": VPC,
        "AvailabilityMode": "regional",
        "NatGatewayAddresses": [{"AvailabilityZone": "eu-west-1a"}],
    }
    owner = Answers(
        {"ec2:DescribeSubnets": {"Subnets": [theirs]}, "ec2:DescribeNatGateways": {"NatGateways": [nat]}}
    )

    found = facts(own, owners={OWNER: owner})

    assert found["nat_gateways"][0]["zone_ids"] == ["euw1-az3"]


def test_a_subnet_shared_with_us_follows_the_main_table_without_an_association() -> None:
    """We see the tables of our subnets, so our complete answer settles them alone."""
    main = {
        "RouteTableId": "rtb-1",
        "VpcId": VPC,
        "OwnerId": OWNER,
        "Associations": [{"Main": True}],
        "Routes": [],
    }
    own = _network(OWNER) | {"ec2:DescribeRouteTables": {"RouteTables": [main]}}
    owner = Answers({"ec2:DescribeSubnets": {"Subnets": [subnet("subnet-z", owner=OWNER)]}})

    settled = facts(own, owners={OWNER: owner})
    partial = facts(own, {"ec2:DescribeRouteTables": DENIED})

    assert settled["route_tables"][0]["subnet_ids"] == ["subnet-a"]
    assert coverage(settled, "route_tables", VPC)["status"] == "unknown"
    assert partial["route_tables"][0]["subnet_ids"] == []


def test_in_our_own_vpc_only_explicit_associations_are_listed() -> None:
    """There the coverage says whether a subnet without one follows the main table."""
    main = {
        "RouteTableId": "rtb-1",
        "VpcId": VPC,
        "OwnerId": ACCOUNT,
        "Associations": [{"Main": True}],
        "Routes": [],
    }
    own = _network(ACCOUNT) | {"ec2:DescribeRouteTables": {"RouteTables": [main]}}

    assert facts(own)["route_tables"][0]["subnet_ids"] == []


def test_a_subnet_missing_from_our_own_vpc_is_proven_missing() -> None:
    own = _network(ACCOUNT) | functions(attached("subnet-a", "subnet-gone"))

    assert coverage(facts(own), "subnets", "subnet-gone") == KNOWN


def test_a_subnet_missing_from_a_shared_vpc_is_missing_only_for_its_owner() -> None:
    """It may not be shared with us any more, and works on."""
    own = _network(OWNER) | functions(attached("subnet-a", "subnet-gone"))

    assert coverage(facts(own), "subnets", "subnet-gone") == OPAQUE
    assert coverage(facts(own, owners={OWNER: Answers(_empty())}), "subnets", "subnet-gone") == KNOWN


def test_a_vpc_in_no_answer_belongs_to_nobody_we_know() -> None:
    """Deleted, or shared with us no more: an attached function in it may work."""
    own = functions(attached("subnet-gone")) | _empty() | {"ec2:DescribeVpcs": {"Vpcs": []}}

    found = facts(own)

    expected = {
        "status": "unknown",
        "waits_for": [VPC],
        "reason": f"{VPC} is in no answer: deleted, or shared with this account no more",
        "is_failed_read": False,
    }
    for kind, subject in (("nat_gateways", VPC), ("subnets", "subnet-gone")):
        assert coverage(found, kind, subject) == expected
    assert coverage(found, "vpcs", VPC) == KNOWN  # no interface can be made in it, whichever it is
    assert coverage(found, "lambda_interfaces", VPC) == KNOWN


def test_a_vpc_that_nothing_shows_waits_for_the_reads_that_would_show_it() -> None:
    own = functions(attached("subnet-a")) | _empty("ec2:DescribeSubnets")

    found = facts(own, {"ec2:DescribeVpcs": DENIED})

    assert coverage(found, "nat_gateways", VPC) == unknown(
        "ec2:DescribeVpcs", "refused: UnauthorizedOperation"
    )
    assert coverage(found, "subnets", "subnet-a")["waits_for"] == ["ec2:DescribeSubnets", "ec2:DescribeVpcs"]


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        ("ec2:DescribeVpcs", {"Vpcs": [vpc()]}),
        ("ec2:DescribeSubnets", {"Subnets": [subnet("subnet-a")]}),
        (
            "ec2:DescribeRouteTables",
            {
                "RouteTables": [
                    {"RouteTableId": "r", "VpcId": VPC, "OwnerId": ACCOUNT, "Associations": [], "Routes": []}
                ]
            },
        ),
        (
            "ec2:DescribeNetworkAcls",
            {
                "NetworkAcls": [
                    {"NetworkAclId": "a", "VpcId": VPC, "OwnerId": ACCOUNT, "Associations": [], "Entries": []}
                ]
            },
        ),
        (
            "ec2:DescribeNatGateways",
            {"NatGateways": [{"NatGatewayId": "n", "VpcId": VPC, "SubnetId": "subnet-n"}]},
        ),
    ],
)
def test_any_answer_that_shows_the_owner_is_enough(operation: str, answer: Any) -> None:
    """One denied read must not put the whole VPC in doubt."""
    own = functions(attached("subnet-a")) | _empty() | {operation: answer}

    assert coverage(facts(own), "internet_gateways", VPC) == KNOWN


def test_a_vpc_left_out_on_purpose() -> None:
    own = {one: answer for one, answer in _network(ACCOUNT).items() if one != "ec2:DescribeNetworkInterfaces"}

    found = facts(own, not_requested=("ec2:DescribeNetworkInterfaces",))

    assert coverage(found, "lambda_interfaces", VPC)["status"] == "not_requested"


def test_block_public_access_of_an_owner() -> None:
    operation = "ec2:DescribeVpcBlockPublicAccessOptions"
    answer = {operation: {"VpcBlockPublicAccessOptions": {"InternetGatewayBlockMode": "off"}}}

    found = facts(_network(OWNER), owners={OWNER: Answers(answer)})

    assert found["block_public_access"] == [{"account_id": OWNER, "internet_gateway_block_mode": "off"}]
    assert coverage(found, "block_public_access", OWNER) == KNOWN


def test_one_subnet_of_somebody_else_makes_a_vpc_shared() -> None:
    """What we do not see there may exist, whatever else the answers say of the VPC's owner."""
    found = facts(
        functions(attached("subnet-0a", "subnet-0b"))
        | {
            "ec2:DescribeVpcs": {"Vpcs": [vpc()]},
            "ec2:DescribeSubnets": {"Subnets": [subnet("subnet-0a"), subnet("subnet-0b", owner=OWNER)]},
            "ec2:DescribeNatGateways": {"NatGateways": []},
        }
    )

    assert coverage(found, "nat_gateways", VPC)["waits_for"] == [OWNER]
