"""The table itself, whatever the order of looks: what unit/findings/test_any_order.py shows for plans."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, permutations
from typing import Any

import pytest

from tests.support.dynamodb import create_findings_table
from tests.support.looks import ACCOUNT, EGRESS, FUNCTION, REGION, ZONES, a_look
from vpcguard.findings.store import FindingStore

LOOKS = [
    a_look(1, violated=[EGRESS, ZONES]),
    a_look(2, passed=[EGRESS], unknown=[ZONES]),
    a_look(3, violated=[EGRESS], passed=[ZONES], digest="sha256:aa"),
    a_look(3, violated=[ZONES], passed=[EGRESS], digest="sha256:bb"),
]


@pytest.fixture(scope="module")
def stores(dynamodb: Any) -> Iterator[Iterator[FindingStore]]:
    """New accounts in one table would do as well; new tables show everything that is left."""
    names: list[str] = []

    def empty() -> Iterator[FindingStore]:
        for number in count():
            names.append(f"orders-{number}")
            create_findings_table(dynamodb, names[-1])
            yield FindingStore(dynamodb, names[-1])

    yield empty()
    for name in names:
        dynamodb.delete_table(TableName=name)


@pytest.mark.parametrize("order", list(permutations(range(len(LOOKS)))), ids=str)
def test_every_order_of_looks_each_delivered_twice_ends_as_the_newest_says(
    stores: Iterator[FindingStore], order: tuple[int, ...]
) -> None:
    store = next(stores)
    for number in order:
        store.record(LOOKS[number])
        store.record(LOOKS[number])

    found = store.list_by_function(ACCOUNT, REGION, FUNCTION).items
    statuses = {one.rule_id: one.status for one in found}
    assert statuses.get(ZONES) == "open"
    assert statuses.get(EGRESS, "resolved") == "resolved"
    for one in found:
        history = store.history(one.finding_id).items
        moments = [entry.changed_at for entry in history]
        assert moments == sorted(moments, reverse=True)
        assert len({entry.change_id for entry in history}) == len(history)
        assert history[0].status == one.status
