"""Typed access to AWS's answers: a missing key is None or empty, a wrong type is named with its place.

Snapshots are files that people hand around: what stands in them is checked where it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

Json = dict[str, Any]
T = TypeVar("T")

_NAMES = {
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}


class MistypedError(Exception):
    """A value of the wrong type; `path` leads to it from the object that was being read."""

    def __init__(self, path: str, expected: str, found: object) -> None:
        super().__init__(path)
        self.path = path
        self.expected = expected
        self.found = "nothing" if found is None else _NAMES.get(type(found), "something else")

    def below(self, prefix: str) -> MistypedError:
        """Return this error with a longer way to it."""
        separator = "" if not self.path or self.path.startswith("[") else "."
        self.path = f"{prefix}{separator}{self.path}"
        return self


def text(item: Mapping[str, Any], *path: str) -> str | None:
    """Return the text at a path; None where it is absent or empty, as AWS writes both."""
    value = _walk(item, path)
    if isinstance(value, str):
        return value or None
    if value is None:
        return None
    raise MistypedError(".".join(path), "text", value)


def required_text(item: Mapping[str, Any], *path: str) -> str:
    """Return the text at a path without which the object means nothing, e.g. its id."""
    value = text(item, *path)
    if value is None:
        raise MistypedError(".".join(path), "text", None)
    return value


def lower(item: Mapping[str, Any], *path: str, default: str = "unknown") -> str:
    """Return a state in lower case: AWS writes the same state in several ways."""
    return (text(item, *path) or default).lower()


def integer(item: Mapping[str, Any], *path: str) -> int | None:
    """Return the whole number at a path; true and false are none."""
    value = _walk(item, path)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise MistypedError(".".join(path), "a whole number", value)


def boolean(item: Mapping[str, Any], *path: str) -> bool | None:
    """Return the truth value at a path."""
    value = _walk(item, path)
    if value is None or isinstance(value, bool):
        return value
    raise MistypedError(".".join(path), "true or false", value)


def texts(item: Mapping[str, Any], *path: str) -> list[str]:
    """Return the list of texts at a path, sorted, each once."""
    values = _list(item, path)
    for index, value in enumerate(values):
        if not isinstance(value, str):
            raise MistypedError(f"{'.'.join(path)}[{index}]", "text", value)
    return sorted(set(values))


def objects(item: Mapping[str, Any], *path: str) -> list[Json]:
    """Return the list of objects at a path."""
    values = _list(item, path)
    for index, value in enumerate(values):
        if not isinstance(value, dict):
            raise MistypedError(f"{'.'.join(path)}[{index}]", "an object", value)
    return values


def mapping(item: Mapping[str, Any], *path: str) -> Json:
    """Return the object at a path; empty where it is absent."""
    value = _walk(item, path)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise MistypedError(".".join(path), "an object", value)


def as_object(value: object) -> Json:
    """Return a value that must be an object."""
    if isinstance(value, dict):
        return value
    raise MistypedError("", "an object", value)


def each(item: Mapping[str, Any], *path: str, convert: Callable[[Json], T]) -> list[T]:
    """Return the converted objects of the list at a path, in its order."""
    converted = []
    for index, value in enumerate(objects(item, *path)):
        try:
            converted.append(convert(value))
        except MistypedError as error:
            raise error.below(f"{'.'.join(path)}[{index}]") from None
    return converted


def gather(item: Mapping[str, Any], *path: str, field: str) -> list[str]:
    """Return one text field of every object of the list at a path, sorted, each once."""
    found = each(item, *path, convert=lambda value: text(value, field))
    return sorted({value for value in found if value is not None})


def known(pairs: Mapping[str, Any]) -> Json:
    """Return the pairs whose value is known: no key of the facts is ever null."""
    return {key: value for key, value in pairs.items() if value is not None}


def by_id(documents: Iterable[Json]) -> list[Json]:
    """Return the documents in the order of their ids."""
    return sorted(documents, key=lambda document: str(document["id"]))


def _walk(item: Any, path: tuple[str, ...]) -> Any:
    if len(path) == 1:  # nearly always
        return item.get(path[0])
    for depth, key in enumerate(path):
        if item is None:
            return None
        if not isinstance(item, dict):
            raise MistypedError(".".join(path[:depth]), "an object", item)
        item = item.get(key)
    return item


def _list(item: Mapping[str, Any], path: tuple[str, ...]) -> list[Any]:
    value = _walk(item, path)
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise MistypedError(".".join(path), "a list", value)
