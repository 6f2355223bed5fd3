"""Every spelling of a function to its unqualified name."""

from __future__ import annotations

import re

# The spellings that the API takes: a name, a partial or a full ARN of any partition, each with or
# without a version or alias. Dots occur in the names of replicas (Lambda@Edge: us-east-1.resize).
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
