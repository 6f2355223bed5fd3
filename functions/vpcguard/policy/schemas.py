"""Where the policies lie, and the schemas among them: the contract that questions and answers keep.

Every question and every answer is checked, not only those of tests: a breach means that a verdict rests on
something nobody agreed on. What it costs: docs/performance.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import jsonschema_rs

from vpcguard.errors import ConfigurationError, VpcGuardError

_PACKAGE = Path(__file__).resolve().parent.parent
_LONGEST_MESSAGE = 300


def find_policies() -> Path:
    """Return the folder that holds the policies: inside an installed package, or beside it in a checkout.

    Raises ConfigurationError where neither is there.
    """
    candidates = (_PACKAGE / "_policies", _PACKAGE.parent.parent / "policies")
    for candidate in candidates:
        if (candidate / "schemas").is_dir():
            return candidate
    places = " nor ".join(str(candidate) for candidate in candidates)
    raise ConfigurationError(
        f"the policies are missing: neither {places} holds them; install the package again"
    )


def check(
    name: Literal["input", "decision", "explanation", "config", "retired"],
    document: object,
    *,
    error: Callable[[str], VpcGuardError],
    root: str,
) -> None:
    """Raise `error` with the place and the expectation if a document breaks a schema.

    root: what the document is called in the message, e.g. "facts".
    """
    schema, validator = _compiled(name)
    try:
        validator.validate(document)
    except jsonschema_rs.ValidationError as breach:
        place = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in breach.instance_path)
        where = f"{root}: {place.removeprefix('.')}" if place else root
        raise error(f"{where}: {_expectation(breach, schema)}") from None
    except ValueError as breach:  # keys that are no text, numbers out of every range
        raise error(f"{root}: {str(breach)[:_LONGEST_MESSAGE]}") from None


@cache
def _compiled(name: str) -> tuple[Mapping[str, Any], Any]:
    schema = json.loads((find_policies() / "schemas" / f"{name}.json").read_text("utf-8"))
    return schema, jsonschema_rs.validator_for(schema)


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
