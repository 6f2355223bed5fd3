"""What the bootstrap knows of the machine it runs on, and how it talks to the user."""

import fcntl
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.bootstrap.errors import UnavailableError

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "tools"
_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class Host:
    """The machine: its platform in Go's words, the tool cache and the environment variables."""

    system: str
    arch: str
    cache: Path
    environ: Mapping[str, str]

    def which(self, program: str) -> Path:
        """Return where a program is on PATH; raise UnavailableError if it is not."""
        found = shutil.which(program, path=self.environ.get("PATH", ""))
        if found is None:
            raise UnavailableError("not found")
        return Path(found)

    def run(self, command: Sequence[str | Path], **variables: str) -> str:
        """Run a program and return all it wrote; raise UnavailableError with its last words if it failed."""
        try:
            done = subprocess.run(
                command,
                env={**self.environ, **variables},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
        except OSError as error:
            raise UnavailableError(f"{command[0]}: {error.strerror}") from error
        if done.returncode != 0:
            reason = f"{Path(command[0]).name} exited with {done.returncode}: {_last_words(done.stdout)}"
            raise UnavailableError(reason)
        return done.stdout

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Let one set-up at a time fill a place in the cache; the others wait and find it filled."""
        self.cache.mkdir(parents=True, exist_ok=True)
        with (self.cache / f".{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def this_host(environ: Mapping[str, str] = os.environ) -> Host:
    """Describe the machine; $VPCGUARD_TOOLS_DIR moves the cache."""
    machine = platform.machine().lower()
    return Host(
        system=platform.system().lower(),
        arch=_ARCHITECTURES.get(machine, machine),
        cache=_cache_of(environ),
        environ=environ,
    )


def say(message: str) -> None:
    """Tell the user one line about what happens."""
    print(message, file=sys.stderr, flush=True)


def _last_words(output: str) -> str:
    """Return what tells most of a failed program's output: its errors, else its end."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [number for number, line in enumerate(lines) if line.lower().startswith("error")]
    start = errors[0] if errors else -3
    return " | ".join(lines[start:][:3]) or "no output"


def _cache_of(environ: Mapping[str, str]) -> Path:
    if chosen := environ.get("VPCGUARD_TOOLS_DIR"):
        return Path(chosen).absolute()
    caches = environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "vpcguard" / "tools"
