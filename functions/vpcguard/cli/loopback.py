"""HTTP for this machine's browser and programs alone: what a page of another site could send is refused.

A page of any site may send requests to 127.0.0.1, and by DNS rebinding read what comes back. So the Host must
be this server's own, once; an Origin, where there is one, the same; and what a browser calls another site's
request (Sec-Fetch-Site) is refused, another port of this machine included.
https://fetch.spec.whatwg.org/#origin-header, https://www.w3.org/TR/fetch-metadata/
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

from vpcguard.cli.application import Asgi, Message, Receive, Scope, Send, answered
from vpcguard.cli.output import visible

ADDRESS = "127.0.0.1"
# Requests answered at once. Powertools' handlers are not asynchronous: one that waits for DynamoDB would hold
# up all others on the server's own thread.
THREADS = 8
LARGEST_BODY = 1024 * 1024
_OWN_SITES = frozenset({b"same-origin", b"none"})  # none: typed, or opened from a bookmark
_HTTP_PORT = 80  # which a browser leaves out
# The Swagger page carries its script and style within itself, and asks nobody but this server.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", _POLICY.encode()),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)


class RefusedError(Exception):
    """A request that goes no further. headers: of the answer, besides those of all answers."""

    def __init__(
        self, status: HTTPStatus, detail: str, headers: tuple[tuple[bytes, bytes], ...] = ()
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


Page = tuple[str, Callable[[], bytes]]  # content type, and what makes the content


class Loopback:
    """Lets requests of this machine through to an application, each on a thread of its own.

    port: that the server listens on, at ADDRESS. pages: by path, what is shown beside the routes.
    """

    def __init__(self, application: Asgi, port: int, pages: Mapping[str, Page]) -> None:
        self._application = application
        self._pages = pages
        self._hosts = {f"{name}:{port}".encode() for name in (ADDRESS, "localhost")}
        if port == _HTTP_PORT:
            self._hosts |= {ADDRESS.encode(), b"localhost"}
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="requests")
        self._answering = set[Future[list[Message]]]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            raise ValueError(f"only HTTP is served here, not {scope['type']}")
        try:
            self._check(scope)
            body = await _body(receive)
        except RefusedError as error:
            start, *rest = _problem(error)
        else:
            answering = self._threads.submit(self._answer, scope, body)
            self._answering.add(answering)
            answering.add_done_callback(self._answering.discard)
            try:
                start, *rest = await asyncio.wrap_future(answering)
            except asyncio.CancelledError:  # the server ends, and this took longer than it waits
                start, *rest = _problem(RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "the server has ended"))
        own = {name for name, _ in _HEADERS}
        start["headers"] = [*(one for one in start["headers"] if one[0] not in own), *_HEADERS]
        for message in (start, *rest):
            await send(message)

    def close(self) -> bool:
        """Take no more requests; return whether one is still being answered, which is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        return bool(self._answering)

    def _answer(self, scope: Scope, body: bytes) -> list[Message]:
        page = self._pages.get(scope["path"]) if scope["method"] == "GET" else None
        if page is None:
            return answered(self._application, scope, body)
        content_type, content = page
        return _messages(HTTPStatus.OK, content_type, content())

    def _check(self, scope: Scope) -> None:
        """Raise RefusedError for what a page of another site, or a mistaken program, may have sent."""
        given = [value for name, value in scope["headers"] if name == b"host"]
        if len(given) != 1 or given[0] not in self._hosts:
            wanted = " or ".join(sorted(host.decode() for host in self._hosts))
            raise RefusedError(HTTPStatus.MISDIRECTED_REQUEST, f"the Host must be {wanted}, given once")
        origins = [value for name, value in scope["headers"] if name == b"origin"]
        if origins and origins != [b"http://" + given[0]]:
            shown = visible(b", ".join(origins).decode("latin-1"))[:200]
            raise RefusedError(HTTPStatus.FORBIDDEN, f"pages of another origin are refused: {shown}")
        sites = [value for name, value in scope["headers"] if name == b"sec-fetch-site"]
        if not _OWN_SITES.issuperset(sites):
            raise RefusedError(HTTPStatus.FORBIDDEN, "requests that a page of another site makes are refused")
        _utf8(scope["query_string"], "the query")
        for name, value in scope["headers"]:
            _utf8(name + value, "a header")


async def _body(receive: Receive) -> bytes:
    """Return the body of a request; raises RefusedError for one that is too large, before it is all read."""
    parts, size = [], 0
    more = True
    while more:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > LARGEST_BODY:
            detail = f"a body has at most {LARGEST_BODY:,} bytes"
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, ((b"connection", b"close"),))
        parts.append(part)
        more = message["type"] == "http.request" and message.get("more_body", False)
    return _utf8(b"".join(parts), "the body")


def _utf8(value: bytes, what: str) -> bytes:
    """Return bytes that are UTF-8, which Powertools takes them for; raises RefusedError for others."""
    try:
        value.decode()
    except UnicodeDecodeError as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, f"{what} is not UTF-8") from error
    return value


def _problem(error: RefusedError) -> list[Message]:
    """Return a refusal as problem details (RFC 9457)."""
    document: Mapping[str, Any] = {
        "type": "about:blank",
        "title": error.status.phrase,
        "status": error.status.value,
        "detail": error.detail,
    }
    body = json.dumps(document).encode()
    return _messages(error.status, "application/problem+json", body, error.headers)


def _messages(
    status: HTTPStatus, content_type: str, body: bytes, headers: tuple[tuple[bytes, bytes], ...] = ()
) -> list[Message]:
    own = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
    return [
        {"type": "http.response.start", "status": status.value, "headers": [*own, *headers]},
        {"type": "http.response.body", "body": body},
    ]
