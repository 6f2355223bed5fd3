"""An AWS that works except for what is disturbed: it stands before another stand-in and passes the rest on.

with disturbed_aws(url) as aws:
    aws.disturb("ec2:DescribeSubnets", "500")
    ... with AWS_ENDPOINT_URL=aws.url
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from urllib.parse import urlsplit

from benchmarks.requests_of import SERVICES, Request, operation_of

EVERY = "*"
_XML = {"ec2", "iam", "sts"}
_LONGEST_SILENCE_SECONDS = 30.0
_NOT_ENABLED = {"ec2": ("AuthFailure", 401), "iam": ("InvalidClientTokenId", 403)}
_DENIED = {"ec2": "UnauthorizedOperation", "iam": "AccessDenied", "sts": "AccessDenied"}
_THROTTLED = {"ec2": ("RequestLimitExceeded", 503), "lambda": ("TooManyRequestsException", 429)}
_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "server", "date"}


class DisturbedAws(ThreadingHTTPServer):
    """Passes requests on to `upstream`, unless their operation is disturbed; `calls` counts by operation."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = urlsplit(upstream)
        self.calls: Counter[str] = Counter()
        self.released = threading.Event()
        self._faults: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def disturb(self, operation: str, fault: str, *, region: str = EVERY) -> None:
        """Let one operation, "<service>:<Operation>", or EVERY one of them, go wrong from now on.

        fault: a key of FAULTS. STS is left alone unless it is named.
        """
        self._faults[operation, region] = fault

    def calm(self) -> None:
        """Let everything work again, and forget the calls."""
        self._faults.clear()
        self.released.set()
        self.released = threading.Event()
        self.calls.clear()

    def fault_of(self, operation: str, region: str) -> str | None:
        """Count a call, and return what is wrong with it."""
        with self._lock:
            self.calls[operation] += 1
        named = [operation] if operation.startswith("sts:") else [operation, EVERY]
        found = (self._faults.get((name, where)) for name in named for where in (region, EVERY))
        return next((fault for fault in found if fault), None)


@contextmanager
def disturbed_aws(upstream: str) -> Iterator[DisturbedAws]:
    """Serve on a thread, until the end of the block."""
    with DisturbedAws(upstream) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.calm()
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: DisturbedAws

    def do_POST(self) -> None:
        """Answer, or pass on."""
        self.sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.service, operation = self._operation()
        fault = self.server.fault_of(operation, self._signed()[2])
        if fault is None:
            self._pass_on()
        else:
            FAULTS[fault](self)

    do_GET = do_PUT = do_DELETE = do_POST  # noqa: N815  the names that the base class looks for

    def _operation(self) -> tuple[str, str]:
        signing_name = self._signed()[3]
        if signing_name not in SERVICES:  # the table, say, or a queue
            return signing_name, signing_name
        target = self.headers.get("X-Amz-Target", "")
        operation, service, _ = operation_of(
            Request(self.command, self.path, target, signing_name, self.sent)
        )
        return service, f"{service}:{operation.name}"

    def _signed(self) -> list[str]:
        """Return what a request is signed for: ..., date, region, service, ..."""
        return self.headers.get("Authorization", "///").split("/")

    def _pass_on(self) -> None:
        upstream = self.server.upstream
        connection = HTTPConnection(upstream.hostname or "", upstream.port)
        try:
            connection.request(self.command, self.path, self.sent, dict(self.headers.items()))
            answer = connection.getresponse()
            kept = {name: one for name, one in answer.getheaders() if name.lower() not in _HOP_BY_HOP}
            self.send(answer.status, answer.read(), headers=kept)
        finally:
            connection.close()

    def send(
        self,
        status: int,
        body: bytes,
        *,
        promised: int | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Send an answer; promised: the length that its head claims."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if promised is None else promised))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, code: str, status: int) -> None:
        """Send an error in the words of the service."""
        if self.service not in _XML:
            body = json.dumps({"__type": code, "message": "disturbed"})
            self.send(status, body.encode(), headers={"x-amzn-ErrorType": code})
            return
        error = f"<Error><Code>{code}</Code><Message>disturbed</Message></Error>"
        in_ec2 = f"<Response><Errors>{error}</Errors><RequestID>0</RequestID></Response>"
        self.send(
            status, (in_ec2 if self.service == "ec2" else f"<ErrorResponse>{error}</ErrorResponse>").encode()
        )

    def be_silent(self) -> None:
        """Say nothing for longer than anybody waits, unless it is calm before."""
        self.server.released.wait(_LONGEST_SILENCE_SECONDS)
        self.close_connection = True

    def break_off(self, body: bytes) -> None:
        """Close after a part of the answer."""
        if body:
            self.send(200, body, promised=1000)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of the base class
        """Say nothing."""


FAULTS: dict[str, Callable[[_Handler], None]] = {
    "403": lambda it: it.refuse(_DENIED.get(it.service, "AccessDeniedException"), 403),
    "not enabled": lambda it: it.refuse(*_NOT_ENABLED.get(it.service, ("UnrecognizedClientException", 403))),
    "404": lambda it: it.send(404, b"<html><body>Not Found</body></html>"),
    "400": lambda it: it.refuse("NobodyForesawThis", 400),
    "500": lambda it: it.refuse("InternalFailure", 500),
    "502": lambda it: it.send(502, b"<html><body>Bad Gateway</body></html>"),
    "garbage": lambda it: it.send(200, b"\x00{<garbage"),
    "page": lambda it: it.send(200, b"<html><body>Sign in to this network</body></html>"),
    "list": lambda it: it.send(200, b"[1, 2, 3]"),
    "half": lambda it: it.break_off(b"{<"),
    "closed": lambda it: it.break_off(b""),
    "timeout": lambda it: it.be_silent(),
    "throttle": lambda it: it.refuse(*_THROTTLED.get(it.service, ("ThrottlingException", 400))),
}
