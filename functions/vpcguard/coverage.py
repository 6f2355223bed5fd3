"""What a family of resources says about itself, and how complete each kind of its facts is.

Snapshot and facts are put together of what the families say; completeness becomes the entries `coverage` of
the input document (docs/architecture.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from vpcguard.aws.answers import Account, Estate, InUse, Json, known
from vpcguard.aws.codes import DENIED, FORBIDDEN, is_not_found_code
from vpcguard.aws.operations import Call, Operation, VpcIds
from vpcguard.model import Failure

# Whose answer has to be complete in a VPC that somebody shares with us: participants see little of it.
# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-share-limitations.html
SeenBy = Literal["owner", "both", "either", "own"]
FactsByKind = dict[str, dict[str, Json]]  # kind -> id -> one fact


@dataclass(frozen=True, slots=True)
class VpcKind:
    """A kind of fact that hangs on VPCs: the operation that tells it, and whose answer must be complete.

    names_subnets: what it holds stands in subnets, which have to be known to exist.
    names_owner: its OwnerId is the VPC's owner. is_shown_to_owner_only: who sees any owns its VPC.
    """

    operation: Operation
    seen_by: SeenBy
    names_subnets: bool = False
    names_owner: bool = False
    is_shown_to_owner_only: bool = False


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
    add_facts: Callable[[Estate, FactsByKind], list[Json]]
    lists: tuple[Operation, ...] = ()
    own_calls: Callable[[VpcIds], Iterable[Call]] | None = None
    named_calls: Callable[[InUse], Iterable[Call]] | None = None
    vpc_kinds: Mapping[str, VpcKind] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How complete one kind of fact is for one subject.

    waits_for: the operations that would settle it, or what nobody we may ask sees; empty when known.
    is_refused: a permission was missing for a read of it.
    """

    status: Literal["known", "unknown", "not_requested", "contradictory"]
    waits_for: tuple[str, ...] = ()
    reason: str | None = None
    is_failed_read: bool = False
    is_refused: bool = False

    @property
    def is_known(self) -> bool:
        """True if what the facts lack does not exist."""
        return self.status == "known"


KNOWN = Coverage("known")


def unknown(*waits_for: str, reason: str, is_failed_read: bool = True, is_refused: bool = False) -> Coverage:
    """Return the coverage of what may exist: what would settle it, and why it is not settled."""
    return Coverage("unknown", waits_for, reason, is_failed_read, is_refused)


def contradictory(name: str) -> Coverage:
    """Return the coverage of what one account answered twice, and differently."""
    return Coverage("contradictory", (name,), "two answers about it differ")


def worst(*found: Coverage) -> Coverage:
    """Return what several reads that are all needed amount to: any unknown, then any not requested."""
    of_kind = [one for one in found if one.status == "unknown"]
    of_kind = of_kind or [one for one in found if one.status == "not_requested"]
    if not of_kind:
        return KNOWN
    return Coverage(
        of_kind[0].status,
        tuple(dict.fromkeys(name for one in of_kind for name in one.waits_for)),
        "; ".join(dict.fromkeys(one.reason for one in of_kind if one.reason)),
        any(one.is_failed_read for one in of_kind),
        any(one.is_refused for one in of_kind),
    )


def of_list(account: Account, operation: Operation, vpc_id: str | None = None) -> Coverage:
    """Return how complete the answer of an operation that lists everything is; vpc_id: about one VPC."""
    failure = account.reads.failures.get(operation.key)
    if account.has_answered(operation):
        if account.old_reader:
            field_name, untold = account.untold(operation)
            if untold:
                return _unknown(account, operation, f"was parsed by {account.reader_name}: no {field_name}")
        if failure is None:
            return _of_left_out(account, operation, vpc_id) if account.left_out else KNOWN
        return _unknown(account, operation, f"answered in part: {_codes(failure)}", failure)
    if failure is not None:
        return _unknown(account, operation, _failed(failure), failure)
    return of_unread(account, operation)


