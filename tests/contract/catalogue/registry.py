"""The register of cases: a function that returns a case is one; its name is the folder's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.contract.builder import Estate

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """expected: rule id -> function name -> what the decision must say (tests.contract.expectations)."""

    estate: Estate
    expected: dict[str, dict[str, Json]]
    configuration: Json | None = None


CASES: dict[str, Callable[[], Case]] = {}


def case(make: Callable[[], Case]) -> Callable[[], Case]:
    """Register a case under the name of its function; its docstring says what it shows."""
    CASES[make.__name__] = make
    return make


def orders(estate: Estate, configuration: Json | None = None, **by_rule: Json) -> Case:
    """Return a case about the function orders; rules are named with __ for the dot."""
    expected = {rule.replace("__", ".", 1): {"orders": verdict} for rule, verdict in by_rule.items()}
    return Case(estate, expected, configuration)
