"""Who made a call and by what means: it decides nothing, it tells people whom to ask."""

from __future__ import annotations

import re

from vpcguard.changes.fields import find, line
from vpcguard.model import ManagedBy

_CLOUDFORMATION = "cloudformation.amazonaws.com"
_CONSOLE = "console.amazonaws.com"
_BY_USER_AGENT: tuple[tuple[re.Pattern[str], ManagedBy], ...] = (
    (re.compile(r"pulumi", re.IGNORECASE), "pulumi"),  # its AWS provider is Terraform's and may name both
    (re.compile(r"terraform|opentofu", re.IGNORECASE), "terraform"),
    (re.compile(re.escape(_CONSOLE)), "console"),
)


def actor(detail: object) -> str | None:
    """Return who called: the ARN of the role behind a session, of a user, or the service that called.

    An assumed role is named by its role, not by its session: sessions come and go, and the session's
    ARN does not tell the role's path. An event need not say its type.
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
    """
    identity = find(detail, "userIdentity")
    kind = find(identity, "type")
    arn = line(identity, "arn")
    if kind == "AWSService":
        return line(identity, "invokedBy")
    if kind == "AssumedRole" or (kind is None and arn is not None and ":assumed-role/" in arn):
        return line(identity, "sessionContext.sessionIssuer.arn") or arn
    return arn or line(identity, "invokedBy")


def managed_by(detail: object) -> ManagedBy | None:
    """Return what made the call; None where the event does not say.

    Infrastructure as code will set the configuration again, so whoever repairs must know.
    """
    invoked_by = line(detail, "userIdentity.invokedBy")
    user_agent = line(detail, "userAgent")
    if _CLOUDFORMATION in (invoked_by, user_agent):
        return "cloudformation"
    if invoked_by is not None:
        return "aws_service"
    for pattern, tool in _BY_USER_AGENT:
        if user_agent is not None and pattern.search(user_agent):
            return tool
    if str(find(detail, "sessionCredentialFromConsole")).lower() == "true":
        return "console"
    return None if user_agent is None else "sdk"
