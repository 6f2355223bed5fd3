"""The record of findings in DynamoDB: guarded writes, and reads without scans (docs/table.md)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

from botocore.config import Config

from vpcguard.clock import Clock, system_clock
from vpcguard.errors import FindingStoreError
from vpcguard.findings import keys, reading
from vpcguard.findings.items import HistoryEntry
from vpcguard.findings.pages import Page
from vpcguard.findings.plan import ChangeKind, Plan, is_superseded, plan_deletion, plan_look
from vpcguard.findings.state import FunctionState
from vpcguard.findings.table import bound_table
from vpcguard.findings.write import LostRaceError, write_plan
from vpcguard.model import Finding, Look, Status

# What the table's client needs: waiting for an answer must not outlive the invocation. PynamoDB's own
# settings (15 s to connect, 30 s to read) do not apply, since the models share the client they are given.
CLIENT_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 4},
    max_pool_connections=16,
    parameter_validation=False,  # the models build the parameters
)
RETENTION_DAYS = 400  # of resolved findings: longer than two export periods
ATTEMPTS = 10
# what recording needs on the table; finding deleted functions needs dynamodb:Query on the index by_look too
ACTIONS = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
PAGE_SIZE = 100
_LONGEST_PAUSE_SECONDS = 0.5

Outcome = Literal["recorded", "repeated", "superseded"]
_Planner = Callable[[FunctionState, frozenset[str]], Plan]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What one look changed, by rule id.

    outcome: "repeated" where this very look was recorded before, "superseded" where a newer one was;
    neither changes anything. `updated` findings kept their status and say something else,
    `unconfirmed` ones are open and could not be judged this time, `confirmed` ones could again.
    """

    outcome: Outcome
    opened: tuple[str, ...] = ()
    reopened: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()
    undetermined: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unconfirmed: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()


