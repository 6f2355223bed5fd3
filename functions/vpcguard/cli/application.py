"""The API as an application of this process, over the findings table, with the user's own credentials.

`serve` lets a browser ask it; `findings` and `exemptions` ask it where there is no deployed API. So what is
answered, and what is refused, is the same everywhere.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, replace
from functools import cache, partial
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import HttpResolverLocal, Response
from botocore.exceptions import NoCredentialsError
from botocore.session import Session

from vpcguard.api.app import mount
from vpcguard.api.edges import Identity, build_service, identify
from vpcguard.api.problems import ApiError, logger, problem
from vpcguard.cli.hub import ERROR_TYPE, NO_SUCH_RESOURCE, Answer, Request
from vpcguard.errors import FindingStoreError
from vpcguard.settings import load_settings

# what DynamoDB says to credentials that may not, or that are none any more
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
_REFUSALS = frozenset(
    {
        *("AccessDeniedException", "ExpiredTokenException", "IncompleteSignatureException"),
        *("InvalidSignatureException", "MissingAuthenticationTokenException", "UnrecognizedClientException"),
    }
)
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The API over one table. place: the table, for messages. caller: who we are, as STS says; asked once."""

    resolver: HttpResolverLocal
    place: str
    caller: Callable[[], Identity]

    def __call__(self, request: Request) -> Answer:
        """Answer one request, as a transport of `hub.Hub` does."""
        path, _, query = request.target.partition("?")
        scope = {
            "type": "http",
            "method": request.method,
            "path": unquote(path),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in request.headers.items()],
        }
        start, *rest = answered(self.resolver, scope, request.body or b"")
        headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], headers, b"".join(message.get("body", b"") for message in rest))


def application(session: Session, *, table_name: str, region: str) -> Application:
    """Return the API over a table that this session's credentials may use; calls nothing yet.

    A cursor is good for as long as the process lives. Raises botocore's NoCredentialsError.
    """
    if session.get_credentials() is None:
        raise NoCredentialsError
    if isinstance(logger.registered_handler, logging.StreamHandler):
        logger.registered_handler.setStream(sys.stderr)  # stdout is for what was asked for
    session.set_config_variable("region", region)
    settings = replace(load_settings(), table_name=table_name, cursor_secret_arn=None)
    resolver = mount(HttpResolverLocal(enable_validation=True), build_service(settings, session=session))

    @cache
    def caller() -> Identity:
        """Ask STS who we are: what changes something is recorded as ours."""
        sts: Any = session.create_client("sts")
        own = sts.get_caller_identity()
        return Identity(own["Arn"], own["Account"])

    resolver.dependency_overrides[identify] = caller
    resolver.exception_handler(FindingStoreError)(partial(_unread, table_name=table_name, region=region))
    return Application(resolver=resolver, place=f"the table {table_name} in {region}", caller=caller)


def _unread(error: FindingStoreError, *, table_name: str, region: str) -> Response[str]:
    """Tell who sits at this machine what DynamoDB said to their own credentials, with its code."""
    cause = error.__cause__
    code = getattr(cause, "cause_response_code", None)
    code = code if isinstance(code, str) else ""
    said = getattr(cause, "cause_response_message", None) or str(error)
    status = HTTPStatus.SERVICE_UNAVAILABLE
    if code == NO_SUCH_RESOURCE:
        said = (
            f"there is no table {table_name} in {region}, or it lacks an index: name it with --table, its"
            " region with --hub-region, or a deployed API with --api"
        )
    elif code in _REFUSALS:
        status = HTTPStatus.FORBIDDEN
    return problem(ApiError(status, f"DynamoDB: {said}", headers={ERROR_TYPE: code} if code else {}))


def answered(asgi: Asgi, scope: Scope, body: bytes) -> list[Message]:
    """Return what an ASGI application sends for one request; an event loop of its own is run meanwhile."""
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        messages.append(message)

    async def run() -> None:
        await asgi(scope, receive, send)

    asyncio.run(run())
    return messages
