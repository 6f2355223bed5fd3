"""The policies as one bundle: the same files give the same bytes and the same revision, anywhere."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

from vpcguard.errors import ConfigurationError
from vpcguard.policy.catalogue import rule_metadata
from vpcguard.policy.configuration import check_defaults, retired_rules
from vpcguard.policy.packs import NO_PACKS, Packs

_DATA = frozenset({"data.json", "data.yaml", "data.yml"})  # what OPA loads from a bundle, besides Rego
# What the rules say of themselves: OPA reads a whole document whenever it reads one entry after the other, so
# that what no decision shows stands in another than what every decision does.
_SHOWN = ("title", "doubt", "severity", "advice", "remediation", "statement")
_EXPLAINED = ("applies_to", "applies_if", "passes")
_OF_RULES = {"rule_metadata": _SHOWN, "rule_texts": _EXPLAINED}
_EVERYTHING = [""]  # the bundle owns all of data, so that nobody adds a policy beside it


def build_bundle(policies: Path, output: Path, packs: Packs = NO_PACKS) -> str:
    """Write the bundle of a policies folder and return its revision, "sha256:<hex>" of its contents.

    packs: rules of an organization's own, which stand in it below custom/. Tests and schemas stay out: no
    verdict needs them. Raises ConfigurationError where there is no policy, for a rule that does not describe
    itself, for defaults that break policies/schemas/config.json (a misspelt threshold would hide a fault),
    and for retired rules that break theirs.
    """
    check_defaults(policies)
    retired_rules(policies)
    files = dict(sorted({**_files(policies), **_of_packs(packs)}.items()))
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    revision = f"sha256:{digest.hexdigest()}"
    manifest = json.dumps({"revision": revision, "roots": _EVERYTHING, "rego_version": 1})
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(_archive({".manifest": manifest.encode(), **files}))
    return revision


def _files(policies: Path) -> dict[str, bytes]:
    """Return what the bundle holds besides its manifest, in the order of the names."""
    files = {}
    for path in policies.rglob("*"):
        is_policy = path.suffix == ".rego" and not path.name.endswith("_test.rego")
        if path.is_file() and (is_policy or path.name in _DATA):
            files[path.relative_to(policies).as_posix()] = path.read_bytes()
    if not any(name.endswith(".rego") for name in files):
        raise ConfigurationError(f"{policies} holds no policies")
    rules = rule_metadata(policies)
    for name, fields in _OF_RULES.items():
        of_rules = {
            rule_id: {field: said[field] for field in fields if field in said}
            for rule_id, said in rules.items()
        }
        files[f"vpcguard/{name}/data.json"] = json.dumps(of_rules).encode()
    return files


def _of_packs(packs: Packs) -> dict[str, bytes]:
    return {**packs.files, "vpcguard/own_rules/data.json": json.dumps(packs.metadata).encode()}


def _archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0, filename="", compresslevel=1) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, content in files.items():
            entry = tarfile.TarInfo(name)  # no owner, no time, mode 644
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
