"""Who asks, and what AWS thinks of them: every way in which credentials fail is 2, with words and advice."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROLE = "arn:aws:iam::444455556666:role/vpcguard-audit"
KEYS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
IDENTITY = (
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account>"
    "</GetCallerIdentityResult></GetCallerIdentityResponse>"
)


@contextmanager
def refusing(code: str, *, knows_us: bool = False) -> Iterator[str]:
    """Serve an AWS that refuses everything with one code; knows_us: but tells whose credentials they are."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Answer STS, the only service that is asked with POST before anything else."""
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            is_known = knows_us and "GetCallerIdentity" in sent
            refusal = (
                f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
            )
            self._send(200 if is_known else 403, IDENTITY if is_known else refusal)

        def do_GET(self) -> None:
            """Answer Lambda."""
            self._send(403, f'{{"__type": "{code}", "message": "no"}}')

        def _send(self, status: int, body: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of the base class
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def _audit(*arguments: str, **variables: str) -> tuple[int, str, list[str]]:
    """Return exit code, stdout, and the lines of stderr."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "functions"),
        "HOME": "/nonexistent",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_DEFAULT_REGION": "eu-west-1",
        **variables,
    }
    done = subprocess.run(
        [sys.executable, "-m", "vpcguard.cli", "audit", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr.splitlines()


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "vpcguard: Unable to locate credentials"),
        (
            {"AWS_ACCESS_KEY_ID": "half"},
            "vpcguard: Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY",
        ),
    ],
)
def test_without_credentials_it_says_where_they_come_from(variables: dict[str, str], said: str) -> None:
    code, stdout, lines = _audit(**variables)

    assert (code, stdout, lines[0]) == (2, "", said)
    assert lines[1].startswith("vpcguard: Sign in, name a profile with --profile")


def test_a_profile_that_is_not_there_is_named() -> None:
    assert _audit("--profile", "nobody") == (
        2,
        "",
        ["vpcguard: The config profile (nobody) could not be found"],
    )


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("ExpiredToken", "The credentials have expired: sign in again."),
        ("InvalidClientTokenId", "AWS does not know these credentials: "),
        ("SignatureDoesNotMatch", "AWS does not know these credentials: "),
    ],
)
def test_credentials_that_aws_refuses_end_with_advice(code: str, advice: str) -> None:
    with refusing(code) as url:
        status, stdout, lines = _audit(AWS_ENDPOINT_URL=url, **KEYS)

    assert (status, stdout, len(lines)) == (2, "", 2)
    assert f"({code}) when calling the GetCallerIdentity operation" in lines[0]
    assert lines[1].startswith(f"vpcguard: {advice}")


def test_credentials_that_expire_on_the_way_are_no_empty_account() -> None:
    with refusing("ExpiredTokenException", knows_us=True) as url:
        status, stdout, lines = _audit("--format", "jsonl", AWS_ENDPOINT_URL=url, **KEYS)

    assert (status, stdout) == (2, "")
    assert lines[0].startswith("vpcguard: nothing could be read in eu-west-1: ")
    assert lines[0].endswith(": ExpiredTokenException: no")
    assert lines[1:] == ["vpcguard: The credentials have expired: sign in again."]


def test_a_role_that_refuses_us_is_told_apart_from_a_denied_read() -> None:
    with refusing("AccessDenied") as url:
        status, stdout, lines = _audit("--role-arn", ROLE, AWS_ENDPOINT_URL=url, **KEYS)

    assert (status, stdout, len(lines)) == (2, "", 2)
    assert "(AccessDenied) when calling the AssumeRole operation" in lines[0]
    assert "does not trust these credentials" in lines[1]
