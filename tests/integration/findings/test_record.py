"""What a look leaves in the table: one transaction, guarded by the look record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.looks import ACCOUNT, EGRESS, FUNCTION, REGION, ZONES, a_doubt, a_finding, a_look, at
from vpcguard.errors import FindingStoreError
from vpcguard.findings import store as findings_store
from vpcguard.findings.states import FunctionState
from vpcguard.findings.store import ITEMS_AT_ONCE, FindingStore, Recorded
from vpcguard.findings.table import SHARDS
from vpcguard.model import Finding, cause_of, finding_id

ID = finding_id(ACCOUNT, REGION, FUNCTION, EGRESS)


def _items(dynamodb: Any, table_name: str) -> list[dict[str, Any]]:
    """Every item of the table as it is stored; a test may scan."""
    return sorted(dynamodb.scan(TableName=table_name)["Items"], key=lambda item: str(item["sk"]["S"]))


def _expiring(dynamodb: Any, table_name: str) -> dict[str, Any]:
    """When items may go, by sort key, but those of history: these all may, some day."""
    items = _items(dynamodb, table_name)
    return {
        item["sk"]["S"]: item["ttl"]
        for item in items
        if "ttl" in item and item["item_type"]["S"] != "history"
    }


def _statuses(store: FindingStore) -> dict[str, str]:
    return {one.rule_id: one.status for one in store.list_by_function(ACCOUNT, REGION, FUNCTION).items}


def _changes(store: FindingStore, rule_id: str = EGRESS) -> list[str]:
    return [entry.change for entry in store.history(finding_id(ACCOUNT, REGION, FUNCTION, rule_id)).items]


def test_a_finding_comes_back_as_the_look_stated_it(store: FindingStore) -> None:
    stated = a_finding(minute=0, basis="declared", actor="deployer", managed_by="terraform")

    recorded = store.record(a_look(0, violated=[stated]))

    assert recorded == Recorded(outcome="recorded", opened=(EGRESS,))
    assert store.get(ID) == replace(stated, times_reopened=0)


def test_the_same_event_twice_writes_once(store: FindingStore, dynamodb: Any, table_name: str) -> None:
    """Delivery is at least once, and a dead letter queue is replayed days later."""
    look = a_look(0, violated=[EGRESS], unknown=[ZONES])
    store.record(look)
    before = _items(dynamodb, table_name)

    assert store.record(look) == Recorded(outcome="repeated")
    assert _items(dynamodb, table_name) == before


def test_two_evaluations_that_finish_in_the_wrong_order_leave_the_newer_verdict(store: FindingStore) -> None:
    store.record(a_look(5, violated=[EGRESS]))

    assert store.record(a_look(4, passed=[EGRESS])) == Recorded(outcome="superseded")
    assert _statuses(store) == {EGRESS: "open"}


def test_a_newer_look_that_found_nothing_stands_against_an_older_violation(store: FindingStore) -> None:
    """There is no finding to guard: the look record does."""
    store.record(a_look(5, passed=[EGRESS]))

    assert store.record(a_look(4, violated=[EGRESS])) == Recorded(outcome="superseded")
    assert _statuses(store) == {}


def test_of_two_looks_of_one_moment_the_greater_digest_wins_in_either_order(
    store: FindingStore, dynamodb: Any, table_name: str
) -> None:
    lesser, greater = (
        a_look(5, violated=[EGRESS], digest="sha256:aa"),
        a_look(5, passed=[EGRESS], digest="sha256:bb"),
    )
    store.record(lesser)
    store.record(greater)

    assert _statuses(store) == {EGRESS: "resolved"}
    assert store.record(lesser).outcome == "superseded"
    assert _statuses(store) == {EGRESS: "resolved"}


def test_an_unchanged_finding_is_not_written_and_was_last_seen_by_the_newest_look(
    store: FindingStore, dynamodb: Any, table_name: str
) -> None:
    store.record(a_look(0, violated=[EGRESS]))
    before = [item for item in _items(dynamodb, table_name) if item["item_type"]["S"] != "look"]

    assert store.record(a_look(1, violated=[EGRESS], digest="sha256:bb")) == Recorded(outcome="recorded")

    assert [item for item in _items(dynamodb, table_name) if item["item_type"]["S"] != "look"] == before
    found = _get(store)
    assert (found.first_seen, found.last_seen, found.changed_at) == (at(0), at(1), at(0))
    assert found.snapshot_digest == "sha256:aa"  # where the verdict comes from


def test_first_seen_survives_a_fault_that_was_fixed_and_came_back(store: FindingStore) -> None:
    store.record(a_look(0, violated=[EGRESS]))
    store.record(a_look(1, violated=[EGRESS]))
    resolved = store.record(a_look(2, passed=[EGRESS], digest="sha256:22", policy_revision="r2"))
    fixed = _get(store)
    reopened = store.record(a_look(3, violated=[EGRESS]))
    again = _get(store)

    assert (resolved.resolved, reopened.reopened) == ((EGRESS,), (EGRESS,))
    assert fixed == replace(
        a_finding(minute=0),
        status="resolved",
        status_reason="fixed",
        verdict="pass",
        confirmed_at=at(1),
        last_seen=at(1),
        changed_at=at(2),
        resolved_at=at(2),
        times_reopened=0,
        policy_revision="r2",
        snapshot_digest="sha256:22",
    )
    assert again == replace(a_finding(minute=3), first_seen=at(0), times_reopened=1)
    assert _changes(store) == ["reopened", "resolved", "opened"]


def test_what_others_set_on_a_finding_survives_a_new_statement(
    store: FindingStore, dynamodb: Any, table_name: str
) -> None:
    """A sweep knows no actor, and this release may not know every attribute."""
    store.record(a_look(0, violated=[a_finding(minute=0, actor="deployer", managed_by="terraform")]))
    key = {name: _finding_item(dynamodb, table_name)[name] for name in ("pk", "sk")}
    dynamodb.update_item(
        TableName=table_name,
        Key=key,
        UpdateExpression="SET remediation_id = :r, later_release = :l",
        ExpressionAttributeValues={":r": {"S": "rem-1"}, ":l": {"S": "kept"}},
    )

    store.record(a_look(1, violated=[a_finding(minute=1, severity="low")]))

    found = _get(store)
    assert (found.severity, found.actor, found.managed_by, found.remediation_id) == (
        "low",
        "deployer",
        "terraform",
        "rem-1",
    )
    assert _finding_item(dynamodb, table_name)["later_release"] == {"S": "kept"}


def test_a_doubt_leaves_the_open_finding_and_shows_in_its_evidence(store: FindingStore) -> None:
    stated = a_finding(minute=0)
    store.record(a_look(0, violated=[stated]))

    recorded = store.record(a_look(1, unknown=[EGRESS]))

    assert recorded == Recorded(outcome="recorded", unconfirmed=(EGRESS,))
    doubt = {
        "since": at(1),
        "message": "the NAT gateways could not be read",
        "unknown": ["ec2:DescribeNatGateways"],
    }
    assert _get(store) == replace(
        stated, evidence={**stated.evidence, "undetermined": doubt}, times_reopened=0, verdict="unknown"
    )
    assert store.record(a_look(2, violated=[EGRESS])) == Recorded(outcome="recorded", confirmed=(EGRESS,))
    assert _get(store) == replace(stated, confirmed_at=at(2), last_seen=at(2), times_reopened=0)
    assert _changes(store) == ["confirmed", "unconfirmed", "opened"]


def test_a_doubt_is_resolved_when_it_can_be_judged_again(store: FindingStore) -> None:
    store.record(a_look(0, unknown=[EGRESS]))
    undetermined = _get(store)
    store.record(a_look(1, passed=[EGRESS]))

    assert undetermined == replace(a_doubt(minute=0), times_reopened=0)
    assert (_get(store).status, _get(store).status_reason) == ("resolved", "fixed")
    assert _changes(store) == ["resolved", "undetermined"]


def test_a_rule_that_says_nothing_closes_nothing(store: FindingStore) -> None:
    store.record(a_look(0, violated=[EGRESS, ZONES]))

    assert store.record(a_look(1, passed=[ZONES])).resolved == (ZONES,)
    assert _statuses(store) == {EGRESS: "open", ZONES: "resolved"}
    assert _get(store).last_seen == at(0)


def test_the_history_says_what_when_by_what_and_under_which_policies(store: FindingStore) -> None:
    store.record(a_look(0, violated=[EGRESS], policy_revision="r1", trigger="event e-1"))
    store.record(a_look(1, passed=[EGRESS], digest="sha256:bb", policy_revision="r2", trigger="sweep s-1"))

    newest, oldest = store.history(ID).items
    assert (newest.change, newest.changed_at, newest.trigger, newest.policy_revision) == (
        "resolved",
        at(1),
        "sweep s-1",
        "r2",
    )
    assert (newest.status_before, newest.status, newest.status_reason, newest.snapshot_digest) == (
        "open",
        "resolved",
        "fixed",
        "sha256:bb",
    )
    assert (oldest.status_before, oldest.status, oldest.severity) == (None, "open", "high")
    assert newest.change_id != oldest.change_id


def test_the_history_tells_what_was_wrong_where_whose_it_is_and_who_did_it(store: FindingStore) -> None:
    """It is published and exported by itself, and nobody can add later what it lacks."""
    broken = a_finding(
        message="m" * 900, tags={"team": "payments"}, root_cause_account="444455556666", title="t" * 400
    )
    store.record(a_look(0, violated=[broken], actor="deployer", managed_by="terraform"))
    store.record(a_look(1, unknown=[EGRESS]))
    store.record(a_look(2, passed=[EGRESS], actor="mender"))
    store.record(a_look(3, unknown=[EGRESS]))

    doubt, ended, unconfirmed, opened = store.history(ID).items
    assert (unconfirmed.title, unconfirmed.message) == ("t" * 400, "the NAT gateways could not be read")
    assert (unconfirmed.status_before, unconfirmed.status, unconfirmed.verdict) == ("open", "open", "unknown")
    for one in (ended, opened):
        told = {name: getattr(one, name) for name in ("account_name", "organization_unit", "vpc_id", "owner")}
        assert told == {name: getattr(broken, name) for name in told}
        assert (one.title, one.tags, one.message) == ("t" * 400, {"team": "payments"}, "m" * 499 + "…")
        assert (one.root_cause, one.root_cause_account) == ("nat-0a", "444455556666")
        assert one.cause_id == cause_of(broken)
        assert (one.first_seen, one.opened_at) == (at(0), at(0))
    assert (opened.actor, opened.managed_by, opened.verdict) == ("deployer", "terraform", "violation")
    assert (ended.actor, ended.verdict, ended.confirmed_at, ended.last_seen) == (
        "mender",
        "pass",
        at(0),
        at(0),
    )
    assert (doubt.actor, doubt.verdict, doubt.cause_id) == (None, "unknown", None)


def test_each_change_of_status_waits_in_the_outbox_until_somebody_removes_it(
    store: FindingStore, dynamodb: Any, table_name: str
) -> None:
    """Written with the change itself, so that none is forgotten; a repeated look adds none."""
    looks = [
        a_look(0, violated=[EGRESS], unknown=[ZONES]),
        a_look(1, violated=[EGRESS, ZONES]),
        a_look(2, passed=[EGRESS], unknown=[ZONES]),
    ]
    for look in [*looks, looks[-1]]:
        store.record(look)

    table = store.table
    waiting = [item for shard in SHARDS for item in table.outbox.by_outbox.query(shard)]
    history = {
        entry.change_id: entry
        for rule_id in (EGRESS, ZONES)
        for entry in store.history(finding_id(ACCOUNT, REGION, FUNCTION, rule_id)).items
    }
    assert {item.sk.removeprefix("OUTBOX#") for item in waiting} == history.keys()
    assert len(history) == 5
    for item in waiting:
        told = table.history.get(item.pk, item.history_sk)
        assert (told.change_id, told.changed_at) == (item.sk.removeprefix("OUTBOX#"), item.changed_at)


def test_only_resolved_findings_expire(store: FindingStore, dynamodb: Any, table_name: str) -> None:
    """400 days after they ended; a report a week late still holds them."""
    store.record(a_look(0, violated=[EGRESS], unknown=[ZONES]))
    assert _expiring(dynamodb, table_name) == {}

    store.record(a_look(1, passed=[EGRESS]))
    end = {"N": str(1_795_176_060 + 400 * 86_400)}
    assert _expiring(dynamodb, table_name) == {f"FINDING#{EGRESS}": end, f"DETAIL#{EGRESS}": end}

    store.record(a_look(2, violated=[EGRESS]))
    assert _expiring(dynamodb, table_name) == {}


def test_a_finding_removed_by_hand_does_not_block_its_function(
    store: FindingStore, dynamodb: Any, table_name: str
) -> None:
    """An update without its item would create a torso, and fail every later read."""
    store.record(a_look(0, violated=[EGRESS, ZONES]))
    key = {name: _finding_item(dynamodb, table_name)[name] for name in ("pk", "sk")}
    dynamodb.delete_item(TableName=table_name, Key=key)

    assert store.record(a_look(1, passed=[EGRESS, ZONES])).resolved == (ZONES,)
    assert _statuses(store) == {ZONES: "resolved"}


def test_a_look_too_large_for_one_transaction_is_written_in_several(store: FindingStore) -> None:
    rules = [f"nat.rule_{number}" for number in range(2 * (ITEMS_AT_ONCE // 5) + 1)]

    assert len(store.record(a_look(0, violated=rules)).opened) == len(rules)
    assert len(_statuses(store)) == len(rules)
    assert store.record(a_look(0, violated=rules)) == Recorded(outcome="repeated")
    assert len(store.record(a_look(1, passed=rules)).resolved) == len(rules)
    assert set(_statuses(store).values()) == {"resolved"}


def test_a_look_that_was_cut_off_between_two_transactions_goes_on_where_it_ended(
    store: FindingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed there, its message comes back; meanwhile nothing older may pass for the latest."""
    rules = [f"nat.rule_{number}" for number in range(5)]
    look, older = a_look(5, violated=rules), a_look(4, passed=rules)
    monkeypatch.setattr(findings_store, "ITEMS_AT_ONCE", 10)
    write, written = findings_store._write, list[Any]()  # noqa: SLF001 - where it is killed

    def killed(*args: Any) -> None:
        if written:
            raise KeyboardInterrupt
        write(*args)
        written.append(args)

    monkeypatch.setattr(findings_store, "_write", killed)
    with pytest.raises(KeyboardInterrupt):
        store.record(look)
    monkeypatch.setattr(findings_store, "_write", write)

    assert len(_statuses(store)) == 2
    assert store.record(older).outcome == "superseded"
    assert len(store.record(look).opened) == 3
    assert store.record(look).outcome == "repeated"
    assert _statuses(store) == dict.fromkeys(rules, "open")
    assert _changes(store, rules[0]) == _changes(store, rules[4]) == ["opened"]


