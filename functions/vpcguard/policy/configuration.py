"""The override document laid over the policies' defaults; it is policy data, not ours to read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vpcguard.errors import ConfigurationError
from vpcguard.policy.schemas import check


@dataclass(frozen=True, slots=True)
class Configuration:
    """A checked override document, as it travels to the policies as `input.config`.

    digest: "sha256:<hex>" of its canonical JSON, kept with every verdict.
    """

    document: Mapping[str, Any]
    digest: str


def load_configuration(source: Mapping[str, Any] | Path | None = None) -> Configuration:
    """Return the configuration of a document, of a YAML or JSON file, or the empty one.

    Raises ConfigurationError that names the place and what is expected there. An unknown key, a key
    given twice and a YAML alias are refused: each has cost somebody a setting they thought was on.
    """
    if source is None:
        source = {"version": 1}
    document = _parse_file(source) if isinstance(source, Path) else source
    name = str(source) if isinstance(source, Path) else "configuration"
    if not isinstance(document, Mapping):
        raise ConfigurationError(f"{name}: expected a mapping that begins with version: 1")
    plain = dict(document)
    check("config", plain, error=ConfigurationError, root=name)
    canonical = json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return Configuration(plain, "sha256:" + hashlib.sha256(canonical.encode()).hexdigest())


def _parse_file(path: Path) -> Any:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    try:
        if path.suffix == ".json":
            return json.loads(text, object_pairs_hook=_once)
        from vpcguard.policy.strict_yaml import parse_yaml  # noqa: PLC0415  Lambda has no PyYAML, and JSON only

        return parse_yaml(text)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for key, value in pairs:
        if key in document:
            raise ValueError(f"the key {key!r} is given twice")
        document[key] = value
    return document
