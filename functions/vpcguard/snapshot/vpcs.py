"""The VPCs of functions: what hangs on them, what that names, and what the owners of shared ones see.

Participants see neither NAT gateways nor endpoints of a VPC that is shared with them:
https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from botocore.exceptions import BotoCoreError, ClientError

from vpcguard.aws.answers import Json, items, merge
from vpcguard.aws.operations import Call
from vpcguard.aws.reading import Aws, Reads, is_denied, passing_error
from vpcguard.model import Answers
from vpcguard.resources import FAMILIES
from vpcguard.resources.family import FILTER_VALUES, InUse, VpcIds, by_vpc
from vpcguard.resources.networks import SUBNETS, VPCS

_LISTS = [operation for family in FAMILIES for operation in family.lists]
_ASSUME_ROLE = "sts:AssumeRole"


def read_lists(reads: Reads, vpc_ids: VpcIds, *, of_owner: bool = False) -> Answers:
    """Read the VPCs and all that hangs on them, at once; in our own account Lambda's interfaces too."""
    asked = None if vpc_ids is None or len(vpc_ids) > FILTER_VALUES else vpc_ids
    return reads.run(_list_calls(asked, of_owner=of_owner))


def read_with_owners(
    reads: Reads, network: Answers, functions: Mapping[str, Json], *, account_id: str, is_by_vpc: bool
) -> tuple[Answers, dict[str, Answers]]:
    """Return the lists of a network with what they name and do not hold, and what other owners answered.

    functions: those of the scope that are attached. is_by_vpc: the lists were asked for by VPC, so what they
    lack may still be somewhere else: a group, for one, may belong to another VPC. Owners whom we may not ask
    stay out.
    """
    in_use = _in_use(network, functions, is_by_vpc=is_by_vpc)
    owners = {
        owner: reads.threads.begin(_read_owner, reads, owner, frozenset(vpc_ids))
        for owner, vpc_ids in sorted(_other_owners(in_use, account_id).items())
    }
    named = _read_named(reads, in_use)
    answered = {owner: future.result() for owner, future in owners.items()}
    return merge((network, named)), {
        owner: answers for owner, answers in answered.items() if answers is not None
    }


def _list_calls(vpc_ids: VpcIds, *, of_owner: bool) -> Iterator[Call]:
    for operation in sorted(_LISTS, key=lambda one: one.vpc_filter is None):
        filters = by_vpc(operation, vpc_ids)
        yield Call(operation, parameters={operation.filters: filters} if filters else {})
    if not of_owner:
        for family in FAMILIES:
            yield from family.own_calls(vpc_ids)


def _in_use(network: Answers, functions: Mapping[str, Json], *, is_by_vpc: bool) -> InUse:
    """Return what functions use, with the VPCs that they name and those their subnets are in."""
    configurations = [one["VpcConfig"] for one in functions.values()]
    subnet_ids = frozenset(subnet for one in configurations for subnet in one["SubnetIds"])
    named = {one.get("VpcId") for one in configurations}
    of_subnets = {one.get("VpcId") for one in items(network, SUBNETS) if one.get("SubnetId") in subnet_ids}
    vpc_ids = frozenset(vpc_id for vpc_id in named | of_subnets if vpc_id)
    if not is_by_vpc:
        return InUse(network=network, vpc_ids=vpc_ids)
    group_ids = frozenset(group for one in configurations for group in one.get("SecurityGroupIds", []))
    return InUse(network=network, vpc_ids=vpc_ids, subnet_ids=subnet_ids, security_group_ids=group_ids)


def _read_named(reads: Reads, in_use: InUse) -> Answers:
    return reads.run([call for family in FAMILIES for call in family.named_calls(in_use)])


def _other_owners(in_use: InUse, account_id: str) -> dict[str, set[str]]:
    """Return the VPCs in use that other accounts own, by owner."""
    shared: dict[str, set[str]] = {}
    for operation in (VPCS, SUBNETS):
        for item in in_use.items(operation):
            owner = item.get("OwnerId")
            if owner and owner != account_id:
                shared.setdefault(owner, set()).add(item["VpcId"])
    return shared


def _read_owner(reads: Reads, owner: str, vpc_ids: frozenset[str]) -> Answers | None:
    """Return what an owner answered about its VPCs; None: nobody whom we may ask."""
    aws = _reader_of(reads.aws, owner)
    if aws is None:
        return None
    own = reads.of_owner(aws)
    network = read_lists(own, vpc_ids, of_owner=True)
    return merge((network, _read_named(own, InUse(network=network, vpc_ids=vpc_ids))))


def _reader_of(aws: Aws, owner: str) -> Aws | None:
    try:
        return aws.owner(owner)
    except (ClientError, BotoCoreError) as error:
        if isinstance(error, ClientError) and is_denied(error):
            return None  # a role that does not exist and one that does not trust us answer alike
        passing = passing_error(_ASSUME_ROLE, error)
        if passing is None:
            raise
        raise passing from error
