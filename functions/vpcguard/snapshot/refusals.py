"""What an error from AWS means for a snapshot: unknown, absent, a reason to retry, or a fault to raise."""

from __future__ import annotations

import re

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from vpcguard.errors import ReadError, ThrottledError
from vpcguard.model import Failure

PASSING = (
    exceptions.ConnectionError,
    exceptions.HTTPClientError,
    exceptions.IncompleteReadError,
    ResponseParserError,
)

# Codes after which facts are unknown, and who answers so.
DENIED = {
    "AccessDenied": "IAM and STS: no policy allows it, or one denies it",
    "AccessDeniedException": "Lambda, tagging and quotas: the same",
    "UnauthorizedOperation": "EC2: the same",
    "DependencyAccessDeniedException": "Service Quotas: it may not ask the service",
    "AuthFailure": "EC2: these credentials are not valid in this region",
    "OptInRequired": "EC2: the account has not enabled the region or the service",
    "SubscriptionRequiredException": "the account is not subscribed to the service",
    "UnsupportedOperation": "EC2: not offered in this region",
    "UnsupportedOperationException": "the same elsewhere",
    "InvalidAction": "EC2 and IAM: an endpoint that does not know the operation",
    "UnknownOperationException": "JSON services: the same",
    "NotImplemented": "an AWS stand-in without this operation",
}

# Codes after which the resource does not exist, besides EC2's Invalid<Kind>ID.NotFound.
MISSING = frozenset(
    {
        "NoSuchEntity",  # IAM
        "NoSuchEntityException",  # IAM's name for it in its model
        "ResourceNotFoundException",  # Lambda
        "NoSuchResourceException",  # Service Quotas: no value of the account's own
    }
)
_EC2_MISSING = re.compile(r"Invalid\w+\.NotFound")

# botocore retries these codes; seeing one means that its retries are used up.
THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_TOO_MANY_REQUESTS = 429
_SERVER_FAULT = 500

_LONGEST_MESSAGE = 300
# a denied EC2 call carries its context encoded, hundreds of characters that only an administrator can read
_ENCODED = re.compile(r"\s*Encoded authorization failure message:.*", re.DOTALL)
_SECRETS = re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{12,}\b|https?://\S+\?\S+|[A-Za-z0-9+/=_-]{80,}")


def code_of(error: ClientError) -> str:
    """Return AWS's code of an error, e.g. "AccessDenied"; empty when the answer had none."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_denied(error: ClientError) -> bool:
    """True if facts that rest on the call are unknown from now on."""
    return code_of(error) in DENIED


def is_missing(error: ClientError) -> bool:
    """True if the resource that the call names does not exist."""
    return code_of(error) in MISSING or _EC2_MISSING.fullmatch(code_of(error)) is not None


def failure_from(error: ClientError) -> Failure:
    """Return the refusal as a snapshot keeps it: bounded, and without anything that could be a credential."""
    message = str(error.response.get("Error", {}).get("Message", ""))
    return Failure(code=code_of(error), message=clean_message(message))


def clean_message(message: str) -> str:
    """Return one line of at most 300 characters without keys, tokens, signed URLs and encoded context."""
    line = " ".join(_SECRETS.sub("[removed]", _ENCODED.sub("", message)).split())
    return line if len(line) <= _LONGEST_MESSAGE else line[: _LONGEST_MESSAGE - 1] + "…"


def passing_error(
    operation: str, error: ClientError | BotoCoreError | ResponseParserError
) -> ReadError | None:
    """Return what to raise for a fault that passes (throttling, AWS's own faults, the network), else None."""
    if isinstance(error, PASSING):
        return ReadError(f"{operation} could not be read: {clean_message(str(error))}")
    if not isinstance(error, ClientError):
        return None
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code_of(error) in THROTTLED or status == _TOO_MANY_REQUESTS:
        return ThrottledError(operation)
    if status >= _SERVER_FAULT:
        return ReadError(f"{operation} could not be read: AWS answered {status} {code_of(error)}")
    return None
