"""Rules are found by walking packages: nothing lists them, so nothing but these tests would miss one."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from vpcguard.errors import ConfigurationError
from vpcguard.policy.bundle import build_bundle

ROOT = Path(__file__).parents[2]
OPA = ROOT / ".tools" / "bin" / "opa"
POLICIES = ROOT / "policies"
SCHEMA = json.loads((POLICIES / "schemas" / "input.json").read_text("utf-8"))

HALF_A_RULE = """package vpcguard.rules.nat.half_a_rule

deny contains {"function": "orders"} if input.functions
"""
TWO_OPINIONS = """# METADATA
# title: Something is wrong
# description: It matters.
# related_resources:
#   - ref: https://docs.aws.amazon.com/
# custom:
#   doubt: Not known whether something is wrong
#   severity: low
#   advice: Repair it.
#   remediation: none
#   statement: []
package vpcguard.rules.nat.two_opinions

import data.vpcguard.lib.result

applies := {"orders"}

deny contains result.violation("orders", {"message": text, "evidence": {}}) if some text in {"one", "other"}

unknown contains {} if false
"""


def _input() -> dict[str, Any]:
    """Return the facts of an account with one function outside any VPC."""
    document: dict[str, Any] = {name: [] for name in SCHEMA["required"]}
    document |= {"schema_version": 1, "evaluated_at": "2026-11-20T12:00:00.000000Z", "config": {"version": 1}}
    document["account"] = {"id": "111122223333", "region": "eu-west-1", "partition": "aws", "tags": []}
    function = SCHEMA["properties"]["functions"]["items"]
    kinds = {"array": [], "string": "orders", "boolean": False}
    document["functions"] = [
        {name: kinds[function["properties"][name]["type"]] for name in function["required"]}
    ]
    return document


def _ask(policies: Path, path: str, folder: Path) -> tuple[Any, str]:
    """Return what OPA answers for a document, None where it is undefined, and what it complains about."""
    bundle = folder / "bundle.tar.gz"
    build_bundle(policies, bundle)
    command = [str(OPA), "eval", "--bundle", str(bundle), "--stdin-input", "--format", "json"]
    asked = [*command, "--strict-builtin-errors", path]
    done = subprocess.run(
        asked, input=json.dumps(_input()), capture_output=True, text=True, check=False, timeout=60
    )
    answer = json.loads(done.stdout)
    errors = " ".join(error["message"] for error in answer.get("errors", []))
    result = answer.get("result")
    return (result[0]["expressions"][0]["value"] if result else None), errors


def _with_rule(folder: Path, name: str, text: str) -> Path:
    """Return a copy of the policies that holds one more rule."""
    copy = folder / "policies"
    shutil.copytree(POLICIES, copy, ignore=shutil.ignore_patterns("*_test.rego"))
    rule = copy / "vpcguard" / "rules" / "nat" / name / f"{name}.rego"
    rule.parent.mkdir(parents=True)
    rule.write_text(text, "utf-8")
    return copy


def test_every_folder_of_a_rule_is_in_the_decision(tmp_path: Path) -> None:
    """A rule that nobody asks is seen by nobody but the file system."""
    folders = {
        f"{path.parent.parent.name}.{path.parent.name}"
        for path in POLICIES.glob("vpcguard/rules/*/*/*.rego")
        if not path.name.endswith("_test.rego")
    }

    decision, _ = _ask(POLICIES, "data.vpcguard.decision", tmp_path)

    assert {rule["id"] for rule in decision["rules"]} == folders


def test_a_rule_without_metadata_makes_no_bundle(tmp_path: Path) -> None:
    """The entrypoint asks the rules that describe themselves: the others would vanish from the decision."""
    policies = _with_rule(tmp_path, "half_a_rule", HALF_A_RULE)

    with pytest.raises(ConfigurationError, match=r"half_a_rule\.rego does not describe itself"):
        build_bundle(policies, tmp_path / "bundle.tar.gz")


def test_a_rule_that_lacks_deny_leaves_no_decision(tmp_path: Path) -> None:
    """Callers take an undefined decision for an error."""
    text = TWO_OPINIONS.replace("two_opinions", "half_a_rule").replace("deny contains", "_deny contains")
    policies = _with_rule(tmp_path, "half_a_rule", text)

    assert _ask(policies, "data.vpcguard.decision", tmp_path) == (None, "")
    assert _ask(policies, "data.vpcguard.incomplete_rules", tmp_path) == (["nat.half_a_rule"], "")


def test_a_rule_that_says_two_things_of_a_function_is_in_doubt_about_it_alone(tmp_path: Path) -> None:
    """Choosing one of two would hide the other; an error would take every other rule along."""
    policies = _with_rule(tmp_path, "two_opinions", TWO_OPINIONS)

    decision, errors = _ask(policies, "data.vpcguard.decision", tmp_path)

    assert errors == ""
    (rule,) = [one for one in decision["rules"] if one["id"] == "nat.two_opinions"]
    assert (rule["violations"], len(rule["unknowns"])) == ([], 1)
    assert "says two things at once" in rule["unknowns"][0]["message"]
    assert len(decision["rules"]) > 20
