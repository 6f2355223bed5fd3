"""What a look changes, one step at a time; the order of looks is test_any_order.py."""

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
    planned,
)
from vpcguard.errors import FindingStoreError
from vpcguard.findings.items import finding_values
from vpcguard.findings.lifecycle import is_superseded, plan_deletion
from vpcguard.findings.states import FindingChange, FindingState, FunctionState, Plan
from vpcguard.findings.store import in_steps
from vpcguard.model import Look

GONE = frozenset({EGRESS})
NOTHING = FunctionState(account_id=ACCOUNT, region=REGION, function_name=FUNCTION)


def _plan(*looks: Look) -> Plan:
    """Return what the last of these looks changes."""
    state = NOTHING
    for look in looks[:-1]:
        state = planned(state, look).after
    return planned(state, looks[-1])


def _kinds(plan: Plan) -> list[tuple[str, str]]:
    return [(change.rule_id, change.kind) for change in plan.changes]


def _state(plan: Plan, rule_id: str = EGRESS) -> FindingState:
    return plan.after.findings[rule_id]


def test_a_violation_opens_a_finding() -> None:
    plan = _plan(a_look(0, violated=[EGRESS]))

    assert _kinds(plan) == [(EGRESS, "opened")]
    assert (_state(plan).status, _state(plan).first_seen, _state(plan).times_opened) == ("open", at(0), 1)


def test_the_same_violation_again_changes_only_when_it_was_last_seen() -> None:
    plan = _plan(a_look(0, violated=[EGRESS]), a_look(1, violated=[EGRESS], digest="sha256:bb"))

    assert plan.changes == ()
    assert (_state(plan).first_seen, _state(plan).last_seen) == (at(0), at(1))


@pytest.mark.parametrize(
    "differs",
    [
        {"severity": "low"},
        {"stage": "warn"},
        {"evidence": {}},
        {"root_cause": None},
        {"organization_unit": "root/dev"},  # by which it is listed, exempt and told
    ],
)
def test_a_violation_that_states_something_else_is_updated(differs: dict[str, Any]) -> None:
    """Whoever reads the finding sees the newest evidence, at the same status."""
    plan = _plan(a_look(0, violated=[EGRESS]), a_look(1, violated=[a_finding(minute=1, **differs)]))

    assert _kinds(plan) == [(EGRESS, "updated")]
    assert (_state(plan).first_seen, _state(plan).times_opened) == (at(0), 1)


@pytest.mark.parametrize(
    "differs",
    [
        {"evidence": {"short_subnet_ids": ["subnet-0a"], "free": 6}, "message": "6 addresses are free"},
        {"advice": "Create a NAT gateway."},
        {"title": "It has no way out"},
        {"owner": None},
        {"basis": "inferred"},
    ],
)
def test_what_is_worded_or_counted_anew_is_no_change(differs: dict[str, Any]) -> None:
    """Else every sweep writes every finding again, and tells people of changes that are none."""
    states: dict[str, Any] = {"statements": {EGRESS: {"short_subnet_ids": ["subnet-0a"]}}}
    before = a_finding(evidence={"short_subnet_ids": ["subnet-0a"], "free": 7})

    plan = _plan(
        a_look(0, violated=[before], **states),
        a_look(1, violated=[replace(before, **differs)], **states),
    )

    assert plan.changes == ()


@pytest.mark.parametrize(
    "differs",
    [
        {"actor": "somebody", "managed_by": "terraform"},
        {"policy_revision": "r2"},
        {"config_digest": "sha256:c1"},
        {"snapshot_digest": "sha256:bb"},
    ],
)
def test_what_every_look_brings_anew_is_no_reason_to_write(differs: dict[str, Any]) -> None:
    plan = _plan(a_look(0, violated=[EGRESS]), a_look(1, violated=[a_finding(minute=1, **differs)]))

    assert plan.changes == ()


def test_a_pass_resolves_as_fixed_and_keeps_the_memory() -> None:
    plan = _plan(a_look(0, violated=[EGRESS]), a_look(1, violated=[EGRESS]), a_look(2, passed=[EGRESS]))

    assert [(change.kind, change.status_reason) for change in plan.changes] == [("resolved", "fixed")]
    assert (_state(plan).first_seen, _state(plan).last_seen) == (at(0), at(1))
    assert _state(plan).ttl == 1_795_176_120 + 400 * 86_400  # noon and two minutes, 400 days later


