"""A deployed API as its callers see it: a stage, signatures that are checked, an application behind it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from vpcguard.cli.hub import Answer, Request

STAGE = "/v1"
REGION = "eu-west-1"
KEY, SECRET = "AKIDEXAMPLE", "secret"
Answering = Callable[[Request], Answer]


class _AsSent(SigV4Auth):
    """Signs as of the moment that a request says it was signed at."""

    def __init__(self, moment: str) -> None:
        super().__init__(Credentials(KEY, SECRET), "execute-api", REGION)
        self.moment = moment

    def signature_of(self, request: AWSRequest) -> str:
        """Return the signature that this request must carry."""
        request.context["timestamp"] = self.moment
        return self.signature(self.string_to_sign(request, self.canonical_request(request)), request)


def is_signed(method: str, target: str, headers: Any, body: bytes) -> bool:
    """True if a request as it arrived carries the signature of KEY over all that it says."""
    authorization = headers.get("Authorization", "")
    if not authorization.startswith(f"AWS4-HMAC-SHA256 Credential={KEY}/"):
        return False
    names = authorization.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    moment = headers.get("X-Amz-Date", "")
    age = datetime.now(UTC) - datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    signed = {name: headers[name] for name in names}
    request = AWSRequest(method, f"http://{headers['Host']}{target}", signed, body)
    return abs(age.total_seconds()) < 300 and authorization.endswith(
        f"Signature={_AsSent(moment).signature_of(request)}"
    )


@contextmanager
def signed_api(answering: Answering) -> Iterator[tuple[str, list[str]]]:
    """Give the URL of an API whose stage is STAGE, and the list of what it was asked, method and path."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = urlsplit(self.path).path
            asked.append(f"{self.command} {path}")
            if not is_signed(self.command, self.path, self.headers, body):
                words = json.dumps({"message": "The request signature we calculated does not match"}).encode()
                code = {"x-amzn-errortype": "InvalidSignatureException", "content-type": "application/json"}
                answer = Answer(403, code, words)
            else:
                headers = {name.lower(): value for name, value in self.headers.items()}
                target = self.path.removeprefix(STAGE)
                answer = answering(Request(method=self.command, target=target, headers=headers, body=body))
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815  as http.server calls them

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{STAGE}", asked
        finally:
            server.shutdown()
            thread.join()
