"""The table of what lib answers names what is there: a stale name sends whoever writes a rule astray."""

from __future__ import annotations

import re
from pathlib import Path

POLICIES = Path(__file__).parents[2] / "policies"
LIB = POLICIES / "vpcguard" / "lib"
PACKAGES = {folder.name for folder in LIB.iterdir() if (folder / f"{folder.name}.rego").exists()}
NAME = re.compile(r"`[^`]*`")


def _named() -> set[tuple[str, str]]:
    table = (POLICIES / "README.md").read_text("utf-8").partition("## What lib answers")[2]
    quoted = " ".join(NAME.findall(table))
    found = re.findall(r"\b([a-z_]+)\.([a-z_0-9]+)", quoted)
    return {(package, name) for package, name in found if package in PACKAGES and name != "json"}


def test_every_name_of_the_table_is_there() -> None:
    missing = [
        f"{package}.{name}"
        for package, name in sorted(_named())
        if not re.search(rf"^(default )?{name}\b", (LIB / package / f"{package}.rego").read_text(), re.M)
    ]

    assert missing == []
    assert len(_named()) > 40