def test_a_fault_that_comes_back_is_reopened_and_counted() -> None:
    looks = [a_look(0, violated=[EGRESS])]
    for minute in (1, 3):
        looks += [a_look(minute, passed=[EGRESS]), a_look(minute + 1, violated=[EGRESS])]

    plan = _plan(*looks)

    assert _kinds(plan) == [(EGRESS, "reopened")]
    assert (_state(plan).first_seen, _state(plan).times_opened) == (at(0), 3)
    assert _state(plan).ttl is None


def test_each_opening_begins_anew_and_each_violation_confirms_it() -> None:
    looks = [
        a_look(0, violated=[EGRESS]),
        a_look(1, violated=[EGRESS]),
        a_look(2, unknown=[EGRESS]),
        a_look(3, passed=[EGRESS]),
        a_look(4, unknown=[EGRESS]),
        a_look(5, violated=[EGRESS]),
        a_look(6, violated=[a_finding(minute=6, severity="low")]),
    ]

    times = [_state(_plan(*looks[:number])) for number in range(1, 8)]

    assert [one.opened_at for one in times] == [at(0)] * 5 + [at(5)] * 2
    assert [one.confirmed_at for one in times] == [at(0), *[at(1)] * 4, at(5), at(6)]
    assert (_state(_plan(a_look(0, unknown=[EGRESS]))).opened_at) is None


def test_a_function_remembers_its_newest_event_and_its_last_modification() -> None:
    """A sweep has no event, and a look that could not read the function no modification."""
    newest = a_look(1, event_time=at(1), modified_at="2026-11-20T12:00:59.000+0000")
    plan = _plan(newest, a_look(2, event_time=at(0)), a_look(3))
    deleted = plan_deletion(plan.after, at(4), "sweep", retention_days=400)

    for state in (plan.after, deleted.after):
        assert (state.last_event_at, state.modified_at) == (at(1), "2026-11-20T12:00:59.000+0000")


def test_a_pass_of_what_is_not_open_changes_nothing() -> None:
    assert _plan(a_look(0, passed=[EGRESS])).changes == ()
    assert (
        _plan(a_look(0, violated=[EGRESS]), a_look(1, passed=[EGRESS]), a_look(2, passed=[EGRESS])).changes
        == ()
    )


def test_a_silent_rule_touches_nothing() -> None:
    """A partial look closes nothing, and does not even claim to have seen the fault."""
    plan = _plan(a_look(0, violated=[EGRESS], unknown=[ZONES]), a_look(1, violated=["ip.low_headroom"]))

    assert _kinds(plan) == [("ip.low_headroom", "opened")]
    assert (_state(plan).status, _state(plan).last_seen) == ("open", at(0))
    assert (_state(plan, ZONES).status, _state(plan, ZONES).last_seen) == ("undetermined", at(0))


@pytest.mark.parametrize("earlier", [a_look(0, violated=[EGRESS]), a_look(0, unknown=[EGRESS])])
@pytest.mark.parametrize(
    ("how", "reason"), [({"retired": GONE}, "rule_retired"), ({"off": GONE}, "rule_off")]
)
def test_what_a_rule_found_ends_where_it_is_withdrawn_or_off(
    earlier: Look, how: dict[str, Any], reason: str
) -> None:
    """Nobody repaired anything, so it is not fixed; and nobody will judge it again, so it must not stay."""
    plan = _plan(earlier, a_look(1, passed=[ZONES], **how))

    assert _kinds(plan) == [(EGRESS, "resolved")]
    assert [change.status_reason for change in plan.changes] == [reason]


def test_a_rule_that_a_decision_lacks_closes_nothing() -> None:
    """During a deployment an older bundle judges too, and knows nothing of a newer rule."""
    newer = a_look(0, violated=[EGRESS, "az.newer_rule"])
    plan = _plan(newer, a_look(1, passed=[ZONES], violated=[EGRESS], policy_revision="r0"))

    assert plan.changes == ()
    assert _state(plan, "az.newer_rule").status == "open"


def test_what_was_resolved_is_not_retired_once_more() -> None:
    plan = _plan(a_look(0, violated=[EGRESS]), a_look(1, passed=[EGRESS]), a_look(2, retired=GONE))

    assert plan.changes == ()


@pytest.mark.parametrize("how", [{"retired": GONE}, {"off": GONE}])
def test_a_rule_that_comes_back_reopens_what_it_finds(how: dict[str, Any]) -> None:
    plan = _plan(a_look(0, violated=[EGRESS]), a_look(1, **how), a_look(2, violated=[EGRESS]))

    assert (_kinds(plan), _state(plan).first_seen) == ([(EGRESS, "reopened")], at(0))


