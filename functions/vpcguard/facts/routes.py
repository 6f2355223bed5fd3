"""Route tables, their explicit associations and their routes."""

from __future__ import annotations

from collections.abc import Mapping

from vpcguard.facts.estate import Estate
from vpcguard.facts.reading import Json, boolean, each, known, lower, required_text, text

ROUTE_TABLES = "ec2:DescribeRouteTables"

# Field that names the target -> kind. GatewayId holds several kinds; an instance has its own rules below.
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html
_TARGETS = {
    "NatGatewayId": "nat_gateway",
    "TransitGatewayId": "transit_gateway",
    "VpcPeeringConnectionId": "vpc_peering_connection",
    "EgressOnlyInternetGatewayId": "egress_only_internet_gateway",
    "CoreNetworkArn": "core_network",
    "LocalGatewayId": "local_gateway",
    "CarrierGatewayId": "carrier_gateway",
}
_GATEWAYS = {
    "igw-": "internet_gateway",
    "eigw-": "egress_only_internet_gateway",
    "vgw-": "virtual_private_gateway",
    "vpce-": "vpc_endpoint",
}
_DESTINATIONS = {
    "DestinationCidrBlock": "ipv4",
    "DestinationIpv6CidrBlock": "ipv6",
    "DestinationPrefixListId": "prefix_list",
}
_ORIGINS = {
    "createroutetable": "local",
    "createroute": "static",
    "enablevgwroutepropagation": "propagated",
    "advertisement": "propagated",  # learned from a route server
}
_NO_TARGET = {"DestinationPrefixListId", "InstanceOwnerId", "InstanceId", "GatewayId"}


def read_route_tables(
    estate: Estate, subnets: Mapping[str, Json], owner_of: Mapping[str, str]
) -> dict[str, Json]:
    """Return the route tables that we or their owner see, by id."""
    tables = estate.union(ROUTE_TABLES, "RouteTables", _table, owner_of=owner_of)
    if estate.own.status(ROUTE_TABLES).status == "known":
        _associate_shared(estate, tables, subnets, owner_of)
    return tables


def _associate_shared(
    estate: Estate, tables: Mapping[str, Json], subnets: Mapping[str, Json], owner_of: Mapping[str, str]
) -> None:
    """Add to the main table of a shared VPC the subnets shared with us that follow it.

    A participant sees the tables of the subnets shared with it, and only those: for them a complete
    answer without an association means the main table; for the owner's other subnets it means nothing.
    """
    associated = {subnet_id for table in tables.values() for subnet_id in table["subnet_ids"]}
    main = {table["vpc_id"]: table for table in tables.values() if table["is_main"]}
    shared_with_us = set(
        estate.own.documents("ec2:DescribeSubnets", "Subnets", lambda item: text(item, "SubnetId"))
    )
    for subnet_id in sorted(shared_with_us & (subnets.keys() - associated), key=str):
        vpc_id = subnets[str(subnet_id)]["vpc_id"]
        if vpc_id in main and owner_of.get(vpc_id) != estate.own.id:
            main[vpc_id]["subnet_ids"] = sorted([*main[vpc_id]["subnet_ids"], str(subnet_id)])


def _table(item: Json) -> Json:
    associations = [found for found in each(item, "Associations", convert=_association) if found is not None]
    return {
        "id": required_text(item, "RouteTableId"),
        "vpc_id": required_text(item, "VpcId"),
        "is_main": any(is_main for is_main, _ in associations),
        "subnet_ids": sorted({subnet_id for _, subnet_id in associations if subnet_id is not None}),
        "routes": sorted(each(item, "Routes", convert=_route), key=_order),
    }


def _association(item: Json) -> tuple[bool, str | None] | None:
    if lower(item, "AssociationState", "State", default="associated") != "associated":
        return None
    return boolean(item, "Main") or False, text(item, "SubnetId")


def _route(item: Json) -> Json:
    family, destination = _destination(item)
    kind, target = _target(item)
    origin = lower(item, "Origin", default="CreateRoute")
    return known(
        {
            "family": family,
            "destination": destination,
            "target_kind": kind,
            "target_id": target,
            "instance_id": text(item, "InstanceId"),
            "state": lower(item, "State"),
            "origin": "local" if kind == "local" else _ORIGINS.get(origin, "static"),
        }
    )


def _destination(item: Json) -> tuple[str, str]:
    for field, family in _DESTINATIONS.items():
        destination = text(item, field)
        if destination is not None:
            return family, destination
    return "unknown", ""


def _target(item: Json) -> tuple[str, str]:
    gateway = text(item, "GatewayId")
    if gateway is not None:
        kinds = (kind for prefix, kind in _GATEWAYS.items() if gateway.startswith(prefix))
        return ("local" if gateway == "local" else next(kinds, "unknown")), gateway
    for field, kind in _TARGETS.items():
        target = text(item, field)
        if target is not None:
            return kind, target
    interface = text(item, "NetworkInterfaceId") or text(item, "InstanceId")
    if interface is not None:
        return "network_interface", interface
    others = (key for key in sorted(item) if key.endswith(("Id", "Arn")) and key not in _NO_TARGET)
    return "unknown", next((str(item[key]) for key in others if item[key]), "")


def _order(route: Json) -> tuple[str, ...]:
    return (route["family"], route["destination"], route["target_id"], route["origin"], route["state"])
