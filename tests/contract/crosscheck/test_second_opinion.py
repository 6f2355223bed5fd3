"""Two implementations of the egress path agree on generated networks, and blind spots only ever add doubt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contract.crosscheck.documents import Case, make_case
from tests.contract.crosscheck.judgements import RULES
from tests.contract.crosscheck.opinions import Opinion, disagreement, first_opinion, second_opinion
from tests.contract.crosscheck.trips import Trip
from tests.contract.crosscheck.world import World
from vpcguard.policy.deciding import Policy

DOCUMENTS = range(40)  # of 20 networks each, once seen whole and once with blind spots
# what a subnet leads to at first, and what becomes of it: each often enough to disagree about
WAYS = {
    ("nothing", "no_default_route"),
    ("nothing", "unknown"),  # a proxy
    ("nothing", "works"),  # one that is trusted
    ("igw", "public_subnet"),
    ("igw", "works"),  # an address of Lambda's interface, or a firewall of the gateway's own
    ("igw", "unknown"),
    ("igw", "block_public_access"),
    ("igw", "blackhole"),
    ("nat", "works"),
    ("nat", "unknown"),
    ("nat", "nat_unavailable"),
    ("nat", "nat_private"),
    ("nat", "nat_without_internet_gateway"),
    ("nat", "internet_gateway_detached"),
    ("nat", "block_public_access"),
    ("nat", "transit_gateway_zone"),
    ("nat", "peering"),
    ("nat", "blackhole"),
    ("eni", "works"),
    ("eni", "unknown"),
    ("eni", "nat_instance_unusable"),
    ("eni", "block_public_access"),
    ("vpce", "works"),
    ("vpce", "unknown"),
    ("vpce", "public_subnet"),
    ("tgw", "works"),
    ("tgw", "unknown"),
    ("tgw", "transit_gateway_zone"),
    ("vgw", "works"),
    ("vgw", "unknown"),
    ("pcx", "peering"),
}
VERDICTS = ("violation", "unknown", "pass")


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
        for case in [make_case(number, blind=blind)]
        for name, expected in second_opinion(case)
        for difference in [disagreement(expected, opinions[number][name], is_declared=case.is_declared)]
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
        for rule, after in opinion.verdicts.items()
        for before in [whole[number][name].verdicts[rule]]
        if after not in (before, "unknown")
    ]

    assert flipped == []


def test_every_kind_of_way_is_met_often() -> None:
    """A generator that made one of them no more would let both opinions agree on nothing."""
    met: Counter[tuple[str, str]] = Counter()
    for number in DOCUMENTS:
        met.update(_kinds_of_ways(make_case(number, blind=False)))

    assert {one for one in WAYS if met[one] < 5} == set()
    assert met.total() > 4000


def test_every_verdict_is_met_often() -> None:
    met: Counter[tuple[str, str]] = Counter()
    for number in DOCUMENTS:
        for _, judgement in second_opinion(make_case(number, blind=False)):
            met.update(judgement.verdicts.items())

    assert {(rule, verdict) for rule in RULES for verdict in VERDICTS if met[rule, verdict] < 10} == set()


def _kinds_of_ways(case: Case) -> Iterator[tuple[str, str]]:
    """Give what the subnets of functions lead to at first, each with what becomes of it."""
    world = World(case.snapshot)
    for _, judgement in second_opinion(case):
        for subnet_id, way in judgement.ways.items():
            subnet = world.find("Subnets", subnet_id, "")
            assert isinstance(subnet, dict)
            possible = list(Trip(world, subnet, 4, groups=frozenset()).first_targets())
            kinds = {target.partition("-")[0] for targets, _ in possible for target in targets}
            if len(kinds) < 2 and all(are_all for _, are_all in possible):
                kind = kinds.pop() if kinds else "nothing"
                for outcome in way.causes or {way.state}:
                    yield kind, outcome
