"""Where everything was read, nothing waits for a read: only opaque targets leave a doubt."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from benchmarks.estate import facts
from tests.contract.builder import working
from tests.contract.properties.golden import INCOMPLETE, Golden, golden_cases
from tests.contract.properties.merging import ask
from vpcguard.facts import build_facts
from vpcguard.policy.configuration import load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.snapshot import parse_snapshot

Json = dict[str, Any]


def test_a_fully_known_estate_leaves_no_doubt_but_what_no_read_settles(patient_policy: Policy) -> None:
    """One of nine networks leads to a transit gateway; some roles hold a key beside what it encrypts."""
    decision = patient_policy.decide(facts(functions=90, vpcs=9), load_configuration())

    doubts = {(one.waits_for, one.is_failed_read) for rule in decision.rules for one in rule.unknowns}

    assert {name for names, _ in doubts for name in names} == {"kms", "tgw-central"}
    assert {is_failed_read for _, is_failed_read in doubts} == {False}


def test_a_golden_case_that_was_wholly_read_waits_for_no_read(patient_policy: Policy) -> None:
    """What is unknown in it waits for the targets of routes and for owners out of reach."""
    by_configuration: dict[str, dict[str, Json]] = defaultdict(dict)
    for case in golden_cases():
        if _is_wholly_read(case):
            facts = build_facts(parse_snapshot(case.snapshot))
            by_configuration[json.dumps(case.configuration, sort_keys=True)][case.name] = facts

    waiting = {
        name
        for configuration, documents in by_configuration.items()
        for name, verdicts in ask(
            patient_policy, documents, load_configuration(json.loads(configuration))
        ).items()
        if any(verdict.get("is_failed_read") for verdict in verdicts.values())
    }

    assert waiting <= INCOMPLETE
    assert sum(len(documents) for documents in by_configuration.values()) > 100


def _is_wholly_read(case: Golden) -> bool:
    today = working().snapshot()
    everything = set(today["answers"])
    network = {operation for operation in everything if operation.startswith("ec2:")}
    owners = case.snapshot["owners"].values()
    return (
        case.snapshot.get("reader") == today.get("reader")  # else older fields alone were read
        and everything <= case.snapshot["answers"].keys()
        and all(network <= owner["answers"].keys() for owner in owners)
        and not any(one["failures"] for one in (case.snapshot, *owners))
    )
