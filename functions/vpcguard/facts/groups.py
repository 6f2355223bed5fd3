"""Security groups."""

from __future__ import annotations

from collections.abc import Mapping

from vpcguard.facts.estate import Estate
from vpcguard.facts.reading import Json, each, gather, integer, known, required_text, text

GROUPS = "ec2:DescribeSecurityGroups"


def read_security_groups(estate: Estate, owner_of: Mapping[str, str]) -> dict[str, Json]:
    """Return the security groups that we or the VPC's owner see, by id."""
    return estate.union(GROUPS, "SecurityGroups", _group, owner_of=owner_of)


def _group(item: Json) -> Json:
    return known(
        {
            "id": required_text(item, "GroupId"),
            "vpc_id": text(item, "VpcId"),
            "owner_id": text(item, "OwnerId"),
            "ingress": sorted(each(item, "IpPermissions", convert=_permission), key=repr),
            "egress": sorted(each(item, "IpPermissionsEgress", convert=_permission), key=repr),
        }
    )


def _permission(item: Json) -> Json:
    return known(
        {
            "protocol": required_text(item, "IpProtocol"),
            "from_port": integer(item, "FromPort"),
            "to_port": integer(item, "ToPort"),
            "ipv4_cidrs": gather(item, "IpRanges", field="CidrIp"),
            "ipv6_cidrs": gather(item, "Ipv6Ranges", field="CidrIpv6"),
            "prefix_list_ids": gather(item, "PrefixListIds", field="PrefixListId"),
            "group_ids": gather(item, "UserIdGroupPairs", field="GroupId"),
        }
    )
