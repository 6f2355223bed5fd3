"""What the second opinion and the policies say of every function of a document, in the same words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.contract.crosscheck.documents import Case
from tests.contract.crosscheck.second_opinion import way_of
from tests.contract.crosscheck.ways import UNKNOWN, Way
from tests.contract.crosscheck.world import Hidden, World
from tests.contract.expectations import verdicts
from vpcguard.facts import build_facts
from vpcguard.policy.configuration import load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.snapshot import parse_snapshot

Json = dict[str, Any]
NO_EGRESS, MIXED = "nat.no_internet_egress", "nat.mixed_egress"


@dataclass(frozen=True)
class Opinion:
    """Verdicts about one function, and for a violation the state and the cause of every subnet."""

    no_egress: str
    mixed: str
    subnets: dict[str, tuple[str, str | None]] = field(default_factory=dict)


def first_opinion(policy: Policy, case: Case) -> dict[str, Opinion]:
    """Return what the policies say, asked as everybody asks them."""
    facts = build_facts(parse_snapshot(case.snapshot))
    decision = policy.decide(facts, load_configuration(case.configuration))
    names = [function["name"] for function in facts["functions"]]
    without, mixed = verdicts(decision, NO_EGRESS, names), verdicts(decision, MIXED, names)
    return {
        name: Opinion(
            without[name]["verdict"], mixed[name]["verdict"], _shown(without[name]) or _shown(mixed[name])
        )
        for name in names
    }


def _shown(verdict: Json) -> dict[str, tuple[str, str | None]]:
    shown = verdict["evidence"]["subnets"] if verdict["verdict"] == "violation" else []
    return {one["subnet_id"]: (one["state"], one["cause"]) for one in shown}


def second_ways(case: Case) -> Iterator[tuple[str, dict[str, Way]]]:
    """Give each function with the way that packets find from each of its subnets that may exist."""
    world = World(case.snapshot, case.trusted)
    for function in case.snapshot["answers"]["lambda:ListFunctions"]["Functions"]:
        network = function["VpcConfig"]
        found = {one: world.find("Subnets", one, network["VpcId"]) for one in network["SubnetIds"]}
        subnets = {one: subnet for one, subnet in found.items() if subnet is not None}
        allows_ipv6 = network["Ipv6AllowedForDualStack"]
        yield (
            function["FunctionName"],
            {
                one: UNKNOWN
                if isinstance(subnet, Hidden)
                else way_of(world, subnet, siblings=list(subnets.values()), allows_ipv6=allows_ipv6)
                for one, subnet in subnets.items()
            },
        )


def disagreement(ways: dict[str, Way], opinion: Opinion) -> str | None:
    """Return what two opinions of one function differ in, None where they agree."""
    expected = _verdicts([way.state for way in ways.values()])
    if (opinion.no_egress, opinion.mixed) != expected:
        return f"{expected} by {ways}, but {(opinion.no_egress, opinion.mixed)}"
    for subnet_id, (state, cause) in opinion.subnets.items():
        way = ways[subnet_id]
        if state != way.state or (cause not in way.causes if state == "none" else cause is not None):
            return f"{subnet_id}: {way}, but {state} {cause}"
    return None


def _verdicts(states: list[str]) -> tuple[str, str]:
    count = Counter(states)
    if not states:
        return "not_applicable", "not_applicable"
    without = "violation" if count["none"] == len(states) else "unknown"
    mixed = "unknown" if count["unknown"] and len(states) > 1 else "pass"
    return "pass" if count["works"] else without, "violation" if count["works"] and count["none"] else mixed
