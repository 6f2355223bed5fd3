"""The contract's schemas, checked by jsonschema-rs: compiled at the first use, in 2 ms, and kept.

Every question and every answer is checked, not only those of tests: a breach means that a verdict
rests on something nobody agreed on. It costs 1-2 % of a question (docs/performance.md).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Literal

import jsonschema_rs

from vpcguard.errors import VpcGuardError
from vpcguard.policy.folder import find_policies

_LONGEST_MESSAGE = 300


def check(
    name: Literal["input", "decision", "explanation", "config"],
    document: object,
    *,
    error: Callable[[str], VpcGuardError],
    root: str,
) -> None:
    """Raise `error` with the place and the expectation if a document breaks a schema.

    root: what the document is called in the message, e.g. "facts".
    """
    try:
        _validator(name).validate(document)
    except jsonschema_rs.ValidationError as breach:
        place = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in breach.instance_path)
        where = f"{root}: {place.removeprefix('.')}" if place else root
        raise error(f"{where}: {_expectation(breach, _schema(name))}") from None
    except ValueError as breach:  # keys that are no text, numbers out of every range
        raise error(f"{root}: {str(breach)[:_LONGEST_MESSAGE]}") from None


def _expectation(breach: jsonschema_rs.ValidationError, schema: Mapping[str, Any]) -> str:
    if breach.kind.name == "enum":
        expected = ", ".join(json.dumps(one) for one in breach.kind.value)
        return f"expected one of {expected}; {breach.message[:_LONGEST_MESSAGE]}"
    if breach.kind.name == "pattern" and (meaning := _description(breach, schema)):
        given = json.dumps(breach.instance)[:_LONGEST_MESSAGE]
        return f"{given} is not what is expected: {meaning}"
    return breach.message[:_LONGEST_MESSAGE]


def _description(breach: jsonschema_rs.ValidationError, schema: Any) -> str | None:
    """Return what the schema says of a pattern in words, where it does."""
    try:
        for step in breach.schema_path[:-1]:
            schema = schema[step]
        return str(schema["description"])
    except (KeyError, IndexError, TypeError):  # behind a $ref, or without words
        return None


@cache
def _schema(name: str) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = json.loads((find_policies() / "schemas" / f"{name}.json").read_text("utf-8"))
    return schema


@cache
def _validator(name: str) -> Any:
    return jsonschema_rs.validator_for(dict(_schema(name)))
