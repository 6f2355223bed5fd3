"""The rules as their own metadata describes them: the METADATA of their packages, read without OPA.

The bundle brings the same along as data, where Rego reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml

from vpcguard.errors import ConfigurationError
from vpcguard.policy.schemas import find_policies

# the one in C is ten times as fast, where PyYAML has it: every start of the command line reads all rules
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule as shipped; stage and enabled are the defaults, which a configuration may overrule.

    title: the fault. doubt: the title where it is not known. description: why it matters. configuration: the
    settings it reads besides those that every rule has. reads: operations beyond the common ones. pack: the
    folder of a rule of one's own; None: it is shipped.
    """

    id: str
    family: str
    title: str
    doubt: str
    severity: str
    stage: str
    enabled: bool
    description: str
    advice: str
    remediation: str
    applies_to: str
    applies_if: tuple[str, ...]
    passes: str
    judged: str
    configuration: tuple[str, ...]
    reads: tuple[str, ...]
    related_resources: tuple[str, ...]
    pack: str | None = None

    def as_document(self) -> dict[str, Any]:
        """Return all fields as one JSON object."""
        return asdict(self)


def shipped_rules() -> list[Rule]:
    """Return every rule by id; raises ConfigurationError where one cannot be read."""
    defaults = _defaults()
    return [_rule(rule_id, said, defaults) for rule_id, said in rule_metadata(find_policies()).items()]


def own_rules(described: Mapping[str, tuple[Path, Mapping[str, Any]]]) -> list[Rule]:
    """Return the rules of packs by id; described: as of vpcguard.policy.packs.Packs."""
    defaults = _defaults()
    optional = {"description": "", "related_resources": [], "applies_to": "", "applies_if": [], "passes": ""}
    optional |= {"judged": "", "configuration": [], "reads": [], "remediation": "none"}
    return [
        replace(_rule(rule_id, {**optional, **said}, defaults), pack=str(folder))
        for rule_id, (folder, said) in sorted(described.items())
    ]


def _defaults() -> dict[str, Any]:
    path = find_policies() / "vpcguard" / "config" / "defaults" / "data.yaml"
    defaults: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return defaults


def rule_metadata(policies: Path) -> dict[str, dict[str, Any]]:
    """Return by id what each rule below a policies folder says of itself, the METADATA of its package.

    What stands there under "custom" stands beside the title here. Raises ConfigurationError for a rule that
    says nothing, or not in YAML.
    """
    found = {}
    for file in (policies / "vpcguard" / "rules").glob("*/*/*.rego"):
        if file.stem == file.parent.name:  # the rule itself, not its test
            found[f"{file.parts[-3]}.{file.stem}"] = metadata_of(file)
    return dict(sorted(found.items()))


def metadata_of(file: Path) -> dict[str, Any]:
    """Return the first METADATA block of a file, its package's: YAML behind comment signs.

    What stands there under "custom" stands beside the title here. Raises ConfigurationError.
    """
    try:
        head, _, _ = file.read_text("utf-8").partition("\npackage ")
        _, _, block = head.partition("# METADATA\n")
        comments = takewhile(lambda line: line.startswith("#"), block.splitlines())
        text = "\n".join(line[1:].removeprefix(" ") for line in comments)
        found: dict[str, Any] = yaml.load(text, Loader=_LOADER)  # noqa: S506  a safe one
        custom: dict[str, Any] = found.pop("custom")
        return found | custom
    except (OSError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        fault = " ".join(str(error).split())  # YAML's errors have several lines
        raise ConfigurationError(f"the rule in {file} does not describe itself: {fault}") from error


def _rule(rule_id: str, metadata: Mapping[str, Any], defaults: Mapping[str, Any]) -> Rule:
    settings = defaults.get("rules", {}).get(rule_id, {})
    try:
        return Rule(
            id=rule_id,
            family=rule_id.partition(".")[0],
            title=metadata["title"],
            doubt=_sentence(metadata["doubt"]),
            severity=settings.get("severity", metadata["severity"]),
            stage=settings.get("stage", defaults["stage"]),
            enabled=settings.get("enabled", True),
            description=_sentence(metadata["description"]),
            advice=_sentence(metadata["advice"]),
            remediation=metadata["remediation"],
            applies_to=_sentence(metadata["applies_to"]),
            applies_if=tuple(metadata["applies_if"]),
            passes=_sentence(metadata["passes"]),
            judged=_sentence(metadata["judged"]),
            configuration=tuple(metadata["configuration"]),
            reads=tuple(metadata["reads"]),
            related_resources=tuple(
                link if isinstance(link, str) else link["ref"] for link in metadata["related_resources"]
            ),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"the rule {rule_id} does not describe itself: {error}") from error


def _sentence(text: str) -> str:
    return " ".join(text.split())
