"""Rules are found by walking packages: nothing lists them, so nothing but these tests would miss one."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

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
#   severity: low
#   advice: Repair it.
#   remediation: none
package vpcguard.rules.nat.two_opinions

import data.vpcguard.lib.result

metadata := result.metadata(rego.metadata.chain())

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


def _ask(policies: Path, path: str) -> tuple[Any, str]:
    """Return what OPA answers for a document, None where it is undefined, and what it complains about."""
    command = [str(OPA), "eval", "--bundle", str(policies), "--stdin-input", "--format", "json"]
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


def test_every_folder_of_a_rule_is_in_the_decision() -> None:
    """A package that lacks all of its names is seen by nobody but the file system."""
    folders = {
        f"{path.parent.parent.name}.{path.parent.name}"
        for path in POLICIES.glob("vpcguard/rules/*/*/*.rego")
        if not path.name.endswith("_test.rego")
    }

    decision, _ = _ask(POLICIES, "data.vpcguard.decision")

    assert {rule["id"] for rule in decision["rules"]} == folders


def test_half_a_rule_is_missing_from_the_decision_but_not_from_this_check(tmp_path: Path) -> None:
    """The entrypoint cannot see a package without metadata and applies."""
    policies = _with_rule(tmp_path, "half_a_rule", HALF_A_RULE)

    decision, _ = _ask(policies, "data.vpcguard.decision")

    assert "nat.half_a_rule" not in {rule["id"] for rule in decision["rules"]}


def test_a_rule_that_lacks_one_name_leaves_no_decision(tmp_path: Path) -> None:
    """Callers take an undefined decision for an error."""
    text = TWO_OPINIONS.replace("two_opinions", "half_a_rule").replace("unknown contains {} if false\n", "")
    policies = _with_rule(tmp_path, "half_a_rule", text)

    assert _ask(policies, "data.vpcguard.decision") == (None, "")
    assert _ask(policies, "data.vpcguard.incomplete_rules") == ([["nat", "half_a_rule"]], "")


def test_two_violations_of_one_rule_by_one_function_are_an_error(tmp_path: Path) -> None:
    """A finding is one per function and rule; choosing one of two would hide the other."""
    decision, errors = _ask(_with_rule(tmp_path, "two_opinions", TWO_OPINIONS), "data.vpcguard.decision")

    assert decision is None
    assert errors == "object keys must be unique"
