"""What `vpcguard explain` is told agrees with the decision, for every golden case."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.contract.expectations import verdicts
from tests.contract.make_cases import CASES_FOLDER
from vpcguard.facts import build_facts
from vpcguard.model import Decision
from vpcguard.policy.configuration import Configuration, load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.snapshot import load_snapshot

Json = dict[str, Any]
# a rule that is off is not in the decision's lists either
SHOWN = {"off": "not_applicable"}


def _configuration(case: Path) -> Configuration:
    path = case / "config.yaml"
    return load_configuration(path if path.exists() else None)


def _decided(decision: Decision, name: str) -> dict[str, Json]:
    return {rule.id: verdicts(decision, rule.id, [name])[name] for rule in decision.rules}


def _worded(decision: Decision, name: str) -> dict[str, tuple[str, str]]:
    """Return by rule the title and the advice of what a decision says about a function."""
    found = {}
    for rule in decision.rules:
        for broken in rule.violations:
            if broken.function == name:
                found[rule.id] = (broken.title or rule.title, broken.advice or rule.advice)
        for doubt in rule.unknowns:
            if doubt.function == name:
                found[rule.id] = (rule.doubt, doubt.advice)
    return found


def _told(rule: Json) -> Json:
    """Return a verdict of the explanation in the words of the expectations."""
    verdict = SHOWN.get(rule["verdict"], rule["verdict"])
    if verdict not in ("violation", "unknown"):
        return {"verdict": verdict}
    worded = ("id", "title", "reason", "advice", "verdict")
    kept = {key: value for key, value in rule.items() if key not in worded}
    if verdict == "violation":
        told = ("root_cause", "root_cause_kind", "root_cause_account", "root_cause_name", "basis")
        kept = dict.fromkeys(told) | kept
    else:
        del kept["severity"], kept["stage"]
        kept["is_failed_read"] = bool(kept.pop("failed_reads"))
    return {"verdict": verdict, "message": rule["reason"], **kept}


def _is_bare(rule: Json) -> bool:
    """Whether it says what a rule applies to, and not why that is not the function."""
    return rule["verdict"] == "not_applicable" and ". " not in rule["reason"]


def _named(document: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    subnets = [subnet["subnet_id"] for subnet in document["subnets"]]
    return subnets, [group["security_group_id"] for group in document["security_groups"]]


def _judged(function: Json, situation: str) -> tuple[list[str], list[str]]:
    if situation not in ("attached", "without_subnets"):
        return [], []
    return sorted(function["subnet_ids"]), sorted(function["security_group_ids"])


@pytest.mark.parametrize("case", sorted(CASES_FOLDER.iterdir()), ids=lambda case: case.name)
def test_an_explanation_says_what_the_decision_says(policy: Policy, case: Path) -> None:
    """People repair what the explanation names; the deployment is stopped by the decision.

    A subnet or group that it left out would seem to be in order, and a rule that does not apply without a
    reason would seem to be forgotten.
    """
    facts, configuration = build_facts(load_snapshot(case / "snapshot.json")), _configuration(case)
    decision = policy.decide(facts, configuration)

    for function in facts["functions"]:
        explanation = policy.explain(facts, configuration, function["name"])

        told = {
            rule["id"]: _told({key: value for key, value in rule.items() if key != "because"})
            for rule in explanation.document["rules"]
        }
        worded = {
            rule["id"]: (rule["title"], rule["advice"])
            for rule in explanation.document["rules"]
            if "advice" in rule
        }
        assert worded == _worded(decision, function["name"])
        assert told == _decided(decision, function["name"])
        assert explanation.policy_revision == decision.policy_revision
        assert explanation.config_digest == decision.config_digest
        assert [rule["id"] for rule in explanation.document["rules"] if _is_bare(rule)] == []
        assert _named(explanation.document) == _judged(function, explanation.document["situation"])
