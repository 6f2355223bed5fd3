"""The repair of its root cause alone ends a finding, and where none is named no single repair does."""

from __future__ import annotations

import copy
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from benchmarks.estate import facts as estate_facts
from tests.contract.crosscheck.documents import make_case
from tests.contract.messages import scenarios
from tests.contract.properties.golden import golden_cases
from tests.contract.properties.merging import Verdicts, ask
from tests.contract.properties.repairing import REPAIRS, candidates
from tests.contract.properties.repairing_ways import MADE
from vpcguard.facts import build_facts
from vpcguard.policy.configuration import load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.snapshot import parse_snapshot

Json = dict[str, Any]
Documents = dict[str, dict[str, Json]]  # configuration as JSON -> label -> facts

SHIPPED = json.dumps({"version": 1})
ALONE = 2  # functions tried for each cause in a document: those of a cohort differ in nothing
# Faults that nobody sees before there is a way out, an attachment or a subnet: the repair shows what was
# there before.
_BEHIND_A_WAY = {
    "nat.cross_az",
    "az.missing_az",
    "az.single_usable_az",
    "config.network_acl_blocks_https",
    "endpoints.gateway_route_missing",
}
_BESIDE = {"nat.mixed_egress", *_BEHIND_A_WAY}  # a subnet that is isolated by design stays so
_EVERYTHING = {"az.single_az", "nat.no_internet_egress", "endpoints.service_unreachable", *_BESIDE}
SHOWN = {
    "nat.no_internet_egress": _BESIDE,
    "nat.mixed_egress": _BEHIND_A_WAY,
    "nat.cross_az": {
        "nat.no_internet_egress"
    },  # a regional gateway stands where its clients do: Block Public Access
    "endpoints.service_unreachable": _BESIDE,
    "endpoints.private_dns_off": _BESIDE,
    "ip.insufficient_addresses": {"az.single_usable_az"},  # where no zone could be used at all
    "ip.low_headroom": {"az.single_usable_az"},
    "config.missing_subnet": _EVERYTHING,
    "config.missing_security_group": _EVERYTHING,
    "config.idle_on_broken_network": _EVERYTHING,
    "config.dual_stack_mismatch": {"config.security_groups_block_egress", *_BESIDE},
}


@dataclass(frozen=True)
class Trial:
    """One resource repaired in a document, for one function that a rule finds a fault in."""

    label: str
    rule_id: str
    function: str
    kind: str
    identity: str


def _documents(sources: Iterable[tuple[str, str, Json]]) -> Documents:
    documents: Documents = defaultdict(dict)
    for configuration, label, facts in sources:
        documents[configuration][label] = facts
    return documents


def _golden() -> Iterator[tuple[str, str, Json]]:
    for case in golden_cases():
        configuration = json.dumps(case.configuration, sort_keys=True)
        yield configuration, case.name, build_facts(parse_snapshot(case.snapshot))


def _messages(counts: Iterable[int]) -> Iterator[tuple[str, str, Json]]:
    for rule_id, name, make in scenarios():
        for count in counts:
            snapshot = parse_snapshot(make(count).snapshot())
            yield SHIPPED, f"{rule_id} {name} {count}", build_facts(snapshot)


def _networks(numbers: Iterable[int]) -> Iterator[tuple[str, str, Json]]:
    """Give generated networks, with functions that leave room for the repair of one resource.

    Nobody blocks public access, which hides behind every other fault; no function stands in the subnet of a
    NAT gateway, which has to be public.
    """
    for number in numbers:
        case = make_case(number, blind=False, count=1)
        facts = build_facts(parse_snapshot(case.snapshot))
        for one in (*facts["subnets"], *facts["block_public_access"]):
            one["internet_gateway_block_mode"] = "off"
        taken = {one.get("subnet_id") for one in facts["nat_gateways"]}
        facts["functions"] = [one for one in facts["functions"] if not taken & {*one["subnet_ids"]}]
        yield json.dumps(case.configuration, sort_keys=True), f"network {number}", facts


def _estate() -> Iterator[tuple[str, str, Json]]:
    """Give the generated account of the benchmarks, a function of every kind in every kind of network."""
    facts = estate_facts(functions=150, vpcs=9)
    for function in facts["functions"]:
        if "vpc_id" in function:
            yield SHIPPED, function["name"], _of(facts, function)


def _of(facts: Json, function: Json) -> Json:
    """Return the facts about one function and its VPC."""
    others = {one["id"] for one in facts["vpcs"]} - {function["vpc_id"]}
    kept = {
        kind: [one for one in value if not others & {one.get("vpc_id"), one.get("id")}]
        if isinstance(value, list)
        else value
        for kind, value in facts.items()
    }
    kept["functions"] = [function]
    kept["roles"] = [one for one in facts["roles"] if function["role_name"] in one["names"]]
    kept["coverage"] = [one for one in facts["coverage"] if one.get("subject") not in others]
    for kind in ("internet_gateways", "egress_only_internet_gateways"):
        kept[kind] = [one for one in facts[kind] if not others & {at["vpc_id"] for at in one["attachments"]}]
    return kept


def _judged(policy: Policy, documents: Documents) -> dict[str, Verdicts]:
    return {
        label: verdicts
        for configuration, of_one in documents.items()
        for label, verdicts in ask(policy, of_one, load_configuration(json.loads(configuration))).items()
    }