def test_a_doubt_is_a_finding_of_its_own_where_there_was_none() -> None:
    plan = _plan(a_look(0, unknown=[EGRESS]))

    assert _kinds(plan) == [(EGRESS, "undetermined")]


def test_a_doubt_never_overwrites_what_is_open() -> None:
    plan = _plan(a_look(0, violated=[EGRESS]), a_look(1, unknown=[EGRESS]), a_look(2, unknown=[EGRESS]))

    assert plan.changes == ()
    assert (_state(plan).status, _state(plan).last_seen) == ("open", at(0))
    assert _state(plan).unconfirmed_since == at(1)


def test_a_new_reason_for_the_doubt_is_written_and_the_time_kept() -> None:
    plan = _plan(
        a_look(0, violated=[EGRESS]),
        a_look(1, unknown=[EGRESS]),
        a_look(2, unknown=[a_doubt(minute=2, evidence={"unknown": ["ec2:DescribeSubnets"]})]),
    )

    assert _kinds(plan) == [(EGRESS, "unconfirmed")]
    assert _state(plan).unconfirmed_since == at(1)


def test_an_open_finding_that_can_be_judged_again_is_confirmed() -> None:
    plan = _plan(a_look(0, violated=[EGRESS]), a_look(1, unknown=[EGRESS]), a_look(2, violated=[EGRESS]))

    assert _kinds(plan) == [(EGRESS, "confirmed")]
    assert (_state(plan).unconfirmed_since, _state(plan).last_seen) == (None, at(2))
    assert _state(plan).times_opened == 1


def test_a_doubt_that_ends_with_another_statement_is_told_to_have_ended() -> None:
    """Whoever was told of the doubt waits for its end; the finding states something else, so it changed."""
    worse = a_finding(minute=2, severity="critical")
    plan = _plan(a_look(0, violated=[EGRESS]), a_look(1, unknown=[EGRESS]), a_look(2, violated=[worse]))

    (change,) = plan.changes
    assert (change.kind, change.is_told) == ("confirmed", True)
    assert (change.after.verdict, change.after.unconfirmed_since) == ("violation", None)
    assert finding_values(change, plan)[0]["changed_at"] == at(2)


def test_people_begin_to_be_told_of_what_was_in_doubt_too() -> None:
    told = a_finding(minute=2, stage="warn")
    plan = _plan(a_look(0, violated=[EGRESS]), a_look(1, unknown=[EGRESS]), a_look(2, violated=[told]))

    assert [(change.kind, change.is_told) for change in plan.changes] == [("updated", True)]


def test_a_doubt_about_what_was_resolved_is_undetermined_and_then_reopened() -> None:
    """Resolved would claim that it is still fine."""
    looks = [a_look(0, violated=[EGRESS]), a_look(1, passed=[EGRESS]), a_look(2, unknown=[EGRESS])]

    assert _kinds(_plan(*looks)) == [(EGRESS, "undetermined")]
    assert _state(_plan(*looks)).ttl is None
    reopened = _plan(*looks, a_look(3, violated=[EGRESS]))
    assert _kinds(reopened) == [(EGRESS, "reopened")]
    assert _state(reopened).times_opened == 2


def test_a_doubt_that_becomes_certain_opens_or_resolves() -> None:
    assert _kinds(_plan(a_look(0, unknown=[EGRESS]), a_look(1, violated=[EGRESS]))) == [(EGRESS, "opened")]
    assert _kinds(_plan(a_look(0, unknown=[EGRESS]), a_look(1, passed=[EGRESS]))) == [(EGRESS, "resolved")]


def test_a_doubt_that_was_resolved_and_then_proves_true_is_opened_not_reopened() -> None:
    """It was never open before."""
    plan = _plan(a_look(0, unknown=[EGRESS]), a_look(1, passed=[EGRESS]), a_look(2, violated=[EGRESS]))

    assert _kinds(plan) == [(EGRESS, "opened")]
    assert _state(plan).times_opened == 1


def test_an_expired_memory_is_forgotten() -> None:
    """DynamoDB removes the finding at its own time; the verdict does not depend on when it gets to it."""
    gone = planned(
        _plan(a_look(0, violated=[EGRESS]), a_look(1, passed=[EGRESS])).after,
        a_look(0, violated=[a_finding(minute=0)], judged_at="2028-01-01T00:00:00.000000Z"),
    )

    assert _kinds(gone) == [(EGRESS, "opened")]
    assert gone.changes[0].before is None


