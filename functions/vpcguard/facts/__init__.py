"""From a snapshot to the facts that the policies judge (docs/architecture.md)."""

from vpcguard.facts.build import build_facts
from vpcguard.facts.reading import Json as Facts

__all__ = ["Facts", "build_facts"]
