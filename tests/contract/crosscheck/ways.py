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
PERHAPS_PROXIED: Final = Way("unknown", is_isolated=True)
ISOLATED: Final = Way("none", frozenset({"no_default_route"}), is_isolated=True)


def none(*causes: str) -> Way:
    """Return no way, for any of these causes."""
    return Way("none", frozenset(causes))


def worst(ways: Iterable[Way]) -> Way:
    """Return what several ways amount to that are all needed: none before unknown before works.

    Half a default route isolates nothing: every part must lead nowhere.
    """
    found = list(ways)
    if found and all(way.is_isolated for way in found):
        return PERHAPS_PROXIED if PERHAPS_PROXIED in found else ISOLATED
    faults = [way for way in found if way.state == "none"]
    if faults:
        return none(*(cause for way in faults for cause in way.causes))
    return UNKNOWN if any(way.state == "unknown" for way in found) else WORKS


def best(ways: Iterable[Way]) -> Way:
    """Return what several ways amount to of which one is enough."""
    found = list(ways)
    states = {way.state for way in found}
    return WORKS if "works" in states else UNKNOWN if "unknown" in states else worst(found)


def either(ways: Iterable[Way]) -> Way:
    """Return what is known when one of these is true and nobody knows which."""
    found = list(ways)
    return worst(found) if len({(way.state, way.is_isolated) for way in found}) == 1 else UNKNOWN
