"""An OPA of one's own on loopback, for the command line and the tests; gone when its block ends.

OPA takes as long to come up as AWS takes to answer the first reads, so starting it and waiting for it are two
steps: whoever has else to do begins with `starting_opa` and asks for the URL when it needs one.
"""

from __future__ import annotations

import ctypes
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO, Literal

from vpcguard.errors import ConfigurationError, OpaUnavailableError
from vpcguard.policy.bundle import build_bundle
from vpcguard.policy.packs import NO_PACKS, Packs, check_bundle
from vpcguard.policy.schemas import find_policies

OLDEST = (1, 20, 2)  # the policies are tested with this one
_CHECKOUT = Path(__file__).resolve().parents[3]
_VERSION = re.compile(r"^Version:\s*v?(\d+)\.(\d+)\.(\d+)", re.MULTILINE)
_VERSION_SECONDS = 20
_ATTEMPTS = 5
_READY_SECONDS = 15.0
_LOG_CHARACTERS = 1500
_ENVIRONMENT = {"GOMEMLIMIT": "512MiB"}  # bounds the garbage of a large question
_PR_SET_PDEATHSIG = 1  # https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html


def find_opa(wanted: Path | None = None, *, checkout: Path = _CHECKOUT) -> Path:
    """Return which opa to start: the one wanted, the checkout's pinned one, else a fitting one on PATH.

    wanted: taken as it is, e.g. what the environment names. checkout: where .tools may lie. Raises
    ConfigurationError that says what to do where there is none.
    """
    if wanted is not None:
        if not wanted.is_file():
            raise ConfigurationError(f"{wanted} is no file; it should be the opa binary")
        return wanted
    pinned = checkout / ".tools" / "bin" / "opa"
    if pinned.is_file():
        return pinned
    on_path = shutil.which("opa")
    needed = ".".join(map(str, OLDEST))
    if on_path is None:
        raise ConfigurationError(
            f"no opa found: put opa {needed} or newer on PATH, or run `make setup` in a checkout"
        )
    version = opa_version(Path(on_path))
    if version < OLDEST:
        found = ".".join(map(str, version))
        raise ConfigurationError(f"{on_path} is opa {found}; {needed} or newer is needed")
    return Path(on_path)


