"""Servers that the local stack and the tests start: DynamoDB Local and the AWS stand-in, MiniStack.

The one implementation of both. Each takes a free port, is answering when its context is entered and
gone when it is left. Why MiniStack and not moto's server: its Lambda answers the real VpcId, pages
ListFunctions at 50 and refuses a stale RevisionId, in half the memory; what neither shows (black
holes, regional NAT gateways, shared subnets, used addresses) is covered by stored snapshots.
"""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO, Any, NamedTuple

from dev.gaps import filled

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
START_SECONDS = 30.0
STOP_SECONDS = 5.0
ATTEMPTS = 3  # another program may take the free port between our look and the server's start


class StartError(Exception):
    """A server did not start; the message holds the end of what it said."""


class Command(NamedTuple):
    """How to start a server on a port."""

    arguments: list[str]
    environment: Mapping[str, str]


@contextmanager
def dynamodb_local(folder: Path | None = None) -> Iterator[str]:
    """Run DynamoDB Local, in memory and empty, or with what a folder holds; gives its URL.

    Access keys hold letters and digits only.
    """
    with _served("DynamoDB Local", partial(_dynamodb_local, folder)) as url:
        yield url


@contextmanager
def ministack(
    *, account_id: str = "000000000000", region: str = "us-east-1", is_authorizing: bool = False
) -> Iterator[str]:
    """Run the AWS stand-in, empty, as one account; gives its URL. What it lacks is filled in (`dev.gaps`).

    is_authorizing: it enforces IAM; an access key of twelve digits is that account's root.
    """

    def command(port: int) -> Command:
        settings = {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "LOG_LEVEL": "WARNING",
            "MINISTACK_ACCOUNT_ID": account_id,
            "MINISTACK_REGION": region,
            **({"AUTH": "true"} if is_authorizing else {}),
        }
        return Command([str(TOOLS / "bin" / "ministack")], settings)

    with _served("MiniStack", command) as url, filled(url) as complete:
        yield complete


def _dynamodb_local(folder: Path | None, port: int) -> Command:
    libraries = TOOLS / "dynamodb-local"
    java = [
        str(TOOLS / "java" / "bin" / "java"),
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
    ]  # starts sooner
    server = ["-cp", f"{libraries}/*", "software.amazon.dynamodb.services.local.main.ServerRunner"]
    kept = ["-dbPath", str(folder)] if folder else ["-inMemory"]
    options = [*kept, "-disableTelemetry", "-port", str(port)]
    return Command([*java, f"-Djava.library.path={libraries}", *server, *options], {})


@contextmanager
def _served(name: str, command: Callable[[int], Command]) -> Iterator[str]:
    """Start a server on a free port, wait until it answers HTTP, stop it in the end."""
    with tempfile.TemporaryDirectory(prefix="vpcguard-") as scratch:
        log = Path(scratch) / "server.log"
        for _ in range(ATTEMPTS):
            port = free_port()
            with log.open("wb") as output:
                process = _start(command(port), output, scratch)
            try:
                if _is_answering(process, port):
                    yield f"http://127.0.0.1:{port}"
                    return
            finally:
                stop(process)
        raise StartError(f"{name} did not start:\n{_end_of(log)}")


def free_port() -> int:
    """Return a port of the loopback interface that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(command: Command, output: IO[bytes], scratch: str) -> subprocess.Popen[bytes]:
    # no AWS_* of the caller: a server must not find the user's account or profile
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "LD_LIBRARY_PATH") if key in os.environ}
    return subprocess.Popen(
        command.arguments,
        env={**kept, "HOME": scratch, "TMPDIR": scratch, **command.environment},
        cwd=scratch,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )


def _is_answering(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until the server answers any HTTP at all; False if it ends first or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        connection = HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except (OSError, HTTPException):
            time.sleep(0.02)
        else:
            return process.poll() is None
        finally:
            connection.close()
    return False


def stop(process: subprocess.Popen[Any]) -> None:
    """End a process that we started: asked first, then by force."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])
