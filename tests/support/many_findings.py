"""A table of many findings, written 25 items a request: recording look after look takes minutes."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from tests.support.looks import planned
from vpcguard.findings import store as findings_store
from vpcguard.findings.counts import count_changes
from vpcguard.findings.items import shard_of
from vpcguard.findings.states import FindingState, FunctionState, Plan
from vpcguard.findings.store import FindingStore
from vpcguard.findings.table import COUNT_SHARDS, Table
from vpcguard.model import Finding, Look, cause_of

_ITEMS_AT_ONCE = 25  # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
_REQUESTS_AT_ONCE = 4


def load(client: Any, table_name: str, looks: Iterable[Look]) -> None:
    """Leave in an empty table what recording one look of each function would, all of it published."""
    table = FindingStore(client, table_name).table
    unwritten: list[dict[str, Any]] = []
    counted = _Counted()

    def write(requests: list[dict[str, Any]]) -> None:
        if client.batch_write_item(RequestItems={table_name: requests}).get("UnprocessedItems"):
            raise RuntimeError("DynamoDB Local left items out")

    def write_all() -> None:
        starts = range(0, len(unwritten), _ITEMS_AT_ONCE)
        list(pool.map(write, [unwritten[start : start + _ITEMS_AT_ONCE] for start in starts]))
        unwritten.clear()

    with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as pool:
        for look in looks:
            plan = _plan(look)
            counted.add(plan, look.findings)
            unwritten += _puts(table, plan)
            if len(unwritten) > 100 * _ITEMS_AT_ONCE:
                write_all()
        write_all()
        list(pool.map(counted.write, [table] * len(counted.plans), counted.plans))


def items_of(table: Table, look: Look) -> list[dict[str, Any]]:
    """Return the items that recording a look leaves but for its counts, as DynamoDB takes them."""
    return [put["PutRequest"]["Item"] for put in _puts(table, _plan(look))]


def _plan(look: Look) -> Plan:
    seen = FunctionState(account_id=look.account_id, region=look.region, function_name=look.function_name)
    return planned(seen, look)


def _puts(table: Table, plan: Plan) -> list[dict[str, Any]]:
    writes = findings_store._writes(table, plan, {})  # noqa: SLF001 - the items as they are recorded
    items = (write.item for write in writes if not isinstance(write.item, table.outbox))
    return [{"PutRequest": {"Item": item.serialize()}} for item in items]


class _Counted:
    """The counts of all functions: each share is one write, whatever number of functions it counts."""

    def __init__(self) -> None:
        self.plans: dict[tuple[str, str], Plan] = {}
        self._findings: dict[tuple[str, str], dict[str, FindingState]] = {}
        self._told: dict[str | None, Finding] = {}

    def add(self, plan: Plan, told: Iterable[Finding]) -> None:
        place = plan.after
        share = place.account_id, shard_of(place.function_name, COUNT_SHARDS)
        findings = self._findings.setdefault(share, {})
        findings |= {f"{place.function_name} {rule}": one for rule, one in place.findings.items()}
        self.plans[share] = replace(plan, after=replace(place, findings=findings))
        self._told |= {cause_of(one): one for one in told}

    def write(self, table: Table, share: tuple[str, str]) -> None:
        for change in count_changes(table, self.plans[share], self._told.values()):
            change.item.update(list(change.actions))
