"""`make rule` begins a rule that OPA, its tests and Regal accept as it is written."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tools import new_rule
from tools.rego_coverage import uncovered
from vpcguard.cli.rules import test_rules as run_tests_of
from vpcguard.policy.catalogue import rule_metadata
from vpcguard.policy.server import find_opa

ROOT = Path(__file__).parents[3]
FILES = ["fresh_fault.rego", "fresh_fault_test.rego"]


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """A copy of the policies, with the linter's settings beside it."""
    shutil.copytree(ROOT / ".regal", tmp_path / ".regal")
    return shutil.copytree(ROOT / "policies", tmp_path / "policies")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A folder of rules with two families and one rule."""
    folder = tmp_path / "rules"
    (folder / "az" / "single_az").mkdir(parents=True)
    (folder / "nat").mkdir()
    return folder


def _opa(policies: Path, *arguments: str) -> str:
    run = subprocess.run(
        [find_opa(), *arguments], cwd=policies, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_what_is_written_passes_every_check_of_the_policies(policies: Path) -> None:
    """Who begins a rule should see the own mistakes alone."""
    assert new_rule.main(["az", "fresh_fault", "--policies", str(policies)]) == 0

    folder = policies / "vpcguard" / "rules" / "az" / "fresh_fault"
    assert sorted(file.name for file in folder.iterdir()) == FILES
    assert _opa(policies, "fmt", "--list", str(folder)) == ""
    _opa(policies, "check", "--strict", "--schema", "schemas", "-b", ".")
    own = ["-b", ".", "--run", "rules.az.fresh_fault_test"]
    _opa(policies, "test", "--fail-on-empty", *own)
    report = json.loads(_opa(policies, "test", "--coverage", "--format", "json", *own))
    report["files"] = {name: found for name, found in report["files"].items() if "fresh_fault" in name}
    assert len(report["files"]) == 2
    assert [line for line in uncovered(report, policies) if "fresh_fault" in line] == []


def test_the_linter_has_nothing_to_say_about_it(policies: Path) -> None:
    new_rule.main(["az", "fresh_fault", "--policies", str(policies)])

    run = subprocess.run(
        [ROOT / ".tools/bin/regal", "lint", "--format", "json", "policies"],
        cwd=policies.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    found = json.loads(run.stdout)["violations"]
    assert [one["title"] for one in found if "fresh_fault" in one["location"]["file"]] == []


def test_the_decision_knows_the_rule_at_once(policies: Path) -> None:
    """No list names the rules."""
    new_rule.main(["az", "fresh_fault", "--policies", str(policies)])

    assert rule_metadata(policies)["az.fresh_fault"]["severity"] == "medium"


def test_a_rule_of_ones_own_that_is_begun_loads_and_passes_its_tests(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "pack"

    assert new_rule.main(["org", "fresh_fault", "--own", str(folder)]) == 0
    assert run_tests_of(folder=folder) == 0

    assert sorted(file.name for file in folder.rglob("*.rego")) == FILES
    assert _opa(ROOT, "fmt", "--list", str(folder)) == ""
    assert "PASS: 3/3" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("family", "fault", "said"),
    [
        ("", "fresh", "FAMILY is ''"),
        ("Org", "fresh", "one word in lower case"),
        ("org", "", "FAULT is missing"),
        ("az", "single_az", "a shipped rule is called az.single_az"),
        ("org", "taken", "there is a rule org.taken already"),
    ],
)
def test_what_cannot_be_a_rule_of_ones_own_is_refused(
    rules: Path, tmp_path: Path, family: str, fault: str, said: str
) -> None:
    (tmp_path / "pack" / "org" / "taken").mkdir(parents=True)

    with pytest.raises(new_rule.NewRuleError, match=said):
        new_rule.begin_own(tmp_path / "pack", rules, family, fault)


@pytest.mark.parametrize(
    ("family", "fault", "said"),
    [
        ("", "", "FAMILY is missing: one of az, nat"),
        ("zones", "single", "no family 'zones'; there are az, nat"),
        ("az", "", "FAULT is missing"),
        ("az", "Single-AZ", "lower case words joined by _"),
        ("az", "single__az", "lower case words joined by _"),
        ("az", "../../evil", "lower case words joined by _"),
        ("az", "2_zones", "lower case words joined by _"),
        ("az", "z" * 61, "at most 60 characters"),
        ("az", "default", "a word of Rego itself"),
        ("az", "single_test", "would be taken for a test"),
        ("az", "single_az", "there is a rule az.single_az already"),
    ],
)
def test_what_cannot_be_a_rule_is_refused_and_nothing_written(
    rules: Path, family: str, fault: str, said: str
) -> None:
    before = sorted(rules.rglob("*"))

    with pytest.raises(new_rule.NewRuleError, match=said.replace(".", r"\.")):
        new_rule.begin(rules, family, fault)

    assert sorted(rules.rglob("*")) == before


def test_the_command_says_why_and_ends_with_2(policies: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = new_rule.main(["az", "single_az", "--policies", str(policies)])

    assert code == 2
    assert capsys.readouterr().err.startswith("new rule: there is a rule az.single_az already")
