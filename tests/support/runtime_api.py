"""Lambda's Runtime API and Extensions API, as far as one execution environment uses them.

Tests start the real runtime client and the real extension against it, so a handler runs as it does in
Lambda, without Docker. As in Lambda, nothing is delivered before the runtime and every extension have
asked for their next event.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
"""

from __future__ import annotations

import json
import queue
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

FUNCTION_ARN = "arn:aws:lambda:eu-west-1:111122223333:function:vpcguard-test"
RUNTIME, EXTENSION = "/2018-06-01/runtime/", "/2020-01-01/extension/"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the runtime said to one invoke: the handler's result, or the error it raised."""

    payload: Any
    is_error: bool


class InitError(Exception):
    """The runtime or the extension reported that it cannot start."""


class RuntimeApi:
    """A server for one environment: `with RuntimeApi() as api: api.invoke(event)`.

    calls: what was asked and done, in order, e.g. "extension register", "deliver 1".
    errors: what the extension reported, as (phase, error type), e.g. ("exit", "Extension.OpaEnded").
    """

    def __init__(self, *, has_extension: bool = True) -> None:
        self.calls: list[str] = []
        self.errors: list[tuple[str, str]] = []
        self._pending: queue.Queue[tuple[str, bytes, float]] = queue.Queue()
        self._answers: queue.Queue[Answer] = queue.Queue()
        self._shutdown = threading.Event()
        self._changed = threading.Condition()
        self._waiting_for = {"runtime invocation/next"} | (
            {"extension event/next"} if has_extension else set()
        )
        self._invokes = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._shutdown.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        """Value of AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_port}"

    def wait_for_init(self, seconds: float = 15) -> None:
        """Return when all have asked for their next event; InitError if one gave up, or on time out."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting_for or bool(self.errors), seconds)
            if self._waiting_for:
                raise InitError(f"{self.errors or 'no error reported'}; asked so far: {self.calls}")

    def wait_for_error(self, seconds: float = 5) -> tuple[str, str] | None:
        """Return the first error an extension reported, None if none did."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self.errors), seconds)
            return self.errors[0] if self.errors else None

    def invoke(self, event: Any, seconds: float = 30, *, timeout_seconds: float = 180) -> Answer:
        """Deliver one event and return the answer. Raises InitError and queue.Empty (after `seconds`).

        timeout_seconds: how long the function believes to have.
        """
        self.wait_for_init()
        self._invokes += 1
        self._pending.put((str(self._invokes), json.dumps(event).encode(), time.time() + timeout_seconds))
        return self._answers.get(timeout=seconds)

    def shut_down(self) -> None:
        """Send SHUTDOWN to the extension."""
        self._shutdown.set()

    def note(self, call: str) -> None:
        """Record a call, and wake whoever waits for it."""
        with self._changed:
            self.calls.append(call)
            self._waiting_for.discard(call)
            self._changed.notify_all()

    def answer(self, path: str, content: bytes, error_type: str) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body for one request."""
        if path == RUNTIME + "invocation/next":
            self.note("runtime invocation/next")
            invoke, event, deadline = self._pending.get()
            self.note(f"deliver {invoke}")
            return 200, _invoke_headers(invoke, deadline), event
        if path == RUNTIME + "init/error":
            return self._error("runtime init", json.loads(content).get("errorType", ""))
        if path.startswith(RUNTIME + "invocation/"):
            self._answers.put(Answer(json.loads(content), path.endswith("/error")))
            return 202, {}, b"{}"
        if path == EXTENSION + "register":
            self.note(f"extension register {json.loads(content)['events']}")
            return 200, {"Lambda-Extension-Identifier": "extension-1"}, b"{}"
        if path == EXTENSION + "event/next":
            self.note("extension event/next")
            self._shutdown.wait()
            deadline_ms = int(time.time() * 1000) + 2000
            event_body = {"eventType": "SHUTDOWN", "shutdownReason": "spindown", "deadlineMs": deadline_ms}
            return 200, {}, json.dumps(event_body).encode()
        return self._error(path.removeprefix(EXTENSION).removesuffix("/error"), error_type)

    def _error(self, phase: str, error_type: str) -> tuple[int, dict[str, str], bytes]:
        self.errors.append((phase, error_type))
        self.note(f"{phase} error")
        return 202, {}, b"{}"


def _invoke_headers(invoke: str, deadline: float) -> dict[str, str]:
    return {
        "Lambda-Runtime-Aws-Request-Id": f"00000000-0000-4000-8000-{invoke:0>12}",
        "Lambda-Runtime-Deadline-Ms": str(int(deadline * 1000)),
        "Lambda-Runtime-Invoked-Function-Arn": FUNCTION_ARN,
        "Lambda-Runtime-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0",
        "Content-Type": "application/json",
    }


def _handler(api: RuntimeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else every answer waits 40 ms for a delayed acknowledgement

        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            error_type = self.headers.get("Lambda-Extension-Function-Error-Type", "")
            status, headers, body = api.answer(self.path, content, error_type)
            with suppress(ConnectionError):  # whoever asked was ended meanwhile
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay silent; `calls` is the log."""

    return Handler
