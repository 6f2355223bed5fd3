"""A server that speaks OPA's protocol and says what a test wants: also what no OPA should say."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

RULE = "az.single_az"


@dataclass
class FakeOpa:
    """url: where it answers. broken: functions that break the one rule. faults: see `answer`."""

    url: str = ""
    broken: set[str] = field(default_factory=set)
    fault: str | None = None

    def answer(self, document: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return status and body of one answer."""
        names = [function["name"] for function in document["input"]["functions"]]
        body: dict[str, Any] = {
            "result": {"rules": [self._rule(names)]},
            "provenance": {"bundles": {"vpcguard": {"revision": "test"}}},
        }
        match self.fault:
            case "undefined":
                del body["result"]
            case "breaks the schema":
                del body["result"]["rules"][0]["silent"]
            case "no rules":
                body["result"]["rules"] = []
            case "speaks of others":
                body["result"]["rules"][0]["applies"].append("somebody-else")
            case "error":
                return 500, {"code": "internal_error", "message": "evaluation", "errors": []}
            case "slow":
                time.sleep(1)
        return 200, body

    def _rule(self, names: list[str]) -> dict[str, Any]:
        return {
            "id": RULE,
            "title": "Function runs in a single Availability Zone",
            "doubt": "Not known whether the function runs in a single Availability Zone",
            "severity": "medium",
            "advice": "Add a subnet.",
            "remediation": "none",
            "applies": names,
            "violations": [
                {
                    "function": name,
                    "severity": "medium",
                    "stage": "audit",
                    "message": f"{name} runs in one zone.",
                    "evidence": {},
                    "eligible_for_remediation": False,
                }
                for name in names
                if name in self.broken
            ],
            "unknowns": [],
            "silent": [],
        }


@contextmanager
def fake_opa() -> Iterator[FakeOpa]:
    """Run one on a free loopback port."""
    opa = FakeOpa()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, body = opa.answer(document)
            payload = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            try:
                self.wfile.write(payload)
            except BrokenPipeError:
                self.close_connection = True  # who asked has given up

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    opa.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield opa
    finally:
        server.shutdown()
        server.server_close()
