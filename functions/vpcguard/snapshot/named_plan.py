"""Round two of a network: what the first answers name and do not hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vpcguard.model import Answers
from vpcguard.snapshot.collectors import filters, gateways, interfaces, networks
from vpcguard.snapshot.network_plan import FILTER_VALUES
from vpcguard.snapshot.operation import Operation
from vpcguard.snapshot.reading import Reads
from vpcguard.snapshot.threads import Task

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the functions in scope use.

    subnet_ids and security_group_ids are looked for again, one by one, where round one asked by VPC.
    """

    vpc_ids: frozenset[str]
    subnet_ids: frozenset[str] = frozenset()
    security_group_ids: frozenset[str] = frozenset()


def read_named(reads: Reads, network: Answers, wanted: Wanted) -> Answers:
    """Read DNS attributes, entries of prefix lists, NAT instances, and what the filter by VPC did not show.

    DNS attributes only where an interface endpoint is. A subnet or group that a function names is asked for
    by itself before it counts as missing: a group, for one, may belong to another VPC.
    """
    routes = [route for table in _of(network, networks.ROUTE_TABLES, wanted) for route in table["Routes"]]
    return reads.gather(
        [
            *networks.vpc_attribute_reads(reads, _with_interface_endpoint(network, wanted)),
            *filters.prefix_list_reads(reads, _prefix_lists(network, routes, wanted)),
            *_by_id(
                reads,
                interfaces.NETWORK_INTERFACES,
                "network-interface-id",
                _ids(routes, "NetworkInterfaceId"),
            ),
            *_by_id(reads, interfaces.INSTANCES, "instance-id", _ids(routes, "InstanceId")),
            *_by_id(
                reads,
                networks.SUBNETS,
                "subnet-id",
                _unseen(network, networks.SUBNETS, "SubnetId", wanted.subnet_ids),
            ),
            *_by_id(
                reads,
                filters.SECURITY_GROUPS,
                "group-id",
                _unseen(network, filters.SECURITY_GROUPS, "GroupId", wanted.security_group_ids),
            ),
        ]
    )


def items(answers: Answers, operation: Operation) -> list[Item]:
    """Return the one list of an operation's answer; empty where it was not read."""
    found: list[Item] = answers.answers.get(operation.key, {}).get(operation.lists[0], [])
    return found


def _of(network: Answers, operation: Operation, wanted: Wanted) -> list[Item]:
    return [item for item in items(network, operation) if item.get("VpcId") in wanted.vpc_ids]


def _with_interface_endpoint(network: Answers, wanted: Wanted) -> list[str]:
    endpoints = _of(network, gateways.VPC_ENDPOINTS, wanted)
    return sorted({each["VpcId"] for each in endpoints if each.get("VpcEndpointType") == "Interface"})


def _prefix_lists(network: Answers, routes: Iterable[Item], wanted: Wanted) -> list[str]:
    permissions = (
        permission
        for group in _of(network, filters.SECURITY_GROUPS, wanted)
        for permission in (*group.get("IpPermissions", []), *group.get("IpPermissionsEgress", []))
    )
    by_groups = (named for permission in permissions for named in permission.get("PrefixListIds", []))
    return sorted({*_ids(routes, "DestinationPrefixListId"), *_ids(by_groups, "PrefixListId")})


def _ids(named: Iterable[Item], field: str) -> list[str]:
    return sorted({item[field] for item in named if item.get(field)})


def _unseen(network: Answers, operation: Operation, field: str, ids: frozenset[str]) -> list[str]:
    if operation.key in network.failures:
        return []  # asking again would be refused again
    return sorted(ids - {item.get(field) for item in items(network, operation)})


def _by_id(reads: Reads, operation: Operation, name: str, ids: list[str]) -> Iterator[Task]:
    for start in range(0, len(ids), FILTER_VALUES):
        yield reads.once(operation, Filters=[{"Name": name, "Values": ids[start : start + FILTER_VALUES]}])
