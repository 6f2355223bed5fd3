"""What the accounts of a snapshot answered: pieces put together, and looked up again.

A snapshot holds what its operations' shapes let through, whether AWS or a file gave it, so that types are
not checked again. What a fact means nothing without, an id say, may still be missing: AWS's models call
nearly every field optional. Such a resource is left out, and named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_network
from typing import Any, TypeVar

from botocore.exceptions import UnknownRegionError
from botocore.loaders import create_loader

from vpcguard.aws.codes import is_not_found_code
from vpcguard.aws.operations import NameTag, Operation, Release, expect_sent
from vpcguard.errors import SnapshotError
from vpcguard.model import Answers, Failure, Snapshot

KNOWS_EVERY_FIELD = (1, 44, 8)  # the botocore that brought the youngest of the operations' `young` fields

Json = dict[str, Any]
T = TypeVar("T")

# two reads of it may differ and contradict nothing
_OF_THE_MOMENT = {"free_ipv4_addresses", "name"}
LONGEST_NAME = 60  # characters of a Name tag, which may have 256


@cache
def partitions() -> Sequence[Mapping[str, Any]]:
    """Return AWS's partitions as botocore lists them: each with its id, regions and regionRegex."""
    found: Sequence[Mapping[str, Any]] = create_loader().load_data("partitions")["partitions"]
    return found


@cache
def partition_of(region: str) -> str:
    """Return the partition of a region, the second part of its ARNs, also of one newer than botocore.

    Raises UnknownRegionError for a name that regions of no partition have.
    """
    for partition in partitions():
        if re.fullmatch(partition["regionRegex"], region):
            return str(partition["id"])
    raise UnknownRegionError(region_name=region, error_msg="No partition of AWS has such a name.")


def merge(pieces: Iterable[Answers]) -> Answers:
    """Return everything that the pieces hold, in their order.

    Answers to the same operation join: lists one after the other, objects key by key. A failure of the
    whole operation outweighs failures of single resources.
    """
    answers: dict[str, Any] = {}
    failures: dict[str, Failure | Mapping[str, Failure]] = {}
    for piece in pieces:
        for key, answer in piece.answers.items():
            answers[key] = join(answers[key], answer) if key in answers else answer
        for key, failure in piece.failures.items():
            failures[key] = _join_failures(failures.get(key), failure)
    return Answers(answers, failures)


def join(first: Any, second: Any) -> Any:
    """Return two answers, or two pages of one, as one: the second counts where they cannot be joined."""
    if isinstance(first, list) and isinstance(second, list):
        return first + second
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return {
            key: join(first[key], second[key]) if key in first and key in second else value
            for key, value in {**first, **second}.items()
        }
    return second


def _join_failures(
    first: Failure | Mapping[str, Failure] | None, second: Failure | Mapping[str, Failure]
) -> Failure | Mapping[str, Failure]:
    if isinstance(first, Failure):
        return first
    if first is None or isinstance(second, Failure):
        return second
    return {**first, **second}


def items(answers: Answers, operation: Operation) -> list[Json]:
    """Return the one list of an operation's answer; empty where it was not read."""
    found: list[Json] = answers.answers.get(operation.key, {}).get(operation.lists[0], [])
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """One resource that was answered and cannot be used; no read can settle what it is.

    name: its id, or its place in the answer where that is missing. vpc_id: None where it is not said.
    lacks: e.g. "ServiceName", or "CidrBlock: expected a network, found 'ten'".
    """

    account_id: str
    operation: str
    name: str
    vpc_id: str | None
    lacks: str

    @property
    def reason(self) -> str:
        """Say in words what AWS did not."""
        path, colon, what = self.lacks.partition(": ")
        return f"{self.operation} answered without {path} of {self.name}{colon}{what}"


