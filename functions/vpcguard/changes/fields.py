"""Reads the fields of an untrusted JSON document; raises EventError that names the place, never the value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from vpcguard.errors import EventError

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+){1,3}-[0-9]{1,2}")
_ID = re.compile(r"[\x21-\x7e]{1,128}")
_VPC_ID = re.compile(r"vpc-[0-9a-f]{1,40}")
_ROLE_NAME = re.compile(
    r"(?:arn:aws[a-z-]*:iam::[0-9]{12}:role/(?:[\x21-\x7e]{1,510}/)?)?([A-Za-z0-9+=,.@_-]{1,64})"
)
_LINE = re.compile(r"[^\x00-\x1f\x7f]{1,2048}")


def find(document: object, path: str) -> Any:
    """Return what stands at a dotted path, or None where any part of it is missing or no object."""
    found = document
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def mapping(document: object, path: str) -> Mapping[str, Any]:
    """Return the object at a path."""
    found = find(document, path)
    if not isinstance(found, Mapping):
        raise EventError(f"{path}: expected an object")
    return found


def text(document: object, path: str) -> str:
    """Return the printable ASCII text without spaces at a path: a name or an id."""
    return _matching(find(document, path), _ID, f"{path}: expected an id or a name")


def account_id(document: object, *paths: str) -> str:
    """Return the account id at the first path that is there."""
    return _matching(_first(document, paths), _ACCOUNT_ID, f"{paths[0]}: expected an account id")


def region(document: object, *paths: str) -> str:
    """Return the region at the first path that is there."""
    return _matching(_first(document, paths), _REGION, f"{paths[0]}: expected a region")


def moment(document: object, path: str) -> datetime:
    """Return the time at a path, which must name its offset, in UTC."""
    found = find(document, path)
    try:
        parsed = datetime.fromisoformat(found)
        if parsed.tzinfo is not None:
            return parsed.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise EventError(f"{path}: expected a time") from error
    raise EventError(f"{path}: expected a time with its offset")


def line(document: object, path: str) -> str | None:
    """Return the text at a path if it is one printable line, else None: it only describes the event."""
    found = find(document, path)
    return found if isinstance(found, str) and _LINE.fullmatch(found) else None


def vpc_id(document: object, path: str) -> str | None:
    """Return the VPC id at a path, else None: a hint, "" where a function is not attached."""
    found = find(document, path)
    return found if isinstance(found, str) and _VPC_ID.fullmatch(found) else None


def role_name(document: object, path: str) -> str | None:
    """Return the name of the role whose ARN or name stands at a path, else None: a hint."""
    found = find(document, path)
    match = _ROLE_NAME.fullmatch(found) if isinstance(found, str) else None
    return None if match is None else match[1]


def _first(document: object, paths: tuple[str, ...]) -> Any:
    return next((found for path in paths if (found := find(document, path)) is not None), None)


def _matching(found: object, pattern: re.Pattern[str], message: str) -> str:
    if isinstance(found, str) and pattern.fullmatch(found):
        return found
    raise EventError(message)