def test_many_looks_at_once_are_recorded_in_their_order(store: FindingStore) -> None:
    names = [f"function-{number}" for number in range(120)]
    looks = [a_look(1, violated=[EGRESS], function=name) for name in names]
    store.record(looks[7])
    store.record(a_look(2, passed=[EGRESS], function=names[8]))

    outcomes = [recorded.outcome for recorded in store.record_all(looks)]

    assert outcomes == ["recorded"] * 7 + ["repeated", "superseded"] + ["recorded"] * 111
    assert len(store.list_by_rule(EGRESS, page_size=200).items) == 119
    assert store.record_all([]) == []


def test_a_look_that_fails_does_not_keep_the_others_from_being_recorded(store: FindingStore) -> None:
    """The message is retried as a whole; what was recorded is recognised then."""
    broken = a_look(1, violated=[EGRESS], function="broken", judged_at="yesterday")
    looks = [broken, *(a_look(1, violated=[EGRESS], function=name) for name in ("a", "b"))]

    with pytest.raises(FindingStoreError, match="yesterday"):
        store.record_all(looks)

    assert [one.outcome for one in store.record_all(looks[1:])] == ["repeated", "repeated"]


def test_looks_read_early_are_not_read_again(store: FindingStore) -> None:
    look = a_look(1, violated=[EGRESS])
    seen = store.states({(ACCOUNT, REGION, FUNCTION)})
    store.record(a_look(2, passed=[EGRESS]))

    assert store.record_all([look], seen=seen)[0].outcome == "superseded"
    assert store.record_all([a_look(3, violated=[EGRESS])], seen=seen)[0].opened == (EGRESS,)


