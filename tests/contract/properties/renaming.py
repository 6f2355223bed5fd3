"""The same account under other ids, in an order that has nothing to do with the old one, and back again."""

from __future__ import annotations

import hashlib
import json
import re
from random import Random
from typing import Any

Json = dict[str, Any]

_ID = re.compile(r"(?<![\w-])(vpc|subnet|rtb|nat|igw|eigw|sg|acl|eni|i|vpce|pl|fsap|fsmt)-[\w-]+")
_NEW = re.compile(r"\b(?:[a-z]+-)?x[0-9a-f]{10}\b")
_WORD = re.compile(r"[\w.:/-]*\w")  # the full stop behind the last word is none of it


class Renaming:
    """New names for all that a snapshot names: resources, and with functions=True those and their roles."""

    def __init__(self, snapshot: Json, *, functions: bool) -> None:
        found = {match.group(): f"{match.group(1)}-" for match in _ID.finditer(json.dumps(snapshot))}
        listed = snapshot["answers"].get("lambda:ListFunctions", {"Functions": []})["Functions"]
        if functions:
            found |= {one["FunctionName"]: "" for one in listed}
            found |= {one["Role"].rpartition("/")[2]: "" for one in listed if "Role" in one}
        self._new = {old: kind + _digest(old) for old, kind in found.items()}
        self._old = {new: old for old, new in self._new.items()}

    def apply(self, value: Any) -> Any:
        """Return a JSON value with every old name replaced, as a whole text or at the end of an ARN."""
        if isinstance(value, dict):
            return {self.apply(key): self.apply(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.apply(one) for one in value]
        if not isinstance(value, str):
            return value
        if value.startswith("arn:"):
            start = max(value.rfind("/"), value.rfind(":")) + 1
            return value[:start] + self._new.get(value[start:], value[start:])
        return self._new.get(value, value)

    def undo(self, value: Any) -> Any:
        """Return what was said of new names as it would have been said of the old ones."""
        text = json.dumps(value)
        return json.loads(_NEW.sub(lambda match: self._old.get(match.group(), match.group()), text))


def said(value: Any) -> Any:
    """Return what a verdict says whatever order it is said in: lists are sorted, and words of messages."""
    if isinstance(value, dict):
        return {
            key: sorted(_WORD.findall(one)) if key == "message" else said(one) for key, one in value.items()
        }
    if isinstance(value, list):
        return sorted((said(one) for one in value), key=lambda one: json.dumps(one, sort_keys=True))
    return value


def in_any_order(value: Any, dice: Random) -> Any:
    """Return a JSON value with every list in it shuffled."""
    if isinstance(value, dict):
        return {key: in_any_order(one, dice) for key, one in value.items()}
    if isinstance(value, list):
        return dice.sample([in_any_order(one, dice) for one in value], len(value))
    return value


def _digest(old: str) -> str:
    return "x" + hashlib.sha256(old.encode()).hexdigest()[:10]
