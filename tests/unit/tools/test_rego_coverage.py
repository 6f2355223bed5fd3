"""Policies are covered when every line of every file is, tests not counted."""

from pathlib import Path
from typing import Any

import pytest

from tools.rego_coverage import uncovered


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """One rule with its test."""
    for name in ("rule.rego", "rule_test.rego"):
        (tmp_path / name).touch()
    return tmp_path


def _part(line: int, **more: Any) -> dict[str, Any]:
    return {"start": {"row": line, "col": 1}, "end": {"row": line, "col": 9}, **more}


def test_complete(policies: Path) -> None:
    report = {"files": {"rule.rego": {"covered": [_part(1)]}, "rule_test.rego": {"not_covered": [_part(3)]}}}

    assert uncovered(report, policies) == []


def test_each_line_is_named_once_with_the_reason_if_there_is_one(policies: Path) -> None:
    parts = [_part(7), _part(4, kinds=["index_excluded"]), _part(7)]
    report = {"files": {"rule.rego": {"not_covered": parts}}}

    assert uncovered(report, policies) == [
        f"{policies}/rule.rego:4 (the rule index skips it)",
        f"{policies}/rule.rego:7",
    ]


def test_a_file_the_report_does_not_know_is_not_covered(policies: Path) -> None:
    """OPA names files after the folder it ran in: started elsewhere, it would match nothing and pass."""
    report = {"files": {"policies/rule.rego": {"covered": [_part(1)]}}}

    assert uncovered(report, policies) == [f"{policies}/rule.rego: not in the report"]
