"""How much Rego stands below each rule: all files of the packages that it reaches by `data.` references.

    .venv/bin/python -m tools.rule_reach [--policies policies]

What a security engineer would have to read to be sure of one verdict. A package counts whole: any of its
files may define what is referred to. Tests and data do not count, nor does the rule itself.
"""

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_PACKAGE = re.compile(r"^package (\S+)", re.MULTILINE)
_REFERENCE = re.compile(r"\bdata\.([a-z0-9_.]+)")
_COMMENT = re.compile(r"(?m)^\s*#.*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What one rule reaches. files: below the policies folder. lines: of all of them together."""

    id: str
    files: tuple[Path, ...]
    lines: int


def reach_of_rules(policies: Path) -> list[Reach]:
    """Return what each rule of a policies folder reaches, by id."""
    texts = {
        file: file.read_text("utf-8")
        for file in sorted(policies.rglob("*.rego"))
        if not file.name.endswith("_test.rego")
    }
    by_package: dict[str, list[Path]] = {}
    for file, text in texts.items():
        by_package.setdefault(_package(text), []).append(file)
    reaches = []
    for package, files in by_package.items():
        parts = package.split(".")
        if parts[:2] == ["vpcguard", "rules"]:
            below = sorted(_below(files, texts, by_package) - set(files))
            reaches.append(
                Reach(
                    id=".".join(parts[2:]),
                    files=tuple(file.relative_to(policies) for file in below),
                    lines=sum(len(texts[file].splitlines()) for file in below),
                )
            )
    return sorted(reaches, key=lambda reach: reach.id)


def main(arguments: list[str] | None = None) -> None:
    """Print a line for each rule, the largest last."""
    parser = argparse.ArgumentParser(prog="python -m tools.rule_reach", description=__doc__)
    parser.add_argument("--policies", type=Path, default=ROOT / "policies", help="default: policies/")
    rules = reach_of_rules(parser.parse_args(arguments).policies)
    for rule in sorted(rules, key=lambda rule: (len(rule.files), rule.lines)):
        print(f"{len(rule.files):3} files {rule.lines:5} lines  {rule.id}")


def _below(start: list[Path], texts: Mapping[Path, str], by_package: Mapping[str, list[Path]]) -> set[Path]:
    found: set[Path] = set()
    waiting = list(start)
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            for reference in _REFERENCE.findall(_COMMENT.sub("", texts[file])):
                waiting += _files_of(reference.strip("."), texts, by_package)
    return found


def _files_of(reference: str, texts: Mapping[Path, str], by_package: Mapping[str, list[Path]]) -> list[Path]:
    """Return the files of the package that is referred to, by its name or that of something it defines.

    What lies below a package's name without being defined there is data: data.vpcguard.config.services.
    """
    parts = reference.split(".")
    for length in range(len(parts), 0, -1):
        files = by_package.get(".".join(parts[:length]), [])
        name = ".".join(parts[length : length + 1])
        if files and any(re.search(rf"(?m)^(default )?{name}\b", texts[file]) for file in files):
            return files
    return []


def _package(text: str) -> str:
    match = _PACKAGE.search(text)
    return match[1] if match else ""


if __name__ == "__main__":
    main()
