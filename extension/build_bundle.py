"""Writes the policies' bundle for the layer: `build_bundle.py OUTPUT`."""

import sys
from pathlib import Path

from vpcguard.policy.bundle import build_bundle

if __name__ == "__main__":
    revision = build_bundle(Path(__file__).resolve().parent.parent / "policies", Path(sys.argv[1]))
    print(f"policies {revision}")  # noqa: T201 - the build's log
