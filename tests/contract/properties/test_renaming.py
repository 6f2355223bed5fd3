"""What things are called, in which order they come and what else there is changes no verdict."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from tests.contract.properties.golden import Golden, golden_cases
from tests.contract.properties.merging import Verdicts, ask, verdicts_of
from tests.contract.properties.renaming import Renaming, in_any_order, said
from tests.contract.properties.strangers import with_neighbours, with_twins
from vpcguard.facts import build_facts
from vpcguard.policy.configuration import load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.snapshot import parse_snapshot

Json = dict[str, Any]
Change = Callable[[Golden], Json]


def _facts(snapshot: Json) -> Json:
    return build_facts(parse_snapshot(snapshot))


def _as_it_is(case: Golden) -> Json:
    return _facts(case.snapshot)


def _renaming(case: Golden) -> Renaming:
    return Renaming(case.snapshot, functions=not case.names_functions)


def _asked(policy: Policy, change: Change) -> Iterator[tuple[Golden, Verdicts]]:
    """Give every case with the verdicts on its facts after a change."""
    by_configuration: dict[str, list[Golden]] = defaultdict(list)
    for case in golden_cases():
        by_configuration[json.dumps(case.configuration, sort_keys=True)].append(case)
    for configuration, cases in by_configuration.items():
        documents = {case.name: change(case) for case in cases}
        found = ask(policy, documents, load_configuration(json.loads(configuration)))
        yield from ((case, found[case.name]) for case in cases)


def _differences(before: dict[str, Verdicts], after: Iterator[tuple[Golden, Verdicts]]) -> list[str]:
    """Return what is said of the same functions otherwise than before."""
    return [
        f"{case.name}: {key}: {said(verdict)} became {said(verdicts[key])}"
        for case, verdicts in after
        for key, verdict in before[case.name].items()
        if said(verdict) != said(verdicts[key])
    ]


@pytest.fixture(scope="module")
def before(patient_policy: Policy) -> dict[str, Verdicts]:
    return {case.name: verdicts for case, verdicts in _asked(patient_policy, _as_it_is)}


def test_new_names_in_a_new_order_change_no_verdict(
    patient_policy: Policy, before: dict[str, Verdicts]
) -> None:
    """Evidence and root causes too: nothing is chosen by its id or its place in a list."""

    def renamed(case: Golden) -> Json:
        facts = _facts(_renaming(case).apply(case.snapshot))
        return dict(in_any_order(facts, Random(case.name)))  # noqa: S311  no secret

    def undone(case: Golden, after: Verdicts) -> Verdicts:
        renaming = _renaming(case)
        return {(renaming.undo(name), rule_id): renaming.undo(one) for (name, rule_id), one in after.items()}

    after = ((case, undone(case, verdicts)) for case, verdicts in _asked(patient_policy, renamed))

    assert _differences(before, after) == []


def test_neighbours_change_no_verdict(patient_policy: Policy, before: dict[str, Verdicts]) -> None:
    """A route table that no subnet uses, and routes that are no default."""
    after = _asked(patient_policy, lambda case: _facts(with_neighbours(case.snapshot)))

    assert _differences(before, after) == []


def test_functions_beside_it_change_no_verdict_on_a_function(
    patient_policy: Policy, before: dict[str, Verdicts]
) -> None:
    after = _asked(patient_policy, lambda case: _facts(with_twins(case.snapshot)))

    assert _differences(before, after) == []


def test_other_networks_change_no_verdict(patient_policy: Policy, before: dict[str, Verdicts]) -> None:
    """A case asked about alone and among hundreds; it is also what makes the other properties fast."""
    some = [case for case in golden_cases() if not case.names_functions][::4]

    assert _differences(before, ((case, _alone(patient_policy, case)) for case in some)) == []


def _alone(policy: Policy, case: Golden) -> Verdicts:
    facts = _as_it_is(case)
    return verdicts_of(policy.decide(facts, load_configuration(case.configuration)), facts)