def of_entry(
    account: Account, operation: Operation, subject: str | None = None, *, is_asked_for_all: bool = False
) -> Coverage:
    """Return how complete the answer about one resource is; not found is an answer too.

    Without a subject: about every resource that neither answers nor failures name.
    is_asked_for_all: where it was called, it was called for every resource that matters, so a
    complete answer without an entry means that there is nothing.
    """
    failures = account.reads.failures.get(operation.key)
    refusal = failures.get(subject or "") if isinstance(failures, Mapping) else None
    if refusal is None:
        if subject is not None and account.answer(operation).get(subject) is not None:
            odd = account.left_out.get((operation.key, subject))
            return KNOWN if odd is None else unknown(operation.key, reason=odd.reason, is_failed_read=False)
        refusal = failures if isinstance(failures, Failure) else None
    if refusal is None:
        is_complete = is_asked_for_all and failures is None and account.has_answered(operation)
        return KNOWN if is_complete else of_unread(account, operation)
    if is_not_found_code(refusal.code):
        return KNOWN
    return _unknown(account, operation, _failed(refusal), refusal)


def of_unread(account: Account, operation: Operation) -> Coverage:
    """Return the coverage of a fact that an operation would tell and did not."""
    if operation.key in account.not_requested or (operation.is_late and not account.names_reader):
        return Coverage("not_requested", (operation.key,), f"{operation.key} was left out on purpose")
    return _unknown(account, operation, "was not read")


def of_lacking(operation: Operation, what: str) -> Coverage:
    """Return the coverage of a fact that an operation tells, and whose answer is without it."""
    reason = f"{operation.key} answered without {what}"
    return unknown(operation.key, reason=reason, is_failed_read=False)


def entries(kind: str, by_subject: Mapping[str, Coverage], *, default: Coverage | None = None) -> list[Json]:
    """Return the entries of one kind: the default for all subjects first, then those that differ from it."""
    found: list[tuple[str | None, Coverage]] = [] if default is None else [(None, default)]
    found += [(subject, one) for subject, one in sorted(by_subject.items()) if one != default]
    return [
        known(
            {
                "kind": kind,
                "subject": subject,
                "status": one.status,
                "waits_for": list(one.waits_for),
                "reason": one.reason,
                "is_failed_read": one.is_failed_read if one.status == "unknown" else None,
                "is_refused": one.is_refused or None,
            }
        )
        for subject, one in found
    ]


def named_vpcs(facts: Mapping[str, Mapping[str, Json]]) -> list[str]:
    """Return the VPCs that functions or subnets name: those whose coverage matters."""
    named = (*facts["functions"].values(), *facts["subnets"].values())
    return sorted({one["vpc_id"] for one in named if "vpc_id" in one})


def cover_vpcs(
    estate: Estate,
    facts: Mapping[str, Mapping[str, Json]],
    kinds: Mapping[str, VpcKind],
    *,
    vpcs: Operation,
) -> list[Json]:
    """Return the entries of the kinds that hang on VPCs, whoever owns those.

    vpcs: the operation that tells which exist. A subnet that something names and no answer holds has an
    entry of its own.
    """
    ids = named_vpcs(facts)
    found: list[Json] = []
    for kind, told in kinds.items():
        by_subject = {vpc_id: _in_vpc(estate, told, vpc_id, vpcs) for vpc_id in ids}
        for (
            account
        ) in estate.accounts:  # what stands in a VPC that nothing names, as a group may, is named itself
            by_subject |= {
                one.name: unknown(told.operation.key, reason=one.reason, is_failed_read=False)
                for one in account.left_out.values()
                if one.operation == told.operation.key and one.vpc_id not in (None, *ids)
            }
        if told.operation.key in estate.torn:
            by_subject |= contradictions(estate, told.operation)
        found += entries(kind, by_subject)
    torn = estate.torn.get(kinds["subnets"].operation.key, {})
    unseen = {
        subnet_id: _in_vpc(estate, kinds["subnets"], vpc_id or subnet_id, vpcs)
        for subnet_id, vpc_id in _named_subnets(facts, kinds)
        if subnet_id not in facts["subnets"] and subnet_id not in torn
    }
    return found + entries("subnets", unseen)


