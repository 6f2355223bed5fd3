"""Answers that contradict each other add doubt to what rests on them, and change nothing elsewhere."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from benchmarks.estate import snapshot_document
from tests.contract.crosscheck.documents import make_case
from tests.contract.properties.contradicting import contradicting
from vpcguard.facts import build_facts
from vpcguard.model import Decision
from vpcguard.policy.configuration import load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.snapshot import parse_snapshot

Json = dict[str, Any]
Verdicts = dict[tuple[str, str], tuple[str, object]]


def _networks() -> list[Json]:
    return [snapshot_document(functions=60, vpcs=18), *(make_case(number).snapshot for number in range(3))]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("number", range(4))
def test_contradictions_only_add_doubt(patient_policy: Policy, number: int, seed: int) -> None:
    snapshot, random = _networks()[number], Random(f"{number} {seed}")  # noqa: S311  no secret
    of_function = {
        one["FunctionName"]: one["VpcConfig"]["VpcId"]
        for one in snapshot["answers"]["lambda:ListFunctions"]["Functions"]
        if "VpcConfig" in one
    }
    vpc_ids = sorted(set(of_function.values()))
    torn = set(random.sample(vpc_ids, len(vpc_ids) // 2))

    contradictory = contradicting(snapshot, random, torn)
    before = _verdicts(_decide(patient_policy, snapshot))
    after = _verdicts(_decide(patient_policy, contradictory))

    for key in after.keys() - before.keys():
        before[key] = (
            "pass",
            None,
        )  # what does not apply is no fault either: a zone told twice may be another
    changed = {key: (before[key], said) for key, said in after.items() if said != before[key]}
    assert {of_function[name] for _, name in changed} <= torn
    doubts = {"unknown", "silent"}  # silent where a State left out on purpose would matter now
    flipped = {key: said for key, said in changed.items() if said[1][0] not in {said[0][0], *doubts}}
    assert flipped == {}
    assert changed
    for name in sorted({name for _, name in changed})[:3]:
        patient_policy.explain(build_facts(parse_snapshot(contradictory)), load_configuration(), name)


def _decide(policy: Policy, snapshot: Json) -> Decision:
    return policy.decide(build_facts(parse_snapshot(snapshot)), load_configuration())


def _verdicts(decision: Decision) -> Verdicts:
    found: Verdicts = {}
    for rule in decision.rules:
        found |= {(rule.id, name): ("pass", None) for name in rule.applies}
        found |= {(rule.id, name): ("silent", None) for name in rule.silent}
        found |= {(rule.id, one.function): ("violation", one) for one in rule.violations}
        found |= {(rule.id, one.function): ("unknown", one) for one in rule.unknowns}
    return found
