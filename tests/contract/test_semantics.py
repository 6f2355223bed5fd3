"""Each line of the semantics names what shows it, and what is named says so."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.contract.make_cases import CASES_FOLDER
from tests.contract.semantics_lines import LINES, ByTest, Line, Shown

ROOT = Path(__file__).parents[2]
LINES_OF_SECTIONS = {1: 9, 2: 3, 3: 9, 4: 4, 5: 9, 6: 8, 7: 6}
VERDICTS = {"violation", "unknown", "pass", "not_applicable", "silent"}


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.id)
def test_a_line_is_shown_by_what_it_names(line: Line) -> None:
    """A case that expects something else, or a test of another name, leaves the line without proof."""
    assert line.sense
    assert line.shown
    for one in line.shown:
        assert _claimed(one) == _found(one)


def test_every_line_is_in_the_table_once() -> None:
    ids = [f"{section}.{line}" for section, last in LINES_OF_SECTIONS.items() for line in range(1, last + 1)]

    assert [line.id for line in LINES] == ids


def test_every_case_named_exists() -> None:
    named = {one.case for line in LINES for one in line.shown if isinstance(one, Shown)}

    assert named - {path.name for path in CASES_FOLDER.iterdir()} == set()
    assert {one.verdict for line in LINES for one in line.shown if isinstance(one, Shown)} <= VERDICTS


def _claimed(one: Shown | ByTest) -> dict[str, Any]:
    """Return what the table says of a case or test, without what does not matter to it."""
    if isinstance(one, ByTest):
        return {"test": one.name}
    claimed: dict[str, Any] = {"verdict": one.verdict}
    if one.severity is not None:
        claimed["severity"] = one.severity
    if one.cause is not None:
        claimed["cause"] = one.cause
    if one.root != "-":
        claimed["root_cause"] = one.root
    if one.waits_for:
        claimed["waits_for"] = sorted(one.waits_for)
    if one.failed_read is not None:
        claimed["is_failed_read"] = one.failed_read
    return claimed


def _found(one: Shown | ByTest) -> dict[str, Any]:
    """Return what the case or test itself says, as far as the table speaks about it."""
    if isinstance(one, ByTest):
        text = (ROOT / one.path).read_text("utf-8")
        pattern = rf"^(?:async )?(?:def ({one.name})\(|({one.name}) if)"
        return {"test": one.name if re.search(pattern, text, re.MULTILINE) else None}
    expected = json.loads((CASES_FOLDER / one.case / "expected.json").read_text("utf-8"))
    said: dict[str, Any] = expected[one.rule][one.function]
    causes = {subnet["cause"] for subnet in said.get("evidence", {}).get("subnets", [])}
    if one.cause in causes:
        said["cause"] = one.cause
    return {key: said[key] for key in _claimed(one) if key in said}
