"""Reads of findings, never by a scan; what has expired counts as gone before DynamoDB removes it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from pynamodb.exceptions import PynamoDBException
from pynamodb.expressions.condition import Condition

from vpcguard.clock import Clock, system_clock
from vpcguard.errors import FindingStoreError
from vpcguard.findings.lifecycle import FindingState, FunctionState
from vpcguard.findings.pages import PAGE_SIZE, Page, Queryable, read_page
from vpcguard.findings.table import (
    FINDING,
    LOOK,
    LOOK_SHARDS,
    SHARDS,
    FindingItem,
    HistoryItem,
    LookItem,
    bound_table,
    function_key,
    history_prefix,
)
from vpcguard.model import Finding, Status

Function = tuple[str, str, str]  # account id, region, name

ATTEMPTS = 10
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
_KEYS_AT_ONCE = 100
_LONGEST_PAUSE_SECONDS = 0.5
_STATE_FIELDS = frozenset(one.name for one in fields(FindingState))
_FINDING_FIELDS = tuple(one.name for one in fields(Finding))


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One change of a finding's status: what, when, by which trigger and under which policies.

    change_id is stable: whoever publishes it twice can be told apart from two changes.
    """

    change_id: str
    change: str
    finding_id: str
    account_id: str
    region: str
    function_name: str
    rule_id: str
    severity: str
    stage: str
    status_before: str | None
    status: str
    status_reason: str | None
    changed_at: str
    trigger: str
    policy_revision: str | None
    config_digest: str | None
    snapshot_digest: str | None


