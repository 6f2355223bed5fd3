"""An event as EventBridge delivers it to a change, or to the reason why there is none."""

from __future__ import annotations

from typing import Literal

from vpcguard.changes import fields
from vpcguard.changes.actors import actor, managed_by
from vpcguard.changes.events import EVENTS, Target, unversioned
from vpcguard.changes.function_names import account_of, function_name, is_other_resource
from vpcguard.changes.look_again import is_look_again, parse_look_again
from vpcguard.errors import EventError
from vpcguard.model import Change, Ignored

_REQUEST = "detail.requestParameters"
_ANSWER = "detail.responseElements"


def parse_change(event: object) -> Change | Ignored:
    """Return the change that an event reports, or why it needs no look.

    Takes CloudTrail's events and those of look_again_event. Raises EventError, and nothing else, for an
    event that claims to be one of ours and lacks what identifies the change: id, time, account, region
    and function. What only describes it (actor, means, hints) is left out where it cannot be read.
    """
    if is_look_again(event):
        return parse_look_again(event)
    source = fields.text(event, "detail.eventSource")
    event_name = fields.text(event, "detail.eventName")
    target = EVENTS.get((source, unversioned(event_name)))
    if target is None:
        return _ignored(event, event_name, outcome="not_ours")
    if fields.find(event, "detail.errorCode") is not None:
        return _ignored(event, event_name, outcome="failed_call")
    spelling = _spelling(event, target)
    name = _function_name(spelling, target)
    account_id = fields.account_id(event, "detail.recipientAccountId", "account")
    # the caller's copy of a call to another account: the owner's own copy reports the change
    if name is None or account_of(spelling) not in (None, account_id):
        return _ignored(event, event_name, outcome="not_ours")
    return Change(
        event_id=fields.text(event, "detail.eventID"),
        event_name=event_name,
        event_time=fields.moment(event, "detail.eventTime"),
        # a forwarded event keeps the account and region it came from
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
        account_id=account_id,
        region=fields.region(event, "detail.awsRegion", "region"),
        function_name=name,
        actor=actor(fields.find(event, "detail")),
        managed_by=managed_by(fields.find(event, "detail")),
        vpc_id=fields.vpc_id(event, f"{_ANSWER}.vpcConfig.vpcId"),
        role_name=fields.role_name(event, f"{_ANSWER}.role"),
    )


def _spelling(event: object, target: Target) -> object:
    """Return what a call names, from its request or else its answer.

    Over 100 KB CloudTrail leaves the request out, and many calls answer nothing:
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    """
    return next((found for path in _paths(target) if (found := fields.find(event, path)) is not None), None)


def _function_name(spelling: object, target: Target) -> str | None:
    """Return the function that a call names, None if it names a resource of another kind."""
    name = function_name(spelling)
    if name is None and not (target.or_other_kinds and is_other_resource(spelling)):
        raise EventError(f"{_paths(target)[0]}: expected a function's name or ARN")
    return name


def _paths(target: Target) -> list[str]:
    return [f"{_REQUEST}.{path}" for path in target.request] + [f"{_ANSWER}.{path}" for path in target.answer]


def _ignored(event: object, event_name: str, *, outcome: Literal["not_ours", "failed_call"]) -> Ignored:
    event_id = fields.line(event, "detail.eventID") or fields.line(event, "id") or ""
    return Ignored(outcome, event_id=event_id, event_name=event_name)
