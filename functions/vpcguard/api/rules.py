"""The rules as they are shipped: a file in the API's function, read from the policies elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from vpcguard.policy.schemas import find_policies

CATALOGUE = "rules.json"  # beside the policies of the API's function: functions/Makefile


@cache
def known_rules() -> Sequence[Mapping[str, Any]]:
    """Return every rule by id; raises ConfigurationError where one cannot be read."""
    shipped = find_policies() / CATALOGUE
    if shipped.is_file():
        found: Sequence[Mapping[str, Any]] = json.loads(shipped.read_text("utf-8"))
        return found
    from vpcguard.policy.catalogue import shipped_rules  # noqa: PLC0415  Lambda has no PyYAML

    return [json.loads(json.dumps(rule.as_document())) for rule in shipped_rules()]
