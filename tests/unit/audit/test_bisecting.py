"""A function that breaks a contract fails alone, whoever is judged with it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.audit.fakes import ACCOUNT, CAPTURED_AT, REGION, RULE, OneRule, configuration
from vpcguard.audit.judging import MOST_PARTS, judge, judge_or_bisect
from vpcguard.errors import (
    FactsError,
    InvalidDecisionError,
    OpaUnavailableError,
    PolicyEvaluationError,
    UndefinedDecisionError,
)
from vpcguard.model import Answers, Look, Snapshot
from vpcguard.policy.configuration import load_configuration

MANY = tuple(f"f{number:03}" for number in range(100))


def snapshot(*names: str, is_listed: bool = False, **odd: dict[str, Any]) -> Snapshot:
    read = {name: configuration(name) for name in names} | odd
    answers = {"lambda:ListFunctions": {"Functions": list(read.values())}}
    return Snapshot(
        account_id=ACCOUNT,
        region=REGION,
        captured_at=CAPTURED_AT,
        own=Answers(answers if is_listed else {"lambda:GetFunctionConfiguration": read}),
    )


def judged(taken: Snapshot, policy: OneRule) -> tuple[list[Look], frozenset[str], dict[str, Exception]]:
    judged = judge_or_bisect(taken, policy=policy, configuration=load_configuration(), trigger="event")
    return list(judged.looks), judged.changing, dict(judged.refused)


def names(looks: list[Look]) -> list[str]:
    return [look.function_name for look in looks]


@pytest.mark.parametrize("error", [FactsError("c"), InvalidDecisionError("c"), PolicyEvaluationError("c")])
@pytest.mark.parametrize("is_listed", [False, True])
def test_only_the_guilty_are_refused(error: Exception, *, is_listed: bool) -> None:
    guilty = {"f000", "f042", "f099"}
    policy = OneRule(frozenset({"f001"}), error=error, fails_for=frozenset(guilty))
    taken = snapshot(*MANY, is_listed=is_listed)

    found, _, refused = judged(taken, policy)

    assert names(found) == sorted({*MANY} - guilty)
    assert {name: (type(one), str(one)) for name, one in refused.items()} == {
        name: (type(error), f"{name}: c") for name in guilty
    }
    assert {look.snapshot_digest for look in found} == {taken.digest()}  # the evidence is the whole
    assert [look.function_name for look in found if look.findings] == ["f001"]
    assert len(policy.asked) <= MOST_PARTS


def test_without_a_fault_there_is_one_question() -> None:
    policy = OneRule()

    found, _, refused = judged(snapshot(*MANY), policy)

    assert (names(found), refused) == (list(MANY), {})
    assert len(policy.asked) == 1


def test_a_function_that_makes_no_facts_is_left_out_and_named() -> None:
    """AWS has never answered so; if it does, the neighbours of that function are none the worse."""
    taken = snapshot("a", "b", odd={**configuration("odd"), "CapacityProviderConfig": "much"})

    judgement = judge(taken, policy=OneRule(), configuration=load_configuration(), trigger="event")

    assert judgement.functions == ("a", "b")
    assert [(one.operation, one.name, one.lacks) for one in judgement.left_out] == [
        ("lambda:GetFunctionConfiguration", "odd", "CapacityProviderConfig: expected an object, found text")
    ]


@pytest.mark.parametrize("error", [OpaUnavailableError("dead"), UndefinedDecisionError("no bundle")])
def test_what_no_function_can_cause_is_not_searched_for(error: Exception) -> None:
    """A hundred questions to an OPA that is dead would take as many time-outs."""
    policy = OneRule(error=error)

    with pytest.raises(type(error)):
        judged(snapshot(*MANY), policy)

    assert len(policy.asked) == 1


def test_one_function_alone_fails_at_once() -> None:
    policy = OneRule(error=FactsError("contract"))

    with pytest.raises(FactsError, match=r"^contract$"):
        judged(snapshot("a"), policy)

    assert len(policy.asked) == 1


def test_where_all_are_guilty_the_search_ends() -> None:
    policy = OneRule(error=FactsError("contract"))

    with pytest.raises(FactsError, match=r"^contract$"):
        judged(snapshot(*MANY), policy)

    assert len(policy.asked) == 1 + MOST_PARTS


def test_what_the_search_does_not_reach_is_refused_not_forgotten() -> None:
    odd_ones = frozenset(MANY[1::2])
    policy = OneRule(error=FactsError("contract"), fails_for=odd_ones)

    found, _, refused = judged(snapshot(*MANY), policy)

    assert found
    assert sorted([*names(found), *refused]) == list(MANY)
    assert odd_ones <= refused.keys()


def test_functions_that_are_still_changing_are_named_from_every_part() -> None:
    policy = OneRule(error=FactsError("contract"), fails_for=frozenset({"a"}))
    taken = snapshot("a", "b", c=configuration("c", State="Pending"), d=configuration("d", State="Pending"))

    _, changing, _ = judged(taken, policy)

    assert changing == {"c", "d"}


def test_the_rule_is_the_same_in_every_part() -> None:
    policy = OneRule(frozenset(MANY), error=FactsError("c"), fails_for=frozenset({"f050"}))

    found, _, _ = judged(snapshot(*MANY), policy)

    assert {finding.rule_id for look in found for finding in look.findings} == {RULE}
    assert all(look.findings for look in found)
