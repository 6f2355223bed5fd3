"""An event as EventBridge delivers it to a change, or to the reason why there is none.

First the table of events, by which one is ours, then who made the call, then the event that we send ourselves
to look at a function again, and last how the fields of an untrusted document are read, and the name of a
function in all its spellings. An error names the place, never the value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast, get_args

from vpcguard.clock import rfc3339
from vpcguard.errors import EventError
from vpcguard.model import Change, Ignored, ManagedBy

LAMBDA = "lambda.amazonaws.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the event of a call names the function that it changes; the first path that is there counts.

    The request comes before the answer: CloudTrail leaves a request of over 100 KB out, and many calls answer
    nothing. or_other_kinds: the call also takes resources of kinds that are none of ours.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    """

    paths: tuple[str, ...]
    or_other_kinds: bool = False


_REQUEST = "detail.requestParameters"
_ANSWER = "detail.responseElements"
_FUNCTION = Target(paths=(f"{_REQUEST}.functionName", f"{_ANSWER}.functionArn", f"{_ANSWER}.functionName"))
_ALIAS = Target(paths=(f"{_REQUEST}.functionName", f"{_ANSWER}.aliasArn"))
_TAGGED = Target(paths=(f"{_REQUEST}.resource",), or_other_kinds=True)

# (eventSource, eventName without its API version) -> what it changes; a new event is a new row
EVENTS: Mapping[tuple[str, str], Target] = {
    (LAMBDA, "CreateFunction"): _FUNCTION,
    (LAMBDA, "UpdateFunctionConfiguration"): _FUNCTION,
    (LAMBDA, "UpdateFunctionCode"): _FUNCTION,
    (LAMBDA, "DeleteFunction"): _FUNCTION,
    (LAMBDA, "PublishVersion"): _FUNCTION,
    (LAMBDA, "CreateAlias"): _ALIAS,
    (LAMBDA, "UpdateAlias"): _ALIAS,
    (LAMBDA, "DeleteAlias"): _ALIAS,
    (LAMBDA, "TagResource"): _TAGGED,
    (LAMBDA, "UntagResource"): _TAGGED,
}

_API_VERSION = re.compile(r"20[0-9]{6}(v[0-9]+)?\Z")

_CLOUDFORMATION = "cloudformation.amazonaws.com"
# as recorded: signin.amazonaws.com, console.ec2.amazonaws.com, "aws-internal/3 ..., AWSLambdaConsole/1.1"
_CONSOLE = re.compile(r"(signin|console(\.[a-z0-9-]+)?)\.amazonaws\.com|AWSLambdaConsole")
_BY_USER_AGENT: tuple[tuple[re.Pattern[str], ManagedBy], ...] = (
    (re.compile(r"cloudformation\.amazonaws\.com"), "cloudformation"),
    (re.compile(r"pulumi", re.IGNORECASE), "pulumi"),  # its AWS provider is Terraform's and may name both
    (re.compile(r"terraform|opentofu", re.IGNORECASE), "terraform"),
    (_CONSOLE, "console"),
)

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
_SPELLING = re.compile(
    r"(?:arn:aws[a-z-]*:lambda:)?"
    r"(?:[a-z]{2,4}(?:-[a-z]+){1,3}-[0-9]{1,2}:)?"
    r"(?:(?P<account>[0-9]{12}):)?"
    r"(?:function:)?"
    r"(?P<name>[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)"
    r"(?::(?P<qualifier>\$LATEST(?:\.PUBLISHED)?|[A-Za-z0-9_-]+))?"
)
_LONGEST_NAME = 140  # of a name or an ARN in CreateFunction; only ever longer by prefix and qualifier
_LONGEST_SPELLING = 400
_KIND = 5  # arn:partition:lambda:region:account:KIND:...

