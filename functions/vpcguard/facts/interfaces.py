"""Network interfaces and instances: those of Lambda, and those that a route leads to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from vpcguard.facts.estate import Estate
from vpcguard.facts.reading import Json, boolean, each, gather, known, lower, required_text, text

INTERFACES = "ec2:DescribeNetworkInterfaces"
INSTANCES = "ec2:DescribeInstances"
_LAMBDA_DESCRIPTION = "AWS Lambda VPC ENI"


def read_interfaces(estate: Estate, tables: Iterable[Json], owner_of: Mapping[str, str]) -> dict[str, Json]:
    """Return Lambda's interfaces and the targets of routes, by id.

    The thousands of others in an account decide nothing.
    """
    targets, instances = _targets(tables)
    interfaces = estate.union(INTERFACES, "NetworkInterfaces", _interface, owner_of=owner_of)
    return {
        interface_id: interface
        for interface_id, interface in interfaces.items()
        if interface["is_lambda"] or interface_id in targets or interface.get("instance_id") in instances
    }


def read_instances(
    estate: Estate, tables: Iterable[Json], interfaces: Mapping[str, Json], owner_of: Mapping[str, str]
) -> dict[str, Json]:
    """Return the instances behind the targets of routes, by id."""
    _, wanted = _targets(tables)
    wanted |= {interface.get("instance_id", "") for interface in interfaces.values()}
    found: dict[str, Json] = {}
    for account in estate.accounts:
        reservations = account.documents(
            INSTANCES, "Reservations", lambda item: each(item, "Instances", convert=_instance)
        )
        for instance in (one for reservation in reservations for one in reservation):
            is_owners = owner_of.get(instance.get("vpc_id", "")) == account.id
            if instance["id"] in wanted and (instance["id"] not in found or is_owners):
                found[instance["id"]] = instance
    return found


def _targets(tables: Iterable[Json]) -> tuple[set[str], set[str]]:
    routes = [
        route for table in tables for route in table["routes"] if route["target_kind"] == "network_interface"
    ]
    return {route["target_id"] for route in routes}, {route.get("instance_id", "") for route in routes} - {""}


def _interface(item: Json) -> Json:
    interface_type = text(item, "InterfaceType") or "unknown"
    description = text(item, "Description") or ""
    return known(
        {
            "id": required_text(item, "NetworkInterfaceId"),
            "vpc_id": required_text(item, "VpcId"),
            "subnet_id": text(item, "SubnetId"),
            "security_group_ids": gather(item, "Groups", field="GroupId"),
            "interface_type": interface_type,
            "is_lambda": interface_type == "lambda" or description.startswith(_LAMBDA_DESCRIPTION),
            "owner_id": text(item, "OwnerId"),
            "source_dest_check": boolean(item, "SourceDestCheck"),
            "instance_id": text(item, "Attachment", "InstanceId"),
        }
    )


def _instance(item: Json) -> Json:
    return known(
        {
            "id": required_text(item, "InstanceId"),
            "vpc_id": text(item, "VpcId"),
            "subnet_id": text(item, "SubnetId"),
            "state": lower(item, "State", "Name"),
            "source_dest_check": boolean(item, "SourceDestCheck"),
        }
    )
