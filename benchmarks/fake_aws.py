"""A stand-in for AWS that answers reads from a snapshot document, pages them and counts the calls.

MiniStack holds a thousand functions, but takes minutes to be filled and its own time would drown
what is measured here. This one renders every answer once, so that the server's share of a
measurement stays small. Nothing can be written.

    python -m benchmarks.fake_aws SNAPSHOT.json     prints its port, serves until it is ended
    GET /_calls      counts by operation since the last reset
    GET /_reset?delay_ms=50&refuse=lambda:ListFunctions&code=ThrottlingException
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from benchmarks import wire
from benchmarks.answering import Account
from benchmarks.requests_of import Request, operation_of


class Server(ThreadingHTTPServer):
    """Serves one account on a port of its own choice."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, account: Account) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.account = account
        self.calls: Counter[str] = Counter()
        self.delay_seconds = 0.0
        self.refusals: dict[str, str] = {}  # operation -> error code, for services that speak JSON
        self.lock = threading.Lock()

    @lru_cache(maxsize=4096)  # noqa: B019  one server lives as long as its process
    def rendered(self, request: Request) -> tuple[str, bytes]:
        """Return the operation a request asks for and the body of its answer."""
        operation, service, parameters = operation_of(request)
        answer = self.account.answer(operation.name, service, parameters)
        return f"{service}:{operation.name}", wire.body(operation, answer)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def do_GET(self) -> None:
        """Answer a GET of AWS or of the measurement."""
        url = urlsplit(self.path)
        if url.path == "/_calls":
            self._send(json.dumps(self.server.calls).encode())
        elif url.path == "/_reset":
            wanted = dict(parse_qsl(url.query))
            self.server.calls.clear()
            self.server.delay_seconds = int(wanted.get("delay_ms", 0)) / 1000
            self.server.refusals = {wanted["refuse"]: wanted["code"]} if "refuse" in wanted else {}
            self._send(b"{}")
        else:
            self._aws(b"")

    def do_POST(self) -> None:
        """Answer a POST of AWS."""
        self._aws(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _aws(self, sent: bytes) -> None:
        target, scope = self.headers.get("X-Amz-Target", ""), self.headers.get("Authorization", "")
        name, answer = self.server.rendered(
            Request(self.command, self.path, target, scope.split("/")[3], sent)
        )
        with self.server.lock:
            self.server.calls[name] += 1
        time.sleep(self.server.delay_seconds)
        if code := self.server.refusals.get(name):
            self._send(json.dumps({"__type": code, "message": "refused"}).encode(), code=code)
        else:
            self._send(answer)

    def _send(self, answer: bytes, *, code: str | None = None) -> None:
        self.send_response(400 if code else 200)
        if code:
            self.send_header("x-amzn-ErrorType", code)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of the base class
        """Say nothing: stdout holds the port alone."""


def main() -> None:
    """Serve the snapshot named on the command line."""
    server = Server(Account(json.loads(Path(sys.argv[1]).read_text())))
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
