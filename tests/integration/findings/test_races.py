"""Several writers at once: whoever wins the race, the newest look stands and no change is lost or doubled."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from tests.support.looks import ACCOUNT, EGRESS, FUNCTION, REGION, ZONES, a_look, at
from vpcguard.errors import FindingStoreError
from vpcguard.findings.states import FunctionState
from vpcguard.findings.store import FindingStore, Recorded
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


def test_the_newest_of_many_concurrent_looks_stands(store: FindingStore) -> None:
    looks = [
        a_look(minute, violated=[EGRESS]) if minute % 2 else a_look(minute, passed=[EGRESS])
        for minute in range(WRITERS)
    ]

    recorded = _together(store.record, looks[::-1])

    found = store.get(ID)
    assert found is not None
    assert (found.status, found.last_seen) == ("open", at(WRITERS - 1))
    changes = [entry.change for entry in reversed(store.history(ID).items)]
    assert len(changes) == sum(len(one.opened) + len(one.reopened) + len(one.resolved) for one in recorded)
    assert changes == ["opened", *["resolved", "reopened"] * (len(changes) // 2)]


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
