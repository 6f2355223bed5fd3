"""OPA's answer to "why": what leads to the verdicts about one function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What the rules saw of one function, and what each of them says.

    policy_revision, config_digest: as of a Decision. document: one of the functions of
    policies/schemas/explanation.json, checked.
    """

    policy_revision: str
    config_digest: str
    document: Mapping[str, Any]
