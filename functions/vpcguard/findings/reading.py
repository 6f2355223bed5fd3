"""Reads findings, never by a scan; what has expired counts as gone before DynamoDB removes it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from pynamodb.exceptions import PynamoDBException
from pynamodb.expressions.condition import Condition

from vpcguard.errors import FindingStoreError
from vpcguard.findings import keys
from vpcguard.findings.items import HistoryEntry, function_state, history_entry, stored_finding
from vpcguard.findings.pages import Page, Queryable, read_page
from vpcguard.findings.state import FunctionState
from vpcguard.findings.table import FindingItem, LookItem, Table
from vpcguard.model import Finding, Status


def read_state(table: Table, account_id: str, region: str, function_name: str) -> FunctionState:
    """Return what the look record remembers, strongly consistent; revision 0 where there is none."""
    try:
        item = table.look.get(
            keys.function_key(account_id, region, function_name), keys.LOOK, consistent_read=True
        )
    except table.look.DoesNotExist:
        return FunctionState(account_id=account_id, region=region, function_name=function_name)
    except PynamoDBException as error:
        raise FindingStoreError(f"the look at {function_name} could not be read: {error}") from error
    return function_state(item)


def read_states(
    table: Table, functions: Collection[tuple[str, str, str]], *, consistent_read: bool
) -> dict[tuple[str, str, str], FunctionState]:
    """Return the look records of many (account, region, function), 100 a request; revision 0: none yet."""
    wanted = {(keys.function_key(*function), keys.LOOK) for function in functions}
    states = {
        function: FunctionState(account_id=function[0], region=function[1], function_name=function[2])
        for function in functions
    }
    try:
        items = list(table.look.batch_get(wanted, consistent_read=consistent_read)) if wanted else []
    except PynamoDBException as error:
        raise FindingStoreError(f"the looks could not be read: {error}") from error
    return states | {
        (item.account_id, item.region, item.function_name): function_state(item) for item in items
    }


def find(table: Table, finding_id: str) -> FindingItem | None:
    """Return the stored finding with this id, strongly consistent once the index knows the id."""
    try:
        pointer = next(iter(table.finding.by_id.query(finding_id, limit=1)), None)
        return table.finding.get(pointer.pk, pointer.sk, consistent_read=True) if pointer else None
    except table.finding.DoesNotExist:
        return None
    except PynamoDBException as error:
        raise FindingStoreError(f"the finding {finding_id} could not be read: {error}") from error


def has_expired(expires_at: float | None, now: datetime) -> bool:
    """True if DynamoDB may remove the item, which it does within days."""
    return expires_at is not None and expires_at <= now.timestamp()


def list_findings(
    table: Table,
    query: Queryable[FindingItem],
    partitions: Sequence[str],
    *,
    now: datetime,
    page_size: int,
    cursor: str | None,
    range_condition: Condition | None = None,
    status: Status | None = None,
    consistent_read: bool = False,
) -> Page[Finding]:
    """Return one page of findings, each with the time when it was last seen."""
    model = table.finding
    is_kept = model.expires_at.does_not_exist() | (model.expires_at > int(now.timestamp()))
    page = read_page(
        query,
        partitions,
        page_size=page_size,
        cursor=cursor,
        range_condition=range_condition,
        filter_condition=is_kept if status is None else is_kept & (model.status == status),
        consistent_read=consistent_read,
    )
    return Page(tuple(with_last_seen(table, page.items, consistent_read=consistent_read)), page.cursor)


def with_last_seen(
    table: Table, items: Sequence[FindingItem], *, consistent_read: bool = False
) -> Iterable[Finding]:
    """Return findings whose last_seen comes from their function's look; a resolved one has its own."""
    functions = {_function(item) for item in items if item.status != "resolved"}
    states = read_states(table, functions, consistent_read=consistent_read)
    for item in items:
        state = states.get(_function(item))
        yield stored_finding(item, state.findings.get(item.rule_id) if state else None)


def list_history(
    table: Table, item: FindingItem, *, page_size: int, cursor: str | None
) -> Page[HistoryEntry]:
    """Return one page of what happened to a finding, newest first."""
    page = read_page(
        table.history.query,
        [item.pk],
        page_size=page_size,
        cursor=cursor,
        range_condition=table.history.sk.startswith(keys.history_prefix(item.rule_id)),
        consistent_read=True,
        newest_first=True,
    )
    return Page(tuple(history_entry(entry) for entry in page.items), page.cursor)


def looks_before(table: Table, account_id: str, region: str, moment: str) -> list[str]:
    """Return the functions whose latest look is older than a moment, sorted by name."""
    names: list[str] = []
    for shard in keys.LOOK_SHARDS:
        older = table.look.by_look.query(
            keys.looks_key(account_id, region, shard), LookItem.judged_at < moment
        )
        try:
            names.extend(item.function_name for item in older)
        except PynamoDBException as error:
            raise FindingStoreError(
                f"the looks at {account_id} {region} could not be read: {error}"
            ) from error
    return sorted(names)


def _function(item: FindingItem) -> tuple[str, str, str]:
    return item.account_id, item.region, item.function_name
