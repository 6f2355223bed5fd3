"""Network ACLs with their numbered entries."""

from __future__ import annotations

from collections.abc import Mapping

from vpcguard.facts.estate import Estate
from vpcguard.facts.reading import (
    Json,
    MistypedError,
    boolean,
    each,
    gather,
    integer,
    known,
    lower,
    required_text,
    text,
)

ACLS = "ec2:DescribeNetworkAcls"


def read_network_acls(estate: Estate, owner_of: Mapping[str, str]) -> dict[str, Json]:
    """Return the network ACLs that we or the VPC's owner see, by id."""
    return estate.union(ACLS, "NetworkAcls", _acl, owner_of=owner_of)


def _acl(item: Json) -> Json:
    entries = each(item, "Entries", convert=_entry)
    return {
        "id": required_text(item, "NetworkAclId"),
        "vpc_id": required_text(item, "VpcId"),
        "is_default": boolean(item, "IsDefault") or False,
        "subnet_ids": gather(item, "Associations", field="SubnetId"),
        "entries": sorted(entries, key=lambda one: (one["is_egress"], one["rule_number"], repr(one))),
    }


def _entry(item: Json) -> Json:
    is_egress = boolean(item, "Egress")
    rule_number = integer(item, "RuleNumber")
    if is_egress is None:
        raise MistypedError("Egress", "true or false", None)
    if rule_number is None:
        raise MistypedError("RuleNumber", "a whole number", None)
    return known(
        {
            "rule_number": rule_number,
            "protocol": required_text(item, "Protocol"),
            "action": lower(item, "RuleAction"),
            "is_egress": is_egress,
            "ipv4_cidr": text(item, "CidrBlock"),
            "ipv6_cidr": text(item, "Ipv6CidrBlock"),
            "from_port": integer(item, "PortRange", "From"),
            "to_port": integer(item, "PortRange", "To"),
        }
    )
