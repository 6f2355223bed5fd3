"""The part of EventBridge's pattern language that template.yaml uses.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ABSENT = object()


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """True if the event has, for every field of the pattern, one of the values listed there."""
    fields = event if isinstance(event, Mapping) else {}
    return all(_field_matches(expected, fields.get(name, _ABSENT)) for name, expected in pattern.items())


def _field_matches(expected: Any, value: Any) -> bool:
    if isinstance(expected, Mapping):
        return matches(expected, {} if value is _ABSENT else value)
    values = value if isinstance(value, list) else [value]
    return any(_one_matches(one, found) for one in expected for found in values)


def _one_matches(expected: Any, value: Any) -> bool:
    if not isinstance(expected, Mapping):
        return bool(value == expected)
    if set(expected) == {"exists"}:
        return (value is not _ABSENT) is bool(expected["exists"])
    if set(expected) == {"prefix"}:
        return isinstance(value, str) and value.startswith(expected["prefix"])
    raise ValueError(f'this reads "exists" and "prefix", and the pattern has {expected}')
