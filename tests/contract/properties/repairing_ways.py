"""A way out put right by one resource: gateways, tables, attachments, NAT instances. See repairing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
# (facts, id of the resource, function of the facts with the "evidence" of what is found about it)
Repair = Callable[[Json, str, Json], None]

MADE = {"igw-new"}  # an internet gateway made for a NAT gateway, in a VPC that has none
_PRIVATE = ("10.", "172.", "192.168.")
EVERYWHERE: Json = {
    "protocol": "-1",
    "ipv4_cidrs": ["0.0.0.0/0"],
    "ipv6_cidrs": ["::/0"],
    "prefix_list_ids": [],
    "group_ids": [],
}


def resource(facts: Json, kind: str, identity: str, **otherwise: Any) -> Json:
    """Return a resource of the facts; what is gone is made anew."""
    listed: list[Json] = facts[kind]
    for one in listed:
        if one["id"] == identity:
            return one
    listed.append({"id": identity, **otherwise})
    return listed[-1]


def subnet(facts: Json, identity: str, function: Json) -> None:
    """Give a subnet addresses enough; one that is gone is there again."""
    found = resource(
        facts,
        "subnets",
        identity,
        vpc_id=function["vpc_id"],
        owner_id=facts["account"]["id"],
        state="available",
        zone_id="euw1-az1",
        ipv4_cidr="10.0.77.0/24",
        ipv6_cidrs=[],
        is_ipv6_only=False,
        is_visible=True,
        internet_gateway_block_mode="off",
    )
    found["free_ipv4_addresses"] = 10_000


def let_in(facts: Json, identity: str, function: Json) -> None:
    """Let a group admit everybody."""
    group(facts, identity, function)["ingress"] = [EVERYWHERE]


def group(facts: Json, identity: str, function: Json) -> Json:
    open_both = {"ingress": [], "egress": [EVERYWHERE]}
    return resource(facts, "security_groups", identity, vpc_id=function["vpc_id"], **open_both)


def nat_gateway(facts: Json, identity: str, function: Json) -> None:
    """Let a NAT gateway work where it stands; one gone or in a wrong place becomes a regional one."""
    vpc_id = function["vpc_id"]
    nat = resource(facts, "nat_gateways", identity, vpc_id=vpc_id, is_regional=False)
    stands = nat.get("state") in ("available", "pending", "failed")
    nat |= {"connectivity_type": "public", "state": "available"}
    if not stands or _is_behind_its_clients(facts, nat, function):
        regional(facts, identity, function)
    elif nat["is_regional"] and "route_table_id" not in nat:
        _gateway_of(facts, vpc_id)


def regional(facts: Json, identity: str, function: Json) -> None:
    """Make a NAT gateway for all zones that leaves by the VPC's internet gateway, made if need be."""
    nat = resource(facts, "nat_gateways", identity, vpc_id=function["vpc_id"])
    for gone in ("subnet_id", "route_table_id"):
        nat.pop(gone, None)
    nat |= {"state": "available", "connectivity_type": "public", "zone_ids": []}
    nat.setdefault("appliances", [])
    nat |= {"is_regional": True, "is_automatic": True}
    _gateway_of(facts, function["vpc_id"])


def _is_behind_its_clients(facts: Json, nat: Json, function: Json) -> bool:
    """Return True for a NAT gateway whose own way leads back to a table that the traffic to it came by."""
    for subnet in function["evidence"].get("subnets", ()):
        way = [hop["id"] for hop in subnet["hops"]]
        if nat["id"] in way:
            place = way.index(nat["id"])
            behind = {_table_of(facts, nat.get("subnet_id", "")), *way[place + 1 :]}
            if behind & {*way[: place + 1]}:
                return True
    return False


def _table_of(facts: Json, subnet_id: str) -> str:
    explicit = [one["id"] for one in facts["route_tables"] if subnet_id in one["subnet_ids"]]
    vpc_ids = {one["vpc_id"] for one in facts["subnets"] if one["id"] == subnet_id}
    main = [one["id"] for one in facts["route_tables"] if one["is_main"] and one["vpc_id"] in vpc_ids]
    return min(explicit or main, default="")


