"""The shapes of AWS answers that a snapshot keeps: an allow-list of fields and a check of their types in one.

A shape is a kind of value, an object of shapes, a list of one shape, or Each(shape): an object with any
keys. What a shape does not name is left out, so environment values, code locations and signed URLs
cannot enter a snapshot, whether AWS or a file holds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from vpcguard.errors import SnapshotError


class Kind(Enum):
    """Kinds of single values; the value names the kind for people."""

    TEXT = "text"
    WHOLE = "a whole number"
    NUMBER = "a number"
    FLAG = "true or false"
    ANY = "JSON"


@dataclass(frozen=True, slots=True)
class Each:
    """An object whose keys are names of resources, each holding the same shape."""

    shape: Shape


Shape = Kind | Each | Mapping[str, Any] | list[Any]  # Mapping and list hold shapes

TEXT, WHOLE, NUMBER, FLAG, ANY = Kind.TEXT, Kind.WHOLE, Kind.NUMBER, Kind.FLAG, Kind.ANY


def texts(names: str) -> dict[str, Shape]:
    """Return an object shape of text fields, named in one blank-separated line."""
    return dict.fromkeys(names.split(), TEXT)


def keep(value: Any, shape: Shape, place: str) -> Any:
    """Return the part of a value that its shape names, datetimes as ISO 8601 text, null as absent.

    Raises SnapshotError, naming the place, where the value is of another kind.
    """
    return _keep(value, shape, (None, place))


def expect_object(value: Any, place: str) -> dict[str, Any]:
    """Return the value if it is an object; raises SnapshotError naming the place if not."""
    if not isinstance(value, dict):
        raise _unexpected(value, "an object", (None, place))
    return value


# Where a value stands: the place around it, and its key or index there. Tens of thousands of values are
# kept for one that is refused, so that the place becomes text only then.
_Place = tuple[Any, str | int]


def _keep(value: Any, shape: Shape, place: _Place) -> Any:
    if isinstance(shape, Kind):
        return value if shape is TEXT and type(value) is str else _keep_single(value, shape, place)
    if isinstance(shape, list):
        if not isinstance(value, list):
            raise _unexpected(value, "a list", place)
        return [_keep(item, shape[0], (place, index)) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        raise _unexpected(value, "an object", place)
    if isinstance(shape, Each):
        return {
            key: _keep(item, shape.shape, (place, key)) for key, item in value.items() if item is not None
        }
    return {
        key: _keep(value[key], field, (place, key))
        for key, field in shape.items()
        if value.get(key) is not None
    }


def _keep_single(value: Any, kind: Kind, place: _Place) -> Any:
    if kind is Kind.ANY:
        return _plain(value, place)
    if isinstance(value, datetime) and kind is Kind.TEXT:
        return value.isoformat()
    # Python takes True for the number 1
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind is not Kind.FLAG):
        raise _unexpected(value, kind.value, place)
    return value


def _plain(value: Any, place: _Place) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item, (place, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, (place, index)) for index, item in enumerate(value)]
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise _unexpected(value, "JSON", place)


def _unexpected(value: Any, expected: str, place: _Place) -> SnapshotError:
    # the value itself stays out of the message: it may be one that must not be shown
    found = _NAMES.get(type(value), type(value).__name__)
    return SnapshotError(f"{_text(place)} must be {expected}, not {found}")


def _text(place: _Place) -> str:
    around, key = place
    if around is None:
        return str(key)
    return _text(around) + (f"[{key}]" if isinstance(key, int) else f".{key}")


_TYPES: dict[Kind, tuple[type, ...]] = {
    Kind.TEXT: (str,),
    Kind.WHOLE: (int,),
    Kind.NUMBER: (int, float),
    Kind.FLAG: (bool,),
}


_NAMES = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}
