"""A snapshot with one fact less: a read that failed, was interrupted or left out; or a field less."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vpcguard.snapshot import OPERATIONS

Json = dict[str, Any]

REFUSED = {"code": "UnauthorizedOperation", "message": "not allowed"}
# absent fields that AWS leaves out itself, or whose absence says something
_OPTIONAL = {
    "Association",  # no public address
    "Attachment",  # an interface that is attached to nothing
    "AttachedAppliances",
    "BlockPublicAccessStates",  # then the account's option counts
    "ConnectivityType",  # public
    "Description",
    "DnsOptions",
    "FailureMessage",
    "IgwFirewall",  # a gateway without one
    "OutpostArn",  # a subnet in the region
    "InstanceId",  # of a route, beside its interface; of an attachment
    "PolicyDocument",
    "RouteTableId",  # of a regional NAT gateway
}
_NEVER_OPTIONAL = {"ec2:DescribeInstances InstanceId", "ec2:DescribeRouteTables RouteTableId"}
_ABOUT_THE_ACCOUNT = {"ec2:DescribeVpcBlockPublicAccessOptions"}  # neither a list nor by resource


def hidden(document: Json) -> Iterator[tuple[str, Json]]:
    """Give every snapshot that lacks one read, or one resource of it, with words for what it lacks."""
    for operation in document["answers"]:
        yield from _without(operation, document, document, "")
    for owner, account in document.get("owners", {}).items():
        for operation in account["answers"]:
            yield from _without(operation, document, account, owner)
        yield f"{owner} not read", _replaced(document, owner, None)


def _without(operation: str, document: Json, account: Json, owner: str) -> Iterator[tuple[str, Json]]:
    def changed(how: str, answer: Json | None, failure: Json | None) -> tuple[str, Json]:
        answers, failures = dict(account["answers"]), dict(account["failures"])
        for part, value in ((answers, answer), (failures, failure)):
            part.pop(operation, None)
            if value is not None:
                part[operation] = value
        less = {"answers": answers, "failures": failures}
        return f"{owner} {operation} {how}".strip(), _replaced(document, owner, less)

    answer = account["answers"][operation]
    yield changed("refused", None, REFUSED)
    yield changed("unread", None, None)
    if not owner:
        label, less = changed("not requested", None, None)
        yield label, less | {"not_requested": [*document.get("not_requested", []), operation]}
    if operation in _ABOUT_THE_ACCOUNT:
        return
    if not all(isinstance(value, list) for value in answer.values()):
        refused = account["failures"].get(operation, {})
        for key in answer:
            rest = {other: entry for other, entry in answer.items() if other != key}
            yield changed(f"refused for {key}", rest, {**refused, key: REFUSED})
    else:
        yield changed("in part", answer, REFUSED)
        for name, items in answer.items():
            for index in range(len(items)):
                rest = {**answer, name: items[:index] + items[index + 1 :]}
                yield changed(f"in part, without {name}[{index}]", rest, REFUSED)


def _replaced(document: Json, owner: str, account: Json | None) -> Json:
    if not owner:
        return document | (account or {})
    owners = {other: found for other, found in document["owners"].items() if other != owner}
    return document | {"owners": owners if account is None else {**owners, owner: account}}


def without_fields(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Give every snapshot that lacks one field that AWS always sends: the field, where it was, the snapshot.

    The lists that answers consist of are none: an answer without one is refused as a whole.
    """
    for operation, answer in document["answers"].items():
        for field, place, less in _without_field(operation, answer):
            answers = {**document["answers"], operation: less}
            yield field, f"{operation} {place}", document | {"answers": answers}
    for owner, account in document.get("owners", {}).items():
        for operation, answer in account["answers"].items():
            for field, place, less in _without_field(operation, answer):
                answers = {**account["answers"], operation: less}
                yield (
                    field,
                    f"{owner} {operation} {place}",
                    _replaced(document, owner, {**account, "answers": answers}),
                )


def _without_field(operation: str, answer: Json) -> Iterator[tuple[str, str, Json]]:
    if not operation.startswith("ec2:"):
        return
    levels = OPERATIONS[operation].keys
    for path, less in _less(answer):
        names = [one for one in path[levels:] if isinstance(one, str)]
        if path[levels + 1 :] and (
            names[-1] not in _OPTIONAL or f"{operation} {names[-1]}" in _NEVER_OPTIONAL
        ):
            yield f"{operation} {'.'.join(names)}", ".".join(map(str, path)), less


def _less(value: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Give a value without each of the fields in it, with the way to that field."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield (key,), {other: kept for other, kept in value.items() if other != key}
            yield from (((key, *path), {**value, key: less}) for path, less in _less(one))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            for path, less in _less(one):
                yield (index, *path), [*value[:index], less, *value[index + 1 :]]
