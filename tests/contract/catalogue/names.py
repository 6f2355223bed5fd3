"""Names: who resolves them in a VPC, and whether the function gets to ask."""

from __future__ import annotations

from typing import Any

from tests.contract.builder import ACL, AMAZON, ANYWHERE, GROUP, VPC, A, B, C, Estate, working
from tests.contract.catalogue.registry import Case, case, orders
from tests.contract.expectations import NOT_APPLICABLE, PASS, unknown, violation

SERVER = "10.0.9.53"
HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": ANYWHERE}]}
DNS = {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "IpRanges": [{"CidrIp": f"{SERVER}/32"}]}


def _own_servers(*egress: dict[str, Any]) -> Estate:
    estate = working()
    estate.name_servers(SERVER)
    estate.group(GROUP, egress=list(egress))
    return estate


@case
def names_by_amazons_resolver() -> Case:
    """It needs no rule of a group."""
    estate = _own_servers(HTTPS)
    estate.name_servers(AMAZON)
    return orders(estate, config__name_resolution_blocked=PASS)


@case
def names_without_a_resolver() -> Case:
    """DNS support is off, and nobody else was named."""
    estate = working()
    estate.dns(support=False)
    found = violation("high", root_cause=VPC, cause="dns_support_disabled")
    return orders(estate, config__name_resolution_blocked=found)


@case
def names_by_servers_that_no_group_lets_out_to() -> Case:
    """The group lets HTTPS out, and no question to the name servers."""
    found = violation("high", root_cause=GROUP, name_servers=[SERVER])
    return orders(_own_servers(HTTPS), config__name_resolution_blocked=found)


@case
def names_by_servers_of_ones_own() -> Case:
    """DNS support of the VPC does not matter to them."""
    estate = _own_servers(HTTPS, DNS)
    estate.dns(support=False)
    return orders(estate, config__name_resolution_blocked=PASS)


@case
def names_by_servers_behind_a_closed_acl() -> Case:
    """The group lets the question out, the ACL does not."""
    estate = _own_servers(HTTPS, DNS)
    estate.acl(ACL, A, B, C)["Entries"] = [
        {
            "Egress": egress,
            "RuleNumber": 100,
            "Protocol": "6",
            "RuleAction": "allow",
            "CidrBlock": ANYWHERE,
            "PortRange": ports,
        }
        for egress, ports in ((True, {"From": 443, "To": 443}), (False, {"From": 1024, "To": 65535}))
    ]
    return orders(estate, config__name_resolution_blocked=violation("high", root_cause=ACL))


@case
def names_by_servers_behind_an_acl_that_was_not_read() -> Case:
    """The group lets the question out; nobody knows what the ACL does."""
    estate = _own_servers(HTTPS, DNS)
    estate.deny("ec2:DescribeNetworkAcls")
    waiting = unknown("ec2:DescribeNetworkAcls", is_failed_read=True)
    return orders(estate, config__name_resolution_blocked=waiting)


@case
def names_with_attributes_denied() -> Case:
    """Whether Amazon's resolver answers, nobody knows."""
    estate = working()
    estate.deny("ec2:DescribeVpcAttribute")
    waiting = unknown("ec2:DescribeVpcAttribute", is_failed_read=True)
    return orders(estate, config__name_resolution_blocked=waiting)


@case
def names_outside_a_vpc() -> Case:
    """Nothing of a VPC's DNS concerns it."""
    estate = working()
    estate.function("orders")
    return orders(estate, config__name_resolution_blocked=NOT_APPLICABLE)