def test_what_was_read_early_saves_a_read_and_not_the_guard(store: FindingStore) -> None:
    early = store.state(ACCOUNT, REGION, FUNCTION)
    store.record(a_look(5, passed=[EGRESS]))

    assert store.record(a_look(4, violated=[EGRESS]), seen=early).outcome == "superseded"
    assert store.record(a_look(6, violated=[EGRESS]), seen=early).opened == (EGRESS,)


def test_an_answer_of_dynamodb_that_is_no_lost_race_is_an_error(dynamodb: Any) -> None:
    """Whoever takes it for an older look drops a verdict."""
    store = FindingStore(dynamodb, "no-such-table")
    unread = FunctionState(account_id=ACCOUNT, region=REGION, function_name=FUNCTION)
    for attempt in (
        lambda: store.record(a_look(0, violated=[EGRESS])),
        lambda: store.record_all([a_look(0, violated=[EGRESS])]),
        lambda: store.get(ID),
        lambda: store.list_all(status={"open"}),
        lambda: store.functions_not_seen_since(ACCOUNT, REGION, at(0)),
        lambda: store.record(a_look(1, violated=[EGRESS]), seen=unread),
        lambda: store.record(a_look(1, passed=[EGRESS]), seen=unread),
    ):
        with pytest.raises(FindingStoreError):
            attempt()


