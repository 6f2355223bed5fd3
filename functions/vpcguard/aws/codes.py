"""What AWS's error codes mean for a snapshot, and what of an error's text may enter one."""

from __future__ import annotations

import re

# Codes of ours: an answer that we ourselves kept in part, and one that is not of its known shape.
PARTIAL = "Partial"
UNEXPECTED = "UnexpectedAnswer"

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

# Those of them after which a permission is missing.
FORBIDDEN = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})

# NoSuchEntity, NoSuchResourceException, ResourceNotFoundException, InvalidVpcID.NotFound ...
_NOT_FOUND = re.compile(r"^NoSuch|NotFound(Exception)?$")

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
_LONGEST_MESSAGE = 300
# a denied EC2 call carries its context encoded, hundreds of characters that only an administrator can read
_ENCODED = re.compile(r"\s*Encoded authorization failure message:.*", re.DOTALL)
_SECRETS = re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{12,}\b|https?://\S+\?\S+|[A-Za-z0-9+/=_-]{80,}")


def is_not_found_code(code: str) -> bool:
    """True if a code says that the resource which the call names does not exist."""
    return _NOT_FOUND.search(code) is not None


def clean_message(message: str) -> str:
    """Return one line of at most 300 characters without keys, tokens, signed URLs and encoded context."""
    line = " ".join(_SECRETS.sub("[removed]", _ENCODED.sub("", message)).split())
    return line if len(line) <= _LONGEST_MESSAGE else line[: _LONGEST_MESSAGE - 1] + "…"