@dataclass(frozen=True, slots=True, eq=False)
class Account:
    """What one account answered, the snapshot's own or the owner of a shared VPC.

    is_read: False for an owner that the snapshot does not hold at all.
    old_reader: the botocore that parsed the answers, if it drops fields that are kept; None: it drops none
    or nobody says which it was. names_reader: False where the snapshot does not say what read it.
    tag_keys: keys of functions' tags that become facts beside our own, in lower case.
    left_out: by operation and name what conversions could not use; it grows while facts are made.
    """

    id: str
    reads: Answers = field(default_factory=Answers)
    not_requested: frozenset[str] = frozenset()
    is_own: bool = True
    is_read: bool = True
    old_reader: Release | None = None
    names_reader: bool = True
    tag_keys: frozenset[str] = frozenset()
    left_out: dict[tuple[str, str], LeftOut] = field(default_factory=dict)

    @property
    def reader_name(self) -> str:
        """What parsed the answers, for people."""
        return f"botocore {'.'.join(map(str, self.old_reader or ()))}"

    def drops(self, operation: Operation, name: str) -> bool:
        """Return True if what parsed the answers is older than a field of an operation: it was not read."""
        return self.old_reader is not None and self.old_reader < operation.young[name].since

    def untold(self, operation: Operation) -> tuple[str, list[Json]]:
        """Return the entries of a list about which a dropped field would say what they are, and its name."""
        for name, young in operation.young.items():
            if young.unless is not None and self.drops(operation, name):
                listed = items(self.reads, operation)
                return name, [one for one in listed if not one.get(name) and not one.get(young.unless)]
        return "", []

    def answer(self, operation: Operation) -> Json:
        """Return the answer of an operation, by resource where it is called per resource; empty if unread."""
        answer: Json = self.reads.answers.get(operation.key, {})
        return answer

    def documents(
        self,
        operation: Operation,
        convert: Callable[[Json], T],
        *,
        name: str | None = None,
        only: Collection[str | None] | None = None,
    ) -> list[T]:
        """Return the converted entries of an answer's list, in its order; name: where it has several.

        only: ids of the entries that matter; None: all do. What is untold, an entry without what AWS always
        sends, and one that cannot be converted, is left out. The Name tag of a resource, which anybody may
        write, becomes "name": one line of printable characters.
        """
        listed = name or operation.lists[0]
        shape: Any = operation.shape[listed]
        id_field = next(iter(shape[0]))  # shapes begin with the id
        untold = self.untold(operation)[1] if self.old_reader else []
        only = None if only is None else {None, *only}  # nobody knows whether one without an id matters
        has_name = isinstance(shape[0].get("Tags"), NameTag)
        converted = []
        for index, item in enumerate(self.answer(operation).get(listed, ())):
            if item in untold or (only is not None and (item.get(id_field) or None) not in only):
                continue
            try:
                expect_sent(item, operation.sent)
                document: Any = convert(item)
                for tag in item.get("Tags", ()) if has_name and isinstance(document, dict) else ():
                    if called := "".join(filter(str.isprintable, tag.get("Value", ""))).strip():
                        document["name"] = called[:LONGEST_NAME]
                converted.append(document)
            except SnapshotError as error:
                found = item.get(id_field)
                is_named = isinstance(found, str) and found != ""
                # without its id, it may be any that anybody names
                name, vpc_id = (found, text(item, "VpcId")) if is_named else (f"{listed}[{index}]", None)
                self._leave_out(operation, name, error, vpc_id=vpc_id)
        return converted

    def entry(self, operation: Operation, subject: str, convert: Callable[[Json], T]) -> T | None:
        """Return the converted answer about one resource, None where there is none that can be converted."""
        answer = self.answer(operation).get(subject)
        if answer is None:
            return None
        try:
            expect_sent(answer, operation.sent)
            return convert(answer)
        except SnapshotError as error:
            self._leave_out(operation, subject, error)
            return None

    def _leave_out(
        self, operation: Operation, name: str, error: SnapshotError, *, vpc_id: str | None = None
    ) -> None:
        one = LeftOut(account_id=self.id, operation=operation.key, name=name, vpc_id=vpc_id, lacks=str(error))
        self.left_out.setdefault((operation.key, name), one)

    def named(self, operation: Operation) -> set[str]:
        """Return the resources that answers or failures of an operation name: all others are alike."""
        failure = self.reads.failures.get(operation.key)
        return {*self.answer(operation), *(failure if isinstance(failure, Mapping) else ())}

    def has_answered(self, operation: Operation) -> bool:
        """Return True if an operation was called and answered, in part at least."""
        return operation.key in self.reads.answers

    def has_tried(self, operation: Operation) -> bool:
        """Return True if an operation was called, with whatever result."""
        return self.has_answered(operation) or operation.key in self.reads.failures

    def has_not_found(self, operation: Operation, subject: str) -> bool:
        """Return True if AWS answered that this one resource does not exist."""
        failure = self.reads.failures.get(operation.key)
        one = failure.get(subject) if isinstance(failure, Mapping) else failure
        return one is not None and is_not_found_code(one.code)

    def has_nothing(self, operation: Operation, subject: str) -> bool:
        """Return True if an operation was called for one resource and found nothing."""
        is_complete = self.has_answered(operation) and operation.key not in self.reads.failures
        return self.has_not_found(operation, subject) or (
            is_complete and self.answer(operation).get(subject) is None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """The accounts behind a network: our own, and by id those that own the VPCs they share with us.

    partition: the second part of the region's ARNs. owner_of: VPC id -> its owner, once that is known.
    torn: operation -> id -> what one account answered about it, twice and differently: pages that were read
    while AWS changed something. No fact is made of them.
    """

    own: Account
    region: str
    partition: str
    owners: Mapping[str, Account] = field(default_factory=dict)
    owner_of: Mapping[str, str] = field(default_factory=dict)
    torn: dict[str, dict[str, list[Json]]] = field(default_factory=dict)

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
        operation: Operation,
        convert: Callable[[Json], Json],
        *,
        is_own_first: bool = False,
        only: Collection[str] | None = None,
    ) -> dict[str, Json]:
        """Return the converted entries that all accounts listed, by id, as `merged` puts them together."""
        listed = {account: account.documents(operation, convert, only=only) for account in self.accounts}
        return self.merged(operation, listed, is_own_first=is_own_first)

    def merged(
        self,
        operation: Operation,
        listed: Mapping[Account, Iterable[Json]],
        *,
        is_own_first: bool = False,
    ) -> dict[str, Json]:
        """Return what accounts listed, by id, without what is torn.

        Where two answered about one resource, the owner of its VPC counts, who sees all of it;
        is_own_first: our own account does.
        """
        found: dict[str, Json] = {}
        told_by: dict[str, Account] = {}
        torn: dict[str, list[Json]] = {}
        for account, documents in listed.items():
            for document in documents:
                key = document["id"]
                is_owners = self.owner_of.get(document.get("vpc_id", "")) == account.id
                if told_by.get(key) is account:
                    differing = [name for name, one in document.items() if found[key].get(name) != one]
                    if set(differing) <= _OF_THE_MOMENT and document.keys() == found[key].keys():
                        found[key] = {name: document[name] for name in document.keys() - set(differing)}
                    else:
                        torn.setdefault(key, [found[key]]).append(document)
                elif key not in found or (is_owners and not is_own_first):
                    found[key], told_by[key] = document, account
                    torn.pop(key, None)
        if torn:
            self.torn[operation.key] = torn
        return {key: one for key, one in found.items() if key not in torn}


