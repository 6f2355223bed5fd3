"""Looks may come late, twice and in any order: the newest decides, and nothing older undoes it."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from tests.support.looks import ACCOUNT, EGRESS, FUNCTION, REGION, ZONES, a_look, planned
from vpcguard.findings.lifecycle import is_superseded, plan_deletion
from vpcguard.findings.states import FunctionState
from vpcguard.model import Look

RULES = (EGRESS, ZONES)
VERDICTS = ("violated", "passed", "unknown", "silent")


@st.composite
def _looks(draw: st.DrawFn) -> Look:
    """Some look of a few moments and digests, so that ties are common; no digest: the function is gone."""
    minute, digest = draw(st.integers(0, 4)), draw(st.sampled_from(["", "sha256:aa", "sha256:bb"]))
    # one snapshot gives one verdict: what is said depends on the moment and the digest alone
    said = {rule: VERDICTS[_number(minute, digest, rule) % 4] for rule in RULES}
    named = {verdict: [rule for rule in RULES if said[rule] == verdict] for verdict in VERDICTS}
    return a_look(
        minute,
        digest=digest,
        violated=named["violated"],
        unknown=named["unknown"],
        passed=named["passed"],
    )


def _number(minute: int, digest: str, rule: str) -> int:
    """A number that looks random, gives each rule every verdict, and is the same in every process."""
    return sha256(f"37|{minute}{digest}{rule}".encode()).digest()[0]


def _recorded(looks: Sequence[Look]) -> FunctionState:
    state = FunctionState(account_id=ACCOUNT, region=REGION, function_name=FUNCTION)
    for look in looks:
        if is_superseded(state, look.judged_at, look.snapshot_digest):
            continue
        if look.snapshot_digest == "":
            state = plan_deletion(state, look.judged_at, look.trigger, retention_days=400).after
        else:
            state = planned(state, look).after
    return state


@given(st.lists(_looks(), min_size=1, max_size=8))
def test_whatever_the_order_the_newest_look_decides_what_it_judged(looks: list[Look]) -> None:
    """Not what an older look said: neither its violation nor its pass."""
    newest = max(looks, key=lambda look: (look.judged_at, look.snapshot_digest))

    state = _recorded(looks)

    assert (state.judged_at, state.snapshot_digest) == (newest.judged_at, newest.snapshot_digest)
    if newest.snapshot_digest == "":
        assert {one.status for one in state.findings.values()} <= {"resolved"}
        return
    open_rules = {finding.rule_id for finding in newest.findings if finding.status == "open"}
    for rule in newest.judged:
        status = state.findings[rule].status if rule in state.findings else "none"
        assert status == "open" if rule in open_rules else status in ("none", "resolved")
    for finding in newest.findings:
        if finding.status == "undetermined":  # never a pass, whatever came before
            assert state.findings[finding.rule_id].status in ("open", "undetermined")


@given(
    st.lists(_looks(), min_size=1, max_size=8).flatmap(
        lambda looks: st.tuples(st.just(looks), st.permutations(looks))
    )
)
def test_looks_that_judge_everything_end_the_same_in_every_order(
    orders: tuple[list[Look], list[Look]],
) -> None:
    """Who was first in the race must not be seen in the verdict."""
    first, second = (_recorded(order) for order in orders)

    judged = max(orders[0], key=lambda look: (look.judged_at, look.snapshot_digest)).judged
    assert {rule: _status(first, rule) for rule in judged} == {rule: _status(second, rule) for rule in judged}


@given(st.lists(_looks(), max_size=6))
def test_repeating_every_look_changes_nothing(looks: list[Look]) -> None:
    """Messages are delivered at least once, and a dead letter queue is replayed."""
    twice = [look for look in looks for _ in range(2)]

    assert _recorded(twice) == _recorded(looks)
    assert _recorded([*looks, *looks]) == _recorded(looks)


def _status(state: FunctionState, rule: str) -> str:
    """What is wrong with it: never found and found to be fixed are the same answer."""
    status = state.findings[rule].status if rule in state.findings else "resolved"
    return str(status)
