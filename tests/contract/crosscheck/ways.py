"""Ways and what becomes of several: the words in which the second opinion speaks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Way:
    """works, none or unknown; for none every cause that may be named, and whether the subnet is isolated."""

    state: str
    causes: frozenset[str] = frozenset()
    is_isolated: bool = False  # nothing in its own table leads out: perhaps on purpose, never a broken route


WORKS: Final = Way("works")
UNKNOWN: Final = Way("unknown")
ISOLATED: Final = Way("none", frozenset({"no_default_route"}), is_isolated=True)


def none(*causes: str) -> Way:
    """Return no way, for any of these causes."""
    return Way("none", frozenset(causes))


def worst(ways: Iterable[Way]) -> Way:
    """Return what several ways amount to that are all needed: none before unknown before works."""
    found = list(ways)
    if ISOLATED in found:
        return ISOLATED
    faults = [way for way in found if way.state == "none"]
    if faults:
        return none(*(cause for way in faults for cause in way.causes))
    return UNKNOWN if UNKNOWN in found else WORKS


def either(ways: Iterable[Way]) -> Way:
    """Return what is known when one of these is true and nobody knows which."""
    found = list(ways)
    return worst(found) if len({(way.state, way.is_isolated) for way in found}) == 1 else UNKNOWN
