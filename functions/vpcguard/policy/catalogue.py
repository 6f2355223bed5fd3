"""The rules as their own metadata describes them, read from the policies that this package judges with.

No OPA is needed for it; a test compares what is read here with what OPA says of the same rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml

from vpcguard.errors import ConfigurationError
from vpcguard.policy.schemas import find_policies

_BEGIN = "# METADATA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule as shipped; stage and enabled are the defaults, which a configuration may overrule.

    title: the fault. description: why it matters. configuration: the settings it reads besides those that
    every rule has. example: a message of it.
    """

    id: str
    family: str
    title: str
    severity: str
    stage: str
    enabled: bool
    description: str
    advice: str
    remediation: str
    applies_to: str
    passes: str
    judged: str
    example: str
    configuration: tuple[str, ...]
    limits: str
    related_resources: tuple[str, ...]

    def as_document(self) -> dict[str, Any]:
        """Return all fields as one JSON object."""
        return asdict(self)


def shipped_rules() -> list[Rule]:
    """Return every rule by id; raises ConfigurationError where one cannot be read."""
    policies = find_policies()
    defaults = yaml.safe_load(
        (policies / "vpcguard" / "config" / "defaults" / "data.yaml").read_text("utf-8")
    )
    return sorted((_rule(file, defaults) for file in _files(policies)), key=lambda rule: rule.id)


def _files(policies: Path) -> Iterator[Path]:
    for file in (policies / "vpcguard" / "rules").glob("*/*/*.rego"):
        if file.stem == file.parent.name:  # the rule itself, not its test
            yield file


def _rule(file: Path, defaults: Mapping[str, Any]) -> Rule:
    family, fault = file.parts[-3], file.stem
    settings = defaults.get("rules", {}).get(f"{family}.{fault}", {})
    try:
        metadata = _metadata(file.read_text("utf-8"))
        custom = metadata["custom"]
        return Rule(
            id=f"{family}.{fault}",
            family=family,
            title=metadata["title"],
            severity=settings.get("severity", custom["severity"]),
            stage=settings.get("stage", defaults["stage"]),
            enabled=settings.get("enabled", True),
            description=_sentence(metadata["description"]),
            advice=_sentence(custom["advice"]),
            remediation=custom["remediation"],
            applies_to=_sentence(custom["applies_to"]),
            passes=_sentence(custom["passes"]),
            judged=_sentence(custom["judged"]),
            example=_sentence(custom["example"]),
            configuration=tuple(custom["configuration"]),
            limits=_sentence(custom["limits"]),
            related_resources=tuple(link["ref"] for link in metadata["related_resources"]),
        )
    except (OSError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"the rule in {file} does not describe itself: {error}") from error


def _sentence(text: str) -> str:
    return " ".join(text.split())


def _metadata(text: str) -> Mapping[str, Any]:
    """Return the first METADATA block, the package's: YAML behind comment signs."""
    lines = iter(text.splitlines())
    for line in lines:
        if line.strip() == _BEGIN:
            block = [one[1:].removeprefix(" ") for one in takewhile(lambda one: one.startswith("#"), lines)]
            found: Mapping[str, Any] = yaml.safe_load("\n".join(block))
            return found
    return {}