# The event that we send ourselves has EventBridge's envelope, so that one queue and one parser take both.
LOOK_AGAIN = ("vpcguard", "Look Again")  # source, detail-type


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as the handler received it.

    receives: how often it was handed out, this time included. receipt: what this time is known by.
    """

    message_id: str
    body: str
    receives: int
    receipt: str | None = None


def parse_message(record: Mapping[str, Any]) -> Message:
    """Return a record of an SQS event; https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html."""
    receives = str(record.get("attributes", {}).get("ApproximateReceiveCount", "1"))
    return Message(
        message_id=record["messageId"],
        body=record["body"],
        receives=int(receives) if receives.isdecimal() else 1,
        receipt=record.get("receiptHandle"),
    )


def unversioned(event_name: str) -> str:
    """Return an event's name without the API version that CloudTrail appends for Lambda.

    CreateFunction20150331 -> CreateFunction; the version is any date of this century, with or
    without a revision (20150331v2), so that a later one is still ours.
    https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html
    """
    return _API_VERSION.sub("", event_name)


def parse_change(event: object) -> Change | Ignored:
    """Return the change that an event reports, or why it needs no look.

    Takes CloudTrail's events and those of look_again_event. Raises EventError, and nothing else, for an
    event that claims to be one of ours and lacks what identifies the change: id, time, account, region
    and function. What only describes it (actor, means, hints) is left out where it cannot be read.
    """
    if (find(event, "source"), find(event, "detail-type")) == LOOK_AGAIN:  # we sent it ourselves
        return parse_look_again(event)
    source = required(event, ID, "detail.eventSource")
    event_name = required(event, ID, "detail.eventName")
    target = EVENTS.get((source, unversioned(event_name)))
    if target is None:
        return _ignored(event, event_name, outcome="not_ours")
    if find(event, "detail.errorCode") is not None:
        return _ignored(event, event_name, outcome="failed_call")
    spelling = find(event, *target.paths)
    name = function_name(spelling)
    if name is None and not (target.or_other_kinds and is_other_resource(spelling)):
        raise EventError(f"{target.paths[0]}: expected a function's name or ARN")
    # a forwarded event keeps the account and region it came from
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
    account_id = required(event, ACCOUNT_ID, "detail.recipientAccountId", "account")
    # the caller's copy of a call to another account: the owner's own copy reports the change
    if name is None or account_of(spelling) not in (None, account_id):
        return _ignored(event, event_name, outcome="not_ours")
    return Change(
        event_id=required(event, ID, "detail.eventID"),
        event_name=event_name,
        event_time=moment(event, "detail.eventTime"),
        account_id=account_id,
        region=required(event, REGION, "detail.awsRegion", "region"),
        function_name=name,
        actor=actor(find(event, "detail")),
        managed_by=managed_by(find(event, "detail")),
        vpc_id=optional(event, VPC_ID, f"{_ANSWER}.vpcConfig.vpcId"),
        role_name=role_name(event, f"{_ANSWER}.role"),
    )


def _ignored(event: object, event_name: str, *, outcome: Literal["not_ours", "failed_call"]) -> Ignored:
    event_id = optional(event, LINE, "detail.eventID") or optional(event, LINE, "id") or ""
    return Ignored(outcome, event_id=event_id, event_name=event_name)


def actor(detail: object) -> str | None:
    """Return who called: the ARN of the role behind a session, of a user, or the service that called.

    An assumed role is named by its role, not by its session: sessions come and go, and the session's
    ARN does not tell the role's path. An event need not say its type.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
    """
    identity = find(detail, "userIdentity")
    kind = find(identity, "type")
    arn = optional(identity, LINE, "arn")
    if kind == "AWSService":
        return optional(identity, LINE, "invokedBy")
    if kind == "AssumedRole" or (kind is None and arn is not None and ":assumed-role/" in arn):
        return optional(identity, LINE, "sessionContext.sessionIssuer.arn") or arn
    return arn or optional(identity, LINE, "invokedBy")


def managed_by(detail: object) -> ManagedBy | None:
    """Return what made the call; None where the event does not say.

    Infrastructure as code will set the configuration again, so whoever repairs must know. What AWS writes
    comes first: who invoked the call, then whether a session of the console made it. A user agent can be set
    by anyone: it informs people, and nothing may be decided by it.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    """
    invoked_by = optional(detail, LINE, "userIdentity.invokedBy")
    user_agent = optional(detail, LINE, "userAgent")
    if invoked_by == _CLOUDFORMATION:
        return "cloudformation"
    if invoked_by is not None:
        return "console" if _CONSOLE.fullmatch(invoked_by) else "aws_service"
    if str(find(detail, "sessionCredentialFromConsole")).lower() == "true":
        return "console"
    for pattern, tool in _BY_USER_AGENT:
        if user_agent is not None and pattern.search(user_agent):
            return tool
    return None if user_agent is None else "sdk"


def look_again_event(change: Change) -> dict[str, Any]:
    """Return the event that brings a change back; parse_look_again is its reverse."""
    source, detail_type = LOOK_AGAIN
    return {
        "version": "0",
        "id": f"{change.event_id}-{change.attempt}",
        "detail-type": detail_type,
        "source": source,
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
    name = function_name(find(event, "detail.functionName"))
    if name is None:
        raise EventError("detail.functionName: expected a function's name")
    tool = find(event, "detail.managedBy")
    return Change(
        event_id=required(event, ID, "detail.eventID"),
        event_name=required(event, ID, "detail.eventName"),
        event_time=moment(event, "detail.eventTime"),
        account_id=required(event, ACCOUNT_ID, "account"),
        region=required(event, REGION, "region"),
        function_name=name,
        actor=optional(event, LINE, "detail.actor"),
        managed_by=cast("ManagedBy", tool) if isinstance(tool, str) and tool in get_args(ManagedBy) else None,
        vpc_id=optional(event, VPC_ID, "detail.vpcId"),
        role_name=role_name(event, "detail.roleName"),
        attempt=_attempt(find(event, "detail.attempt")),
    )


def _attempt(found: object) -> int:
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise EventError("detail.attempt: expected a number")
    return found


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
    match = _SPELLING.fullmatch(spelling)
    return match["name"] if match is not None and len(match["name"]) <= _LONGEST_NAME else None


def qualifier(spelling: str) -> str | None:
    """Return the alias or version behind the name in what function_name takes; None where there is none."""
    match = _SPELLING.fullmatch(spelling)
    return match["qualifier"] if match is not None else None


def account_of(spelling: object) -> str | None:
    """Return the account that an ARN, full or partial, names; None where it names none."""
    match = _SPELLING.fullmatch(spelling) if isinstance(spelling, str) else None
    return match["account"] if match is not None else None


def is_other_resource(spelling: object) -> bool:
    """True for the ARN of a Lambda resource that is no function, such as an event source mapping."""
    if not isinstance(spelling, str):
        return False
    parts = spelling.split(":")
    return len(parts) > _KIND and parts[0] == "arn" and parts[2] == "lambda" and parts[_KIND] != "function"
