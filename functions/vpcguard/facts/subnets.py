"""Subnets."""

from __future__ import annotations

from vpcguard.facts.estate import Estate
from vpcguard.facts.reading import Json, boolean, integer, known, required_text, text
from vpcguard.facts.vpcs import networks

SUBNETS = "ec2:DescribeSubnets"


def read_subnets(estate: Estate) -> dict[str, Json]:
    """Return the subnets that we or their owner see, by id; zone names are those of our account."""
    return estate.union(SUBNETS, "Subnets", _subnet)


def _subnet(item: Json) -> Json:
    mode = text(item, "BlockPublicAccessStates", "InternetGatewayBlockMode")
    return known(
        {
            "id": required_text(item, "SubnetId"),
            "vpc_id": required_text(item, "VpcId"),
            "owner_id": text(item, "OwnerId"),
            "zone_id": text(item, "AvailabilityZoneId"),
            "zone_name": text(item, "AvailabilityZone"),
            "state": text(item, "State"),
            "ipv4_cidr": text(item, "CidrBlock"),
            "ipv6_cidrs": networks(
                item, "Ipv6CidrBlockAssociationSet", "Ipv6CidrBlock", "Ipv6CidrBlockState"
            ),
            "is_ipv6_only": boolean(item, "Ipv6Native") or False,
            "free_ipv4_addresses": integer(item, "AvailableIpAddressCount"),
            "internet_gateway_block_mode": None if mode is None else mode.lower(),
        }
    )
