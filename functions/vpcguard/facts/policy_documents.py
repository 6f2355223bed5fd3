"""IAM policy documents, in every form AWS hands them out, to plain statements."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from vpcguard.facts.reading import Json


def statements_of(document: Any) -> list[Json] | None:
    """Return the statements of a policy document; None where it cannot be read.

    document: an object as boto3 gives it, or JSON text, URL-encoded (RFC 3986) as the API sends it.
    """
    try:
        parsed = _parse(document) if isinstance(document, str) else document
    except (ValueError, RecursionError):
        return None
    if not isinstance(parsed, dict):
        return None
    listed = parsed.get("Statement")
    statements = [_statement(one) for one in (listed if isinstance(listed, list) else [listed])]
    return None if None in statements else [one for one in statements if one is not None]


def _parse(document: str) -> Any:
    is_plain = document.lstrip().startswith("{")
    return json.loads(document if is_plain else unquote(document))


def _statement(statement: Any) -> Json | None:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        return None
    keys = _condition_keys(statement.get("Condition"))
    lists = {
        key: _texts(statement.get(name))
        for key, name in (
            ("actions", "Action"),
            ("not_actions", "NotAction"),
            ("resources", "Resource"),
            ("not_resources", "NotResource"),
        )
    }
    if keys is None or None in lists.values() or not (lists["actions"] or lists["not_actions"]):
        return None
    return {"effect": statement["Effect"], **lists, "condition_keys": keys}


def _texts(value: Any) -> list[str] | None:
    values = [] if value is None else value if isinstance(value, list) else [value]
    return sorted(set(values)) if all(isinstance(one, str) for one in values) else None


def _condition_keys(condition: Any) -> list[str] | None:
    """Return the keys of a condition in lower case: AWS compares them so."""
    if condition is None:
        return []
    if not isinstance(condition, dict) or not all(isinstance(tests, dict) for tests in condition.values()):
        return None
    return sorted({key.lower() for tests in condition.values() for key in tests})
