"""Writes the policies' bundle for the layer: `build_bundle.py OUTPUT [DIR...]`.

DIR: a pack of rules of one's own, built in. Which rules those are stands beside it, in own_rules.json,
which the functions read.
"""

import json
import sys
from pathlib import Path

from vpcguard.policy.bundle import build_bundle
from vpcguard.policy.packs import check_bundle, read_packs

ROOT = Path(__file__).resolve().parent.parent

if __name__ == "__main__":
    bundle, packs = Path(sys.argv[1]), read_packs([Path(folder) for folder in sys.argv[2:]])
    revision = build_bundle(ROOT / "policies", bundle, packs)
    check_bundle(bundle, ROOT / ".tools" / "bin" / "opa", packs)
    bundle.with_name("own_rules.json").write_text(json.dumps(packs.rules))
    print(f"policies {revision}, with {len(packs.rules)} rules of your own")  # noqa: T201 - the build's log
