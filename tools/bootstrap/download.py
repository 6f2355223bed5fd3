"""A file from the network: complete and with the expected SHA-256, or not there at all."""

import hashlib
import os
import socket
import tempfile
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tools.bootstrap.errors import UnavailableError

_CHUNK_BYTES = 1 << 20
_TIMEOUT_SECONDS = 15
_ATTEMPTS = 3
_FINAL = (socket.gaierror, ConnectionRefusedError, TimeoutError)  # nobody there: asking again is pointless


def download(url: str, sha256: str, target: Path, *, executable: bool = False) -> Path:
    """Fetch a file into place, at once or not at all; raise UnavailableError if that fails."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    part = Path(name)
    try:
        os.close(handle)
        found = _fetch(url, part)
        if found != sha256:
            raise UnavailableError(f"{url} has SHA-256 {found}, refused: {sha256} was expected")
        part.chmod(0o755 if executable else 0o644)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(url: str, part: Path) -> str:
    """Fetch a file and return its SHA-256; what may pass is tried again."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _fetch_once(url, part)
        except HTTPError as error:
            error.close()
            reason, final = str(error), error.code < HTTPStatus.INTERNAL_SERVER_ERROR
        except (OSError, HTTPException) as error:
            cause = getattr(error, "reason", error)
            reason, final = str(cause), isinstance(cause, _FINAL)
        if final or attempt == _ATTEMPTS:
            raise UnavailableError(f"{url}: {reason}")
    raise AssertionError("unreachable")


def _fetch_once(url: str, part: Path) -> str:
    digest = hashlib.sha256()
    request = Request(url, headers={"User-Agent": "vpcguard-bootstrap"})  # noqa: S310 - pinned addresses
    with urlopen(request, timeout=_TIMEOUT_SECONDS) as answer, part.open("wb") as file:  # noqa: S310
        while chunk := answer.read(_CHUNK_BYTES):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()
