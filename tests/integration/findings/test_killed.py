"""kill -9 at every call to DynamoDB: what is delivered again ends in the table of an undisturbed run."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest

from tests.support.children import exit_code, record_until, started
from tests.support.dynamodb import create_findings_table
from tests.support.looks import a_look
from vpcguard.findings import store as findings_store
from vpcguard.findings.store import CHANGES_AT_ONCE, FindingStore
from vpcguard.model import Look


def _looks(at_once: int) -> list[Look]:
    """Return looks of which each changes more findings than one transaction takes."""
    rules = [f"nat.rule_{number:02}" for number in range(2 * at_once + 2)]
    kept, new = rules[:2], ["az.new_1", "az.new_2"]
    return [
        a_look(0, violated=rules),
        a_look(1, passed=rules[2:], unknown=kept, violated=new, digest="sha256:bb"),
        a_look(2, violated=rules, passed=new[:1], retired=frozenset(new[1:]), digest="sha256:cc"),
    ]


def _items(dynamodb: Any, table_name: str) -> list[dict[str, Any]]:
    """Return every item of a table."""
    pages = dynamodb.get_paginator("scan").paginate(TableName=table_name)
    return sorted(
        (item for page in pages for item in page["Items"]),
        key=lambda item: (item["pk"]["S"], item["sk"]["S"]),
    )


@contextmanager
def _table(dynamodb: Any, name: str) -> Iterator[FindingStore]:
    create_findings_table(dynamodb, name)
    try:
        yield FindingStore(dynamodb, name)
    finally:
        dynamodb.delete_table(TableName=name)


@pytest.mark.parametrize("at_once", [2, pytest.param(CHANGES_AT_ONCE, marks=pytest.mark.thorough)])
def test_killed_anywhere_and_delivered_again_recording_leaves_the_undisturbed_table(
    dynamodb: Any, dynamodb_url: str, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """History, outbox, counters and times included; a batch comes back as a whole."""
    monkeypatch.setattr(findings_store, "CHANGES_AT_ONCE", at_once)
    looks = _looks(at_once)

    def record(store: FindingStore) -> list[dict[str, Any]]:
        for look in looks:
            store.record(look)
        return _items(dynamodb, store.table.name)

    with _table(dynamodb, "undisturbed") as store:
        undisturbed = record(store)
    for moment in count():
        with _table(dynamodb, f"killed-{moment}") as store:
            code = exit_code(started(record_until, dynamodb_url, store.table.name, looks, at_once, moment))
            if code == 0:
                break
            assert code == -signal.SIGKILL
            assert record(store) == undisturbed, f"killed at moment {moment}"

    assert moment >= 2 * 3 * 4  # of each look a read and three transactions, before and after