class FindingStore:
    """The findings table of one deployment.

    client: a boto3 or botocore `dynamodb` client made with CLIENT_CONFIG; safe to share between
    threads. clock: decides what has expired. pause: waits between attempts, in seconds. Every method
    raises FindingStoreError where DynamoDB does not do what was asked.
    """

    def __init__(
        self,
        client: Any,
        table_name: str,
        *,
        clock: Clock = system_clock,
        retention_days: int = RETENTION_DAYS,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._table = bound_table(table_name, client)
        self._clock = clock
        self._retention_days = retention_days
        self._pause = pause

    def warm_up(self) -> None:
        """Read one item that does not exist, so that the first event finds an open connection."""
        self.state("-", "-", "-")

    def state(self, account_id: str, region: str, function_name: str) -> FunctionState:
        """Return what is remembered about a function: one strongly consistent read of one item.

        Read early, it saves `record` its own read; the write is guarded all the same.
        """
        return reading.read_state(self._table, account_id, region, function_name)

    def record(self, look: Look, *, seen: FunctionState | None = None) -> Recorded:
        """Record a look as a whole, unless it or a newer one is recorded already.

        Losing a race against another writer leads to a new read and another attempt, ten times at most.
        """

        def planner(state: FunctionState, vanished: frozenset[str]) -> Plan:
            return plan_look(state, look, retention_days=self._retention_days, vanished=vanished)

        if seen is None:
            seen = self.state(look.account_id, look.region, look.function_name)
        return self._carry_out(planner, seen, (look.judged_at, look.snapshot_digest))

    def states(
        self, functions: Collection[tuple[str, str, str]]
    ) -> Mapping[tuple[str, str, str], FunctionState]:
        """Return what is remembered about many (account, region, function), strongly consistent."""
        return reading.read_states(self._table, functions, consistent_read=True)

    def record_all(
        self,
        looks: Iterable[Look],
        *,
        seen: Mapping[tuple[str, str, str], FunctionState] | None = None,
        workers: int = 8,
    ) -> list[Recorded]:
        """Record many looks, several at a time, and return what each changed, in their order.

        seen: the answer of `states`, if it was asked while the snapshot was read. All looks are
        attempted; then the first that failed raises. Repeating the whole is safe.
        """
        given = list(looks)
        known = dict(seen or {})
        known |= self.states({_function(look) for look in given} - known.keys())
        if len(given) == 1:  # an event's usual share: no thread is worth it
            return [self.record(given[0], seen=known[_function(given[0])])]
        with ThreadPoolExecutor(workers) as pool:
            futures = [pool.submit(self.record, look, seen=known[_function(look)]) for look in given]
        return [future.result() for future in futures]

    def resolve_deleted(
        self, *, account_id: str, region: str, function_name: str, judged_at: str, trigger: str
    ) -> Recorded:
        """Resolve every finding of a function that was seen not to exist, unless a newer look saw it.

        judged_at: captured_at of the snapshot that does not hold it. The look record stays as a
        tombstone, so that a slower look from before the deletion opens nothing.
        """

        def planner(state: FunctionState, vanished: frozenset[str]) -> Plan:
            return plan_deletion(
                state, judged_at, trigger, retention_days=self._retention_days, vanished=vanished
            )

        return self._carry_out(planner, self.state(account_id, region, function_name), (judged_at, ""))

    def functions_not_seen_since(self, account_id: str, region: str, moment: str) -> list[str]:
        """Return the functions whose latest look is older than a moment (RFC 3339, as captured_at).

        A candidate is deleted only if a complete listing of that moment does not hold it: subtract
        what was listed, since a function may have been listed and not judged, and the index lags a little.
        """
        return reading.looks_before(self._table, account_id, region, moment)

    def get(self, finding_id: str) -> Finding | None:
        """Return a finding by its id alone; None where there is none, or it expired."""
        item = reading.find(self._table, finding_id)
        if item is None or reading.has_expired(item.expires_at, self._clock()):
            return None
        return next(iter(reading.with_last_seen(self._table, [item], consistent_read=True)))

    def history(
        self, finding_id: str, *, page_size: int = PAGE_SIZE, cursor: str | None = None
    ) -> Page[HistoryEntry]:
        """Return what happened to a finding, newest first."""
        item = reading.find(self._table, finding_id)
        if item is None:
            return Page((), None)
        return reading.list_history(self._table, item, page_size=page_size, cursor=cursor)

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
        return reading.list_findings(
            self._table,
            self._table.finding.query,
            [keys.function_key(account_id, region, function_name)],
            range_condition=self._table.finding.sk.startswith(keys.FINDING),
            consistent_read=True,
            now=self._clock(),
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
        in_region = self._table.finding.account_sort.startswith(f"{region}#") if region else None
        return reading.list_findings(
            self._table,
            self._table.finding.by_account.query,
            [account_id],
            range_condition=in_region,
            status=status,
            now=self._clock(),
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
        in_status = self._table.finding.rule_sort.startswith(f"{status}#") if status else None
        return reading.list_findings(
            self._table,
            self._table.finding.by_rule.query,
            [keys.sharded(rule_id, shard) for shard in keys.SHARDS],
            range_condition=in_status,
            now=self._clock(),
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
        since = self._table.finding.changed_at >= changed_since if changed_since else None
        return reading.list_findings(
            self._table,
            self._table.finding.by_status.query,
            [keys.sharded(status, shard) for shard in keys.SHARDS],
            range_condition=since,
            now=self._clock(),
            page_size=page_size,
            cursor=cursor,
        )

    def _carry_out(self, planner: _Planner, state: FunctionState, moment: tuple[str, str]) -> Recorded:
        vanished: frozenset[str] = frozenset()
        for attempt in range(ATTEMPTS):
            if is_superseded(state, *moment):
                is_same = moment == (state.judged_at, state.snapshot_digest)
                return Recorded(outcome="repeated" if is_same else "superseded")
            plan = planner(state, vanished)
            try:
                write_plan(self._table, plan, retention_days=self._retention_days)
            except LostRaceError as lost:
                vanished = lost.vanished
                longest = min(_LONGEST_PAUSE_SECONDS, 0.01 * 2**attempt)
                self._pause(random.uniform(0, longest))  # noqa: S311 - spreads writers, keeps no secret
                state = self.state(state.account_id, state.region, state.function_name)
            else:
                return _recorded(plan)
        raise FindingStoreError(f"{state.function_name}: others wrote first {ATTEMPTS} times in a row")


def _function(look: Look) -> tuple[str, str, str]:
    return look.account_id, look.region, look.function_name


def _recorded(plan: Plan) -> Recorded:
    def rules(kind: ChangeKind) -> tuple[str, ...]:
        return tuple(change.rule_id for change in plan.changes if change.kind == kind)

    return Recorded(
        outcome="recorded",
        opened=rules("opened"),
        reopened=rules("reopened"),
        resolved=rules("resolved"),
        undetermined=rules("undetermined"),
        updated=rules("updated"),
        unconfirmed=rules("unconfirmed"),
        confirmed=rules("confirmed"),
        unchanged=plan.unchanged,
    )
