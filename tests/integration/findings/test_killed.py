"""kill -9 at every call to DynamoDB: what is delivered again ends in the table of an undisturbed run."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest

from tests.support.children import PATIENT, exempting, exit_code, record_until, replan_until, started
from tests.support.dynamodb import create_findings_table, local_client
from tests.support.looks import ACCOUNT, FUNCTION, REGION, a_look, an_exemption, at
from vpcguard.findings import store as findings_store
from vpcguard.findings.exemptions import Matcher
from vpcguard.findings.store import ITEMS_AT_ONCE, FindingStore
from vpcguard.model import Look


def _looks(number: int) -> list[Look]:
    """Return looks of which each changes so many findings."""
    rules = [f"nat.rule_{number:02}" for number in range(number)]
    kept, new = rules[:2], ["az.new_1", "az.new_2"]
    unread: dict[str, Any] = {"failed_reads": dict.fromkeys(kept, ("ec2:DescribeNatGateways",))}
    return [
        a_look(0, violated=rules),
        a_look(1, passed=rules[2:], unknown=kept, violated=new, digest="sha256:bb", **unread),
        a_look(2, violated=rules, passed=new[:1], retired=frozenset(new[1:]), digest="sha256:cc"),
    ]


def _items(dynamodb: Any, table_name: str) -> list[dict[str, Any]]:
    """Return every item of a table, but counts of nothing, which a writer that dies may leave."""
    pages = dynamodb.get_paginator("scan").paginate(TableName=table_name)
    items = [item for page in pages for item in page["Items"] if not _counts_nothing(item)]
    return sorted(items, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


def _counts_nothing(item: dict[str, Any]) -> bool:
    return item["item_type"]["S"] in ("cause", "coverage") and not any(
        float(value["N"]) for value in item.values() if "N" in value
    )


@contextmanager
def _table(dynamodb: Any, name: str) -> Iterator[FindingStore]:
    create_findings_table(dynamodb, name)
    try:
        yield FindingStore(dynamodb, name)
    finally:
        dynamodb.delete_table(TableName=name)


# several transactions a look: made small, and as they are; each third moment, and each
@pytest.mark.parametrize(
    ("at_once", "findings", "step"),
    [
        (12, 4, 3),
        pytest.param(12, 4, 1, marks=pytest.mark.thorough),
        pytest.param(ITEMS_AT_ONCE, 50, 1, marks=pytest.mark.thorough),
    ],
)
def test_killed_anywhere_and_delivered_again_recording_leaves_the_undisturbed_table(
    dynamodb_url: str, monkeypatch: pytest.MonkeyPatch, at_once: int, findings: int, step: int
) -> None:
    """History, outbox, counters and times included; a batch comes back as a whole."""
    dynamodb = local_client(dynamodb_url, config=PATIENT)
    monkeypatch.setattr(findings_store, "ITEMS_AT_ONCE", at_once)
    looks = _looks(findings)

    def record(store: FindingStore) -> Any:
        for look in looks:
            store.record(look)
        return _items(dynamodb, store.table.name), store.causes(), store.coverage()

    with _table(dynamodb, "undisturbed") as store:
        undisturbed = record(store)
    for moment in count(0, step):
        with _table(dynamodb, f"killed-{moment}") as store:
            code = exit_code(started(record_until, dynamodb_url, store.table.name, looks, at_once, moment))
            if code == 0:
                break
            assert code == -signal.SIGKILL
            assert record(store) == undisturbed, f"killed at moment {moment}"

    assert moment >= 2 * 3 * 4  # of each look reads and several transactions, before and after


def test_killed_anywhere_and_begun_again_an_exemption_leaves_the_undisturbed_table(
    dynamodb_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a look: and the look that is recorded stays as whole as it was."""
    dynamodb = local_client(dynamodb_url, config=PATIENT)
    monkeypatch.setattr(findings_store, "ITEMS_AT_ONCE", 6)  # as the child has it: a change each
    look, function = _looks(3)[0], (ACCOUNT, REGION, FUNCTION)
    exemption = an_exemption(Matcher(function=FUNCTION), at(10))

    with _table(dynamodb, "undisturbed") as store:
        store.record(look)
        exempting(dynamodb, "undisturbed", exemption).replan(*function)
        undisturbed = _items(dynamodb, "undisturbed")
    for moment in count():
        with _table(dynamodb, f"killed-{moment}") as store:
            store.record(look)
            code = exit_code(
                started(replan_until, dynamodb_url, store.table.name, function, exemption, moment)
            )
            exempting(dynamodb, store.table.name, exemption).replan(*function)
            assert _items(dynamodb, store.table.name) == undisturbed, f"killed at moment {moment}"
            if code == 0:
                break
            assert code == -signal.SIGKILL

    assert moment >= 2 * 4
