"""What exemptions make of what stands: with a look, and without one when they begin and end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.looks import (
    ACCOUNT,
    EGRESS,
    FUNCTION,
    REGION,
    ZONES,
    a_doubt,
    a_finding,
    a_look,
    at,
    moment,
    planned,
)
from vpcguard.findings.counts import changed_causes, changed_waiting
from vpcguard.findings.exemptions import Exemption, Exemptions, Matcher
from vpcguard.findings.items import history_values
from vpcguard.findings.lifecycle import plan_deletion, plan_exemptions
from vpcguard.findings.states import FunctionState, Plan
from vpcguard.model import Look

NOTHING = FunctionState(account_id=ACCOUNT, region=REGION, function_name=FUNCTION)


def _exemption(number: int = 1, *, covers: Any = "violation", until: int = 10, **match: str) -> Exemption:
    return Exemption(
        exemption_id=f"vx-{number:032x}",
        covers=covers,
        match=Matcher(**(match or {"rule_id": EGRESS})),
        reason="moved in March",
        ticket=None,
        owner="team-payments",
        created_by="arn:aws:iam::111122223333:user/ann",
        created_at=at(-30),
        expires_at=at(until),
    )


def _plan(*looks: Look, by: tuple[Exemption, ...] = (), now: int = 0) -> Plan:
    """Return what the last of these looks changes, recorded while these exemptions are known."""
    state = NOTHING
    for look in looks[:-1]:
        state = planned(state, look, exemptions=Exemptions(by), now=moment(now)).after
    return planned(state, looks[-1], exemptions=Exemptions(by), now=moment(now))


def _kinds(plan: Plan) -> list[str]:
    return [change.kind for change in plan.changes]


def test_what_is_exempt_before_it_is_found_was_never_open() -> None:
    plan = _plan(a_look(0, violated=[EGRESS, ZONES]), by=(_exemption(),))

    assert {change.rule_id: change.kind for change in plan.changes} == {EGRESS: "exempted", ZONES: "opened"}
    state = plan.after.findings[EGRESS]
    assert (state.status, state.standing, state.verdict) == ("exempt", "open", "violation")
    assert state.exemption_id == _exemption().exemption_id


def test_one_that_expired_brings_its_finding_back_without_a_look_and_opens_it_anew() -> None:
    before = _plan(a_look(0, violated=[EGRESS]), by=(_exemption(until=10),)).after

    assert plan_exemptions(before, Exemptions((_exemption(until=10),)), moment(9)).changes == ()
    plan = plan_exemptions(before, Exemptions((_exemption(until=10),)), moment(10))

    assert _kinds(plan) == ["exemption_ended"]
    state = plan.after.findings[EGRESS]
    assert (state.status, state.exemption_id, state.opened_at) == ("open", None, at(10))
    assert (state.first_seen, state.times_opened) == (at(0), 1)  # it is no reopening
    assert (plan.after.judged_at, plan.after.revision) == (before.judged_at, before.revision + 1)


def test_a_look_brings_back_what_expired_too() -> None:
    before = _plan(a_look(0, violated=[EGRESS]), by=(_exemption(until=10),)).after

    plan = planned(before, a_look(12, violated=[EGRESS]), now=moment(12))

    assert _kinds(plan) == ["exemption_ended"]
    assert plan.after.findings[EGRESS].opened_at == at(12)


def test_a_rule_that_says_nothing_does_not_keep_a_finding_exempt() -> None:
    before = _plan(a_look(0, violated=[EGRESS]), by=(_exemption(until=10),)).after

    assert _kinds(planned(before, a_look(12), now=moment(12))) == ["exemption_ended"]


def test_what_is_open_becomes_exempt_and_stays_so_while_it_stands() -> None:
    opened = _plan(a_look(0, violated=[EGRESS])).after
    by = Exemptions((_exemption(),))

    exempt = plan_exemptions(opened, by, moment(1))
    again = planned(exempt.after, a_look(2, violated=[EGRESS]), exemptions=by, now=moment(2))

    assert (_kinds(exempt), _kinds(again)) == (["exempted"], [])
    assert again.after.findings[EGRESS].confirmed_at == at(2)


def test_an_exempt_fault_that_was_repaired_is_resolved() -> None:
    plan = _plan(a_look(0, violated=[EGRESS]), a_look(1, passed=[EGRESS]), by=(_exemption(),))

    assert _kinds(plan) == ["resolved"]
    state = plan.after.findings[EGRESS]
    assert (state.status, state.verdict, state.exemption_id) == ("resolved", "pass", None)


def test_an_exempt_finding_that_cannot_be_judged_stays_exempt_and_says_unknown() -> None:
    plan = _plan(a_look(0, violated=[EGRESS]), a_look(1, unknown=[EGRESS]), by=(_exemption(),))

    assert _kinds(plan) == ["unconfirmed"]
    state = plan.after.findings[EGRESS]
    assert (state.status, state.standing, state.verdict) == ("exempt", "open", "unknown")


def test_an_attestation_covers_what_is_unknown_and_nothing_that_is_proven() -> None:
    by = (_exemption(covers="unknown"),)

    attested = _plan(a_look(0, unknown=[EGRESS]), by=by)
    proven = _plan(a_look(0, unknown=[EGRESS]), a_look(1, violated=[EGRESS]), by=by)

    assert (_kinds(attested), _kinds(proven)) == (["exempted"], ["opened"])
    state = attested.after.findings[EGRESS]
    assert (state.status, state.verdict, state.standing) == ("exempt", "unknown", "undetermined")
    assert proven.after.findings[EGRESS].status == "open"


def test_an_exemption_of_violations_leaves_an_unknown_undetermined() -> None:
    assert _kinds(_plan(a_look(0, unknown=[EGRESS]), by=(_exemption(),))) == ["undetermined"]


def test_another_exemption_is_an_update_and_the_finding_names_it() -> None:
    first, second = _exemption(1, until=10), _exemption(2, until=20)
    before = _plan(a_look(0, violated=[EGRESS]), by=(first,)).after

    plan = plan_exemptions(before, Exemptions((first, second)), moment(1))

    assert _kinds(plan) == ["updated"]
    assert plan.after.findings[EGRESS].exemption_id == second.exemption_id


def test_a_doubt_is_told_also_where_another_exemption_covers_from_then_on() -> None:
    first, second = _exemption(1, until=10), _exemption(2, until=20)
    before = _plan(a_look(0, violated=[EGRESS]), by=(first,)).after

    plan = planned(before, a_look(1, unknown=[EGRESS]), exemptions=Exemptions((first, second)), now=moment(1))

    assert _kinds(plan) == ["unconfirmed"]
    state = plan.after.findings[EGRESS]
    assert (state.status, state.exemption_id) == ("exempt", second.exemption_id)


def test_the_root_cause_and_the_unit_of_the_latest_look_decide_without_a_look_too() -> None:
    before = _plan(
        a_look(0, violated=[a_finding(root_cause="nat-0a"), a_finding(ZONES, root_cause=None)])
    ).after
    by_cause = _exemption(root_cause="nat-0a")
    by_unit = _exemption(organization_unit="root/prod/*", rule_id=ZONES)

    assert [one.rule_id for one in plan_exemptions(before, Exemptions((by_cause,)), moment(1)).changes] == [
        EGRESS
    ]
    assert [one.rule_id for one in plan_exemptions(before, Exemptions((by_unit,)), moment(1)).changes] == [
        ZONES
    ]


def test_a_look_that_goes_on_after_an_exemption_ended_tells_of_it_as_another_change() -> None:
    """Under one id whoever was told of the first would leave out the second."""
    look = a_look(0, violated=[EGRESS])
    begun = _plan(look, by=(_exemption(),))
    partial = replace(begun.after, is_partial=True)
    goes_on = planned(partial, look, exemptions=Exemptions(), now=moment(1))

    told = [history_values(plan.changes[0], plan, None) for plan in (begun, goes_on)]

    assert [one["change"] for one in told] == ["exempted", "exemption_ended"]
    assert told[0]["change_id"] != told[1]["change_id"]


def test_a_deleted_function_ends_what_was_exempt() -> None:
    before = _plan(a_look(0, violated=[EGRESS]), by=(_exemption(),)).after

    plan = plan_deletion(before, at(1), "sweep", retention_days=400)

    assert _kinds(plan) == ["resolved"]
    state = plan.after.findings[EGRESS]
    assert (state.status, state.verdict, state.exemption_id) == ("resolved", None, None)


def test_what_is_over_is_not_exempted() -> None:
    before = _plan(a_look(0, violated=[EGRESS]), a_look(1, passed=[EGRESS])).after

    assert plan_exemptions(before, Exemptions((_exemption(),)), moment(2)).changes == ()


def test_a_failed_read_alone_makes_no_finding_and_is_counted() -> None:
    reads = {EGRESS: ("ec2:DescribeNatGateways",)}
    look = a_look(0, unknown=[EGRESS], failed_reads=reads, unread=frozenset(reads))

    plan = _plan(look)

    assert (plan.changes, plan.after.findings) == ((), {})
    assert changed_waiting(plan) == {"ec2:DescribeNatGateways": 1}
    ended = planned(plan.after, a_look(1, passed=[EGRESS]), now=moment(1))
    assert changed_waiting(ended) == {"ec2:DescribeNatGateways": -1}


def test_a_failed_read_keeps_what_is_open_from_closing_and_says_so() -> None:
    reads = {EGRESS: ("ec2:DescribeNatGateways",)}
    look = a_look(1, unknown=[EGRESS], failed_reads=reads, unread=frozenset(reads))

    plan = _plan(a_look(0, violated=[EGRESS]), look)

    assert _kinds(plan) == ["unconfirmed"]
    assert plan.after.findings[EGRESS].status == "open"
    assert changed_waiting(plan) == {"ec2:DescribeNatGateways": 1}


def test_a_failed_read_leaves_what_was_undetermined_for_another_reason() -> None:
    reads = {EGRESS: ("ec2:DescribeNatGateways",)}
    look = a_look(1, unknown=[EGRESS], failed_reads=reads, unread=frozenset(reads))
    opaque = a_doubt(evidence={"unknown": ["tgw-0a"]})

    plan = _plan(a_look(0, unknown=[opaque]), look)

    assert plan.changes == ()
    assert plan.after.findings[EGRESS].status == "undetermined"


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"applicable": frozenset({EGRESS})}, "fixed"),
        ({"applicable": frozenset()}, "no_longer_applies"),
        ({"applicable": frozenset(), "is_attached": False}, "detached"),
        ({"applicable": frozenset({EGRESS}), "declared": "d2"}, "intent_changed"),
        ({"applicable": frozenset(), "declared": "d2"}, "intent_changed"),
        ({"applicable": frozenset({EGRESS}), "declared": None}, "fixed"),
    ],
)
def test_a_finding_ends_with_the_reason_why_it_does(how: dict[str, Any], reason: str) -> None:
    """Only of a network that became right is said that it was fixed."""
    plan = _plan(a_look(0, violated=[EGRESS], declared="d1"), a_look(1, passed=[EGRESS], **how))

    assert [change.status_reason for change in plan.changes] == [reason]


def test_what_was_declared_in_between_is_not_forgotten_by_a_look_that_could_not_judge() -> None:
    """The tag came first, the verdict that it silences later."""
    plan = _plan(
        a_look(0, violated=[EGRESS], declared="d1"),
        a_look(1, declared="d2"),
        a_look(2, passed=[EGRESS], declared="d2"),
    )

    assert [change.status_reason for change in plan.changes] == ["intent_changed"]


def test_causes_are_counted_by_what_changes() -> None:
    stated = a_finding(severity="high")
    opened = _plan(a_look(0, violated=[stated]))
    (cause_id,) = changed_causes(opened)
    exempt = plan_exemptions(opened.after, Exemptions((_exemption(),)), moment(1))
    worse = planned(opened.after, a_look(1, violated=[a_finding(severity="critical")]))
    moved = planned(opened.after, a_look(1, violated=[a_finding(root_cause="nat-0b")]))
    ended = planned(exempt.after, a_look(2, passed=[EGRESS]))

    assert changed_causes(opened) == {cause_id: {"high": 1}}
    assert changed_causes(exempt) == {cause_id: {"high": -1, "exempt": 1}}
    assert changed_causes(worse) == {cause_id: {"high": -1, "critical": 1}}
    assert sorted(map(dict, changed_causes(moved).values()), key=str) == [{"high": -1}, {"high": 1}]
    assert changed_causes(ended) == {cause_id: {"exempt": -1}}
    assert changed_causes(planned(opened.after, a_look(1, violated=[stated]))) == {}
