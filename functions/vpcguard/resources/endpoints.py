"""VPC endpoints; service names are kept as AWS writes them, policies know how to read them."""

from __future__ import annotations

import json
from typing import Any

from vpcguard.aws.answers import Estate, Json, fields_of, lower, required_text, text, texts_of, value
from vpcguard.aws.operations import FLAG, TEXT, Operation, texts
from vpcguard.coverage import VpcKind
from vpcguard.resources.family import Facts, Family

VPC_ENDPOINTS = Operation(
    service="ec2",
    name="DescribeVpcEndpoints",
    shape={
        "VpcEndpoints": [
            texts(
                "VpcEndpointId VpcEndpointType VpcId OwnerId ServiceName ServiceRegion State PolicyDocument"
            )
            | {
                "RouteTableIds": [TEXT],
                "SubnetIds": [TEXT],
                "NetworkInterfaceIds": [TEXT],
                "Groups": [texts("GroupId")],
                "PrivateDnsEnabled": FLAG,
                "RequesterManaged": FLAG,
                "IpAddressType": TEXT,
                "DnsOptions": texts("DnsRecordIpType PrivateDnsPreference")
                | {"PrivateDnsOnlyForInboundResolverEndpoint": FLAG, "PrivateDnsSpecifiedDomains": [TEXT]},
            }
        ]
    },
    paged=True,
    page_size=1000,
    vpc_filter="vpc-id",
)


def add_facts(estate: Estate, facts: Facts) -> list[Json]:
    """Add the endpoints that we or the VPC's owner see."""
    facts["vpc_endpoints"] = estate.union(VPC_ENDPOINTS, _endpoint)
    return []


FAMILY = Family(
    operations=(VPC_ENDPOINTS,),
    lists=(VPC_ENDPOINTS,),
    add_facts=add_facts,
    vpc_kinds={"vpc_endpoints": VpcKind(VPC_ENDPOINTS, "owner", names_subnets=True, names_owner=True)},
)


def _endpoint(item: Json) -> Json:
    return {
        "id": required_text(item, "VpcEndpointId"),
        "vpc_id": required_text(item, "VpcId"),
        "type": text(item, "VpcEndpointType") or "Gateway",  # AWS's default
        "service_name": required_text(item, "ServiceName"),
        "state": lower(item, "State"),
        "private_dns_enabled": item.get("PrivateDnsEnabled", False),
        "private_dns_only_for_inbound_resolver": (
            value(item, "DnsOptions", "PrivateDnsOnlyForInboundResolverEndpoint") or False
        ),
        "route_table_ids": texts_of(item, "RouteTableIds"),
        "subnet_ids": texts_of(item, "SubnetIds"),
        "security_group_ids": fields_of(item, "Groups", "GroupId"),
        "has_default_policy": _is_full_access(item.get("PolicyDocument")),
    }


def _is_full_access(policy: str | None) -> bool:
    """Return True for the policy that AWS attaches by default, or none: everything allowed to everybody.

    https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
    """
    if not policy:
        return True
    try:
        statements = json.loads(policy)["Statement"]
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
