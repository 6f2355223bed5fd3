"""One AWS operation as a snapshot knows it: its name, what is kept of its answer, how it is asked.

A shape is a kind of value, an object of shapes, a list of one shape, or Each(shape): an object with any
keys. It is an allow-list of fields and a check of their types in one: what a shape does not name is left
out, so environment values, code locations and signed URLs cannot enter a snapshot, whether AWS or a file
holds them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from vpcguard.errors import SnapshotError

# the snapshot's prefix is the IAM prefix; botocore calls three of these services otherwise
_CLIENTS = {
    "elasticfilesystem": "efs",
    "servicequotas": "service-quotas",
    "tag": "resourcegroupstaggingapi",
}
FILTER_VALUES = 200  # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Kind(Enum):
    """Kinds of single values: what people call them, and the types they have; True is no number."""

    TEXT = "text", {str}
    WHOLE = "a whole number", {int}
    NUMBER = "a number", {int, float}
    FLAG = "true or false", {bool}
    ANY = "JSON", {str, int, float, bool, type(None)}

    def __init__(self, words: str, types: set[type]) -> None:
        self.words = words
        self.types = types


@dataclass(frozen=True, slots=True)
class Each:
    """An object whose keys are names of resources, each holding the same shape."""

    shape: Shape


class NameTag(list[Any]):
    """A list of tags of which the one called Name is kept alone: what the console shows beside an id."""


Shape = Kind | Each | Mapping[str, Any] | list[Any]  # Mapping and list hold shapes

Release = tuple[int, ...]  # of botocore: (1, 44, 8)
VpcIds = Collection[str] | None  # None: every VPC of the account and region

TEXT, WHOLE, NUMBER, FLAG, ANY = Kind.TEXT, Kind.WHOLE, Kind.NUMBER, Kind.FLAG, Kind.ANY


def texts(names: str) -> dict[str, Shape]:
    """Return an object shape of text fields, named in one blank-separated line."""
    return dict.fromkeys(names.split(), TEXT)


NAMED: dict[str, Shape] = {"Tags": NameTag([texts("Key Value")])}  # field of a resource that has a name


@dataclass(frozen=True, slots=True)
class Young:
    """A field that botocore knows since a release: an older one drops it from what AWS answers.

    since: by the history of botocore/data at https://github.com/boto/botocore. unless: another field that
    tells the same; an entry of a list with neither is no answer.
    """

    since: Release
    unless: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What AWS sends with every entry of a list, so that an entry without it says nothing of what it lacks.

    names: blank-separated; "A.B": B of the object A; "A|B": one of them at least, with something in it.
    at: the way to what has them within a resource, "Routes" or "IpPermissions.IpRanges", wherever that is.
    where: a field, and the values with which alone they are sent; None: where it is absent.
    """

    names: str
    at: str = ""
    where: tuple[str, Collection[str | None]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Operation:
    """A row of the table of operations.

    service: IAM prefix, e.g. "ec2". shape: what is kept of one answer.
    keys: how many levels of resource keys stand above an answer in the snapshot; 0: called once.
    paged: read with the paginator of that name. page_size: what to ask for; None: as many as AWS gives.
    vpc_filter: the filter that narrows the list down to VPCs; filters: how its parameter is called.
    young: fields whose absence means something, and since when botocore knows them.
    is_late: read since snapshots name their reader: one that names none may have been made before.
    sent: what no entry of the answer's first list is without; one that is counts as not answered (LeftOut).
    """

    service: str
    name: str
    shape: Mapping[str, Shape]
    keys: int = 0
    paged: bool = False
    page_size: int | None = None
    vpc_filter: str | None = None
    filters: str = "Filters"
    young: Mapping[str, Young] = field(default_factory=dict)
    is_late: bool = False
    sent: tuple[Sent, ...] = ()

    @property
    def key(self) -> str:
        """The operation's key in a snapshot, which is also the IAM action it needs: "ec2:DescribeSubnets"."""
        return f"{self.service}:{self.name}"

    @property
    def client(self) -> str:
        """The name of the client that makes the call."""
        return _CLIENTS.get(self.service, self.service)

    @property
    def method(self) -> str:
        """The client's method: "describe_subnets"."""
        return _WORD_START.sub("_", self.name).lower()

    @property
    def lists(self) -> tuple[str, ...]:
        """The lists an answer consists of, if it consists of lists: "Subnets" for ec2:DescribeSubnets."""
        lists = tuple(key for key, shape in self.shape.items() if isinstance(shape, list))
        return lists if len(lists) == len(self.shape) else ()

    def stored_shape(self) -> Shape:
        """The shape of everything that a snapshot holds under this operation's key."""
        shape: Shape = self.shape
        for _ in range(self.keys):
            shape = Each(shape)
        return shape

    def of_vpcs(self, vpc_ids: VpcIds) -> list[dict[str, Any]]:
        """Return the filters that narrow the list down to VPCs; none where it has no filter for them."""
        if vpc_ids is None or self.vpc_filter is None:
            return []
        return [{"Name": self.vpc_filter, "Values": sorted(vpc_ids)}]


@dataclass(frozen=True, slots=True)
class Call:
    """One read, every page of it: where its answer belongs in a snapshot, and what it asks.

    keys: the names or ids of the resource, below which the answer stands; none: called once for everything.
    otherwise: what is read where the resource does not exist.
    """

    operation: Operation
    keys: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    otherwise: Call | None = None


def calls_by_id(operation: Operation, name: str, ids: list[str]) -> Iterator[Call]:
    """Yield reads of single resources by filter: asked for by id, one that is gone makes EC2 refuse all."""
    for start in range(0, len(ids), FILTER_VALUES):
        values = ids[start : start + FILTER_VALUES]
        yield Call(operation, parameters={operation.filters: [{"Name": name, "Values": values}]})


def expect_sent(entry: Mapping[str, Any], sent: Collection[Sent]) -> None:
    """Raise SnapshotError, naming the first, where an entry is without what AWS sends with every one.

    Empty text is none, as AWS writes both; an empty list is what it says.
    """
    for one in sent:
        for place, found in _found_at(entry, one.at.split(".") if one.at else []):
            if one.where is not None and found.get(one.where[0]) not in one.where[1]:
                continue
            for name in one.names.split():
                options = name.split("|")
                if len(options) > 1:
                    is_sent = any(found.get(option) for option in options)
                else:
                    outer, _, inner = name.rpartition(".")
                    is_sent = (found.get(outer, {}) if outer else found).get(inner) not in (None, "")
                if not is_sent:
                    raise SnapshotError(f"{place}{' or '.join(options)}")


def _found_at(found: Any, steps: list[str], place: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(found, list):
        for index, one in enumerate(found):
            yield from _found_at(one, steps, f"{place[:-1]}[{index}].")
    elif found is not None and steps:
        yield from _found_at(found.get(steps[0]), steps[1:], f"{place}{steps[0]}.")
    elif found is not None:
        yield place, found


def keep(value: Any, shape: Shape, place: str) -> Any:
    """Return the part of a value that its shape names, datetimes as ISO 8601 text, null as absent.

    Raises SnapshotError, naming the place, where the value is of another kind.
    """
    try:
        return _kept(value, shape)
    except _MisfitError as misfit:
        raise SnapshotError(f"{place}{''.join(reversed(misfit.way))} {misfit}") from None


class _MisfitError(Exception):
    """A value of another kind than its shape; way: the steps to it, from its end."""

    def __init__(self, value: Any, expected: str) -> None:
        super().__init__(f"must be {expected}, not {kind_of(value)}")
        self.way: list[str] = []


def _kept(value: Any, shape: Shape) -> Any:
    """Return what `keep` does: an account has millions of values, and nobody asks for their places."""
    if isinstance(shape, list):
        listed = _kept_items(value, shape[0])
        return [tag for tag in listed if tag.get("Key") == "Name"] if isinstance(shape, NameTag) else listed
    if isinstance(shape, Kind):
        return _kept_single(value, shape)
    if not isinstance(value, dict):
        raise _MisfitError(value, "an object")
    inner_of = dict.fromkeys(value, shape.shape) if isinstance(shape, Each) else shape
    kept, key = {}, ""
    try:
        for key, inner in inner_of.items():
            one = value.get(key)
            if one is not None:
                is_plain = isinstance(inner, Kind) and type(one) in inner.types
                kept[key] = one if is_plain else _kept(one, inner)
    except _MisfitError as misfit:
        misfit.way.append(f".{key}")
        raise
    return kept


def _kept_items(value: Any, shape: Shape) -> list[Any]:
    if not isinstance(value, list):
        raise _MisfitError(value, "a list")
    kept: list[Any] = []
    try:
        for one in value:
            kept.append(_kept(one, shape))  # noqa: PERF401  how many were kept says where it fails
    except _MisfitError as misfit:
        misfit.way.append(f"[{len(kept)}]")
        raise
    return kept


def _kept_single(value: Any, kind: Kind) -> Any:
    if isinstance(value, datetime) and kind in {Kind.TEXT, Kind.ANY}:
        return value.isoformat()
    if type(value) in kind.types:
        return value
    if kind is Kind.ANY and isinstance(value, list):
        return [_kept_single(one, kind) for one in value]
    if kind is Kind.ANY and isinstance(value, dict):
        return {str(key): _kept_single(one, kind) for key, one in value.items()}
    raise _MisfitError(value, kind.words)


def expect_object(value: Any, place: str) -> dict[str, Any]:
    """Return the value if it is an object; raises SnapshotError naming the place if not."""
    if not isinstance(value, dict):
        raise SnapshotError(f"{place} must be an object, not {kind_of(value)}")
    return value


def kind_of(value: Any) -> str:
    """Return what a value is in words, never the value: it may be one that must not be shown."""
    return _NAMES.get(type(value), type(value).__name__)


_NAMES = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}
