"""A file from the network: complete and with the expected SHA-256, or not there at all."""

import hashlib
import os
import socket
import tempfile
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from tools.bootstrap.errors import UnavailableError

_CHUNK_BYTES = 1 << 20
_TIMEOUT_SECONDS = 15
_ATTEMPTS = 3


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
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _fetch_once(url, part)
        except (OSError, HTTPException) as error:
            if attempt == _ATTEMPTS or _is_final(error):
                reason = getattr(error, "reason", None) or error
                raise UnavailableError(f"{url}: {reason}") from error
    raise AssertionError("unreachable")


def _fetch_once(url: str, part: Path) -> str:
    digest = hashlib.sha256()
    request = Request(url, headers={"User-Agent": "vpcguard-bootstrap"})  # noqa: S310 - pinned addresses
    with urlopen(request, timeout=_TIMEOUT_SECONDS) as answer, part.open("wb") as file:  # noqa: S310
        while chunk := answer.read(_CHUNK_BYTES):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _is_final(error: Exception) -> bool:
    """Tell whether asking again is pointless: the server said no, or no server that answers."""
    if isinstance(error, URLError) and hasattr(error, "code"):
        return bool(error.code < 500)  # noqa: PLR2004 - from 500 on, the server's own trouble
    reason = getattr(error, "reason", error)
    return isinstance(reason, socket.gaierror | ConnectionRefusedError | TimeoutError)
