"""When to look again: at a function that is still being built, and after news that contradict what was read.

No judgement: what was found is recorded as it stands, and looked at once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from vpcguard.changes import unversioned
from vpcguard.model import Change

FIRST_DELAY_SECONDS = 30
LONGEST_DELAY_SECONDS = 900  # of one SQS message
MAX_ATTEMPTS = 8  # a little over an hour in all; what takes longer is left to the sweep

# https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
_STATES_THAT_PASS = frozenset({"pending", "deleting", "deactivating"})
_UPDATES_THAT_PASS = frozenset({"inprogress"})
# a NAT gateway or an endpoint that becomes available raises no event
_NETWORK_STATES_THAT_PASS = frozenset({"pending", "deleting"})
_NETWORK_KINDS = ("nat_gateways", "vpc_endpoints")


def unsettled(facts: Mapping[str, Any]) -> frozenset[str]:
    """Return the functions that are being changed by AWS at this moment, or whose network is."""
    vpc_ids = {
        resource["vpc_id"]
        for kind in _NETWORK_KINDS
        for resource in facts[kind]
        if _state(resource, "state") in _NETWORK_STATES_THAT_PASS and "vpc_id" in resource
    }
    return frozenset(_unsettled(facts["functions"], vpc_ids))


def contradicts(change: Change, *, exists: bool) -> bool:
    """True if a first read shows the opposite of what was done: a function missing, or there though deleted.

    AWS may answer from before the call, or somebody was faster; another look tells.
    """
    is_deletion = unversioned(change.event_name) == "DeleteFunction"
    return change.attempt == 0 and exists is is_deletion


def next_attempt(change: Change) -> tuple[Change, int] | None:
    """Return the change as it comes back and after how many seconds; None: it came back often enough."""
    if change.attempt >= MAX_ATTEMPTS:
        return None
    delay_seconds = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2**change.attempt)
    return replace(change, attempt=change.attempt + 1), delay_seconds


def _unsettled(functions: list[Mapping[str, Any]], vpc_ids: set[str]) -> Iterator[str]:
    for function in functions:
        if (
            _state(function, "state") in _STATES_THAT_PASS
            or _state(function, "last_update_status") in _UPDATES_THAT_PASS
            or function.get("vpc_id") in vpc_ids
        ):
            yield function["name"]


def _state(resource: Mapping[str, Any], key: str) -> str:
    return str(resource.get(key, "")).lower()
