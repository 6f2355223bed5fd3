"""An absent field that AWS always sends is not known: no verdict is reached by way of its absence.

What AWS's model calls optional and yet always sends is left out by nobody but a proxy, an old library, or a
hand that edits a snapshot; and what AWS sends tomorrow in another place is absent where it was.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from zlib import crc32

import pytest

from tests.contract.crosscheck.documents import make_case
from tests.contract.properties.flips import Json, flips
from tests.contract.properties.golden import Golden, golden_cases
from tests.contract.properties.hiding import without_fields
from tests.contract.properties.merging import ask
from vpcguard.facts import build_facts
from vpcguard.policy.configuration import load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.snapshot import parse_snapshot

TURNS, EACH = 12, 4
NETWORKS, MORE_NETWORKS = range(4), range(4, 40)  # one generated network each
# whose absence is not seen, each with the reason; nothing may be added
NOT_YET = {
    # AWS does not say whether an appliance that is being attached has its endpoint already
    "ec2:DescribeNatGateways NatGateways.AttachedAppliances.VpcEndpointId",
    # answers written by hand name it of associations alone that are not in effect
    "ec2:DescribeRouteTables RouteTables.Associations.AssociationState",
    # recorded answers have subnets without it, none of which has IPv6
    "ec2:DescribeSubnets Subnets.Ipv6CidrBlockAssociationSet",
    # younger than endpoints are: recorded answers without it are of endpoints for IPv4
    "ec2:DescribeVpcEndpoints VpcEndpoints.IpAddressType",
}


class Variant(NamedTuple):
    """A golden case without one field."""

    field: str
    label: str
    snapshot: Json
    case: Golden

    @property
    def place_in_line(self) -> int:
        """A number that says nothing: whose turn it is."""
        return crc32(self.label.encode())


def test_no_verdict_rests_on_an_absent_field(patient_policy: Policy) -> None:
    """Every field, in some of the places where golden cases have it."""
    by_field: dict[str, list[Variant]] = defaultdict(list)
    for variant in _variants_of_golden_cases():
        by_field[variant[0]].append(variant)
    chosen = [
        one for found in by_field.values() for one in sorted(found, key=lambda one: one.place_in_line)[:EACH]
    ]

    assert _flips_of(patient_policy, chosen) == []


@pytest.mark.thorough
@pytest.mark.parametrize("turn", range(TURNS))
def test_no_verdict_rests_on_any_absent_field(patient_policy: Policy, turn: int) -> None:
    """All that the short run leaves out."""
    chosen = [one for one in _variants_of_golden_cases() if one.place_in_line % TURNS == turn]

    assert _flips_of(patient_policy, chosen) == []


@pytest.mark.parametrize("number", NETWORKS)
def test_no_verdict_about_generated_networks_rests_on_an_absent_field(
    patient_policy: Policy, number: int
) -> None:
    """Every kind of target and state: each field once."""
    assert _flips_of_network(patient_policy, number) == []


@pytest.mark.thorough
@pytest.mark.parametrize("number", MORE_NETWORKS)
def test_no_verdict_about_more_networks_rests_on_an_absent_field(patient_policy: Policy, number: int) -> None:
    """All that the short run leaves out."""
    assert _flips_of_network(patient_policy, number) == []


def _variants_of_golden_cases() -> Iterator[Variant]:
    for case in golden_cases():
        for field, place, less in without_fields(case.snapshot):
            if field not in NOT_YET:
                yield Variant(field, f"{case.name}|{place}", less, case)


def _flips_of(policy: Policy, chosen: Iterable[Variant]) -> list[str]:
    by_configuration: dict[str, dict[str, Json]] = defaultdict(dict)
    for variant in chosen:
        case = variant.case
        documents = by_configuration[json.dumps(case.configuration, sort_keys=True)]
        if f"{case.name}|" not in documents:
            documents[f"{case.name}|"] = build_facts(parse_snapshot(case.snapshot))
        documents[variant.label] = build_facts(parse_snapshot(variant.snapshot))
    return [
        flip
        for configuration, documents in by_configuration.items()
        for flip in flips(documents, ask(policy, documents, load_configuration(json.loads(configuration))))
    ]


def _flips_of_network(policy: Policy, number: int) -> list[str]:
    case = make_case(number, blind=False, count=1)
    chosen: dict[str, tuple[str, Json]] = {}
    for field, place, less in without_fields(case.snapshot):
        label = f"network {number}|{place}"
        if field not in NOT_YET and (
            field not in chosen or crc32(label.encode()) < crc32(chosen[field][0].encode())
        ):
            chosen[field] = label, less
    documents = {label: build_facts(parse_snapshot(less)) for label, less in chosen.values()}
    documents[f"network {number}|"] = build_facts(parse_snapshot(case.snapshot))
    configuration = load_configuration(case.configuration)
    return flips(documents, ask(policy, documents, configuration))
