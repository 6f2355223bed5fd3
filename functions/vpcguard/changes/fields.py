"""Reads the fields of an untrusted JSON document, and the name of a function in all its spellings.

The only error is EventError; it names the place, never the value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from vpcguard.errors import EventError

# What must be there, and what an error says was expected.
ID = (re.compile(r"[\x21-\x7e]{1,128}"), "an id or a name")
ACCOUNT_ID = (re.compile(r"[0-9]{12}"), "an account id")
REGION = (re.compile(r"[a-z]{2,4}(-[a-z]+){1,3}-[0-9]{1,2}"), "a region")

# What may be there.
LINE = re.compile(r"[^\x00-\x1f\x7f]{1,2048}")
VPC_ID = re.compile(r"vpc-[0-9a-f]{1,40}")  # "" where a function is not attached
ROLE = re.compile(r"(arn:aws[a-z-]*:iam::[0-9]{12}:role/([\x21-\x7e]{1,510}/)?)?[A-Za-z0-9+=,.@_-]{1,64}")

# The spellings of a function that the API takes: a name, a partial or a full ARN of any partition, each with
# or without a version or alias. Dots occur in the names of replicas (Lambda@Edge: us-east-1.resize).
# https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html
_FUNCTION = re.compile(
    r"(?:arn:aws[a-z-]*:lambda:)?"
    r"(?:[a-z]{2,4}(?:-[a-z]+){1,3}-[0-9]{1,2}:)?"
    r"(?:(?P<account>[0-9]{12}):)?"
    r"(?:function:)?"
    r"(?P<name>[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)"
    r"(?::(?:\$LATEST(?:\.PUBLISHED)?|[A-Za-z0-9_-]+))?"
)
_LONGEST_NAME = 140  # of a name or an ARN in CreateFunction; only ever longer by prefix and qualifier
_LONGEST_SPELLING = 400
_KIND = 5  # arn:partition:lambda:region:account:KIND:...


def find(document: object, *paths: str) -> Any:
    """Return what stands at the first dotted path that is there; None where none is."""
    for path in paths:
        found: Any = document
        for key in path.split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
        if found is not None:
            return found
    return None


def required(document: object, kind: tuple[re.Pattern[str], str], *paths: str) -> str:
    """Return the text at the first path that is there; raises EventError where it is not of the kind."""
    found, (pattern, expected) = find(document, *paths), kind
    if isinstance(found, str) and pattern.fullmatch(found):
        return found
    raise EventError(f"{paths[0]}: expected {expected}")


def optional(document: object, pattern: re.Pattern[str], path: str) -> str | None:
    """Return the text at a path if it is as the pattern says, else None."""
    found = find(document, path)
    return found if isinstance(found, str) and pattern.fullmatch(found) else None


def role_name(document: object, path: str) -> str | None:
    """Return the name of the role whose ARN or name stands at a path, else None."""
    role = optional(document, ROLE, path)
    return role and role.rpartition("/")[2]


def moment(document: object, path: str) -> datetime:
    """Return the time at a path, which must name its offset, in UTC."""
    try:
        parsed = datetime.fromisoformat(find(document, path))
        if parsed.tzinfo is not None:
            return parsed.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise EventError(f"{path}: expected a time") from error
    raise EventError(f"{path}: expected a time with its offset")


def function_name(spelling: object) -> str | None:
    """Return the unqualified name that a name, partial ARN or full ARN stands for; None if it is none.

    Account and region of an ARN are left out on purpose: they come from whoever made the call,
    while the account that reported the event is known. account_of tells whether the two differ.
    """
    if not isinstance(spelling, str) or len(spelling) > _LONGEST_SPELLING or is_other_resource(spelling):
        return None
    match = _FUNCTION.fullmatch(spelling)
    return match["name"] if match is not None and len(match["name"]) <= _LONGEST_NAME else None


def account_of(spelling: object) -> str | None:
    """Return the account that an ARN, full or partial, names; None where it names none."""
    match = _FUNCTION.fullmatch(spelling) if isinstance(spelling, str) else None
    return match["account"] if match is not None else None


def is_other_resource(spelling: object) -> bool:
    """True for the ARN of a Lambda resource that is no function, such as an event source mapping."""
    if not isinstance(spelling, str):
        return False
    parts = spelling.split(":")
    return len(parts) > _KIND and parts[0] == "arn" and parts[2] == "lambda" and parts[_KIND] != "function"
