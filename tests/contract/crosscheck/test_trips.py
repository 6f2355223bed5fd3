"""The second opinion's ways out, by themselves: small networks, with what the semantics say of each."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.builder import (
    GROUP,
    IGW,
    NAT,
    PRIVATE_TABLE,
    PUBLIC,
    PUBLIC_TABLE,
    VPC,
    A,
    B,
    C,
    working,
)
from tests.contract.crosscheck.by_hand import (
    PROXY,
    TGW,
    appliance,
    attach,
    block,
    firewalled,
    isolate,
    judged,
    lambda_interface,
    lead_to_gateway,
    lead_to_instance,
    let_in,
    way,
)
from tests.contract.crosscheck.ways import ISOLATED, PERHAPS_PROXIED, UNKNOWN, WORKS, Way, none
from tests.contract.crosscheck.world import trusted_targets

Json = dict[str, Any]
LEFT_BEHIND = none("nat_without_internet_gateway")
BLOCKED = none("block_public_access")


# behind a NAT gateway


@pytest.mark.parametrize(
    ("kind", "target", "expected"),
    [
        ("public", IGW, WORKS),
        ("private", IGW, none("nat_private")),
        ("public", NAT, LEFT_BEHIND),
        ("private", NAT, LEFT_BEHIND),
        ("public", "nat-0b", LEFT_BEHIND),
        ("public", None, LEFT_BEHIND),
        ("private", None, none("nat_private")),
        ("public", "vgw-0a", UNKNOWN),
        ("private", "vgw-0a", UNKNOWN),
        ("public", "vgw-trusted", WORKS),
        ("private", "vgw-trusted", WORKS),
    ],
)
def test_the_path_goes_on_behind_a_nat_gateway(kind: str, target: str | None, expected: Way) -> None:
    estate = working()
    estate.nat(ConnectivityType=kind)
    estate.drop_route(PUBLIC_TABLE)
    if target is not None:
        estate.route(PUBLIC_TABLE, target)

    assert way(estate, "vgw-trusted") == expected


def test_a_private_nat_gateway_before_a_transit_gateway_needs_an_attachment_in_its_own_zone() -> None:
    estate = working()
    estate.nat(ConnectivityType="private")
    estate.route(PUBLIC_TABLE, TGW)
    attach(estate, C)

    assert way(estate, TGW) == none("nat_without_internet_gateway", "transit_gateway_zone")

    attach(estate, PUBLIC)
    assert way(estate, TGW) == WORKS
    assert way(estate) == UNKNOWN


@pytest.mark.parametrize("state", ["pending", "failed", "deleted"])
def test_a_nat_gateway_that_is_not_available_is_the_fault_whatever_lies_behind(state: str) -> None:
    estate = working()
    estate.nat(State=state, ConnectivityType="private")

    assert way(estate) == none("nat_unavailable")


def test_peering_is_never_trusted() -> None:
    estate = working()
    estate.route(PRIVATE_TABLE, "pcx-0a")

    assert way(estate, "pcx-0a") == none("peering")
    assert set(trusted_targets({"trusted_egress": [{"peering": "pcx-0a"}]}, "2026-11-20T12:00:00Z")) == set()


# NAT instances


def test_a_nat_instance_that_does_everything_right() -> None:
    estate = working()
    lead_to_instance(estate)

    assert way(estate) == WORKS


def test_a_public_address_of_any_of_its_interfaces_will_do() -> None:
    estate = working()
    lead_to_instance(estate, Association={})
    (instance,) = estate.of("DescribeInstances", "i-nat")["Instances"]
    instance["NetworkInterfaces"].append(
        {"NetworkInterfaceId": "eni-other", "Association": {"PublicIp": "198.51.100.9"}}
    )

    assert way(estate) == WORKS


def test_a_nat_instance_may_let_the_functions_group_in() -> None:
    estate = working()
    lead_to_instance(estate)
    let_in(estate, UserIdGroupPairs=[{"GroupId": GROUP}])

    assert way(estate) == WORKS


@pytest.mark.parametrize(
    "broken", [{"Association": {}}, {"SourceDestCheck": True}, {"Groups": [{"GroupId": GROUP}]}]
)
def test_a_nat_instance_whose_interface_fails(broken: Json) -> None:
    estate = working()
    lead_to_instance(estate, **broken)

    assert way(estate) == none("nat_instance_unusable")


@pytest.mark.parametrize(
    "admitted",
    [
        {"port": 80, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]},
        {"IpRanges": [{"CidrIp": "10.0.0.0/25"}]},
        {"UserIdGroupPairs": [{"GroupId": "sg-other"}]},
    ],
    ids=["port", "part of the subnet", "another group"],
)
def test_a_nat_instance_whose_groups_do_not_let_the_subnet_in(admitted: Json) -> None:
    estate = working()
    lead_to_instance(estate)
    let_in(estate, **admitted)

    assert way(estate) == none("nat_instance_unusable")


def test_a_nat_instance_without_a_way_out_of_its_own_subnet() -> None:
    estate = working()
    lead_to_instance(estate)
    estate.drop_route(PUBLIC_TABLE)

    assert way(estate) == none("nat_instance_unusable")


@pytest.mark.parametrize(
    "operation", ["DescribeSecurityGroups", "DescribeNetworkInterfaces", "DescribeInstances"]
)
def test_a_nat_instance_with_a_condition_that_was_not_read(operation: str) -> None:
    estate = working()
    lead_to_instance(estate)
    estate.deny(f"ec2:{operation}")

    assert way(estate) == UNKNOWN


def test_a_nat_instance_may_leave_by_a_nat_gateway_and_needs_no_address_then() -> None:
    estate = working()
    estate.table(PRIVATE_TABLE, A, B)
    estate.table("rtb-c", C)
    lead_to_instance(estate, SubnetId=C, Association={})
    estate.route("rtb-c", NAT)

    assert way(estate) == WORKS


# public subnets


def test_an_elastic_ip_of_lambdas_own_interface_is_a_way_out_of_a_public_subnet() -> None:
    estate = working()
    lead_to_gateway(estate)
    lambda_interface(estate, GROUP, Association={"PublicIp": "198.51.100.7"})

    found = judged(estate)

    assert found.ways == {A: WORKS, B: none("public_subnet")}
    assert found.verdicts["nat.mixed_egress"] == "violation"


@pytest.mark.parametrize("groups", [("sg-other",), (GROUP, "sg-other")])
def test_an_elastic_ip_of_other_functions_is_none_of_this_one(groups: tuple[str, ...]) -> None:
    estate = working()
    lead_to_gateway(estate)
    lambda_interface(estate, *groups, Association={"PublicIp": "198.51.100.7"})

    assert way(estate) == none("public_subnet")


def test_lambdas_interface_may_have_an_address_where_nobody_looked() -> None:
    estate = working()
    lead_to_gateway(estate)
    estate.deny("ec2:DescribeNetworkInterfaces")

    assert way(estate) == UNKNOWN


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        ("flexible", "active", WORKS),
        ("outbound-only", "active", WORKS),
        ("bidirectional", "active", none("public_subnet")),
        ("exclude", "active", none("public_subnet")),
        ("az-unsupported", "active", none("public_subnet")),
        ("flexible", "pending", UNKNOWN),
        ("outbound-only", "disabling", UNKNOWN),
    ],
)
def test_an_automatic_internet_firewall(kind: str, status: str, expected: Way) -> None:
    estate = working()
    firewalled(estate, kind, status)

    assert way(estate) == expected


# Block Public Access


@pytest.mark.parametrize(("mode", "left"), [("block-ingress", WORKS), ("block-bidirectional", BLOCKED)])
def test_block_public_access_of_ingress_spares_nat_gateways_alone(mode: str, left: Way) -> None:
    estate = working()
    block(estate, mode)
    assert way(estate) == left

    lead_to_instance(estate)
    assert way(estate) == BLOCKED


# transit gateways


@pytest.mark.parametrize("trusted", [(), (TGW,)])
def test_a_transit_gateway_without_attachment_in_the_zone(trusted: tuple[str, ...]) -> None:
    estate = working()
    estate.route(PRIVATE_TABLE, TGW)
    attach(estate, A)
    beyond = WORKS if trusted else UNKNOWN

    assert judged(estate, *trusted).ways == {A: beyond, B: none("transit_gateway_zone")}


@pytest.mark.parametrize("how", [{"state": "deleting"}, {"vpc": "vpc-0b"}])
def test_an_attachment_that_does_not_count(how: Json) -> None:
    estate = working()
    estate.route(PRIVATE_TABLE, TGW)
    attach(estate, A, B, **how)

    assert way(estate, TGW) == none("transit_gateway_zone")


def test_attachments_that_were_not_read_leave_a_trusted_transit_gateway_open() -> None:
    estate = working()
    estate.route(PRIVATE_TABLE, TGW)
    estate.deny("ec2:DescribeTransitGatewayVpcAttachments")

    assert way(estate, TGW) == UNKNOWN


# no default route, proxies, firewalls that are attached to a NAT gateway


def test_no_default_route_is_isolation_and_half_of_one_is_not() -> None:
    estate = working()
    isolate(estate)
    assert way(estate) == ISOLATED

    estate.route(PRIVATE_TABLE, NAT, "0.0.0.0/1")
    assert way(estate) == none("no_default_route")


def test_an_explicit_proxy_needs_no_route() -> None:
    estate = working()
    isolate(estate)
    appliance(estate)
    assert way(estate) == PERHAPS_PROXIED
    assert way(estate, VPC) == WORKS

    appliance(estate, "detached")
    assert way(estate) == ISOLATED

    estate.deny("ec2:DescribeNatGateways")
    assert way(estate) == PERHAPS_PROXIED


def test_a_route_to_a_firewall_goes_on_at_the_nat_gateway_it_is_attached_to() -> None:
    estate = working()
    estate.route(PRIVATE_TABLE, PROXY)
    appliance(estate)

    assert way(estate) == WORKS

    estate.nat(State="failed", AttachedAppliances=estate.of("DescribeNatGateways", NAT)["AttachedAppliances"])
    assert way(estate) == none("nat_unavailable")


def test_a_trusted_firewall_endpoint() -> None:
    estate = working()
    estate.route(PRIVATE_TABLE, "vpce-0a")

    assert way(estate) == UNKNOWN
    assert way(estate, "vpce-0a") == WORKS


# regional NAT gateways


@pytest.mark.parametrize(
    ("automatic", "zones", "expected"),
    [
        (True, (), WORKS),
        (False, ("euw1-az1",), WORKS),
        (False, ("euw1-az2",), UNKNOWN),
    ],
)
def test_a_regional_nat_gateway(automatic: bool, zones: tuple[str, ...], expected: Way) -> None:  # noqa: FBT001
    estate = working()
    estate.regional_nat(NAT, *zones, automatic=automatic)

    assert way(estate) == expected


def test_a_regional_nat_gateway_without_way_out_is_broken_in_every_zone() -> None:
    estate = working()
    estate.regional_nat(NAT, "euw1-az2", automatic=False)
    estate.internet_gateway(vpc=None)

    assert way(estate) == LEFT_BEHIND


# trusted until


@pytest.mark.parametrize(("until", "expected"), [("2026-12-31", {TGW}), ("2026-10-31", set())])
def test_trust_lapses(until: str, expected: set[str]) -> None:
    entry = {"transit_gateway": TGW, "until": until}

    assert set(trusted_targets({"trusted_egress": [entry]}, "2026-11-20T12:00:00Z")) == expected