def test_a_vanished_finding_begins_anew() -> None:
    state = _plan(a_look(0, violated=[EGRESS])).after

    plan = planned(state, a_look(1, violated=[EGRESS]), vanished={EGRESS})

    assert [(change.kind, change.before) for change in plan.changes] == [("opened", None)]


def test_a_deleted_function_has_nothing_open_and_nothing_undetermined() -> None:
    state = _plan(
        a_look(0, violated=[EGRESS, "config.missing_subnet"], unknown=[ZONES]),
        a_look(1, passed=["config.missing_subnet"]),
    ).after

    plan = plan_deletion(state, at(2), "sweep", retention_days=400)

    assert [(change.rule_id, change.status_reason) for change in plan.changes] == [
        (ZONES, "function_deleted"),
        (EGRESS, "function_deleted"),
    ]
    assert {one.status for one in plan.after.findings.values()} == {"resolved"}
    assert plan.after.deleted_at == at(2)


def test_a_function_that_is_made_again_is_judged_again() -> None:
    deleted = plan_deletion(_plan(a_look(0, violated=[EGRESS])).after, at(1), "event", retention_days=400)

    plan = planned(deleted.after, a_look(2, violated=[EGRESS]))

    assert _kinds(plan) == [(EGRESS, "reopened")]
    assert plan.after.deleted_at is None


@pytest.mark.parametrize(
    ("minute", "digest", "superseded"),
    [
        (4, "sha256:zz", True),
        (5, "sha256:aa", True),
        (5, "sha256:bb", True),
        (5, "sha256:cc", False),
        (6, "sha256:aa", False),
    ],
)
def test_the_newer_look_wins_and_the_digest_breaks_a_tie(minute: int, digest: str, superseded: bool) -> None:  # noqa: FBT001
    state = replace(NOTHING, judged_at=at(5), snapshot_digest="sha256:bb", revision=1)

    assert is_superseded(state, at(minute), digest) is superseded


def test_a_look_of_the_moment_of_a_deletion_read_the_function_so_it_exists() -> None:
    deleted = plan_deletion(NOTHING, at(5), "sweep", retention_days=400).after

    assert not is_superseded(deleted, at(5), "sha256:aa")
    assert is_superseded(_plan(a_look(5)).after, at(5), "")


@pytest.mark.parametrize(
    "look",
    [
        pytest.param(a_look(0, violated=[EGRESS, EGRESS]), id="two of one rule"),
        pytest.param(a_look(0, violated=[EGRESS], unknown=[EGRESS]), id="found and not judged"),
        pytest.param(a_look(0, unknown=[EGRESS], passed=[EGRESS]), id="judged and not judged"),
        pytest.param(a_look(0, violated=[a_finding(function="other")]), id="another function"),
        pytest.param(a_look(0, violated=[a_finding(status="resolved")]), id="resolved"),
        pytest.param(a_look(0, violated=[EGRESS], retired=GONE), id="found by a retired rule"),
        pytest.param(a_look(0, unknown=[EGRESS], off=GONE), id="unknown to a rule that is off"),
        pytest.param(a_look(0, passed=[EGRESS], off=GONE), id="judged by a rule that is off"),
        pytest.param(a_look(0, judged_at="2026-11-20T12:00:00Z"), id="without microseconds"),
        pytest.param(a_look(0, judged_at="2026-11-20T12:00:00.1234Z"), id="of another width"),
        pytest.param(a_look(0, judged_at="yesterday"), id="no time"),
    ],
)
def test_a_look_that_contradicts_itself_is_refused(look: Look) -> None:
    with pytest.raises(FindingStoreError):
        planned(NOTHING, look)


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("written", range(5))
def test_a_look_in_steps_ends_as_in_one_wherever_it_is_cut_off_and_repeated(most: int, written: int) -> None:
    rules = ["az.a", "az.b", "az.c"]
    before = _plan(a_look(0, violated=rules), a_look(1, violated=rules, unknown=[EGRESS])).after
    look = a_look(2, passed=rules, violated=[EGRESS], unknown=[ZONES])
    whole = planned(before, look)

    state, changes = before, list[FindingChange]()
    for step in list(in_steps(whole, most))[:written]:
        assert step.before == state
        state, changes = step.after, [*changes, *step.changes]
        assert not is_superseded(state, at(2), "sha256:aa") or state == replace(
            whole.after, revision=state.revision
        )
        assert is_superseded(state, at(1), "sha256:zz")
    if not is_superseded(state, at(2), "sha256:aa"):
        again = planned(state, look)
        state, changes = again.after, [*changes, *again.changes]

    assert state == replace(whole.after, revision=state.revision)
    assert changes == list(whole.changes)
