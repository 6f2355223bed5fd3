"""What the owners of shared VPCs see of them: participants see neither NAT gateways nor endpoints.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing.html
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future

from botocore.exceptions import BotoCoreError, ClientError

from vpcguard.model import Answers
from vpcguard.snapshot.collectors import networks
from vpcguard.snapshot.merging import merge
from vpcguard.snapshot.named_plan import Wanted, items, read_named
from vpcguard.snapshot.network_plan import describe_networks
from vpcguard.snapshot.reading import Aws, Reads
from vpcguard.snapshot.refusals import is_denied, passing_error

_ASSUME_ROLE = "sts:AssumeRole"


def begin_owners(
    reads: Reads, network: Answers, *, account_id: str, wanted: Wanted
) -> dict[str, Future[Answers | None]]:
    """Start reading each foreign owner of a VPC in use; None: nobody whom we may ask."""
    shared: dict[str, set[str]] = {}
    for operation in (networks.VPCS, networks.SUBNETS):
        for item in items(network, operation):
            owner, vpc_id = item.get("OwnerId"), item.get("VpcId")
            if vpc_id in wanted.vpc_ids and owner and owner != account_id:
                shared.setdefault(owner, set()).add(vpc_id)
    return {
        owner: reads.threads.begin(_read_owner, reads, owner, frozenset(vpc_ids))
        for owner, vpc_ids in sorted(shared.items())
    }


def finish_owners(begun: Mapping[str, Future[Answers | None]]) -> dict[str, Answers]:
    """Return what the owners answered; those whom we may not ask stay out."""
    results = {owner: future.result() for owner, future in begun.items()}
    return {owner: answers for owner, answers in results.items() if answers is not None}


def _read_owner(reads: Reads, owner: str, vpc_ids: frozenset[str]) -> Answers | None:
    aws = _reader_of(reads.aws, owner)
    if aws is None:
        return None
    own = reads.of_owner(aws)
    network = describe_networks(own, vpc_ids, of_owner=True)
    return merge((network, read_named(own, network, Wanted(vpc_ids=vpc_ids))))


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
