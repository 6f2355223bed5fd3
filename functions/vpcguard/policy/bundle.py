"""The policies as one bundle: the same files give the same bytes and the same revision, anywhere."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

from vpcguard.errors import ConfigurationError

_DATA = frozenset({"data.json", "data.yaml", "data.yml"})  # what OPA loads from a bundle, besides Rego
_EVERYTHING = [""]  # the bundle owns all of data, so that nobody adds a policy beside it


def build_bundle(policies: Path, output: Path) -> str:
    """Write the bundle of a policies folder and return its revision, "sha256:<hex>" of its contents.

    Tests and schemas stay out: no verdict needs them. Raises ConfigurationError where there is no policy, and
    as check_bundle does.
    """
    check_bundle(policies)
    return pack_bundle(policies, output)


def check_bundle(policies: Path) -> None:
    """Raise ConfigurationError for defaults that break policies/schemas/config.json.

    A misspelt threshold would hide a fault.
    """
    from vpcguard.policy.configuration import check_defaults  # noqa: PLC0415  20 ms, in which OPA can start

    defaults = policies / "vpcguard" / "config" / "defaults" / "data.yaml"
    if defaults.is_file():
        check_defaults(defaults)


def pack_bundle(policies: Path, output: Path) -> str:
    """Write the bundle as build_bundle does, and check nothing."""
    files = [(path.relative_to(policies).as_posix(), path.read_bytes()) for path in _files(policies)]
    if not any(name.endswith(".rego") for name, _ in files):
        raise ConfigurationError(f"{policies} holds no policies")
    digest = hashlib.sha256()
    for name, content in files:
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    revision = f"sha256:{digest.hexdigest()}"
    manifest = json.dumps({"revision": revision, "roots": _EVERYTHING, "rego_version": 1})
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(_archive([(".manifest", manifest.encode()), *files]))
    return revision


def _files(policies: Path) -> Iterator[Path]:
    for path in sorted(policies.rglob("*"), key=lambda one: one.relative_to(policies).as_posix()):
        is_policy = path.suffix == ".rego" and not path.name.endswith("_test.rego")
        if path.is_file() and (is_policy or path.name in _DATA):
            yield path


def _archive(files: list[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0, filename="", compresslevel=1) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, content in files:
            entry = tarfile.TarInfo(name)  # no owner, no time, mode 644
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
