"""Hiding any one fact never turns a violation into a pass, nor anything into what the whole truth forbids."""

from __future__ import annotations

import json
from collections import defaultdict
from zlib import crc32

import pytest

from benchmarks.estate import snapshot_document
from tests.contract.crosscheck.documents import make_case
from tests.contract.properties.flips import Json, flips, variants
from tests.contract.properties.golden import golden_cases
from tests.contract.properties.hiding import hidden
from tests.contract.properties.merging import ask, verdicts_of
from vpcguard.facts import build_facts
from vpcguard.policy.configuration import load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.snapshot import parse_snapshot

TURNS = 12  # each way of hiding one fact of one case has its turn; every turn has all kinds of them
REST = range(1, TURNS)
NETWORKS, MORE_NETWORKS = range(6), range(6, 100)  # documents of generated networks
# what may say more once it is hidden, each with its reason
EXPECTED = {
    # the case has what AWS has not: a blocked subnet in an account that blocks nothing
    "block_public_access_of_the_subnet|ec2:DescribeSubnets",
    # the VPC went between two reads: what answered about it before says that it is there
    "vpc_in_no_answer_but_its_attributes|ec2:DescribeVpcs",
    # as files from before these reads: Amazon's resolver, the default, is no doubt, a zone is told by its id,
    # and a permission to send is for the code
    "service_by_an_endpoint_with_name_servers_of_ones_own|ec2:DescribeDhcpOptions not requested",
    "service_by_an_endpoint_with_name_servers_of_ones_own|ec2:DescribeVpcs not requested",
    "zone_that_is_a_local_one|ec2:DescribeAvailabilityZones not requested",
    "zone_that_is_constrained|ec2:DescribeAvailabilityZones not requested",
    "asynchronous_invocations_go_to_a_topic|lambda:GetFunctionEventInvokeConfig unread",
}


def test_hiding_a_fact_of_a_golden_case_only_adds_doubt(patient_policy: Policy) -> None:
    """Refused, unread, in part or left out: every operation of every case, owners' included."""
    assert _flips_of_golden_cases(patient_policy, turn=0) == []


@pytest.mark.thorough
@pytest.mark.parametrize("turn", REST)
def test_hiding_any_fact_of_a_golden_case_only_adds_doubt(patient_policy: Policy, turn: int) -> None:
    """All that the short run leaves out."""
    assert _flips_of_golden_cases(patient_policy, turn=turn) == []


def test_hiding_a_fact_of_a_generated_estate_only_adds_doubt(patient_policy: Policy) -> None:
    """Nine kinds of networks side by side, with roles, tags, endpoints, groups and ACLs."""
    estate = snapshot_document(functions=27, vpcs=9)
    few = (
        (how, less) for how, less in hidden(estate) if how.endswith(("refused", "in part")) or _turn(how) == 0
    )

    documents = {"estate|": build_facts(parse_snapshot(estate)), **variants("estate", few)}

    assert flips(documents, ask(patient_policy, documents, load_configuration())) == []


@pytest.mark.parametrize("number", NETWORKS)
def test_blind_spots_of_generated_networks_only_add_doubt(patient_policy: Policy, number: int) -> None:
    """Twenty VPCs in any state, shared ones too, with several reads of several accounts hidden at once."""
    assert _flips_of_networks(patient_policy, number) == []


@pytest.mark.thorough
@pytest.mark.parametrize("number", MORE_NETWORKS)
def test_blind_spots_of_more_networks_only_add_doubt(patient_policy: Policy, number: int) -> None:
    """All that the short run leaves out."""
    assert _flips_of_networks(patient_policy, number) == []


def _flips_of_networks(policy: Policy, number: int) -> list[str]:
    cases = {"whole|": make_case(number, blind=False), "whole|blind": make_case(number)}
    # declared or not: isolation by design is judged only where nothing is
    intent = {"intent": {"egress": "internet" if number % 2 else "undeclared"}}
    configuration = load_configuration({**cases["whole|"].configuration, **intent})
    documents = {label: build_facts(parse_snapshot(case.snapshot)) for label, case in cases.items()}
    return flips(
        documents,
        {
            label: verdicts_of(policy.decide(facts, configuration), facts)
            for label, facts in documents.items()
        },
    )


def _flips_of_golden_cases(policy: Policy, *, turn: int) -> list[str]:
    by_configuration: dict[str, dict[str, Json]] = defaultdict(dict)
    for case in golden_cases():
        documents = by_configuration[json.dumps(case.configuration, sort_keys=True)]
        documents[f"{case.name}|"] = build_facts(parse_snapshot(case.snapshot))
        chosen = (
            (how, less) for how, less in hidden(case.snapshot) if _turn(f"{case.name}|{how}") % TURNS == turn
        )
        documents |= variants(case.name, chosen)
    return [
        flip
        for configuration, documents in by_configuration.items()
        for flip in flips(
            documents,
            ask(policy, documents, load_configuration(json.loads(configuration))),
            expected=EXPECTED,
        )
    ]


def _turn(label: str) -> int:
    return crc32(label.encode()) % TURNS**2