class FindingQueries:
    """The findings table of one deployment, to read.

    client: a boto3 or botocore `dynamodb` client made with store.CLIENT_CONFIG; safe to share between
    threads. clock: decides what has expired. pause: waits between attempts, in seconds. Every method raises
    FindingStoreError where DynamoDB does not do what was asked, and the listings ListingError for a cursor
    or a page size that they do not take.
    """

    def __init__(
        self,
        client: Any,
        table_name: str,
        *,
        clock: Clock = system_clock,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.table = bound_table(table_name, client)
        self._clock = clock
        self._pause = pause

    def state(self, account_id: str, region: str, function_name: str) -> FunctionState:
        """Return what is remembered about a function: one strongly consistent read of one item.

        Revision 0 where there is none. Read early, it saves `record` its own read; the write is guarded
        all the same.
        """
        try:
            item = self.table.look.get(
                function_key(account_id, region, function_name), LOOK, consistent_read=True
            )
        except self.table.look.DoesNotExist:
            return FunctionState(account_id=account_id, region=region, function_name=function_name)
        except PynamoDBException as error:
            raise FindingStoreError(f"the look at {function_name} could not be read: {error}") from error
        return _function_state(item)

    def states(
        self, functions: Collection[Function], *, consistent_read: bool = True
    ) -> dict[Function, FunctionState]:
        """Return what is remembered about many functions, 100 a request; revision 0: nothing yet.

        DynamoDB may leave keys unprocessed, when it throttles or has said 16 MB: those are asked for again,
        ten times at most.
        """
        model, keys = self.table.look, sorted(function_key(*function) for function in set(functions))
        states = {
            function: FunctionState(account_id=function[0], region=function[1], function_name=function[2])
            for function in functions
        }
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            unread: Sequence[Any] = [{"pk": key, "sk": LOOK} for key in keys[start : start + _KEYS_AT_ONCE]]
            for attempt in range(ATTEMPTS):
                if attempt:
                    self._wait(attempt)
                try:
                    answer = self.table.connection.batch_get_item(
                        self.table.name, unread, consistent_read=consistent_read
                    )
                except PynamoDBException as error:
                    raise FindingStoreError(f"the looks could not be read: {error}") from error
                for item in map(model.from_raw_data, answer["Responses"].get(self.table.name, ())):
                    states[item.account_id, item.region, item.function_name] = _function_state(item)
                unread = answer.get("UnprocessedKeys", {}).get(self.table.name, {}).get("Keys", ())
                if not unread:
                    break
            else:
                raise FindingStoreError(
                    f"{len(unread)} looks could not be read: DynamoDB left them out {ATTEMPTS} times in a row"
                )
        return states

    def _wait(self, attempt: int) -> None:
        """Wait before an attempt, longer each time, and not as long as others who wait for the same."""
        longest = min(_LONGEST_PAUSE_SECONDS, 0.01 * 2**attempt)
        self._pause(random.uniform(0, longest))  # noqa: S311 - spreads callers, keeps no secret

    def functions_not_seen_since(self, account_id: str, region: str, moment: str) -> list[str]:
        """Return the functions whose latest look is older than a moment (RFC 3339, as captured_at), by name.

        A candidate is deleted only if a complete listing of that moment does not hold it: subtract
        what was listed, since a function may have been listed and not judged, and the index lags a little.
        """
        names: list[str] = []
        for shard in LOOK_SHARDS:
            older = self.table.look.by_look.query(
                f"{account_id}#{region}#{shard}", LookItem.judged_at < moment
            )
            try:
                names.extend(item.function_name for item in older)
            except PynamoDBException as error:
                raise FindingStoreError(
                    f"the looks at {account_id} {region} could not be read: {error}"
                ) from error
        return sorted(names)

    def functions_with_findings(self, account_id: str, region: str, rule_ids: Iterable[str]) -> list[str]:
        """Return the functions about which rules have found something that is not resolved, by name."""
        model, names = self.table.finding, set[str]()
        for rule_id in rule_ids:
            found = model.by_account.query(
                account_id,
                model.account_sort.startswith(f"{region}#{rule_id}#"),
                filter_condition=model.status.is_in("open", "undetermined"),
            )
            try:
                names.update(item.function_name for item in found)
            except PynamoDBException as error:
                raise FindingStoreError(
                    f"the findings of {rule_id} in {account_id} {region} could not be read: {error}"
                ) from error
        return sorted(names)

    def get(self, finding_id: str) -> Finding | None:
        """Return a finding by its id alone; None where there is none, or it expired."""
        item = self._find(finding_id)
        if item is None:
            return None
        expires_at: float | None = item.expires_at
        if expires_at is not None and expires_at <= self._clock().timestamp():
            return None
        return next(self._as_seen([item], consistent_read=True))

    def history(
        self, finding_id: str, *, page_size: int = PAGE_SIZE, cursor: str | None = None
    ) -> Page[HistoryEntry]:
        """Return what happened to a finding, newest first."""
        item = self._find(finding_id)
        if item is None:
            return Page((), None)
        page = read_page(
            self.table.history,
            self.table.history.query,
            [item.pk],
            page_size=page_size,
            cursor=cursor,
            range_condition=self.table.history.sk.startswith(history_prefix(item.rule_id)),
            consistent_read=True,
            newest_first=True,
        )
        return Page(tuple(_history_entry(entry) for entry in page.items), page.cursor)

    def list_by_function(
        self,
        account_id: str,
        region: str,
        function_name: str,
        *,
        page_size: int = PAGE_SIZE,
        cursor: str | None = None,
    ) -> Page[Finding]:
        """Return a function's findings by rule id, strongly consistent."""
        return self._list(
            self.table.finding.query,
            [function_key(account_id, region, function_name)],
            range_condition=self.table.finding.sk.startswith(FINDING),
            consistent_read=True,
            page_size=page_size,
            cursor=cursor,
        )

    def list_by_account(
        self,
        account_id: str,
        *,
        region: str | None = None,
        status: Status | None = None,
        page_size: int = PAGE_SIZE,
        cursor: str | None = None,
    ) -> Page[Finding]:
        """Return an account's findings by region, rule id and function name."""
        in_region = self.table.finding.account_sort.startswith(f"{region}#") if region else None
        return self._list(
            self.table.finding.by_account.query,
            [account_id],
            range_condition=in_region,
            status=status,
            page_size=page_size,
            cursor=cursor,
        )

    def list_by_rule(
        self,
        rule_id: str,
        *,
        status: Status | None = None,
        page_size: int = PAGE_SIZE,
        cursor: str | None = None,
    ) -> Page[Finding]:
        """Return a rule's findings, shard by shard, each by status and time of change."""
        in_status = self.table.finding.rule_sort.startswith(f"{status}#") if status else None
        return self._list(
            self.table.finding.by_rule.query,
            [f"{rule_id}#{shard}" for shard in SHARDS],
            range_condition=in_status,
            page_size=page_size,
            cursor=cursor,
        )

    def list_by_status(
        self,
        status: Status,
        *,
        changed_since: str | None = None,
        page_size: int = PAGE_SIZE,
        cursor: str | None = None,
    ) -> Page[Finding]:
        """Return the findings in a status, shard by shard, each by time of change."""
        since = self.table.finding.changed_at >= changed_since if changed_since else None
        return self._list(
            self.table.finding.by_status.query,
            [f"{status}#{shard}" for shard in SHARDS],
            range_condition=since,
            page_size=page_size,
            cursor=cursor,
        )

    def _find(self, finding_id: str) -> FindingItem | None:
        """Return the stored finding with this id, strongly consistent once the index knows the id."""
        model = self.table.finding
        try:
            pointer = next(iter(model.by_id.query(finding_id, limit=1)), None)
            return model.get(pointer.pk, pointer.sk, consistent_read=True) if pointer else None
        except model.DoesNotExist:
            return None
        except PynamoDBException as error:
            raise FindingStoreError(f"the finding {finding_id} could not be read: {error}") from error

    def _list(
        self,
        query: Queryable[FindingItem],
        partitions: Sequence[str],
        *,
        page_size: int,
        cursor: str | None,
        range_condition: Condition | None = None,
        status: Status | None = None,
        consistent_read: bool = False,
    ) -> Page[Finding]:
        model = self.table.finding
        is_kept = model.expires_at.does_not_exist() | (model.expires_at > int(self._clock().timestamp()))
        page = read_page(
            model,
            query,
            partitions,
            page_size=page_size,
            cursor=cursor,
            range_condition=range_condition,
            filter_condition=is_kept if status is None else is_kept & (model.status == status),
            consistent_read=consistent_read,
        )
        return Page(tuple(self._as_seen(page.items, consistent_read=consistent_read)), page.cursor)

    def _as_seen(self, items: Sequence[FindingItem], *, consistent_read: bool) -> Iterator[Finding]:
        """Yield findings whose last_seen comes from their function's look; a resolved one has its own."""
        states = self.states(
            {_function(item) for item in items if item.status != "resolved"}, consistent_read=consistent_read
        )
        for item in items:
            state = states.get(_function(item))
            yield stored_finding(item, state.findings.get(item.rule_id) if state else None)


def stored_finding(item: FindingItem, state: FindingState | None) -> Finding:
    """Return a finding as every interface shows it.

    state: as the function's look record has it; it knows when the finding was last seen. An open
    finding that later looks could not judge says so in its evidence, under "undetermined".
    """
    values = {name: getattr(item, name) for name in _FINDING_FIELDS}
    values["times_reopened"] = int(item.times_reopened)
    if state is not None and state.status == item.status:
        values["last_seen"] = state.last_seen
    if item.undetermined_since is not None:
        note = {"since": item.undetermined_since, **(item.undetermined or {})}
        values["evidence"] = {**item.evidence, "undetermined": note}
    return Finding(**values)


def _function_state(item: LookItem) -> FunctionState:
    """Return what a look record remembers; what a newer release added is left out."""
    return FunctionState(
        account_id=item.account_id,
        region=item.region,
        function_name=item.function_name,
        judged_at=item.judged_at,
        snapshot_digest=item.snapshot_digest,
        policy_revision=item.policy_revision,
        config_digest=item.config_digest,
        trigger=item.trigger,
        revision=int(item.revision),
        findings={
            rule_id: FindingState(**{name: state[name] for name in _STATE_FIELDS & state.keys()})
            for rule_id, state in item.findings.items()
        },
        deleted_at=item.deleted_at,
    )


def _history_entry(item: HistoryItem) -> HistoryEntry:
    return HistoryEntry(**{one.name: getattr(item, one.name) for one in fields(HistoryEntry)})


def _function(item: FindingItem) -> Function:
    return item.account_id, item.region, item.function_name
