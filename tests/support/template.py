"""template.yaml as data: CloudFormation's short forms (!Ref, !Sub ...) in their long form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TEMPLATE = Path(__file__).parents[2] / "template.yaml"


class _Loader(yaml.SafeLoader):
    """Knows the short forms; everything else is plain YAML."""


def _long_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _long_form)


@cache
def load_template() -> Mapping[str, Any]:
    """Return the whole template; read only."""
    return dict(yaml.load(TEMPLATE.read_text(), _Loader))  # noqa: S506 - a SafeLoader with more tags


def resources(kind: str) -> dict[str, Mapping[str, Any]]:
    """Return the properties of all resources of a type, by logical id."""
    return {
        name: resource["Properties"]
        for name, resource in load_template()["Resources"].items()
        if resource["Type"] == kind
    }


def statements(role: str) -> Iterator[Mapping[str, Any]]:
    """Yield every statement of a role's policies, those under a condition of the template included."""
    properties = resources("AWS::IAM::Role")[role]
    arns = properties.get("ManagedPolicyArns", ())
    shared = [resources("AWS::IAM::ManagedPolicy")[arn["Ref"]] for arn in arns]
    for policy in [*properties["Policies"], *shared]:
        for statement in policy["PolicyDocument"]["Statement"]:
            options = statement["Fn::If"][1:] if "Fn::If" in statement else [statement]
            yield from (option for option in options if "Action" in option)


def actions(statement: Mapping[str, Any]) -> list[str]:
    """Return a statement's actions, one or many."""
    found = statement["Action"]
    return [found] if isinstance(found, str) else list(found)


def resolved(value: Any, names: Mapping[str, str]) -> Any:  # noqa: PLR0911 - one for each form
    """Return a value of the template with its references replaced.

    names: by what stands in them: "FindingsTable", "FindingsTable.Arn", "AWS::Region" ... Of a condition that
    is not met (no organization, no logs), the last part.
    """
    match value:
        case {"Ref": str(name)}:
            return None if name == "AWS::NoValue" else names[name]
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return names[f"{name}.{attribute}"]
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: names[found[1]], text)
        case {"Fn::If": [_, _, other]}:
            return resolved(other, names)
        case {**fields}:
            return {key: resolved(one, names) for key, one in fields.items()}
        case [*items]:
            return [one for item in items if (one := resolved(item, names)) is not None]
    return value
