"""Check that tests reach every line of the policies: `opa test --coverage --format json` on stdin.

OPA's own threshold counts the tests as well, and says nothing of what is missing.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_WHY = {
    "index_excluded": "the rule index skips it",
    "early_exit": "an earlier result ends the search",
}


def uncovered(report: Mapping[str, Any], policies: Path) -> list[str]:
    """Return `file:line` of all that no test reaches, and each policy the report does not know."""
    files = {Path(name): found for name, found in report["files"].items()}
    missing: list[str] = []
    for policy in sorted(policies.rglob("*.rego")):
        if policy.name.endswith("_test.rego"):
            continue
        name = policy.relative_to(policies)
        if name in files:
            missing += [f"{policy}:{line}" for line in _lines(files[name])]
        else:
            missing.append(f"{policy}: not in the report")
    return missing


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.rego_coverage", description=__doc__)
    parser.add_argument("policies", type=Path, help="the folder that `opa test -b .` ran in")
    policies = parser.parse_args(arguments).policies
    missing = uncovered(json.load(sys.stdin), policies)
    for place in missing:
        print(place)
    print(
        f"policy coverage: {len(missing)} lines are not reached" if missing else "policy coverage: complete"
    )
    return 1 if missing else 0


def _lines(found: Mapping[str, Any]) -> list[str]:
    lines: dict[int, str] = {}
    for part in found.get("not_covered", []):
        why = ", ".join(_WHY.get(kind, kind) for kind in part.get("kinds", []))
        lines.setdefault(part["start"]["row"], f" ({why})" if why else "")
    return [f"{line}{why}" for line, why in sorted(lines.items())]


if __name__ == "__main__":
    sys.exit(main())
