"""One resource put right in a document of facts, and nothing else: by what is repaired, for which rule.

A repair changes facts in place. It does what somebody would do with that resource alone: a NAT gateway is
made anew where it works, a route table gets a default route that leads out, a group lets through. What else
is broken stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.contract.properties.repairing_ways import (
    EVERYWHERE,
    WAYS,
    Repair,
    group,
    is_default,
    let_in,
    regional,
    resource,
    route_table,
    subnet,
)

Json = dict[str, Any]

CONFIG = Path(__file__).parents[3] / "policies/vpcguard/config"

# groups and ACLs


def let_out(facts: Json, identity: str, function: Json) -> None:
    """Let a group let everything out."""
    group(facts, identity, function)["egress"] = [EVERYWHERE]


def let_through(facts: Json, identity: str, function: Json) -> None:
    """Let a group let everything in and out."""
    let_in(facts, identity, function)
    let_out(facts, identity, function)


def network_acl(facts: Json, identity: str, _: Json) -> None:
    """Let an ACL pass everything."""
    entries = [
        {"rule_number": 1, "action": "allow", "protocol": "-1", "is_egress": is_egress, **network}
        for is_egress in (True, False)
        for network in ({"ipv4_cidr": "0.0.0.0/0"}, {"ipv6_cidr": "::/0"})
    ]
    resource(facts, "network_acls", identity)["entries"] = entries


# endpoints


def endpoint(facts: Json, identity: str, function: Json) -> None:
    """Make an endpoint usable: available, in all zones or tables, with the name, open to everybody."""
    found = resource(facts, "vpc_endpoints", identity)
    found["state"] = "available"
    if found["type"] == "Gateway":
        found["route_table_ids"] = [
            one["id"] for one in facts["route_tables"] if one["vpc_id"] == found["vpc_id"]
        ]
        return
    found |= {"private_dns_enabled": True, "private_dns_only_for_inbound_resolver": False}
    found["subnet_ids"] = sorted({*found["subnet_ids"], *function["subnet_ids"]})
    for gone in ("ip_address_type", "dns_record_ip_type"):
        found.pop(gone, None)
    for group_id in found["security_group_ids"]:
        let_in(facts, group_id, function)


def no_private_dns(facts: Json, identity: str, _: Json) -> None:
    """Turn private DNS of an endpoint off."""
    resource(facts, "vpc_endpoints", identity)["private_dns_enabled"] = False


def vpc_of_endpoints(facts: Json, identity: str, function: Json) -> None:
    """Turn DNS of a VPC on, and make every endpoint that the function lacks."""
    resource(facts, "vpcs", identity).update(dns_support=True, dns_hostnames=True)
    there = {one["service_name"] for one in facts["vpc_endpoints"] if one["vpc_id"] == identity}
    lacking = [_names_of(one["service"]) for one in function["evidence"]["services"]]
    for name in sorted({name for names in lacking for name in names}):
        service_name = f"com.amazonaws.{facts['account']['region']}.{name}"
        if service_name not in there:
            made = {"vpc_id": identity, "service_name": service_name, "has_default_policy": True}
            made |= {"route_table_ids": [], "subnet_ids": [], "security_group_ids": ["sg-new"]}
            made["private_dns_only_for_inbound_resolver"] = False
            made["type"] = "Gateway" if name in ("s3", "dynamodb") else "Interface"
            made_id = f"vpce-new-{name.replace('.', '-')}"
            facts["vpc_endpoints"].append({"id": made_id, **made})
            endpoint(facts, made_id, function)


def _names_of(service: str) -> list[str]:
    return list(_endpoint_names().get(service, [service]))


@cache
def _endpoint_names() -> Json:
    services: Json = yaml.safe_load((CONFIG / "services/data.yaml").read_text("utf-8"))["endpoint_names"]
    return services


def table_of_gateways(facts: Json, identity: str, function: Json) -> None:
    """Route the gateway endpoints of a VPC in a table, made if need be; a black hole in it goes."""
    table = resource(facts, "route_tables", identity)
    for name in ("s3", "dynamodb"):
        service_name = f"com.amazonaws.{facts['account']['region']}.{name}"
        there = [
            one
            for one in facts["vpc_endpoints"]
            if (one["vpc_id"], one["service_name"], one["type"]) == (table["vpc_id"], service_name, "Gateway")
        ]
        if not there:
            made = {"id": f"vpce-new-{name}", "vpc_id": table["vpc_id"], "service_name": service_name}
            made |= {"type": "Gateway", "has_default_policy": True, "security_group_ids": []}
            made |= {"subnet_ids": [], "route_table_ids": [], "private_dns_only_for_inbound_resolver": False}
            facts["vpc_endpoints"].append(made)
            there = [made]
        for one in there:
            one["state"] = "available"
            one["route_table_ids"] = [*one["route_table_ids"], identity]
    if any(route["state"] == "blackhole" and is_default(route) for route in table["routes"]):
        route_table(facts, identity, function)


# functions' own


def dns(facts: Json, identity: str, _: Json) -> None:
    """Turn DNS of a VPC on."""
    resource(facts, "vpcs", identity).update(dns_support=True, dns_hostnames=True)


def tenancy(facts: Json, identity: str, _: Json) -> None:
    """Let a VPC have ordinary tenancy."""
    resource(facts, "vpcs", identity)["tenancy"] = "default"


def quota(facts: Json, _: str, __: Json) -> None:
    """Raise the account's quotas."""
    for one in facts["quotas"]:
        one["value"] = 1_000_000


