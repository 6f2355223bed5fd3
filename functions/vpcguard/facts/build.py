"""From a snapshot to the document that the policies judge: pure, no judgement, same in, same out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vpcguard.errors import SnapshotError
from vpcguard.facts.acls import read_network_acls
from vpcguard.facts.endpoints import read_vpc_endpoints
from vpcguard.facts.estate import Estate, estate_of, vpc_owners
from vpcguard.facts.function_details import add_details
from vpcguard.facts.functions import read_functions
from vpcguard.facts.gateways import read_egress_only_internet_gateways, read_internet_gateways
from vpcguard.facts.groups import read_security_groups
from vpcguard.facts.interfaces import read_instances, read_interfaces
from vpcguard.facts.nat import read_nat_gateways
from vpcguard.facts.prefix_lists import read_prefix_lists
from vpcguard.facts.public_access import read_block_public_access
from vpcguard.facts.quotas import read_quotas
from vpcguard.facts.reading import Json, MistypedError, by_id, known, mapping, text
from vpcguard.facts.roles import read_roles
from vpcguard.facts.routes import read_route_tables
from vpcguard.facts.subnets import read_subnets
from vpcguard.facts.tags import add_tags
from vpcguard.facts.vpc_coverage import subnet_coverage, vpc_coverage
from vpcguard.facts.vpcs import read_vpcs
from vpcguard.model import Snapshot

SCHEMA_VERSION = 1
_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso-": "aws-iso", "us-isob-": "aws-iso-b"}


def build_facts(snapshot: Snapshot) -> Json:
    """Return the input document of policies/schemas/input.json, without `config`.

    No key is null: what is not known is absent, and `coverage` says why. The order of lists in the
    snapshot changes nothing. Raises SnapshotError that names the place of a value of a wrong type.
    """
    estate = estate_of(snapshot)
    account = _account(snapshot)
    prefix = f"arn:{account['partition']}:lambda:{snapshot.region}:{snapshot.account_id}:function:"
    functions = read_functions(estate.own, arn_prefix=prefix)
    coverage = add_details(estate.own, functions) + add_tags(estate.own, functions)
    roles, role_coverage = read_roles(
        estate.own, (one["role_name"] for one in functions if "role_name" in one)
    )
    quotas, quota_coverage = read_quotas(estate.own)
    network, network_coverage = _network(estate, functions)
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluated_at": snapshot.captured_at,
        "account": account,
        "functions": functions,
        **network,
        "roles": roles,
        "quotas": quotas,
        "coverage": coverage + role_coverage + quota_coverage + network_coverage,
    }


def _network(estate: Estate, functions: list[Json]) -> tuple[Json, list[Json]]:
    vpcs, subnets = read_vpcs(estate), read_subnets(estate)
    owner_of = vpc_owners(estate, (*vpcs.values(), *subnets.values()))
    _place(functions, subnets)
    tables = read_route_tables(estate, subnets, owner_of)
    nats, endpoints = read_nat_gateways(estate, owner_of), read_vpc_endpoints(estate, owner_of)
    groups = read_security_groups(estate, owner_of)
    interfaces = read_interfaces(estate, tables.values(), owner_of)
    instances = read_instances(estate, tables.values(), interfaces, owner_of)
    lists, list_coverage = read_prefix_lists(estate, _named_lists(tables.values(), groups.values()))
    modes, mode_coverage = read_block_public_access(estate)
    kinds = {
        "vpcs": vpcs,
        "subnets": subnets,
        "route_tables": tables,
        "nat_gateways": nats,
        "internet_gateways": read_internet_gateways(estate),
        "egress_only_internet_gateways": read_egress_only_internet_gateways(estate),
        "vpc_endpoints": endpoints,
        "security_groups": groups,
        "network_acls": read_network_acls(estate, owner_of),
        "network_interfaces": interfaces,
        "instances": instances,
        "prefix_lists": lists,
    }
    placed = [*functions, *nats.values(), *endpoints.values(), *interfaces.values(), *instances.values()]
    unseen = {subnet_id: vpc_id for subnet_id, vpc_id in _named_subnets(placed) if subnet_id not in subnets}
    named = {one["vpc_id"] for one in (*functions, *subnets.values()) if "vpc_id" in one}
    coverage = vpc_coverage(estate, vpcs, named, owner_of) + subnet_coverage(estate, unseen, owner_of)
    documents = {kind: by_id(found.values()) for kind, found in kinds.items()}
    return {**documents, "block_public_access": modes}, coverage + list_coverage + mode_coverage


def _place(functions: Iterable[Json], subnets: Mapping[str, Json]) -> None:
    """Give each function the VPC its subnets are in; what it says itself counts where none is seen."""
    for function in functions:
        vpc_ids = {subnets[one]["vpc_id"] for one in function["subnet_ids"] if one in subnets}
        if len(vpc_ids) == 1:
            function["vpc_id"] = vpc_ids.pop()


def _named_subnets(placed: Iterable[Json]) -> Iterator[tuple[str, str | None]]:
    for one in placed:
        for subnet_id in (*one.get("subnet_ids", ()), one.get("subnet_id")):
            if subnet_id is not None:
                yield subnet_id, one.get("vpc_id")


def _named_lists(tables: Iterable[Json], groups: Iterable[Json]) -> Iterator[str]:
    for table in tables:
        yield from (route["destination"] for route in table["routes"] if route["family"] == "prefix_list")
    for group in groups:
        for permission in (*group["ingress"], *group["egress"]):
            yield from permission["prefix_list_ids"]


def _account(snapshot: Snapshot) -> Json:
    account: Mapping[str, Any] = snapshot.account or {}
    partitions = (name for prefix, name in _PARTITIONS.items() if snapshot.region.startswith(prefix))
    try:
        tags = mapping(account, "tags")
        return known(
            {
                "id": snapshot.account_id,
                "region": snapshot.region,
                "partition": next(partitions, "aws"),
                "name": text(account, "name"),
                "organization_unit": text(account, "organization_unit"),
                "tags": [{"key": key, "value": text(account, "tags", key) or ""} for key in sorted(tags)],
            }
        )
    except MistypedError as error:
        place = error.below("account").path
        raise SnapshotError(f"{place}: expected {error.expected}, found {error.found}") from None