def contradictions(estate: Estate, operation: Operation) -> dict[str, Coverage]:
    """Return the coverage of what two answers contradict each other about, by everything that leads to it.

    What is looked for in its VPC leaves that in doubt: a subnet in another zone, a main table, an endpoint,
    an interface of Lambda.
    """
    found: dict[str, Coverage] = {}
    for key, documents in estate.torn[operation.key].items():
        subjects = {key, *(one for document in documents for one in document.get("subnet_ids", ()))}
        for document in documents:
            subjects |= {one["vpc_id"] for one in document.get("attachments", ())}
            if any(document.get(name) for name in ("service_name", "is_main", "is_lambda")) or (
                operation.name == "DescribeSubnets"
            ):
                subjects.add(document["vpc_id"])
        found |= dict.fromkeys(subjects, contradictory(key))
    return found


def leave_torn_subnets(estate: Estate, operation: Operation, found: Mapping[str, Json]) -> None:
    """Take the subnets of what is torn from the others: each stands in one alone, nobody knows in which."""
    torn = {
        subnet_id
        for documents in estate.torn[operation.key].values()
        for document in documents
        for subnet_id in document["subnet_ids"]
    }
    for one in found.values():
        one["subnet_ids"] = [subnet_id for subnet_id in one["subnet_ids"] if subnet_id not in torn]


def in_no_vpc(estate: Estate, own: Coverage, vpc_id: str, *, vpcs: Operation) -> Coverage:
    """Return the coverage in a VPC whose owner no answer names: who owns it decides what an absence means."""
    open_reads = [one for one in (own, of_list(estate.own, vpcs)) if one.status == "unknown"]
    if own.status == "not_requested" or open_reads:
        return worst(own, *open_reads)
    reason = f"{vpc_id} is in no answer: deleted, or shared with this account no more"
    return unknown(vpc_id, reason=reason, is_failed_read=False)


def _in_vpc(estate: Estate, kind: VpcKind, vpc_id: str, vpcs: Operation) -> Coverage:
    own, owner_id = of_list(estate.own, kind.operation, vpc_id), estate.owner_of.get(vpc_id)
    if owner_id == estate.own.id or kind.seen_by == "own":
        return own
    if owner_id is None:
        return in_no_vpc(estate, own, vpc_id, vpcs=vpcs)
    owners = of_list(estate.owner(owner_id), kind.operation, vpc_id)
    if kind.seen_by == "both":
        return worst(own, owners)
    return own if kind.seen_by == "either" and own.is_known else owners


def _named_subnets(
    facts: Mapping[str, Mapping[str, Json]], kinds: Mapping[str, VpcKind]
) -> Iterator[tuple[str, str | None]]:
    placed = ("functions", *(kind for kind, told in kinds.items() if told.names_subnets))
    for one in (document for kind in placed for document in facts[kind].values()):
        for subnet_id in (*one.get("subnet_ids", ()), one.get("subnet_id")):
            if subnet_id is not None:
                yield subnet_id, one.get("vpc_id")


def _of_left_out(account: Account, operation: Operation, vpc_id: str | None) -> Coverage:
    """Return KNOWN unless a complete answer holds what nobody can use, in this VPC or perhaps in it."""
    found = [
        one.reason
        for (key, _), one in account.left_out.items()
        if key == operation.key and (vpc_id is None or one.vpc_id in (None, vpc_id))
    ]
    if not found:
        return KNOWN
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return unknown(operation.key, reason=found[0] + more, is_failed_read=False)


def _unknown(
    account: Account,
    operation: Operation,
    what: str,
    failure: Failure | Mapping[str, Failure] | None = None,
) -> Coverage:
    failures = failure.values() if isinstance(failure, Mapping) else [failure] if failure else []
    is_refused = any(one.code in FORBIDDEN for one in failures)
    if account.is_own:
        return unknown(operation.key, reason=f"{operation.key} {what}", is_refused=is_refused)
    if not account.is_read:
        reason = f"account {account.id}, which owns the VPC, was not read"
        return unknown(account.id, reason=reason, is_failed_read=False)
    reason = f"{operation.key} in account {account.id} {what}"
    return unknown(operation.key, reason=reason, is_refused=is_refused)


def _failed(failure: Failure | Mapping[str, Failure]) -> str:
    one = [failure] if isinstance(failure, Failure) else failure.values()
    how = "refused" if all(each.code in DENIED for each in one) else "failed"
    return f"{how}: {_codes(failure)}"


def _codes(failure: Failure | Mapping[str, Failure]) -> str:
    codes = [failure] if isinstance(failure, Failure) else failure.values()
    return ", ".join(sorted({one.code for one in codes}))
