"""Files that the command line writes: each appears complete or not at all."""

from __future__ import annotations

import gzip
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from vpcguard.errors import ConfigurationError

if TYPE_CHECKING:
    from vpcguard.model import Snapshot


def write_snapshot(snapshot: Snapshot, path: Path) -> None:
    """Write a snapshot, gzip if the name ends in .gz; equal snapshots give equal files."""
    content = json.dumps(snapshot.as_document(), separators=(",", ":")).encode()
    write_whole(path, gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def write_whole(path: Path, content: bytes) -> None:
    """Put content in place of a file in one step; readable by its owner alone, as accounts are private.

    Raises ConfigurationError where the folder takes no file.
    """
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise
