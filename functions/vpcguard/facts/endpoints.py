"""VPC endpoints; service names are kept as AWS writes them, policies know how to read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vpcguard.facts.estate import Estate
from vpcguard.facts.reading import Json, boolean, gather, lower, required_text, text, texts

ENDPOINTS = "ec2:DescribeVpcEndpoints"


def read_vpc_endpoints(estate: Estate, owner_of: Mapping[str, str]) -> dict[str, Json]:
    """Return the endpoints that we or the VPC's owner see, by id."""
    return estate.union(ENDPOINTS, "VpcEndpoints", _endpoint, owner_of=owner_of)


def _endpoint(item: Json) -> Json:
    return {
        "id": required_text(item, "VpcEndpointId"),
        "vpc_id": required_text(item, "VpcId"),
        "type": text(item, "VpcEndpointType") or "Gateway",  # AWS's default
        "service_name": required_text(item, "ServiceName"),
        "state": lower(item, "State"),
        "private_dns_enabled": boolean(item, "PrivateDnsEnabled") or False,
        "private_dns_only_for_inbound_resolver": (
            boolean(item, "DnsOptions", "PrivateDnsOnlyForInboundResolverEndpoint") or False
        ),
        "route_table_ids": texts(item, "RouteTableIds"),
        "subnet_ids": texts(item, "SubnetIds"),
        "security_group_ids": gather(item, "Groups", field="GroupId"),
        "has_default_policy": _is_full_access(item.get("PolicyDocument")),
    }


def _is_full_access(policy: Any) -> bool:
    """Return True for the policy that AWS attaches by default, or none: everything allowed to everybody.

    https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
    """
    if policy is None or policy == "":
        return True
    try:
        document = json.loads(policy) if isinstance(policy, str) else policy
        statements = document["Statement"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    statements = statements if isinstance(statements, list) else [statements]
    return len(statements) == 1 and _allows_everything(statements[0])


def _allows_everything(statement: Any) -> bool:
    if not isinstance(statement, dict) or statement.get("Condition"):
        return False
    if statement.get("Effect") != "Allow" or statement.get("Principal") not in ("*", {"AWS": "*"}):
        return False
    return all(statement.get(key) in ("*", ["*"]) for key in ("Action", "Resource"))