def _attached(kind: str) -> Repair:
    def attach(facts: Json, identity: str, function: Json) -> None:
        gateway = resource(facts, kind, identity)
        gateway["attachments"] = [{"vpc_id": function["vpc_id"], "state": "available"}]
        for table in facts["route_tables"]:
            for route in table["routes"]:
                if route["target_id"] == identity:
                    route["state"] = "active"

    return attach


def route_table(facts: Json, identity: str, function: Json) -> None:
    """Lead default routes that are missing or wrong to a NAT gateway; behind one, to the internet gateway.

    A public table may serve NAT gateways: the function's subnets get one of their own in its place.
    """
    table = resource(facts, "route_tables", identity)
    is_public = any(is_default(one) and one["target_kind"] == "internet_gateway" for one in table["routes"])
    if is_public and not _is_behind_nat(identity, function):
        table = _own_table(facts, table, function)
    target = {"target_kind": "internet_gateway", "target_id": _gateway_of(facts, table["vpc_id"])}
    wrong = {"nat_gateway", "vpc_peering_connection", "network_interface"}
    if not _is_behind_nat(identity, function):
        target = {"target_kind": "nat_gateway", "target_id": "nat-new"}
        wrong = {"internet_gateway"}
    routes = [one for one in table["routes"] if is_default(one)]
    faulty = [one for one in routes if one["state"] != "active" or one["target_kind"] in wrong]
    for one in faulty:
        one |= {"state": "active", **target}
    halves = {"0.0.0.0/1", "128.0.0.0/1"}
    destinations = {one["destination"] for one in routes}
    lacks = "0.0.0.0/0" not in destinations and not halves <= destinations
    if lacks:
        kept = [one for one in table["routes"] if not is_default(one)]
        table["routes"] = [*kept, _route("ipv4", "0.0.0.0/0", **target)]
    if (faulty or lacks) and target["target_id"] == "nat-new":
        regional(facts, "nat-new", function)


def _own_table(facts: Json, table: Json, function: Json) -> Json:
    moved = [one for one in function["subnet_ids"] if _table_of(facts, one) == table["id"]]
    if not moved:  # public behind a firewall
        return table
    for other in facts["route_tables"]:
        other["subnet_ids"] = [one for one in other["subnet_ids"] if one not in moved]
    own = {**table, "id": "rtb-new", "is_main": False, "subnet_ids": moved}
    facts["route_tables"].append({**own, "routes": [dict(one) for one in table["routes"]]})
    made: Json = facts["route_tables"][-1]
    return made


def _is_behind_nat(table_id: str, function: Json) -> bool:
    """Return True for a table that the traffic comes to from a NAT gateway or instance."""
    for subnet in function["evidence"].get("subnets", ()):
        kinds = [hop["kind"] for hop in subnet["hops"] if subnet["state"] == "none"]
        ids = [hop["id"] for hop in subnet["hops"] if subnet["state"] == "none"]
        if table_id in ids and {"nat_gateway", "network_interface"} & set(kinds[: ids.index(table_id)]):
            return True
    return False


def is_default(route: Json) -> bool:
    if route["origin"] == "local" or route["family"] == "ipv6":
        return False
    if route["family"] == "prefix_list":
        return bool(route["target_kind"] != "vpc_endpoint")
    return not str(route["destination"]).startswith(_PRIVATE)


def _gateway_of(facts: Json, vpc_id: str) -> str:
    attached = [
        one["id"]
        for one in facts["internet_gateways"]
        for at in one["attachments"]
        if at["vpc_id"] == vpc_id and at["state"].lower() in ("available", "attached")
    ]
    if not attached:
        _attached("internet_gateways")(facts, "igw-new", {"vpc_id": vpc_id})
    return min(attached, default="igw-new")


def _route(family: str, destination: str, **target: str) -> Json:
    return {
        "family": family,
        "destination": destination,
        "state": "active",
        "origin": "static",
        **target,
    }


def peering(facts: Json, identity: str, function: Json) -> None:
    """Lead the default routes that a peering connection carries to a NAT gateway in its place."""
    for table in facts["route_tables"]:
        for route in table["routes"]:
            if route["target_id"] == identity and is_default(route):
                regional(facts, "nat-new", function)
                route |= {"target_kind": "nat_gateway", "target_id": "nat-new"}