def estate_of(snapshot: Snapshot) -> Estate:
    """Return the accounts of a snapshot."""
    left_out = frozenset(snapshot.not_requested)
    botocore = (snapshot.reader or {}).get("botocore")
    release = KNOWS_EVERY_FIELD if botocore is None else tuple(map(int, botocore.split(".")))
    old_reader = release if release < KNOWS_EVERY_FIELD else None
    owners = {
        owner: Account(
            owner, reads, left_out, is_own=False, old_reader=old_reader, names_reader=botocore is not None
        )
        for owner, reads in snapshot.owners.items()
        if owner != snapshot.account_id
    }
    own = Account(
        snapshot.account_id, snapshot.own, left_out, old_reader=old_reader, names_reader=botocore is not None
    )
    try:
        partition = partition_of(snapshot.region)
    except UnknownRegionError as error:
        raise SnapshotError(f"region: {error}") from error
    return Estate(own=own, region=snapshot.region, partition=partition, owners=owners)


@dataclass(frozen=True, slots=True, kw_only=True)
class InUse:
    """What the functions in scope use of a network, and the network's lists as they were answered.

    subnet_ids and security_group_ids are looked for again, one by one, where the lists were asked for by VPC.
    account_id: whose answers they are.
    """

    network: Answers
    vpc_ids: frozenset[str]
    account_id: str = ""
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


def value(item: Json, *path: str) -> Any:
    """Return what stands at a path; None where it is absent."""
    for key in path[:-1]:
        item = item.get(key, {})
    return item.get(path[-1])


def text(item: Json, *path: str) -> str | None:
    """Return the text at a path; None where it is absent or empty, as AWS writes both."""
    return value(item, *path) or None


def required_text(item: Json, key: str) -> str:
    """Return the text without which the object means nothing, e.g. its id."""
    found = text(item, key)
    if found is None:
        raise missing(key, "text")
    return found


def network(item: Json, key: str) -> str | None:
    """Return a network in CIDR notation, None where there is none; raises SnapshotError for other text."""
    found = text(item, key)
    if found is not None:
        try:
            ip_network(found, strict=False)
        except ValueError:
            raise SnapshotError(f"{key}: expected a network, found {found[:80]!r}") from None
    return found


def lower(item: Json, *path: str, default: str = "unknown") -> str:
    """Return a state in lower case: AWS writes the same state in several ways."""
    return (text(item, *path) or default).lower()


def texts_of(item: Json, *path: str) -> list[str]:
    """Return the list of texts at a path, sorted, each once."""
    return sorted(set(value(item, *path) or ()))


def each(item: Json, key: str, convert: Callable[[Json], T]) -> list[T]:
    """Return the converted objects of a list, in its order; AWS sends an empty one where there are none."""
    if key not in item:
        raise missing(key, "a list")
    converted = []
    for index, one in enumerate(item[key]):
        try:
            converted.append(convert(one))
        except SnapshotError as error:
            raise SnapshotError(f"{key}[{index}].{error}") from None
    return converted


def fields_of(objects: Iterable[Json], name: str) -> list[str]:
    """Return one text field of every object that has it, sorted, each once."""
    return sorted({one[name] for one in objects if one.get(name)})


def known(pairs: Mapping[str, Any]) -> Json:
    """Return the pairs whose value is known: no key of the facts is ever null."""
    return {key: value for key, value in pairs.items() if value is not None}


def missing(path: str, expected: str) -> SnapshotError:
    """Return the error to raise for what must not be missing."""
    return SnapshotError(f"{path}: expected {expected}, found nothing")
