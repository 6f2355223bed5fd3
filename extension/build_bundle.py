"""Writes the policies' bundle for the layer: `build_bundle.py OUTPUT [DIR...]`.

DIR: a pack of rules of one's own, built in. Which rules those are stands beside it, in own_rules.json,
which the functions read.
"""

import json
import sys
from pathlib import Path

from vpcguard.errors import ConfigurationError
from vpcguard.policy.bundle import build_bundle
from vpcguard.policy.packs import check_bundle, read_packs

ROOT = Path(__file__).resolve().parent.parent


def main(output: Path, folders: list[Path]) -> str:
    """Write the bundle and the list beside it; return what to say. Raises ConfigurationError."""
    packs = read_packs(folders)
    revision = build_bundle(ROOT / "policies", output, packs)
    check_bundle(output, ROOT / ".tools" / "bin" / "opa", packs)
    output.with_name("own_rules.json").write_text(json.dumps(packs.rules))
    return f"policies {revision}, with {len(packs.rules)} rules of your own"


if __name__ == "__main__":
    try:
        print(main(Path(sys.argv[1]), [Path(folder) for folder in sys.argv[2:]]))  # noqa: T201 - the build's log
    except ConfigurationError as error:
        sys.exit(f"own rules: {error}")
