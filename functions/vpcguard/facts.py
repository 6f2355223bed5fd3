"""Step three of the flow: from a snapshot to the document that the policies judge (docs/architecture.md).

Pure, no judgement, same in, same out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from vpcguard.aws.answers import Estate, LeftOut, estate_of, known, required_text, text
from vpcguard.aws.answers import Json as Facts
from vpcguard.coverage import cover_vpcs
from vpcguard.model import Snapshot
from vpcguard.resources import FAMILIES, VPC_KINDS
from vpcguard.resources.networks import VPCS, read_subnets, read_vpcs

__all__ = ["Facts", "LeftOut", "build_facts", "read_facts"]

INPUT_VERSION = 1


def build_facts(snapshot: Snapshot, *, tags: Collection[str] = ()) -> Facts:
    """Return the facts of `read_facts`."""
    return read_facts(snapshot, tags=tags)[0]


def read_facts(snapshot: Snapshot, *, tags: Collection[str] = ()) -> tuple[Facts, tuple[LeftOut, ...]]:
    """Return the document of policies/schemas/input.json, without `config`, and what was left out of it.

    tags: keys of functions' tags that become facts beside vpcguard's own and the owner.

    No key is null: what is not known is absent, and `coverage` says why. The order of lists in the
    snapshot changes nothing. A resource that lacks what it means nothing without is left out, and what rests
    on it is unknown.
    """
    estate = _with_owners(estate_of(snapshot))
    own = replace(estate.own, tag_keys=frozenset(key.lower() for key in tags))
    estate = replace(estate, own=own)
    facts: dict[str, dict[str, Facts]] = {}
    coverage = [entry for family in FAMILIES for entry in family.add_facts(estate, facts)]
    coverage += cover_vpcs(estate, facts, VPC_KINDS, vpcs=VPCS)
    told: Mapping[str, Any] = snapshot.account or {}
    document = {
        "schema_version": INPUT_VERSION,
        "evaluated_at": snapshot.captured_at,
        "account": known(
            {
                "id": snapshot.account_id,
                "region": snapshot.region,
                "partition": estate.partition,
                "name": told.get("name") or None,
                "organization_unit": told.get("organization_unit") or None,
                "tags": [{"key": key, "value": one} for key, one in sorted(told.get("tags", {}).items())],
            }
        ),
        **{kind: [found[key] for key in sorted(found)] for kind, found in facts.items()},
        "coverage": coverage,
    }
    return document, tuple(one for account in estate.accounts for one in account.left_out.values())


def _with_owners(estate: Estate) -> Estate:
    """Return the accounts with the owner of every VPC that any answer shows.

    Participants see route tables and ACLs of a shared VPC with their owner, and no NAT gateway:
    https://docs.aws.amazon.com/vpc/latest/userguide/vpc-share-limitations.html
    """
    networks = (*read_vpcs(estate).values(), *read_subnets(estate).values())
    seen = [(one.get("vpc_id") or one["id"], one.get("owner_id")) for one in networks]
    owners: dict[str, str] = {}
    for vpc_id, owner_id in seen:  # one subnet that somebody else owns is enough to know of a shared VPC
        if owner_id is not None and owners.get(vpc_id, estate.own.id) == estate.own.id:
            owners[vpc_id] = owner_id
    for told in VPC_KINDS.values():
        if told.names_owner:
            for account in estate.accounts:
                seen += account.documents(
                    told.operation, lambda item: (required_text(item, "VpcId"), text(item, "OwnerId"))
                )
        if told.is_shown_to_owner_only:
            vpc_ids = estate.own.documents(told.operation, lambda item: text(item, "VpcId"))
            seen += [(vpc_id, estate.own.id) for vpc_id in vpc_ids if vpc_id]
    for vpc_id, owner_id in seen:
        if owner_id is not None:
            owners.setdefault(vpc_id, owner_id)
    for vpc_id, _ in seen:  # AWS always names the owner: where nothing does, nothing speaks of another
        owners.setdefault(vpc_id, estate.own.id)
    return replace(estate, owner_of=owners)
