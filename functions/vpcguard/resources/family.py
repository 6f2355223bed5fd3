"""What every family of resources says about itself: snapshot, facts and coverage are put together of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from vpcguard.aws.answers import Estate, Json, items
from vpcguard.aws.operations import Call, Operation
from vpcguard.coverage import VpcKind
from vpcguard.model import Answers

FILTER_VALUES = 200  # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html

Facts = dict[str, dict[str, Json]]  # kind -> id -> one fact
VpcIds = Collection[str] | None  # None: every VPC of the account and region


@dataclass(frozen=True, slots=True, kw_only=True)
class InUse:
    """What the functions in scope use of a network, and the network's lists as they were answered.

    subnet_ids and security_group_ids are looked for again, one by one, where the lists were asked for by VPC.
    """

    network: Answers
    vpc_ids: frozenset[str]
    subnet_ids: frozenset[str] = frozenset()
    security_group_ids: frozenset[str] = frozenset()

    def items(self, operation: Operation) -> list[Json]:
        """Return what a list holds of the VPCs in use."""
        return [item for item in items(self.network, operation) if item.get("VpcId") in self.vpc_ids]

    def unseen(self, operation: Operation, field_name: str, ids: frozenset[str]) -> list[str]:
        """Return the ids that a list does not hold; none where asking again would be refused again."""
        if operation.key in self.network.failures:
            return []
        return sorted(ids - {item.get(field_name) for item in items(self.network, operation)})


def no_calls(_: Any) -> Iterable[Call]:
    """Return nothing to ask."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One family of resources.

    operations: all that are read of it. lists: those read for every network in use, by VPC where they have a
    filter for it. own_calls: what is read with them in our own account alone.
    named_calls: what the first answers name and do not hold.
    add_facts: adds the facts by kind to those there are, and returns the entries of their coverage.
    vpc_kinds: the kinds whose coverage hangs on VPCs.
    """

    operations: tuple[Operation, ...]
    add_facts: Callable[[Estate, Facts], list[Json]]
    lists: tuple[Operation, ...] = ()
    own_calls: Callable[[VpcIds], Iterable[Call]] = no_calls
    named_calls: Callable[[InUse], Iterable[Call]] = no_calls
    vpc_kinds: Mapping[str, VpcKind] = field(default_factory=dict)


def calls_by_id(operation: Operation, name: str, ids: list[str]) -> Iterator[Call]:
    """Yield reads of single resources by filter: asked for by id, one that is gone makes EC2 refuse all."""
    for start in range(0, len(ids), FILTER_VALUES):
        values = ids[start : start + FILTER_VALUES]
        yield Call(operation, parameters={operation.filters: [{"Name": name, "Values": values}]})


def ids_of(named: Iterable[Json], field_name: str) -> list[str]:
    """Return one field of what names another resource, sorted, each once."""
    return sorted({item[field_name] for item in named if item.get(field_name)})


def by_vpc(operation: Operation, vpc_ids: VpcIds) -> list[dict[str, Any]]:
    """Return the filters that narrow a list down to VPCs; none where it has no filter for them."""
    if vpc_ids is None or operation.vpc_filter is None:
        return []
    return [{"Name": operation.vpc_filter, "Values": sorted(vpc_ids)}]