def _tried(
    policy: Policy, documents: Documents, found: dict[str, Verdicts], trials: Iterable[Trial]
) -> Iterator[tuple[Trial, Verdicts, Json]]:
    """Give each trial with the verdicts about its function once the resource is repaired, and those facts."""
    configuration_of = {label: one for one, labels in documents.items() for label in labels}
    repaired: Documents = defaultdict(dict)
    kept: dict[str, Trial] = {}
    for number, trial in enumerate(trials):
        configuration = configuration_of[trial.label]
        facts = copy.deepcopy(documents[configuration][trial.label])
        facts["functions"] = [one for one in facts["functions"] if one["name"] == trial.function]
        evidence = found[trial.label][trial.function, trial.rule_id]["evidence"]
        repair = REPAIRS[trial.rule_id][trial.kind]
        repair(facts, trial.identity, {**facts["functions"][0], "evidence": evidence})
        repaired[configuration][f"{number}"] = facts
        kept[f"{number}"] = trial
    for label, verdicts in _judged(policy, repaired).items():
        yield kept[label], verdicts, repaired[configuration_of[kept[label].label]][label]


def _violations(found: dict[str, Verdicts]) -> Iterator[tuple[str, str, str, Json]]:
    for label, verdicts in found.items():
        for (function, rule_id), verdict in verdicts.items():
            if verdict["verdict"] == "violation" and rule_id in REPAIRS:
                yield label, function, rule_id, verdict


def _of_causes(found: dict[str, Verdicts]) -> Iterator[Trial]:
    """Give a trial for each cause that is named, about some of the functions it is named for."""
    seen: Counter[tuple[str, str, str]] = Counter()
    for label, function, rule_id, verdict in _violations(found):
        cause = verdict["root_cause"]
        if cause is not None:
            seen[label, rule_id, cause] += 1
            if seen[label, rule_id, cause] <= ALONE:
                yield Trial(label, rule_id, function, verdict["root_cause_kind"], cause)


def _of_others(documents: Documents, found: dict[str, Verdicts]) -> Iterator[Trial]:
    """Give a trial for every resource that might be the cause where none is named."""
    facts_of = {label: facts for labels in documents.values() for label, facts in labels.items()}
    seen: Counter[tuple[str, str]] = Counter()
    for label, function, rule_id, verdict in _violations(found):
        seen[label, rule_id] += verdict["root_cause"] is None
        if verdict["root_cause"] is None and seen[label, rule_id] <= ALONE:
            (named,) = [one for one in facts_of[label]["functions"] if one["name"] == function]
            for kind, identity in dict.fromkeys(candidates(facts_of[label], named)):
                if kind in REPAIRS[rule_id]:
                    yield Trial(label, rule_id, function, kind, identity)


def _begun(before: Verdicts, after: Verdicts) -> set[str]:
    """Return the rules that find a fault after a repair and did not before it."""
    return {
        rule_id
        for (function, rule_id), verdict in after.items()
        if verdict["verdict"] == "violation" != before[function, rule_id]["verdict"]
    }


def _wrong(policy: Policy, documents: Documents) -> tuple[list[str], Counter[tuple[str, str]]]:
    """Return what is wrong (causes whose repair does not help or does harm, causes not named), and counts."""
    found = _judged(policy, documents)
    wrong: list[str] = []
    counts: Counter[tuple[str, str]] = Counter()
    for trial, after, _ in _tried(policy, documents, found, _of_causes(found)):
        counts["named", trial.rule_id] += 1
        if after[trial.function, trial.rule_id]["verdict"] == "violation":
            wrong.append(f"{trial}: it is not ended by the repair of its cause")
        begun = _begun(found[trial.label], after) - SHOWN.get(trial.rule_id, set())
        wrong += [f"{trial}: the repair breaks {rule_id}" for rule_id in sorted(begun)]
    for trial, after, facts in _tried(policy, documents, found, _of_others(documents, found)):
        counts["none", trial.rule_id] += 1
        is_ended = after[trial.function, trial.rule_id]["verdict"] in {"pass", "not_applicable"}
        family = trial.rule_id.partition(".")[0]
        is_moved = any(one.startswith(f"{family}.") for one in _begun(found[trial.label], after))
        if is_ended and not is_moved and not MADE & {one["id"] for one in facts["internet_gateways"]}:
            wrong.append(f"{trial}: it is ended by a repair, and has no cause")
    return wrong, counts


def test_causes_of_the_golden_cases(patient_policy: Policy) -> None:
    wrong, counts = _wrong(patient_policy, _documents(_golden()))

    assert wrong == []
    assert counts.total() > 300


def test_causes_of_each_fault_once_and_several_times(patient_policy: Policy) -> None:
    wrong, counts = _wrong(patient_policy, _documents(_messages((1, 3))))

    assert wrong == []
    assert {rule_id for how, rule_id in counts if how == "named"} == REPAIRS.keys()


def test_causes_of_generated_networks(patient_policy: Policy) -> None:
    wrong, counts = _wrong(patient_policy, _documents(_networks(range(40))))

    assert wrong == []
    assert counts["named", "nat.no_internet_egress"] > 30 < counts["none", "nat.no_internet_egress"]


def test_causes_of_a_generated_account(patient_policy: Policy) -> None:
    wrong, counts = _wrong(patient_policy, _documents(_estate()))

    assert wrong == []
    assert (
        counts["named", "endpoints.service_unreachable"]
        > 10
        < counts["named", "endpoints.gateway_route_missing"]
    )


@pytest.mark.thorough
def test_causes_of_many_generated_networks(patient_policy: Policy) -> None:
    wrong, _ = _wrong(patient_policy, _documents(_networks(range(40, 180))))

    assert wrong == []