def _get(store: FindingStore) -> Finding:
    found = store.get(ID)
    assert found is not None
    return found


def _finding_item(dynamodb: Any, table_name: str) -> dict[str, Any]:
    return next(item for item in _items(dynamodb, table_name) if item["sk"]["S"] == f"FINDING#{EGRESS}")


def test_a_finding_of_a_rule_that_was_withdrawn_is_retired(store: FindingStore) -> None:
    """Design: fixed says that somebody repaired it."""
    store.record(a_look(0, violated=[EGRESS, ZONES]))

    recorded = store.record(
        a_look(
            1,
            violated=[ZONES],
            retired=frozenset({EGRESS}),
            policy_revision="r2",
            config_digest="sha256:c1",
            digest="sha256:bb",
        )
    )

    assert recorded == Recorded(outcome="recorded", resolved=(EGRESS,))
    assert _statuses(store) == {EGRESS: "resolved", ZONES: "open"}
    found = store.get(ID)
    assert found is not None
    # which policies and which configuration retired it
    assert (found.status_reason, found.resolved_at) == ("rule_retired", at(1))
    assert (found.policy_revision, found.config_digest, found.snapshot_digest) == (
        "r2",
        "sha256:c1",
        "sha256:bb",
    )
    entry = store.history(ID).items[0]
    assert (entry.change, entry.status_reason) == ("resolved", "rule_retired")

    assert store.record(a_look(2, violated=[EGRESS, ZONES])).reopened == (EGRESS,)
