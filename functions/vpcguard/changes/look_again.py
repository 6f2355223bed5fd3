"""The event that we send ourselves to look at a function again once it has settled.

It has the envelope of EventBridge, so that one queue and one parser take both. It carries the change that
started it, and how often it has come back.
"""

from __future__ import annotations

from typing import Any, cast, get_args

from vpcguard.changes import fields
from vpcguard.changes.function_names import function_name
from vpcguard.clock import rfc3339
from vpcguard.errors import EventError
from vpcguard.model import Change, ManagedBy

SOURCE = "vpcguard"
DETAIL_TYPE = "Look Again"


def is_look_again(event: object) -> bool:
    """True if we sent this event ourselves."""
    return (fields.find(event, "source"), fields.find(event, "detail-type")) == (SOURCE, DETAIL_TYPE)


def look_again_event(change: Change) -> dict[str, Any]:
    """Return the event that brings a change back; parse_look_again is its reverse."""
    return {
        "version": "0",
        "id": f"{change.event_id}-{change.attempt}",
        "detail-type": DETAIL_TYPE,
        "source": SOURCE,
        "account": change.account_id,
        "time": rfc3339(change.event_time),
        "region": change.region,
        "resources": [],
        "detail": {
            "eventID": change.event_id,
            "eventName": change.event_name,
            "eventTime": rfc3339(change.event_time),
            "functionName": change.function_name,
            "actor": change.actor,
            "managedBy": change.managed_by,
            "vpcId": change.vpc_id,
            "roleName": change.role_name,
            "attempt": change.attempt,
        },
    }


def parse_look_again(event: object) -> Change:
    """Return the change that an event of look_again_event carries; raises EventError."""
    name = function_name(fields.find(event, "detail.functionName"))
    if name is None:
        raise EventError("detail.functionName: expected a function's name")
    return Change(
        event_id=fields.text(event, "detail.eventID"),
        event_name=fields.text(event, "detail.eventName"),
        event_time=fields.moment(event, "detail.eventTime"),
        account_id=fields.account_id(event, "account"),
        region=fields.region(event, "region"),
        function_name=name,
        actor=fields.line(event, "detail.actor"),
        managed_by=_managed_by(fields.find(event, "detail.managedBy")),
        vpc_id=fields.vpc_id(event, "detail.vpcId"),
        role_name=fields.role_name(event, "detail.roleName"),
        attempt=_attempt(fields.find(event, "detail.attempt")),
    )


def _managed_by(found: object) -> ManagedBy | None:
    known = isinstance(found, str) and found in get_args(ManagedBy)
    return cast("ManagedBy", found) if known else None


def _attempt(found: object) -> int:
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise EventError("detail.attempt: expected a number")
    return found