def opa_version(opa: Path) -> tuple[int, int, int]:
    """Return the version of an opa binary; raises ConfigurationError for a program that is none."""
    try:
        answer = subprocess.run(  # noqa: S603  the binary that is about to be started
            [opa, "version"], capture_output=True, text=True, timeout=_VERSION_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigurationError(f"{opa} cannot be run: {error}") from error
    match = _VERSION.search(answer.stdout)
    if match is None:
        raise ConfigurationError(f"{opa} does not say its version; is it the Open Policy Agent?")
    major, minor, patch = match.groups()
    return int(major), int(minor), int(patch)


@contextmanager
def running_opa(
    bundle: Path | None = None,
    *,
    opa: Path | None = None,
    environment: Mapping[str, str] | None = None,
    packs: Packs = NO_PACKS,
) -> Iterator[str]:
    """Start OPA on a free loopback port and give its URL once it answers; stop it at the end of the block.

    bundle: a bundle file, by default one built from this package's policies. opa: the binary, by default
    found by find_opa. environment: the whole environment of the process, by default a limit of its memory.
    packs: rules of one's own, beside this package's policies. Raises ConfigurationError without a fitting
    binary, and for packs that do not compile, OpaUnavailableError if it does not come up.
    """
    with starting_opa(bundle, opa=opa, environment=environment, packs=packs) as starting:
        yield starting.url()


@contextmanager
def starting_opa(
    bundle: Path | None = None,
    *,
    opa: Path | None = None,
    environment: Mapping[str, str] | None = None,
    packs: Packs = NO_PACKS,
) -> Iterator[StartingOpa]:
    """As running_opa, but do not wait for OPA.

    On Linux, OPA ends with the thread that began this block.
    """
    binary = find_opa(opa)
    with tempfile.TemporaryDirectory(prefix="vpcguard-") as folder:
        if bundle is None:
            bundle = Path(folder) / "bundle.tar.gz"
            build_bundle(find_policies(), bundle, packs)
            if packs.rules:
                check_bundle(bundle, binary, packs)
        with (Path(folder) / "opa.log").open("w+b") as log:
            starting = StartingOpa(binary, bundle, log, dict(environment or _ENVIRONMENT))
            try:
                yield starting
            finally:
                _stop(starting.process)


class StartingOpa:
    """An OPA that is coming up; in its place another, should somebody else take its port first."""

    def __init__(self, binary: Path, bundle: Path, log: IO[bytes], environment: dict[str, str]) -> None:
        self._binary, self._bundle, self._log, self._environment = binary, bundle, log, environment
        self._start()

    def url(self) -> str:
        """Return the URL once OPA answers; raises OpaUnavailableError."""
        self.check()
        for _ in range(_ATTEMPTS):
            answering = self._who_answers()
            if answering == "ours":
                return self._url
            _stop(self.process)
            if answering == "nobody" and not self._lost_its_port():
                break
            self._start()
        raise self._failure("did not come up")

    def check(self) -> None:
        """Raise OpaUnavailableError if OPA has ended and no other can take its place."""
        code = self.process.poll()
        if code is not None and not self._lost_its_port():
            raise self._failure(f"ended with code {code}")

    def _start(self) -> None:
        port, self._token = _free_port(), new_token()
        self._url = f"http://127.0.0.1:{port}"
        command = [
            *(str(self._binary), "run", "--server", f"--addr=127.0.0.1:{port}"),
            f"--set=labels.vpcguard={self._token}",
            *("--log-level=error", "--log-format=json", "--skip-version-check"),
            *("--bundle", str(self._bundle)),
        ]
        self.process = subprocess.Popen(  # noqa: S603  a pinned binary, fixed arguments
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            env=self._environment,
            start_new_session=True,  # Ctrl-C reaches us, and we stop it when we are done
            preexec_fn=_dies_with_parent(),  # noqa: PLW1509  two system calls, no lock, nothing imported
        )

    def _who_answers(self) -> Literal["ours", "a stranger", "nobody"]:
        """Wait for an answer; between finding and binding it, a port can be taken, even by another OPA."""
        from vpcguard.policy.opa import Opa  # noqa: PLC0415  takes a tenth of a second, in which OPA comes up

        with closing(Opa(self._url, timeout_seconds=1.0, retries=0)) as server:
            deadline = time.monotonic() + _READY_SECONDS
            while self.process.poll() is None and time.monotonic() < deadline:
                if server.wait_until_ready(0.1):
                    return "ours" if server.labels().get("vpcguard") == self._token else "a stranger"
        return "nobody"

    def _lost_its_port(self) -> bool:
        return "address already in use" in self._words()

    def _failure(self, what: str) -> OpaUnavailableError:
        return OpaUnavailableError(f"{self._binary} {what}: {self._words()}")

    def _words(self) -> str:
        self._log.flush()
        self._log.seek(0)
        return self._log.read().decode(errors="replace")[:_LOG_CHARACTERS].strip() or "it says nothing"


def new_token() -> str:
    """Return by what OPA's labels tell that the one who answers is the one that was started.

    It begins with a letter: --set reads digits alone as a number, OPA does not start with a label that is no
    text, and OPA 1.20.2 has no --set-string.
    """
    return "t" + secrets.token_hex(8)


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _dies_with_parent() -> Callable[[], None] | None:
    """Return what a child runs before its program so that it is killed with us; None outside of Linux.

    It covers SIGKILL, which no clean-up of ours survives. The library is loaded here: between fork
    and exec nothing may be imported.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it ended before we could ask
            os._exit(1)

    return ask


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Kill OPA, which has nothing to save, with all of its session: it may be started by a script."""
    if process.poll() is None:
        # it ended just now; the latter is macOS's word for it
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
