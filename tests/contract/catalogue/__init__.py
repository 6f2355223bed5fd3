"""Every golden case by name: an estate, the configuration, and what the decision must say about it.

What is expected follows from the semantics of the rules, never from what the policies answered.
"""

from tests.contract.catalogue import (
    addresses,
    configuration,
    endpoints,
    filters,
    intents,
    names,
    needs,
    paths,
    readers,
    sharing,
    ways,
    zones,
)
from tests.contract.catalogue.registry import CASES, Case

__all__ = [
    "CASES",
    "Case",
    "addresses",
    "configuration",
    "endpoints",
    "filters",
    "intents",
    "names",
    "needs",
    "paths",
    "readers",
    "sharing",
    "ways",
    "zones",
]
