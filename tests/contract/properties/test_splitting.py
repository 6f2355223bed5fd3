"""Into how many questions a document is cut changes nothing: the decision is the same, evidence included."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from benchmarks.estate import facts
from tests.contract.crosscheck.documents import make_case
from vpcguard.facts import build_facts
from vpcguard.model import RuleDecision
from vpcguard.policy.configuration import Configuration, load_configuration
from vpcguard.policy.deciding import Policy, read_rules
from vpcguard.policy.opa import EXPLANATION, Opa
from vpcguard.snapshot import parse_snapshot

Json = dict[str, Any]
Uncut = Callable[[Json, Configuration], tuple[RuleDecision, ...]]


@pytest.fixture(scope="module")
def uncut(patient_opa: str) -> Uncut:
    """Ask with all facts there are, named by something or not."""

    def ask(document: Json, configuration: Configuration) -> tuple[RuleDecision, ...]:
        with closing(Opa(patient_opa, timeout_seconds=120, retries=0)) as opa:
            body = opa.ask({**document, "config": configuration.document})
        return read_rules(body["result"], asked=[one["name"] for one in document["functions"]])

    return ask


@pytest.mark.parametrize("at_most", [1, 10, 250])
def test_an_estate_in_parts(patient_policy: Policy, uncut: Uncut, at_most: int) -> None:
    estate, configuration = facts(functions=60, vpcs=18), load_configuration()

    decision = patient_policy.decide(estate, configuration, at_most=at_most)

    assert decision.rules == uncut(estate, configuration)


@pytest.mark.parametrize("at_most", [1, 7, 250])
@pytest.mark.parametrize("number", range(3))
def test_generated_networks_in_parts(patient_policy: Policy, uncut: Uncut, number: int, at_most: int) -> None:
    """Shared VPCs, blind spots, gateways attached to other VPCs: whatever a part needs goes with it."""
    case = make_case(number)
    networks, configuration = (
        build_facts(parse_snapshot(case.snapshot)),
        load_configuration(case.configuration),
    )

    decision = patient_policy.decide(networks, configuration, at_most=at_most)

    assert decision.rules == uncut(networks, configuration)


def test_an_explanation_rests_on_the_same_facts(patient_policy: Policy, patient_opa: str) -> None:
    case = make_case(0)
    networks = build_facts(parse_snapshot(case.snapshot))
    configuration = load_configuration(case.configuration)
    with closing(Opa(patient_opa, timeout_seconds=120, retries=0)) as opa:
        body = opa.ask({**networks, "config": configuration.document}, EXPLANATION)

    explained = {one["function"]: one for one in body["result"]["functions"]}

    for name in sorted(explained)[::5]:
        assert patient_policy.explain(networks, configuration, name).document == explained[name]
