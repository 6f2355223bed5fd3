"""A function that no longer exists: its findings end, and nothing older brings them back."""

from __future__ import annotations

from typing import Any

from tests.support.looks import ACCOUNT, EGRESS, FUNCTION, REGION, ZONES, a_look, at
from vpcguard.findings.store import FindingStore, Recorded
from vpcguard.model import finding_id

ID = finding_id(ACCOUNT, REGION, FUNCTION, EGRESS)


def _delete(store: FindingStore, minute: int, function: str = FUNCTION) -> Recorded:
    return store.resolve_deleted(
        account_id=ACCOUNT, region=REGION, function_name=function, judged_at=at(minute), trigger="event d-1"
    )


def _reasons(store: FindingStore) -> dict[str, tuple[str, str | None]]:
    found = store.list_by_function(ACCOUNT, REGION, FUNCTION).items
    return {one.rule_id: (one.status, one.status_reason) for one in found}


def test_everything_that_was_not_resolved_ends_as_function_deleted(store: FindingStore) -> None:
    store.record(a_look(0, violated=[EGRESS], unknown=[ZONES]))

    assert _delete(store, 1) == Recorded(outcome="recorded", resolved=(ZONES, EGRESS))
    assert _reasons(store) == dict.fromkeys((ZONES, EGRESS), ("resolved", "function_deleted"))
    entry = store.history(ID).items[0]
    assert (entry.change, entry.status_reason, entry.trigger, entry.snapshot_digest) == (
        "resolved",
        "function_deleted",
        "event d-1",
        None,
    )


def test_a_slow_look_from_before_the_deletion_opens_nothing(store: FindingStore) -> None:
    """Also where the function was never seen before it was gone."""
    _delete(store, 5)

    assert store.record(a_look(4, violated=[EGRESS])).outcome == "superseded"
    assert _reasons(store) == {}


def test_what_was_judged_last_stays_on_the_finding_of_a_deleted_function(
    store: FindingStore, dynamodb: Any, table_name: str
) -> None:
    """A listing is no judgement; and the tombstone goes when the findings go."""
    store.record(a_look(0, violated=[EGRESS]))
    _delete(store, 1)

    found = store.get(ID)
    assert found is not None
    assert (found.snapshot_digest, found.policy_revision, found.resolved_at) == ("sha256:aa", "r1", at(1))
    expiring = [
        item["item_type"]["S"]
        for item in dynamodb.scan(TableName=table_name)["Items"]
        if item.get("ttl") == {"N": str(1_795_176_060 + 400 * 86_400)}
    ]
    assert sorted(expiring) == ["detail", "finding", "history", "look"]


def test_a_deletion_seen_before_the_newest_look_closes_nothing(store: FindingStore) -> None:
    """A function may be deleted and made again under its old name."""
    store.record(a_look(5, violated=[EGRESS]))

    assert _delete(store, 4).outcome == "superseded"
    assert _delete(store, 5).outcome == "superseded"
    assert _reasons(store) == {EGRESS: ("open", None)}


def test_the_same_deletion_twice_changes_nothing(store: FindingStore) -> None:
    store.record(a_look(0, violated=[EGRESS]))
    _delete(store, 1)

    assert _delete(store, 1) == Recorded(outcome="repeated")
    assert len(store.history(ID).items) == 2


def test_a_function_that_is_made_again_is_reopened_with_its_past(
    store: FindingStore, dynamodb: Any, table_name: str
) -> None:
    store.record(a_look(0, violated=[EGRESS]))
    _delete(store, 1)
    assert store.record(a_look(2, violated=[EGRESS])).reopened == (EGRESS,)

    found = store.get(ID)
    assert found is not None
    assert (found.first_seen, found.times_reopened) == (at(0), 1)
    items = dynamodb.scan(TableName=table_name)["Items"]
    staying = [item for item in items if item["item_type"]["S"] != "history"]
    assert all("ttl" not in item for item in staying)  # the look's tombstone ended too


def test_functions_with_findings_are_those_of_these_rules_that_are_not_resolved(store: FindingStore) -> None:
    """Of this account and region alone, and by the whole name of a rule."""
    for name in ("open", "mended"):
        store.record(a_look(0, violated=[EGRESS], function=name))
    assert store.record(a_look(1, judged=[EGRESS], function="mended")).resolved == (EGRESS,)
    store.record(a_look(0, violated=["az.single_az"], function="of another rule"))
    store.record(a_look(0, violated=[EGRESS], function="elsewhere", region="us-east-1"))
    store.record(a_look(0, violated=[EGRESS], function="others", account_id="444455556666"))

    assert store.functions_with_findings(ACCOUNT, REGION, [EGRESS]) == ["open"]
    assert store.functions_with_findings(ACCOUNT, REGION, [EGRESS[:-1]]) == []
    assert store.functions_with_findings(ACCOUNT, REGION, []) == []


def test_functions_not_seen_since_a_moment_are_what_a_listing_may_close(store: FindingStore) -> None:
    """Of this account and region alone, and none that is known to be deleted."""
    for minute, name in enumerate(["long-gone", "gone", "listed", "fresh"]):
        store.record(a_look(minute, violated=[EGRESS], function=name))
    store.record(a_look(0, function="elsewhere", region="us-east-1"))
    store.record(a_look(0, function="others", account_id="444455556666"))
    _delete(store, 1, "long-gone")

    assert store.functions_not_seen_since(ACCOUNT, REGION, at(2)) == ["gone"]
    assert store.functions_not_seen_since(ACCOUNT, REGION, at(3)) == ["gone", "listed"]
    assert store.functions_not_seen_since("444455556666", REGION, at(1)) == ["others"]
