"""The one table of events: which call names which resource; a new event is a new row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

LAMBDA = "lambda.amazonaws.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a call changes and where its event names it.

    request, answer: paths below requestParameters and responseElements, dots for nesting; the
    first that holds a value counts, the request before the answer.
    or_other_kinds: the call also takes resources of kinds that are none of ours.
    """

    kind: Literal["function"]
    request: tuple[str, ...]
    answer: tuple[str, ...] = ()
    or_other_kinds: bool = False


_FUNCTION = Target(kind="function", request=("functionName",), answer=("functionArn", "functionName"))
_ALIAS = Target(kind="function", request=("functionName",), answer=("aliasArn",))
_TAGGED = Target(kind="function", request=("resource",), or_other_kinds=True)

# (eventSource, eventName without its API version) -> what it changes
EVENTS: Mapping[tuple[str, str], Target] = {
    (LAMBDA, "CreateFunction"): _FUNCTION,
    (LAMBDA, "UpdateFunctionConfiguration"): _FUNCTION,
    (LAMBDA, "UpdateFunctionCode"): _FUNCTION,
    (LAMBDA, "DeleteFunction"): _FUNCTION,
    (LAMBDA, "PublishVersion"): _FUNCTION,
    (LAMBDA, "CreateAlias"): _ALIAS,
    (LAMBDA, "UpdateAlias"): _ALIAS,
    (LAMBDA, "TagResource"): _TAGGED,
    (LAMBDA, "UntagResource"): _TAGGED,
}

_API_VERSION = re.compile(r"20[0-9]{6}(v[0-9]+)?\Z")


def unversioned(event_name: str) -> str:
    """Return an event's name without the API version that CloudTrail appends for Lambda.

    CreateFunction20150331 -> CreateFunction; the version is any date of this century, with or
    without a revision (20150331v2), so that a later one is still ours.
    https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html
    """
    return _API_VERSION.sub("", event_name)
