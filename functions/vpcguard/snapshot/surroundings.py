"""Everything around known functions: their network with its owners, their roles, tags and details."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from vpcguard.model import Answers
from vpcguard.snapshot.collectors import all_roles, function_details, functions, networks, roles, tags
from vpcguard.snapshot.merging import merge
from vpcguard.snapshot.named_plan import Wanted, items, read_named
from vpcguard.snapshot.network_plan import FILTER_VALUES, describe_networks
from vpcguard.snapshot.options import CaptureOptions, Plan
from vpcguard.snapshot.owners import begin_owners, finish_owners
from vpcguard.snapshot.reading import Reads

Functions = Mapping[str, Mapping[str, Any]]  # function name -> its configuration
Begun = tuple[frozenset[str], Future[Answers]]  # what was asked for on a hint, and the reads of it


def read_surroundings(
    reads: Reads,
    known: Functions,
    options: CaptureOptions,
    *,
    account_id: str,
    aliases: bool,
    network: Begun | None = None,
    role_reads: Begun | None = None,
) -> Plan:
    """Read what a few functions rest on.

    network and role_reads were begun on hints and count if those were right. Functions outside a VPC
    need neither.
    """
    threads = reads.threads
    chains = [
        threads.begin(reads.gather, list(tags.tag_reads(reads, arns_of(known)))),
        threads.begin(_read_details, reads, known, options, aliases=aliases),
    ]
    if not attached(known):
        return Plan(own=merge(chain.result() for chain in chains))
    names = role_names(known)
    chains.append(_hinted(role_reads, names) or threads.begin(read_roles, reads, names, options))
    vpc_ids = vpc_filter(known)
    described = (None if vpc_ids is None else _hinted(network, vpc_ids)) or threads.begin(
        describe_networks, reads, vpc_ids
    )
    answers = described.result()
    wanted = wanted_by(known, answers, is_by_vpc=vpc_ids is not None)
    owners = begin_owners(reads, answers, account_id=account_id, wanted=wanted)
    named = read_named(reads, answers, wanted)
    return Plan(
        own=merge((*(chain.result() for chain in chains), answers, named)), owners=finish_owners(owners)
    )


def attached(known: Functions) -> Functions:
    """Return the functions that name subnets."""
    return {name: each for name, each in known.items() if functions.is_attached(each)}


def role_names(known: Functions) -> frozenset[str]:
    """Return the names of the execution roles; a role's path is not part of its name."""
    return frozenset(each["Role"].rpartition("/")[2] for each in known.values() if each.get("Role"))


def vpc_filter(known: Functions) -> frozenset[str] | None:
    """Return the VPCs to ask for; None, all of them, where a function does not say which is its own."""
    vpc_ids = {each["VpcConfig"].get("VpcId") for each in attached(known).values()}
    if not all(vpc_ids) or len(vpc_ids) > FILTER_VALUES:
        return None
    return frozenset(vpc_id for vpc_id in vpc_ids if vpc_id)


def wanted_by(known: Functions, network: Answers, *, is_by_vpc: bool) -> Wanted:
    """Return what the functions use, with the VPCs that they name and those their subnets are in.

    is_by_vpc: the network was asked for by VPC, so what it lacks may still be somewhere else.
    """
    configurations = [each["VpcConfig"] for each in attached(known).values()]
    subnet_ids = frozenset(subnet for each in configurations for subnet in each["SubnetIds"])
    vpc_ids = {each.get("VpcId") for each in configurations} | {
        subnet.get("VpcId")
        for subnet in items(network, networks.SUBNETS)
        if subnet.get("SubnetId") in subnet_ids
    }
    in_use = frozenset(vpc_id for vpc_id in vpc_ids if vpc_id)
    if not is_by_vpc:
        return Wanted(vpc_ids=in_use)
    group_ids = frozenset(group for each in configurations for group in each.get("SecurityGroupIds", []))
    return Wanted(vpc_ids=in_use, subnet_ids=subnet_ids, security_group_ids=group_ids)


def read_roles(reads: Reads, names: frozenset[str], options: CaptureOptions) -> Answers:
    """Read roles in the way that takes fewer calls, or take them from what was read before."""
    if options.account_roles is not None:
        return all_roles.only_roles(options.account_roles, names)
    if len(names) > all_roles.FEW:
        return all_roles.only_roles(all_roles.collect_all_roles(reads), names)
    return roles.collect_roles(reads, names)


def _read_details(reads: Reads, known: Functions, options: CaptureOptions, *, aliases: bool) -> Answers:
    names = sorted(known)
    in_vpc = sorted(attached(known))
    concurrency = function_details.concurrency_reads(reads, in_vpc) if options.concurrency else ()
    by_alias = function_details.alias_reads(reads, names) if aliases else ()
    first = reads.gather([*concurrency, *by_alias])
    versions = function_details.served_version_reads(reads, first)
    if (
        aliases
        and len(in_vpc) <= function_details.FEW
        and function_details.LIST_ALIASES.key not in first.failures
    ):
        sources = function_details.event_source_reads(reads, in_vpc, first)
        return function_details.without_repeats(merge((first, reads.gather([*versions, *sources]))))
    every = function_details.all_event_source_reads(reads) if in_vpc else ()
    second = reads.gather([*versions, *every])
    return merge((first, function_details.only_functions(second, in_vpc)))


def arns_of(known: Functions) -> dict[str, str]:
    """Return the unqualified ARNs by function name."""
    return {name: each["FunctionArn"] for name, each in known.items() if each.get("FunctionArn")}


def _hinted(begun: Begun | None, wanted: frozenset[str]) -> Future[Answers] | None:
    return begun[1] if begun is not None and begun[0] == wanted else None
