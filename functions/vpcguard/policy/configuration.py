"""The override document laid over the policies' defaults; it is policy data, not ours to read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from vpcguard.errors import ConfigurationError
from vpcguard.policy.folder import find_policies
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

    Raises ConfigurationError that names the place and what is expected there. An unknown key or rule, a key
    given twice and a YAML alias are refused: each has cost somebody a setting they thought was on.
    """
    if source is None:
        source = {"version": 1}
    if isinstance(source, Path):
        return _checked(_parse_file(source), str(source))
    return _checked(source, "configuration")


def parse_configuration(content: bytes, name: str) -> Configuration:
    """Return the configuration of a JSON document; name: what it is called in errors.

    Raises ConfigurationError like load_configuration.
    """
    try:
        return _checked(json.loads(content.decode("utf-8"), object_pairs_hook=_once), name)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{name}: {error}") from error


def check_defaults(path: Path) -> None:
    """Raise ConfigurationError for a file of shipped defaults that breaks the schema.

    It is a document of overrides, and holds the stage of every rule beside.
    """
    defaults = _parse_file(path)
    if not isinstance(defaults, Mapping):
        raise ConfigurationError(f"{path}: expected a mapping")
    sections = {name: section for name, section in defaults.items() if name != "stage"}
    _checked({"version": 1, **sections}, str(path))
    of_every_rule = {"every.rule": {"stage": defaults.get("stage")}}
    check("config", {"version": 1, "rules": of_every_rule}, error=ConfigurationError, root=str(path))


@cache
def shipped_rule_ids() -> frozenset[str]:
    """Return the ids of the rules that this package comes with: their folders' names."""
    rules = (find_policies() / "vpcguard" / "rules").glob("*/*/*.rego")
    return frozenset(f"{rule.parts[-3]}.{rule.stem}" for rule in rules if rule.stem == rule.parent.name)


def _checked(document: Any, name: str) -> Configuration:
    if not isinstance(document, Mapping):
        raise ConfigurationError(f"{name}: expected a mapping that begins with version: 1")
    plain = dict(document)
    check("config", plain, error=ConfigurationError, root=name)
    _check_rule_ids(plain, name)
    canonical = json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return Configuration(plain, "sha256:" + hashlib.sha256(canonical.encode()).hexdigest())


def _check_rule_ids(document: Mapping[str, Any], name: str) -> None:
    """Refuse settings of rules that do not exist; the schema cannot know: a new rule edits no other file."""
    for place, section in _sections(document):
        for rule_id in section.get("rules", {}):
            if rule_id not in shipped_rule_ids():
                raise ConfigurationError(f"{name}: {place}rules.{rule_id}: {_no_such_rule(rule_id)}")


def _sections(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "", document
    for index, override in enumerate(document.get("overrides", ())):
        yield f"overrides[{index}].", override


def _no_such_rule(rule_id: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  for a mistake only: no cold start pays for it

    close = get_close_matches(rule_id, sorted(shipped_rule_ids()), n=1)
    return f"there is no such rule; did you mean {close[0]}?" if close else "there is no such rule"


def _parse_file(path: Path) -> Any:
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
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
