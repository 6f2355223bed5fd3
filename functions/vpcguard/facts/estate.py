"""The accounts behind a network: our own, and those that own the VPCs they share with us."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from vpcguard.facts.account import Account
from vpcguard.facts.reading import Json, required_text, text
from vpcguard.model import Snapshot

_OWNED = (
    ("ec2:DescribeRouteTables", "RouteTables"),
    ("ec2:DescribeNetworkAcls", "NetworkAcls"),
    ("ec2:DescribeVpcEndpoints", "VpcEndpoints"),
)


@dataclass(frozen=True, slots=True)
class Estate:
    """Our own account's answers, and the owners' by account id."""

    own: Account
    owners: Mapping[str, Account]

    @property
    def accounts(self) -> tuple[Account, ...]:
        """All accounts that answered, our own first."""
        return (self.own, *(self.owners[owner] for owner in sorted(self.owners)))

    def owner(self, account_id: str) -> Account:
        """Return the account that owns a VPC; one that was never read answers nothing."""
        if account_id == self.own.id:
            return self.own
        return self.owners.get(account_id) or Account(account_id, is_own=False, is_read=False)

    def union(
        self,
        operation: str,
        key: str,
        convert: Callable[[Json], Json],
        *,
        owner_of: Mapping[str, str] | None = None,
    ) -> dict[str, Json]:
        """Return what all accounts answered, by id.

        Where two answered about one resource, the owner of its VPC counts, who sees all of it;
        without `owner_of` our own account.
        """
        owner_of = owner_of or {}
        found: dict[str, Json] = {}
        for account in self.accounts:
            for document in account.documents(operation, key, convert):
                if document["id"] not in found or owner_of.get(document.get("vpc_id", "")) == account.id:
                    found[document["id"]] = document
        return found


def estate_of(snapshot: Snapshot) -> Estate:
    """Return the accounts of a snapshot."""
    left_out = frozenset(snapshot.not_requested)
    own = Account(snapshot.account_id, snapshot.own, left_out)
    owners = {
        owner: Account(owner, reads, left_out, place=f"owners.{owner}.answers", is_own=False)
        for owner, reads in snapshot.owners.items()
        if owner != snapshot.account_id
    }
    return Estate(own, owners)


def vpc_owners(estate: Estate, networks: Iterable[Json]) -> dict[str, str]:
    """Return the owner of every VPC that any answer shows, by VPC id.

    networks: VPCs and subnets, most telling first. Participants see route tables and ACLs of a
    shared VPC with their owner, and no NAT gateway:
    https://docs.aws.amazon.com/vpc/latest/userguide/vpc-share-limitations.html
    """
    seen = [(network.get("vpc_id") or network["id"], network.get("owner_id")) for network in networks]
    owners: dict[str, str] = {}
    for vpc_id, owner_id in seen:  # one subnet that somebody else owns is enough to know of a shared VPC
        if owner_id is not None and owners.get(vpc_id, estate.own.id) == estate.own.id:
            owners[vpc_id] = owner_id
    for account in estate.accounts:
        for operation, key in _OWNED:
            seen += account.documents(operation, key, _vpc_and_owner)
    nats = estate.own.documents("ec2:DescribeNatGateways", "NatGateways", lambda nat: text(nat, "VpcId"))
    seen += [(vpc_id, estate.own.id) for vpc_id in nats if vpc_id]
    for vpc_id, owner_id in seen:
        if owner_id is not None:
            owners.setdefault(vpc_id, owner_id)
    for vpc_id, _ in seen:  # AWS always names the owner: where nothing does, nothing speaks of another
        owners.setdefault(vpc_id, estate.own.id)
    return owners


def _vpc_and_owner(item: Json) -> tuple[str, str | None]:
    return required_text(item, "VpcId"), text(item, "OwnerId")
