"""How complete the facts about each VPC are, whoever owns it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from vpcguard.facts.account import Status, unknown, worst
from vpcguard.facts.acls import ACLS
from vpcguard.facts.coverage import default_entry, subject_entries
from vpcguard.facts.endpoints import ENDPOINTS
from vpcguard.facts.estate import Estate
from vpcguard.facts.gateways import EGRESS_ONLY, INTERNET
from vpcguard.facts.groups import GROUPS
from vpcguard.facts.interfaces import INSTANCES, INTERFACES
from vpcguard.facts.nat import NAT_GATEWAYS
from vpcguard.facts.reading import Json
from vpcguard.facts.routes import ROUTE_TABLES
from vpcguard.facts.subnets import SUBNETS
from vpcguard.facts.vpcs import VPCS, attribute_status

# Whose answer has to be complete in a VPC that somebody shares with us: participants see little of it.
# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-share-limitations.html
_Seen = Literal["owner", "both", "either", "own"]
_KINDS: Mapping[str, tuple[str, _Seen]] = {
    "subnets": (SUBNETS, "owner"),
    "route_tables": (ROUTE_TABLES, "owner"),  # ours alone settles the subnets shared with us: facts.routes
    "nat_gateways": (NAT_GATEWAYS, "owner"),
    "internet_gateways": (INTERNET, "owner"),
    "egress_only_internet_gateways": (EGRESS_ONLY, "owner"),
    "vpc_endpoints": (ENDPOINTS, "owner"),
    "security_groups": (GROUPS, "both"),  # each account sees its own
    "network_interfaces": (INTERFACES, "both"),
    "instances": (INSTANCES, "both"),
    "network_acls": (ACLS, "either"),  # of the subnets shared with us
    "lambda_interfaces": (INTERFACES, "own"),  # of our functions
}


def vpc_coverage(
    estate: Estate, vpcs: Mapping[str, Json], named: Iterable[str], owner_of: Mapping[str, str]
) -> list[Json]:
    """Return the coverage of the VPCs named, kind by kind."""
    ids = sorted(set(named))
    seen = estate.own.status(VPCS)
    unseen = {vpc_id: _of_nobody(estate, seen, vpc_id) for vpc_id in ids if vpc_id not in vpcs}
    coverage = [default_entry("vpcs", seen), *subject_entries("vpcs", unseen, default=seen)]
    for kind in _KINDS:
        coverage += subject_entries(
            kind, {vpc_id: vpc_status(estate, kind, vpc_id, owner_of) for vpc_id in ids}
        )
    attributes = {
        vpc_id: attribute_status(estate, vpcs.get(vpc_id), vpc_id, owner_of.get(vpc_id, estate.own.id))
        for vpc_id in ids
    }
    return coverage + subject_entries("vpc_attributes", attributes)


def subnet_coverage(
    estate: Estate, unseen: Mapping[str, str | None], owner_of: Mapping[str, str]
) -> list[Json]:
    """Return the coverage of subnets that something names and no answer holds.

    unseen: subnet id -> the VPC it should be in, None where nothing says.
    """
    statuses = {
        subnet_id: vpc_status(estate, "subnets", vpc_id or subnet_id, owner_of)
        for subnet_id, vpc_id in unseen.items()
    }
    return subject_entries("subnets", statuses)


def vpc_status(estate: Estate, kind: str, vpc_id: str, owner_of: Mapping[str, str]) -> Status:
    """Return how complete one kind of fact is in one VPC."""
    operation, seen = _KINDS[kind]
    own, owner_id = estate.own.status(operation), owner_of.get(vpc_id)
    if owner_id == estate.own.id or seen == "own":
        return own
    if owner_id is None:
        return _of_nobody(estate, own, vpc_id)
    owners = estate.owner(owner_id).status(operation)
    if seen == "both":
        return worst(own, owners)
    return own if seen == "either" and own.is_known else owners


def _of_nobody(estate: Estate, own: Status, vpc_id: str) -> Status:
    """Return the status in a VPC whose owner no answer names: who owns it decides what an absence means."""
    open_reads = [status for status in (own, estate.own.status(VPCS)) if status.status == "unknown"]
    if own.is_not_requested or open_reads:
        return worst(own, *open_reads)
    reason = f"{vpc_id} is in no answer: deleted, or shared with this account no more"
    return unknown(vpc_id, reason=reason, is_failed_read=False)
