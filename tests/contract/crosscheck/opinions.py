"""What the second opinion and the policies say of every function of a document, in the same words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.contract.crosscheck.documents import Case
from tests.contract.crosscheck.judgements import (
    CROSS_AZ,
    MIXED,
    NO_EGRESS,
    RULES,
    SINGLE_AZ,
    Judgement,
    judge,
    severity_of,
)
from tests.contract.crosscheck.world import World, trusted_targets
from tests.contract.expectations import verdicts
from vpcguard.facts import build_facts
from vpcguard.policy.configuration import load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.snapshot import parse_snapshot

Json = dict[str, Any]
_OF_UNKNOWN = {None, "explicit_proxy", "internet_firewall"}
_SEVERITIES = {MIXED: "high", CROSS_AZ: "medium", SINGLE_AZ: "high"}


@dataclass(frozen=True)
class Opinion:
    """Verdicts by rule about one function; of violations the severity, and each subnet's state and cause."""

    verdicts: dict[str, str]
    severities: dict[str, str]
    subnets: dict[str, tuple[str, str | None]] = field(default_factory=dict)


def first_opinion(policy: Policy, case: Case) -> dict[str, Opinion]:
    """Return what the policies say, asked as everybody asks them."""
    facts = build_facts(parse_snapshot(case.snapshot))
    decision = policy.decide(facts, load_configuration(case.configuration))
    names = [function["name"] for function in facts["functions"]]
    by_rule = {rule: verdicts(decision, rule, names) for rule in RULES}
    return {name: _opinion({rule: by_rule[rule][name] for rule in RULES}) for name in names}


def _opinion(found: dict[str, Json]) -> Opinion:
    violated = {rule: one for rule, one in found.items() if one["verdict"] == "violation"}
    paths = [one for rule in (NO_EGRESS, MIXED) if rule in violated for one in _subnets(violated[rule])]
    return Opinion(
        {rule: one["verdict"] for rule, one in found.items()},
        {rule: one["severity"] for rule, one in violated.items()},
        {one["subnet_id"]: (one["state"], one["cause"]) for one in paths},
    )


def _subnets(violated: Json) -> list[Json]:
    shown: list[Json] = violated["evidence"]["subnets"]
    return shown


def second_opinion(case: Case) -> Iterator[tuple[str, Judgement]]:
    """Give each function with what the rules must say of it."""
    world = World(case.snapshot, trusted_targets(case.configuration, case.snapshot["captured_at"]))
    for function in case.snapshot["answers"]["lambda:ListFunctions"]["Functions"]:
        yield function["FunctionName"], judge(world, function, is_declared=case.is_declared)


def disagreement(expected: Judgement, opinion: Opinion, *, is_declared: bool) -> str | None:
    """Return what two opinions of one function differ in, None where they agree."""
    for subnet_id, (state, cause) in opinion.subnets.items():
        way = expected.ways[subnet_id]
        named = way.causes if state == "none" else _OF_UNKNOWN if state == "unknown" else {None}
        if state != way.state or cause not in named:
            return f"{subnet_id}: {way}, but {state} {cause}"
    for rule, verdict in opinion.verdicts.items():
        is_doubt = verdict == "unknown" and rule in expected.may_doubt
        if verdict != expected.verdicts[rule] and not is_doubt:
            return f"{rule}: {expected.verdicts[rule]} by {expected.ways}, but {verdict}"
    causes = [cause for _, cause in opinion.subnets.values() if cause is not None]
    severities = {NO_EGRESS: severity_of(causes, is_declared=is_declared), **_SEVERITIES}
    for rule, severity in opinion.severities.items():
        if severity != severities[rule]:
            return f"{rule}: {severities[rule]} for {sorted(causes)}, but {severity}"
    return None
