"""Into how many questions a document is cut changes nothing: the decision is the same, evidence included."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.estate import facts
from tests.contract.crosscheck.documents import make_case
from vpcguard.facts import build_facts
from vpcguard.policy.configuration import load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.snapshot import parse_snapshot

Json = dict[str, Any]


@pytest.mark.parametrize("at_most", [3, 10])
def test_an_estate_in_parts(patient_policy: Policy, at_most: int) -> None:
    estate, configuration = facts(functions=60, vpcs=18), load_configuration()

    whole = patient_policy.decide(estate, configuration)

    assert patient_policy.decide(estate, configuration, at_most=at_most) == whole


@pytest.mark.parametrize("number", range(3))
def test_generated_networks_in_parts(patient_policy: Policy, number: int) -> None:
    """Shared VPCs, blind spots, gateways attached to other VPCs: whatever a part needs goes with it."""
    case = make_case(number)
    networks, configuration = (
        build_facts(parse_snapshot(case.snapshot)),
        load_configuration(case.configuration),
    )

    whole = patient_policy.decide(networks, configuration)

    assert patient_policy.decide(networks, configuration, at_most=7) == whole
