"""What policies/README.md tells about rules and lib is so: a stale name sends people astray."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
POLICIES = ROOT / "policies"
LIB = POLICIES / "vpcguard" / "lib"
README = (POLICIES / "README.md").read_text("utf-8")
_FIXTURES = re.compile(r"(^|_)fixtures$")


def _defined(package: str) -> set[str]:
    """Return the names that a package of lib defines."""
    texts = [file.read_text("utf-8") for file in sorted((LIB / package).glob("*.rego"))]
    return {name for text in texts for name in re.findall(r"^(?:default )?([a-z]\w*)\b", text, re.MULTILINE)}


def test_every_package_of_lib_has_a_line() -> None:
    packages = {folder.name for folder in LIB.iterdir() if not _FIXTURES.search(folder.name)}

    assert set(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)) == packages


def test_every_name_that_it_mentions_is_there() -> None:
    packages = {folder.name for folder in LIB.iterdir()}
    quoted = " ".join(re.findall(r"`[^`\n]+`|(?<=```rego)[^`]+", README))
    named = {
        (package, name) for package, name in re.findall(r"\b(\w+)\.(\w+)", quoted) if package in packages
    }

    assert sorted(f"{package}.{name}" for package, name in named if name not in _defined(package)) == []
    assert len(named) > 25


def test_files_that_it_mentions_exist() -> None:
    """But for the metadata, which the bundle alone holds."""
    paths = [path for path in re.findall(r"`([\w/.]+/[\w/.]*|[\w/]+\.\w+)`", README) if "/" in path]

    missing = [path for path in paths if not (POLICIES / path).exists()]
    assert missing == ["vpcguard/rule_metadata/data.json", "vpcguard/rule_texts/data.json"]


def test_the_example_is_a_rule_that_passes_the_checks(tmp_path: Path) -> None:
    """It is the first rule that anybody reads here, and the first that is copied."""
    example = README.partition("```rego\n")[2].partition("```")[0]
    imports = "".join(f"import data.vpcguard.lib.{name}\n" for name in ("cohorts", "facts", "result"))
    (tmp_path / "example.rego").write_text(f"package vpcguard.rules.config.example\n\n{imports}\n{example}")

    command: list[str | Path] = [ROOT / ".tools/bin/opa", "check", "--strict"]
    command += ["--schema", POLICIES / "schemas"]
    checked = subprocess.run(
        [*command, POLICIES / "vpcguard", tmp_path / "example.rego"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    formatted = subprocess.run(
        [ROOT / ".tools/bin/opa", "fmt", "--list", tmp_path / "example.rego"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert (checked.returncode, checked.stderr, formatted.stdout) == (0, "", "")
