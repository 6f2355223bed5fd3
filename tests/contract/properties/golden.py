"""The golden cases as material: their snapshots and configurations, whatever verdicts they pin."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.contract.make_cases import CASES_FOLDER
from tests.contract.properties.merging import SUFFIX

Json = dict[str, Any]

# every read was answered, and yet the answers lack what AWS always shows
INCOMPLETE = {
    "headroom_below_the_floor_beside_another",  # a subnet without a network ACL
    "two_subnets_in_one_zone",  # likewise
    "role_within_a_boundary",  # the boundary is not among the policies
}


@dataclass(frozen=True)
class Golden:
    """One case. configuration names functions as they are called in a merged document."""

    name: str
    snapshot: Json
    configuration: Json

    @property
    def names_functions(self) -> bool:
        """True if what holds for a function depends on its name, or on that of an endpoint or a VPC."""
        named = ("function", "firewall_endpoint", "gateway_load_balancer", "proxy")
        return any(f'"{one}"' in json.dumps(self.configuration) for one in named)


def golden_cases() -> list[Golden]:
    """Return every case, by name."""
    return [
        Golden(
            name=folder.name,
            snapshot=json.loads((folder / "snapshot.json").read_text("utf-8")),
            configuration=_configuration(folder / "config.yaml"),
        )
        for folder in sorted(CASES_FOLDER.iterdir())
    ]


def _configuration(path: Path) -> Json:
    if not path.exists():
        return {"version": 1}
    document: Json = json.loads(path.read_text("utf-8"))  # written as JSON, which is YAML
    for override in document.get("overrides", []):
        if "function" in override["match"]:
            override["match"]["function"] += "?" * len(SUFFIX.format(0))
    return document
