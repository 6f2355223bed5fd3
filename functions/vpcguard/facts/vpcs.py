"""VPCs with their DNS attributes."""

from __future__ import annotations

from vpcguard.facts.account import KNOWN, Status
from vpcguard.facts.estate import Estate
from vpcguard.facts.reading import Json, boolean, each, known, required_text, text

VPCS = "ec2:DescribeVpcs"
ATTRIBUTE = "ec2:DescribeVpcAttribute"
_DNS = {"dns_support": "EnableDnsSupport", "dns_hostnames": "EnableDnsHostnames"}


def read_vpcs(estate: Estate) -> dict[str, Json]:
    """Return the VPCs that any account described or whose attributes it read, by id."""
    vpcs = estate.union(VPCS, "Vpcs", _vpc)
    for account in estate.accounts:
        for vpc_id in account.subjects(ATTRIBUTE):
            attributes = account.entry(ATTRIBUTE, vpc_id, _attributes) or {}
            vpc = vpcs.setdefault(vpc_id, {"id": vpc_id, "ipv4_cidrs": [], "ipv6_cidrs": []})
            for key, value in attributes.items():
                vpc.setdefault(key, value)
    return vpcs


def attribute_status(estate: Estate, vpc: Json | None, vpc_id: str, owner_id: str) -> Status:
    """Return how complete the DNS attributes of one VPC are."""
    if vpc is not None and all(key in vpc for key in _DNS):
        return KNOWN
    owner = estate.owner(owner_id)
    status = owner.entry_status(ATTRIBUTE, vpc_id)
    return (
        owner.unread(ATTRIBUTE) if status.is_known and not owner.has_not_found(ATTRIBUTE, vpc_id) else status
    )


def networks(item: Json, key: str, cidr: str, state: str) -> list[str]:
    """Return the associated networks of a VPC or subnet, sorted."""
    found = each(item, key, convert=lambda one: (text(one, cidr), text(one, state, "State")))
    return sorted(
        {network for network, status in found if network and (status or "associated") == "associated"}
    )


def _vpc(item: Json) -> Json:
    ipv4 = networks(item, "CidrBlockAssociationSet", "CidrBlock", "CidrBlockState")
    first = text(item, "CidrBlock")
    return known(
        {
            "id": required_text(item, "VpcId"),
            "owner_id": text(item, "OwnerId"),
            "tenancy": text(item, "InstanceTenancy"),
            "ipv4_cidrs": ipv4 or ([first] if first else []),
            "ipv6_cidrs": networks(
                item, "Ipv6CidrBlockAssociationSet", "Ipv6CidrBlock", "Ipv6CidrBlockState"
            ),
        }
    )


def _attributes(item: Json) -> Json:
    return known({key: boolean(item, attribute, "Value") for key, attribute in _DNS.items()})
