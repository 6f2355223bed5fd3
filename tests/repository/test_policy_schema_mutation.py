"""A misspelt input field in any policy fails `opa check`: none reads as "absent" by accident.

Every place where a policy names a field of the input is misspelt, in a copy, and the check must name it.
Places are tried together where one error cannot hide another: policies that do not import each other, and
one kind of place at a time.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OPA = ROOT / ".tools" / "bin" / "opa"
POLICIES = ROOT / "policies"
FILES = {
    path.relative_to(POLICIES): path.read_text("utf-8")
    for path in sorted(POLICIES.glob("vpcguard/**/*.rego"))
    if not path.name.endswith("_test.rego")
}
PACKAGES = {re.search(r"^package (\S+)", text, re.M)[1]: name for name, text in FILES.items()}  # type: ignore[index]

# the tables of lib.facts: input objects by id
TABLES = "|".join(re.findall(r"^([a-z_]+) := \{one\.", FILES[Path("vpcguard/lib/facts/facts.rego")], re.M))
COMMENT = re.compile(r"(?m)(^|\s)#.*$")
DEFINITION = re.compile(r"(?<=\n\n)(?=\S)")
BINDING = re.compile(rf"some (?:[a-z_]+, )?([a-z_]+) in (?:input\.[a-z_.]+|facts\.(?:{TABLES})\b)(?![\[.])")
DIRECT = re.compile(r"\binput\.([a-z_0-9]+)")
BY_ID = re.compile(rf"\b(?:(?:facts\.)?(?:{TABLES})|input\.[a-z_.]+)\[[^\[\]]+\]\.([a-z_0-9]+)")


Kind = Callable[[str], Iterator[tuple[int, int]]]


def _input_fields(text: str) -> Iterator[tuple[int, int]]:
    """Yield where fields of the input itself are named: input.subnets."""
    yield from (found.span(1) for found in DIRECT.finditer(text))


def _fields_by_id(text: str) -> Iterator[tuple[int, int]]:
    """Yield where fields are named by id or index: facts.subnets[id].zone_id, input.coverage[i].status."""
    yield from (found.span(1) for found in BY_ID.finditer(text))


def _fields_of_variables(text: str) -> Iterator[tuple[int, int]]:
    """Yield where fields of what a loop goes through are named: some one in input.subnets ... one.zone_id."""
    start = 0
    for definition in DEFINITION.split(text):
        for name in {found[1] for found in BINDING.finditer(definition)}:
            for field in re.finditer(rf"\b{name}\.([a-z_0-9]+)", definition):
                yield start + field.start(1), start + field.end(1)
        start += len(definition)


def _depth(name: Path) -> int:
    """Return how many policies stand under one: those of equal depth do not import each other."""
    imported = re.findall(r"^import data\.(\S+)", FILES[name], re.M)
    return 1 + max((_depth(PACKAGES[package]) for package in imported if package in PACKAGES), default=0)


DEPTHS = [list(names) for _, names in groupby(sorted(FILES, key=_depth), key=_depth)]
KINDS = (_input_fields, _fields_by_id, _fields_of_variables)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__.strip("_"))
@pytest.mark.parametrize("names", DEPTHS, ids=lambda names: f"{names[0].stem}_and_{len(names) - 1}_more")
def test_every_misspelt_field_is_found(tmp_path: Path, names: list[Path], kind: Kind) -> None:
    """A field that the schema does not know is undefined, and undefined would pass for "nothing wrong"."""
    misspelt: dict[str, str] = {}
    changed = dict(FILES)
    for name in names:
        readable = COMMENT.sub(lambda comment: comment[0].replace(".", "_"), FILES[name])
        for start, end in sorted(set(kind(readable)), reverse=True):
            word = f"{changed[name][start:end]}_misspelt_{len(misspelt)}"
            misspelt[word] = f"{name}:{FILES[name].count(chr(10), 0, start) + 1}"
            changed[name] = changed[name][:start] + word + changed[name][end:]
    if not misspelt:
        pytest.skip("no field of this kind")

    found = set(re.findall(r"[a-z_0-9]+_misspelt_\d+", _check(tmp_path, changed)))

    assert {word: place for word, place in misspelt.items() if word not in found} == {}


def test_policies_as_they_stand_pass(tmp_path: Path) -> None:
    """Otherwise the misspellings would prove nothing."""
    assert _check(tmp_path, FILES) == ""


def test_every_policy_that_reads_the_input_is_tried() -> None:
    """A new way to name a field must not slip past the search."""
    tried = {name for name, text in FILES.items() for kind in KINDS if any(kind(text))}

    assert {name for name, text in FILES.items() if re.search(r"\binput\.", text)} - tried == set()


def _check(folder: Path, files: dict[Path, str]) -> str:
    """Return what `opa check` says about these policies; empty where it finds nothing."""
    shutil.copytree(POLICIES / "schemas", folder / "schemas")
    for name, text in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    command = [
        str(OPA),
        "check",
        "--max-errors",
        "100000",
        "--schema",
        str(folder / "schemas"),
        str(folder / "vpcguard"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return done.stdout + done.stderr