def vpc_again(facts: Json, identity: str, function: Json) -> None:
    """Show a VPC again, with what the function names in it."""
    if identity in {one["id"] for one in facts["vpcs"]}:
        return
    facts["vpcs"].append({"id": identity, "ipv4_cidrs": ["10.0.0.0/16"], "ipv6_cidrs": []})
    for subnet_id in function["subnet_ids"]:
        subnet(facts, subnet_id, function)
    for group_id in function["security_group_ids"]:
        group(facts, group_id, function)


def dual_stack(facts: Json, identity: str, _: Json) -> None:
    """Associate an IPv6 network with a subnet."""
    resource(facts, "subnets", identity)["ipv6_cidrs"] = ["2001:db8:77::/64"]


def role(facts: Json, identity: str, _: Json) -> None:
    """Let a role manage interfaces, and nothing stand against that; one that is gone is there again."""
    actions = yaml.safe_load((CONFIG / "actions/data.yaml").read_text("utf-8"))["manage_interfaces"]
    allow = {"effect": "Allow", "actions": actions, "resources": ["*"]}
    allow |= {"not_actions": [], "not_resources": [], "condition_keys": []}
    same = [one for one in facts["roles"] if identity in one["names"]]
    kept = [one for role in same for one in role["statements"] if one["effect"] == "Allow"]
    others = [one for one in facts["roles"] if identity not in one["names"]]
    made = {"names": [identity], "statements": [*kept, allow], "has_boundary": False}
    facts["roles"] = [*others, {**made, "boundary_statements": []}]


def access_point(facts: Json, identity: str, function: Json) -> None:
    """Make mount targets in all zones of a function, which admit everybody."""
    zones = {one["zone_id"] for one in facts["subnets"] if one["id"] in function["subnet_ids"]}
    there = [one for one in facts["mount_targets"] if one["state"] == "available"]
    groups = sorted({"sg-new", *(group_id for one in there for group_id in one["security_group_ids"])})
    let_in(facts, "sg-new", function)
    for zone_id in zones - {one["zone_id"] for one in there}:
        target = {"id": f"fsmt-new-{zone_id}", "access_point_id": identity, "zone_id": zone_id}
        target |= {"state": "available", "ip_address": "10.0.77.7", "security_group_ids": groups}
        facts["mount_targets"].append({**target, "vpc_id": function["vpc_id"]})


_CALLS = WAYS | {"route_table": table_of_gateways, "vpc": vpc_of_endpoints, "vpc_endpoint": endpoint}
REPAIRS: dict[str, dict[str, Repair]] = {
    "nat.no_internet_egress": WAYS,
    "nat.mixed_egress": WAYS,
    "nat.cross_az": {"nat_gateway": regional},
    "endpoints.service_unreachable": _CALLS,
    "endpoints.private_dns_off": _CALLS,
    "endpoints.gateway_route_missing": {
        "route_table": table_of_gateways,
        "vpc": vpc_of_endpoints,
        "vpc_endpoint": endpoint,
    },
    "endpoints.endpoint_blocked": {"vpc_endpoint": endpoint, "security_group": let_in},
    "endpoints.interface_single_az": {"vpc_endpoint": endpoint},
    "endpoints.execute_api_takes_public_names": {"vpc_endpoint": no_private_dns},
    "ip.insufficient_addresses": {"subnet": subnet},
    "ip.low_headroom": {"subnet": subnet},
    "ip.eni_quota": {"vpc": quota},
    "config.missing_subnet": {"subnet": subnet, "vpc": vpc_again},
    "config.missing_security_group": {"security_group": let_out, "vpc": vpc_again},
    "config.idle_on_broken_network": {"subnet": subnet, "security_group": let_out, "vpc": vpc_again},
    "config.dedicated_tenancy": {"vpc": tenancy},
    "config.role_lacks_eni_permissions": {"role": role},
    "config.dual_stack_mismatch": {"subnet": dual_stack},
    "config.security_groups_block_egress": {"security_group": let_out},
    "config.network_acl_blocks_https": {"network_acl": network_acl},
    "config.name_resolution_blocked": {"vpc": dns, "security_group": let_out, "network_acl": network_acl},
    "config.file_system_unreachable": {"security_group": let_through, "access_point": access_point},
}


def candidates(facts: Json, function: Json) -> Iterator[tuple[str, str]]:
    """Yield (kind, id) of what a repair knows and is in a function's VPC, or is named by it or by a route."""
    yield "vpc", function.get("vpc_id", "")
    for kind in ("subnet", "route_table", "nat_gateway", "vpc_endpoint", "security_group", "network_acl"):
        yield from ((kind, one["id"]) for one in facts[f"{kind}s"] if one.get("vpc_id") == function["vpc_id"])
    for kind in ("internet_gateway", "egress_only_internet_gateway", "transit_gateway_attachment"):
        yield from ((kind, one["id"]) for one in facts[f"{kind}s"])
    for kind in ("network_interface", "instance"):
        yield from ((kind, one["id"]) for one in facts[f"{kind}s"] if not one.get("is_lambda"))
    for kind in ("subnet", "security_group"):
        yield from ((kind, one) for one in function[f"{kind}_ids"])
    yield "role", function.get("role_name", "")
    yield from (("access_point", one["access_point_id"]) for one in function["file_systems"])
    routes = [route for table in facts["route_tables"] for route in table["routes"]]
    yield from sorted({(route["target_kind"], route["target_id"]) for route in routes})
