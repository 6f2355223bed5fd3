"""Write what the API answers about rules: python -m tools.rule_catalogue FILE [PACK...]."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from vpcguard.policy.catalogue import own_rules, shipped_rules
from vpcguard.policy.packs import read_packs


def main(arguments: Sequence[str]) -> None:
    """Write the rules as they are shipped, and those of packs, by id; of a pack its folder's name alone."""
    output, *packs = map(Path, arguments)
    rules = [*shipped_rules(), *(own_rules(read_packs(packs).described) if packs else ())]
    documents = [rule.as_document() for rule in sorted(rules, key=lambda rule: rule.id)]
    for one in documents:
        one["pack"] = Path(one["pack"]).name if one["pack"] is not None else None
    output.write_text(json.dumps(documents), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
