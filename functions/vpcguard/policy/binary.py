"""Which opa to start: the one asked for, the checkout's pinned one, else a fitting one on PATH."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from vpcguard.errors import ConfigurationError

OLDEST = (1, 20, 2)  # the policies are tested with this one
_CHECKOUT = Path(__file__).resolve().parents[3]
_VERSION = re.compile(r"^Version:\s*v?(\d+)\.(\d+)\.(\d+)", re.MULTILINE)
_SECONDS = 20


def find_opa(wanted: Path | None = None, *, checkout: Path = _CHECKOUT) -> Path:
    """Return the opa binary; raises ConfigurationError that says what to do where there is none.

    wanted: taken as it is, e.g. what the environment names. checkout: where .tools may lie.
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
            [opa, "version"], capture_output=True, text=True, timeout=_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigurationError(f"{opa} cannot be run: {error}") from error
    match = _VERSION.search(answer.stdout)
    if match is None:
        raise ConfigurationError(f"{opa} does not say its version; is it the Open Policy Agent?")
    major, minor, patch = match.groups()
    return int(major), int(minor), int(patch)
