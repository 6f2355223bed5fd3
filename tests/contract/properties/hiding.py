"""A snapshot with one fact less: every way in which a read can have failed, been interrupted or left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

REFUSED = {"code": "UnauthorizedOperation", "message": "not allowed"}
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
