"""Several writers at once: whoever wins the race, the newest look stands and no change is lost or doubled."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from tests.support.children import exit_code, record_together, started, together
from tests.support.looks import ACCOUNT, EGRESS, FUNCTION, REGION, ZONES, a_look, at
from vpcguard.errors import FindingStoreError
from vpcguard.findings.queries import HistoryEntry
from vpcguard.findings.states import TOLD, FunctionState
from vpcguard.findings.store import FindingStore, Recorded, counts_of
from vpcguard.findings.table import SHARDS
from vpcguard.model import Look, finding_id

ID = finding_id(ACCOUNT, REGION, FUNCTION, EGRESS)
WRITERS = 8


def _together(work: Callable[[Look], Recorded], looks: list[Look]) -> list[Recorded]:
    """Do the work for each look in a thread of its own, all at one moment."""
    barrier = Barrier(len(looks))

    def wait_and_work(look: Look) -> Recorded:
        barrier.wait()
        return work(look)

    with ThreadPoolExecutor(len(looks)) as pool:
        return list(pool.map(wait_and_work, looks))


MANY = 64
SAYS: list[dict[str, Any]] = [{"violated": [EGRESS, ZONES]}, {"passed": [EGRESS], "unknown": [ZONES]}]
SAYS += [{"passed": [EGRESS, ZONES]}, {"unknown": [EGRESS], "violated": [ZONES]}]


def _shuffled(seed: int) -> list[Look]:
    """Return looks of as many moments, two of the newest one, in any order."""
    chance = random.Random(seed)  # noqa: S311 - an order, not a secret
    looks = [a_look(minute, digest="sha256:aa", **chance.choice(SAYS)) for minute in range(MANY - 2)]
    looks += [a_look(MANY, digest=digest, **says) for digest, says in zip("ab", SAYS[2:], strict=True)]
    chance.shuffle(looks)
    return looks


def _stands_as_the_newest_says(store: FindingStore) -> list[HistoryEntry]:
    """Check what is left of shuffled looks, and return the history: no change is missing or twice."""
    found = {one.rule_id: one for one in store.list_by_function(ACCOUNT, REGION, FUNCTION).items}
    assert found[ZONES].status == "open"
    assert found[EGRESS].status == "undetermined" or "undetermined" in found[EGRESS].evidence
    state = store.state(ACCOUNT, REGION, FUNCTION)
    assert (state.judged_at, state.snapshot_digest) == (at(MANY), "b")
    changes: list[HistoryEntry] = []
    for one in found.values():
        entries = store.history(one.finding_id, page_size=1_000).items[::-1]
        befores = [None, *(entry.status for entry in entries)]
        assert [entry.status_before for entry in entries] == befores[:-1]
        assert entries[-1].status == one.status
        moments = [(entry.changed_at, entry.snapshot_digest) for entry in entries]
        assert moments == sorted(set(moments))
        changes += entries
    assert len({entry.change_id for entry in changes}) == len(changes)
    waiting = [item.sk for shard in SHARDS for item in store.table.outbox.by_outbox.query(shard)]
    assert sorted(waiting) == sorted(f"OUTBOX#{entry.change_id}" for entry in changes)
    return changes


@pytest.mark.parametrize("seed", range(3))
def test_of_many_looks_at_once_the_newest_stands_and_each_change_is_told_once(
    patient_store: FindingStore, seed: int
) -> None:
    store = patient_store
    recorded = together(store, _shuffled(seed))

    changes = _stands_as_the_newest_says(store)
    told = counts_of(recorded)
    by_kind = Counter(entry.change for entry in changes)
    assert {kind: told[kind] for kind in TOLD} == {kind: by_kind[kind] for kind in TOLD}
    assert told["looks"] - told["outdated"] == store.state(ACCOUNT, REGION, FUNCTION).revision


def test_the_same_holds_for_many_processes(dynamodb_url: str, patient_store: FindingStore) -> None:
    store = patient_store
    looks = _shuffled(7)
    arguments = dynamodb_url, store.table.name
    others = [started(record_together, *arguments, looks[start : start + 8]) for start in range(0, 32, 8)]
    together(store, looks[32:])

    assert [exit_code(other) for other in others] == [0] * 4
    _stands_as_the_newest_says(store)


def test_one_look_delivered_many_times_at_once_is_recorded_once(store: FindingStore) -> None:
    recorded = _together(store.record, [a_look(1, violated=[EGRESS, ZONES])] * WRITERS)

    assert sorted(one.outcome for one in recorded) == ["recorded", *["repeated"] * (WRITERS - 1)]
    assert len(store.history(ID).items) == 1


def test_a_deletion_and_a_newer_look_end_open_whoever_is_first(store: FindingStore) -> None:
    store.record(a_look(0, violated=[EGRESS]))

    def work(look: Look) -> Recorded:
        if look.judged_at == at(1):
            return store.resolve_deleted(
                account_id=ACCOUNT, region=REGION, function_name=FUNCTION, judged_at=at(1), trigger="sweep"
            )
        return store.record(look)

    _together(work, [a_look(1), a_look(2, violated=[EGRESS])] * 2)

    found = store.get(ID)
    assert found is not None
    assert (found.status, found.last_seen) == ("open", at(2))


def test_a_writer_that_always_comes_second_gives_up_with_an_error(dynamodb: Any, table_name: str) -> None:
    """The message goes back to the queue; it must not end as recorded, nor hold the function for ever."""
    faster = FindingStore(dynamodb, table_name)
    minutes = iter(range(100))
    pauses: list[float] = []

    class Unlucky(FindingStore):
        def state(self, account_id: str, region: str, function_name: str) -> FunctionState:
            """Read, and let somebody else write before the caller does."""
            read = super().state(account_id, region, function_name)
            faster.record(a_look(next(minutes)))
            return read

    unlucky = Unlucky(dynamodb, table_name, pause=pauses.append)

    with pytest.raises(FindingStoreError, match=FUNCTION):
        unlucky.record(a_look(1_000, judged_at="2026-11-21T00:00:00.000000Z", violated=[EGRESS]))

    assert len(pauses) == 10
    assert max(pauses) <= 0.5
    assert store_is_empty(faster)


def store_is_empty(store: FindingStore) -> bool:
    """True if nothing was found in the function."""
    return store.list_by_function(ACCOUNT, REGION, FUNCTION).items == ()
