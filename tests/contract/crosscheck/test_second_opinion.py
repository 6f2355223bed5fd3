"""Two implementations of the egress path agree on generated networks, and blind spots only ever add doubt."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contract.crosscheck.documents import make_case
from tests.contract.crosscheck.opinions import Opinion, disagreement, first_opinion, second_ways
from tests.contract.crosscheck.ways import Way
from vpcguard.policy.deciding import Policy

DOCUMENTS = range(40)  # of 20 networks each, once seen whole and once with blind spots
CAUSES = {
    "public_subnet",
    "no_default_route",
    "blackhole",
    "nat_unavailable",
    "nat_private",
    "nat_without_internet_gateway",
    "internet_gateway_detached",
    "peering",
    "nat_instance_unusable",
    "block_public_access",
}


@pytest.fixture(scope="session")
def whole(path_policy: Policy) -> dict[int, dict[str, Opinion]]:
    return _first_opinions(path_policy, blind=False)


@pytest.fixture(scope="session")
def blind(path_policy: Policy) -> dict[int, dict[str, Opinion]]:
    return _first_opinions(path_policy, blind=True)


def _first_opinions(policy: Policy, *, blind: bool) -> dict[int, dict[str, Opinion]]:
    with ThreadPoolExecutor(2) as pool:
        answers = pool.map(lambda number: first_opinion(policy, make_case(number, blind=blind)), DOCUMENTS)
        return dict(zip(DOCUMENTS, answers, strict=True))


def _disagreements(opinions: dict[int, dict[str, Opinion]], *, blind: bool) -> list[str]:
    """Return every disagreement with the document and the function that show it."""
    return [
        f"document {number}, {name}: {difference}"
        for number in DOCUMENTS
        for name, ways in second_ways(make_case(number, blind=blind))
        for difference in [disagreement(ways, opinions[number][name])]
        if difference is not None
    ]


def test_both_agree_on_networks_that_were_seen_whole(whole: dict[int, dict[str, Opinion]]) -> None:
    assert _disagreements(whole, blind=False) == []


def test_both_agree_on_networks_with_blind_spots(blind: dict[int, dict[str, Opinion]]) -> None:
    """Reads refused, in part or never made, for our own account and for owners of shared VPCs."""
    assert _disagreements(blind, blind=True) == []


def test_blind_spots_only_ever_add_doubt(
    whole: dict[int, dict[str, Opinion]], blind: dict[int, dict[str, Opinion]]
) -> None:
    """What the whole truth forbids is never said with less of it."""
    flipped = [
        f"document {number}, {name}, {rule}: {before} became {after}"
        for number, opinions in blind.items()
        for name, opinion in opinions.items()
        for rule in ("no_egress", "mixed")
        for before, after in [(getattr(whole[number][name], rule), getattr(opinion, rule))]
        if after not in (before, "unknown")
    ]

    assert flipped == []


def test_every_state_and_cause_is_met_often() -> None:
    """A generator that made one of them no more would let both opinions agree on nothing."""
    met: Counter[str] = Counter()
    for number in DOCUMENTS:
        for _, ways in second_ways(make_case(number)):
            met.update(_label(way) for way in ways.values())

    assert {label for label, count in met.items() if count >= 10} >= {"works", "unknown", *CAUSES}
    assert met.total() > 4000


def _label(way: Way) -> str:
    return min(way.causes) if way.state == "none" else way.state
