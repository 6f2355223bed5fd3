"""An OPA of one's own on loopback, for the command line and the tests; gone when its block ends."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Literal

from vpcguard.errors import OpaUnavailableError
from vpcguard.policy.binary import find_opa
from vpcguard.policy.bundle import check_bundle, pack_bundle
from vpcguard.policy.folder import find_policies
from vpcguard.policy.parent import dies_with_parent

_ATTEMPTS = 5
_READY_SECONDS = 15.0
_LOG_CHARACTERS = 1500
# Small before fast: a laptop's or a build's memory is not ours. Beyond the limit Go collects garbage all the
# time; 82 MiB of heap are 108 of the process, and two thirds as fast as without a limit, which takes 400.
_ENVIRONMENT = {"GOGC": "150", "GOMEMLIMIT": "82MiB"}


@contextmanager
def running_opa(
    bundle: Path | None = None, *, opa: Path | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Start OPA on a free loopback port and give its URL once it answers; stop it at the end of the block.

    bundle: a bundle file, by default one built from this package's policies. opa: the binary, by default
    found by find_opa. environment: the whole environment of the process, by default what keeps it small.
    Raises ConfigurationError without a fitting binary, OpaUnavailableError if it does not come up.
    """
    with starting_opa(bundle, opa=opa, environment=environment) as starting:
        yield starting.url()


@contextmanager
def starting_opa(
    bundle: Path | None = None, *, opa: Path | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[StartingOpa]:
    """As running_opa, but do not wait for OPA: there is else to do meanwhile.

    On Linux, OPA ends with the thread that began this block.
    """
    binary = find_opa(opa)
    with tempfile.TemporaryDirectory(prefix="vpcguard-") as folder:
        packed = bundle or Path(folder) / "bundle.tar.gz"
        if bundle is None:
            pack_bundle(find_policies(), packed)
        with (Path(folder) / "opa.log").open("w+b") as log:
            starting = StartingOpa(binary, packed, log, dict(environment or _ENVIRONMENT))
            try:
                if bundle is None:
                    check_bundle(find_policies())  # while it comes up
                yield starting
            finally:
                _stop(starting.process)


class StartingOpa:
    """An OPA that is coming up; in its place another, should somebody else take its port first."""

    def __init__(self, binary: Path, bundle: Path, log: IO[bytes], environment: dict[str, str]) -> None:
        self._binary, self._bundle, self._log, self._environment = binary, bundle, log, environment
        self._begin()

    def url(self) -> str:
        """Return the URL once OPA answers; raises OpaUnavailableError."""
        self.check()
        for _ in range(_ATTEMPTS):
            answering = _who_answers(self.process, self._url, self._token)
            if answering == "ours":
                return self._url
            _stop(self.process)
            if answering == "nobody" and not self._lost_its_port():
                break
            self._begin()
        raise self._failure("did not come up")

    def check(self) -> None:
        """Raise OpaUnavailableError if OPA has ended and no other can take its place."""
        code = self.process.poll()
        if code is not None and not self._lost_its_port():
            raise self._failure(f"ended with code {code}")

    def _lost_its_port(self) -> bool:
        return "address already in use" in _words(self._log)

    def _failure(self, what: str) -> OpaUnavailableError:
        return OpaUnavailableError(f"{self._binary} {what}: {_words(self._log)}")

    def _begin(self) -> None:
        port, self._token = _free_port(), secrets.token_hex(8)
        self._url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(  # noqa: S603  a pinned binary, fixed arguments
            _command(self._binary, self._bundle, port=port, token=self._token),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            env=self._environment,
            start_new_session=True,  # Ctrl-C reaches us, and we stop it when we are done
            preexec_fn=dies_with_parent(),  # noqa: PLW1509  two system calls, no lock, nothing imported
        )


def _command(binary: Path, bundle: Path, *, port: int, token: str) -> list[str]:
    return [
        str(binary),
        "run",
        "--server",
        f"--addr=127.0.0.1:{port}",
        f"--set=labels.vpcguard={token}",
        "--log-level=error",
        "--log-format=json",
        "--skip-version-check",
        "--bundle",
        str(bundle),
    ]


def _who_answers(
    process: subprocess.Popen[bytes], url: str, token: str
) -> Literal["ours", "a stranger", "nobody"]:
    """Wait for an answer; between finding and binding it, a port can be taken, even by another OPA."""
    from vpcguard.policy.opa import Opa  # noqa: PLC0415  its client takes 50 ms, in which OPA can come up

    server = Opa(url, timeout_seconds=1.0, retries=0)
    try:
        deadline = time.monotonic() + _READY_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if server.wait_until_ready(0.1):
                return "ours" if server.labels().get("vpcguard") == token else "a stranger"
        return "nobody"
    finally:
        server.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Kill OPA, which has nothing to save, with all of its session: it may be started by a script."""
    if process.poll() is None:
        with suppress(
            ProcessLookupError, PermissionError
        ):  # ended just now; the latter is macOS's word for it
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _words(log: IO[bytes]) -> str:
    log.flush()
    log.seek(0)
    return log.read().decode(errors="replace")[:_LOG_CHARACTERS].strip() or "it says nothing"
