"""The one way a tool is looked for: source after source, each failure said in one line."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.bootstrap.errors import ToolError, UnavailableError
from tools.bootstrap.host import say

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A place a tool may come from; `obtain` returns its path or raises UnavailableError."""

    name: str
    obtain: Callable[[], Path]


def first_that_works(tool: str, sources: Sequence[Source], advice: str) -> Path:
    """Return the tool's path from the first source that has it; raise ToolError if none has."""
    tried: list[tuple[str, str]] = []
    for source in sources:
        try:
            return source.obtain()
        except UnavailableError as error:
            say(f"{tool}: {source.name}: {error}")
            tried.append((source.name, str(error)))
    raise ToolError(tool, tried, advice)


def version_in(text: str, pattern: str = r"\d+(?:\.\d+)+") -> Version:
    """Return the first version a text names; raise UnavailableError if it names none."""
    found = re.search(pattern, text)
    if found is None:
        raise UnavailableError("says no version")
    return tuple(int(part) for part in found[found.lastindex or 0].split("."))


def require_version(version: Version, *, at_least: Version, below: Version) -> None:
    """Raise UnavailableError unless a version lies in the range that was tried with the project."""
    if not at_least <= version < below:
        found, low, high = (".".join(map(str, v)) for v in (version, at_least, below))
        raise UnavailableError(f"is {found}, needs at least {low} and below {high}")