def transit_gateway(facts: Json, identity: str, function: Json) -> None:
    """Attach the VPC to a transit gateway in all of its zones."""
    attachment(facts, "tgw-attach-new", function, transit_gateway_id=identity)


def attachment(facts: Json, identity: str, function: Json, **otherwise: str) -> None:
    """Give an attachment a subnet in every zone."""
    found = resource(facts, "transit_gateway_attachments", identity, vpc_id=function["vpc_id"], **otherwise)
    ids = [one["id"] for one in facts["subnets"] if one["vpc_id"] == function["vpc_id"]]
    found |= {"state": "available", "subnet_ids": ids}


def public_access(facts: Json, identity: str, _: Json) -> None:
    """Exclude a subnet, or the whole VPC, from Block Public Access."""
    for subnet in facts["subnets"]:
        if identity in (subnet["id"], subnet["vpc_id"]):
            subnet["internet_gateway_block_mode"] = "off"


def nat_interface(facts: Json, identity: str, function: Json) -> None:
    """Let an interface pass traffic on: its instance runs, admits everybody, and has a public address."""
    vpc_id = function["vpc_id"]
    interface = resource(
        facts,
        "network_interfaces",
        identity,
        vpc_id=vpc_id,
        interface_type="interface",
        is_lambda=False,
        security_group_ids=["sg-new"],
        subnet_id=_public_subnet(facts, vpc_id),
        instance_id="i-new",
    )
    if _leads_back(facts, interface):
        interface["subnet_id"] = _public_subnet(facts, vpc_id)
    interface |= {"source_dest_check": False, "public_ip": "198.51.100.1"}
    for group_id in interface["security_group_ids"]:
        let_in(facts, group_id, function)
    if identity not in {one["id"] for one in facts["instances"]} and interface["instance_id"] == "i-new":
        nat_instance(facts, "i-new", function)


def _leads_back(facts: Json, interface: Json) -> bool:
    own = _table_of(facts, interface.get("subnet_id", ""))
    tables = [table for table in facts["route_tables"] if table["id"] == own]
    return any(route["target_id"] == interface["id"] for table in tables for route in table["routes"])


def _public_subnet(facts: Json, vpc_id: str) -> str:
    gateway = _gateway_of(facts, vpc_id)
    return min(
        (
            subnet_id
            for table in facts["route_tables"]
            if any(route["target_id"] == gateway and is_default(route) for route in table["routes"])
            for subnet_id in table["subnet_ids"]
        ),
        default="",
    ) or _public_place(facts, vpc_id, gateway)


def _public_place(facts: Json, vpc_id: str, gateway: str) -> str:
    """Make a public subnet and return its id."""
    table = {"id": "rtb-new", "vpc_id": vpc_id, "is_main": False, "subnet_ids": ["subnet-new"]}
    route = _route("ipv4", "0.0.0.0/0", target_kind="internet_gateway", target_id=gateway)
    facts["route_tables"].append({**table, "routes": [route]})
    subnet(facts, "subnet-new", {"vpc_id": vpc_id})
    return "subnet-new"


def nat_instance(facts: Json, identity: str, function: Json) -> None:
    """Start an instance, with a public address."""
    places = [
        one["subnet_id"]
        for one in facts["network_interfaces"]
        if one.get("instance_id") == identity and "subnet_id" in one
    ]
    instance = resource(facts, "instances", identity, vpc_id=function["vpc_id"], subnet_ids=places)
    instance |= {"state": "running", "source_dest_check": False, "public_ips": ["198.51.100.1"]}


WAYS: dict[str, Repair] = {
    "nat_gateway": nat_gateway,
    "internet_gateway": _attached("internet_gateways"),
    "egress_only_internet_gateway": _attached("egress_only_internet_gateways"),
    "route_table": route_table,
    "vpc_peering_connection": peering,
    "transit_gateway": transit_gateway,
    "transit_gateway_attachment": attachment,
    "subnet": public_access,
    "vpc": public_access,
    "network_interface": nat_interface,
    "instance": nat_instance,
}
