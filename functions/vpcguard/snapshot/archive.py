"""Snapshots kept by their digest: what a verdict rests on can be read and judged again, by anybody who may.

Names are the same in a bucket and in a folder: snapshots/sha256/<hex>.json.gz, and beside it
configurations/sha256/<hex>.json, the override document that was in force. Nothing is ever written twice under
one name, since the name is the content's. Who has both files gets the verdict again:
`vpcguard audit --snapshot <hex>.json.gz --config <hex>.json`.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from vpcguard.aws.codes import clean_message
from vpcguard.errors import ArchiveError, SnapshotError
from vpcguard.model import Snapshot
from vpcguard.snapshot.document import unpacked

ACTIONS = ("s3:PutObject",)
CLIENT_CONFIG = Config(
    connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2}
)
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_LEVEL = 6  # of gzip: the default of the command, a tenth of the bytes
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
_IS_THERE, _IS_BEING_WRITTEN = "PreconditionFailed", "ConditionalRequestConflict"
_ATTEMPTS = 3  # where others write the same object at this moment


class Place(Protocol):
    """Where files are kept by name: a folder, or a bucket of S3."""

    def write(self, name: str, content: bytes, /) -> None:
        """Keep a file unless there is one of that name; raises ArchiveError."""

    def read(self, name: str, /) -> bytes | None:
        """Return a file; None: there is none. Raises ArchiveError."""


class SnapshotArchive:
    """Keeps snapshots and configurations, each once; safe to share between threads."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._kept: set[str] = set()

    def keep(self, snapshot: Snapshot, configuration: Mapping[str, Any] | None = None) -> None:
        """Keep a snapshot, and the override document by which it was judged; raises ArchiveError."""
        name = snapshot_name(snapshot.digest())
        if name not in self._kept:
            content = json.dumps(snapshot.as_document(), separators=(",", ":")).encode()
            self._keep(name, gzip.compress(content, _LEVEL, mtime=0))
        if configuration is not None:
            content = _canonical(configuration)
            self._keep(configuration_name(_digest(content)), content)

    def keeping(self, snapshot: Snapshot, configuration: Mapping[str, Any]) -> Callable[[], None]:
        """Return what keeps them when it is called first: from any thread, and again after it failed."""
        lock, is_kept = threading.Lock(), False

        def keep() -> None:
            nonlocal is_kept
            with lock:
                if not is_kept:
                    self.keep(snapshot, configuration)
                    is_kept = True

        return keep

    def get(self, digest: str) -> dict[str, Any]:
        """Return the document of a snapshot by its digest.

        Raises SnapshotError where there is none, or another than the digest says; ArchiveError.
        """
        content = self._place.read(snapshot_name(digest))
        if content is None:
            raise SnapshotError(f"no snapshot {digest} is kept: it expired, or its verdict changed nothing")
        document = unpacked(io.BufferedReader(io.BytesIO(content)))
        if not isinstance(document, dict) or _digest(_canonical(document)) != digest:
            raise SnapshotError(f"what is kept as snapshot {digest} is another one")
        return document

    def _keep(self, name: str, content: bytes) -> None:
        if name not in self._kept:
            self._place.write(name, content)
            self._kept.add(name)


class Folder:
    """A folder on this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, name: str, content: bytes, /) -> None:
        """Keep a file as a whole or not at all, unless there is one of that name."""
        target = self._path / name
        try:
            if target.exists():
                return
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
                file.write(content)
            Path(file.name).replace(target)
        except OSError as error:
            raise ArchiveError(f"{target} could not be written: {error.strerror}") from error

    def read(self, name: str, /) -> bytes | None:
        """Return a file; None: there is none."""
        target = self._path / name
        try:
            return target.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ArchiveError(f"{target} could not be read: {error.strerror}") from error


class Bucket:
    """A bucket of S3. connect: makes its client, which costs time and 7 MB, when it is needed first."""

    def __init__(self, name: str, connect: Callable[[], Any]) -> None:
        self._name = name
        self._connect = connect
        self._client: Any = None
        self._lock = threading.Lock()  # a botocore session makes one client at a time

    def write(self, name: str, content: bytes, /) -> None:
        """Keep an object unless there is one of that name."""
        for attempt in range(_ATTEMPTS):
            try:
                self._s3().put_object(Bucket=self._name, Key=name, Body=content, IfNoneMatch="*")
            except (ClientError, BotoCoreError) as error:
                if _code(error) == _IS_THERE:
                    return
                if _code(error) != _IS_BEING_WRITTEN or attempt == _ATTEMPTS - 1:
                    raise self._refused(name, "kept", error) from error
            else:
                return

    def read(self, name: str, /) -> bytes | None:
        """Return an object; None: there is none."""
        try:
            content: bytes = self._s3().get_object(Bucket=self._name, Key=name)["Body"].read()
        except (ClientError, BotoCoreError) as error:
            if _code(error) == "NoSuchKey":
                return None
            raise self._refused(name, "read", error) from error
        return content

    def _s3(self) -> Any:
        with self._lock:
            self._client = self._client or self._connect()
            return self._client

    def _refused(self, name: str, done: str, error: Exception) -> ArchiveError:
        return ArchiveError(f"s3://{self._name}/{name} could not be {done}: {clean_message(str(error))}")


def snapshot_name(digest: str) -> str:
    """Return under which name a snapshot is kept; raises SnapshotError for what is no digest."""
    return f"snapshots/sha256/{_hex(digest)}.json.gz"


def configuration_name(digest: str) -> str:
    """Return under which name a configuration is kept; raises SnapshotError for what is no digest."""
    return f"configurations/sha256/{_hex(digest)}.json"


def _hex(digest: str) -> str:
    match = _DIGEST.fullmatch(digest)
    if match is None:
        raise SnapshotError(f'a digest is "sha256:" and 64 hex digits, not {digest[:80]!r}')
    return match[1]


def _canonical(document: Mapping[str, Any]) -> bytes:
    """Return the bytes that a digest is of: of a snapshot by model.Snapshot, of a configuration alike."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _code(error: Exception) -> str:
    return error.response["Error"].get("Code", "") if isinstance(error, ClientError) else ""
