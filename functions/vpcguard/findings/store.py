"""Records looks in DynamoDB: a transaction each, guarded by the look record's revision (docs/table.md)."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from botocore.config import Config
from pynamodb.exceptions import PutError, TransactWriteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from vpcguard.errors import FindingStoreError
from vpcguard.findings.items import (
    ATTEMPTS,
    RETENTION_DAYS,
    Function,
    finding_values,
    history_values,
    look_values,
)
from vpcguard.findings.lifecycle import (
    STATUS_CHANGES,
    FindingChange,
    FunctionState,
    Plan,
    in_steps,
    is_superseded,
    plan_deletion,
    plan_look,
)
from vpcguard.findings.queries import FindingQueries
from vpcguard.findings.table import DETAIL, FINDING, LOOK, OUTBOX, SHARDS, Table, function_key, shard_of
from vpcguard.model import Finding, Look

LOOKS_AT_ONCE = 8  # recorded at the same time for one caller
CALLERS = 4  # who record at the same time: the groups of a batch of events

# What the table's client needs: waiting for an answer must not outlive the invocation. PynamoDB's own
# settings (15 s to connect, 30 s to read) do not apply, since the models share the client they are given.
CLIENT_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=CALLERS * LOOKS_AT_ONCE,  # a connection more than these is made anew each time
    parameter_validation=False,  # the models build the parameters
)
# what recording needs on the table; finding deleted functions needs dynamodb:Query on the index by_look too
ACTIONS = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
COUNTED = ("looks", "outdated", "opened", "reopened", "resolved", "undetermined")  # see counts_of
# A transaction takes 100 items (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html):
# the look record, and of each change the finding, its detail, its history and its outbox.
CHANGES_AT_ONCE = 24
_CHECK_FAILED = "ConditionalCheckFailed"
_PASSING = frozenset(
    {
        *(_CHECK_FAILED, "ConditionalCheckFailedException"),  # somebody else was faster
        *("TransactionConflict", "TransactionConflictException", "TransactionInProgressException"),
        *("ThrottlingError", "ProvisionedThroughputExceeded"),  # inside of a transaction, unseen by botocore
    }
)


Outcome = Literal["recorded", "repeated", "superseded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What one look changed: the rules of findings whose status is another now.

    outcome: "repeated" where this very look was recorded before, "superseded" where a newer one was;
    neither changes anything.
    """

    outcome: Outcome
    opened: tuple[str, ...] = ()
    reopened: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()
    undetermined: tuple[str, ...] = ()


def counts_of(recorded: Sequence[Recorded]) -> Counter[str]:
    """Return how many looks were recorded, and how many findings that opened, reopened, resolved and so on.

    outdated: looks that a newer one, or the same one, was recorded before.
    """
    counts = Counter(dict.fromkeys(COUNTED, 0))
    for one in recorded:
        counts["looks"] += 1
        counts["outdated"] += one.outcome != "recorded"
        counts["opened"] += len(one.opened)
        counts["reopened"] += len(one.reopened)
        counts["resolved"] += len(one.resolved)
        counts["undetermined"] += len(one.undetermined)
    return counts


class FindingStore(FindingQueries):
    """The findings table of one deployment, to read and to write; made like FindingQueries."""

    def record(self, look: Look, *, seen: FunctionState | None = None) -> Recorded:
        """Record a look as a whole, unless it or a newer one is recorded already.

        Losing a race against another writer leads to a new read and another attempt, ten times at most.
        """
        if seen is None:
            seen = self.state(look.account_id, look.region, look.function_name)
        planner = partial(plan_look, look=look, retention_days=RETENTION_DAYS)
        return self._carry_out(planner, seen, (look.judged_at, look.snapshot_digest))

    def record_all(
        self,
        looks: Iterable[Look],
        *,
        seen: Mapping[Function, FunctionState] | None = None,
        until: float = math.inf,
    ) -> list[Recorded]:
        """Record many looks, several at a time, and return what each changed, in their order.

        seen: the answer of `states`, if it was asked while the snapshot was read. until: a moment of
        time.monotonic() after which none is begun. All looks are attempted; then the first that failed
        raises. Repeating the whole is safe.
        """

        def record(function: Function, look: Look) -> Recorded:
            if time.monotonic() > until:
                raise FindingStoreError(f"{look.function_name}: not recorded in the time there was")
            return self.record(look, seen=known[function])

        given = [((look.account_id, look.region, look.function_name), look) for look in looks]
        known = dict(seen or {})
        known |= self.states({function for function, _ in given} - known.keys())
        if len(given) == 1:  # an event's usual share: no thread is worth it
            ((function, look),) = given
            return [self.record(look, seen=known[function])]
        with ThreadPoolExecutor(LOOKS_AT_ONCE) as pool:
            futures = [pool.submit(record, function, look) for function, look in given]
        return [future.result() for future in futures]

    def resolve_deleted(
        self, *, account_id: str, region: str, function_name: str, judged_at: str, trigger: str
    ) -> Recorded:
        """Resolve every finding of a function that was seen not to exist, unless a newer look saw it.

        judged_at: captured_at of the snapshot that does not hold it. The look record stays as a
        tombstone, so that a slower look from before the deletion opens nothing.
        """
        planner = partial(plan_deletion, judged_at=judged_at, trigger=trigger, retention_days=RETENTION_DAYS)
        return self._carry_out(planner, self.state(account_id, region, function_name), (judged_at, ""))

    def _carry_out(
        self, planner: Callable[..., Plan], state: FunctionState, moment: tuple[str, str]
    ) -> Recorded:
        vanished: frozenset[str] = frozenset()
        written: list[FindingChange] = []
        outcome: Outcome = "recorded"
        for attempt in range(ATTEMPTS):
            if is_superseded(state, *moment):
                is_same = moment == (state.judged_at, state.snapshot_digest)
                outcome = "repeated" if is_same else "superseded"
                break
            plan = planner(state, vanished=vanished)
            ended = [change.rule_id for change in plan.changes if change.finding is None]
            stored = self._stored(state, ended) if ended else {}
            try:
                for step in in_steps(plan, CHANGES_AT_ONCE):
                    _write(self.table, step, stored)
                    written += step.changes
            except _LostRaceError as lost:
                vanished = lost.vanished
                self._wait(attempt)
                state = self.state(state.account_id, state.region, state.function_name)
            else:
                break
        else:
            raise FindingStoreError(f"{state.function_name}: others wrote first {ATTEMPTS} times in a row")
        changed = {
            kind: tuple(change.rule_id for change in written if change.kind == kind)
            for kind in STATUS_CHANGES
        }
        return Recorded(outcome=outcome, **changed)


class _LostRaceError(Exception):
    """Somebody else wrote first, or the items were busy. vanished: rules whose finding is gone."""

    def __init__(self, vanished: frozenset[str] = frozenset()) -> None:
        super().__init__("the function's items changed between reading and writing")
        self.vanished = vanished


@dataclass(frozen=True, slots=True)
class _Write:
    """One item to write: a new one, or an update that keeps attributes which this release does not know."""

    item: Model
    actions: Sequence[Action] | None
    condition: Condition | None
    rule_id: str | None = None


def _write(table: Table, plan: Plan, stored: Mapping[str, Finding]) -> None:
    """Write the look record, the findings that differ, their details and their history, all or nothing.

    Raises _LostRaceError where reading again helps, FindingStoreError for every other refusal.
    """
    writes = list(_writes(table, plan, stored))
    if not plan.changes:
        _write_alone(writes[0])
        return
    puts = [write for write in writes if write.actions is None]
    updates = [write for write in writes if write.actions is not None]
    try:
        with TransactWrite(connection=table.connection) as transaction:
            for write in puts:
                transaction.save(write.item, condition=write.condition)
            for write in updates:
                transaction.update(write.item, list(write.actions or ()), condition=write.condition)
    except TransactWriteError as error:
        raise _refusal(error, [*puts, *updates]) from error


def _writes(table: Table, plan: Plan, stored: Mapping[str, Finding]) -> Iterator[_Write]:
    """Yield the look record, what differs of findings and details, and history and outbox of statuses."""
    key = function_key(plan.after.account_id, plan.after.region, plan.after.function_name)
    values = look_values(plan.after)
    if plan.before.revision == 0:
        yield _Write(table.look(key, LOOK, **values), None, table.look.pk.does_not_exist())
    else:
        guard = table.look.revision == plan.before.revision
        yield _Write(table.look(key, LOOK), _actions(table.look, values), guard)
    for change in plan.changes:
        summary, detail = finding_values(change, plan.after)
        parts: list[tuple[type[Any], str, dict[str, Any]]] = [
            (table.finding, FINDING, summary),
            (table.detail, DETAIL, detail),
        ]
        for model, prefix, said in parts:
            sort = prefix + change.rule_id
            if change.before is None:
                yield _Write(model(key, sort, **said), None, None)
            elif said:
                exists = model.pk.exists()  # an update would create a torso
                yield _Write(model(key, sort), _actions(model, said), exists, change.rule_id)
    for change in plan.changes:
        if change.kind in STATUS_CHANGES:
            told = history_values(change, plan, stored.get(change.rule_id))
            yield _Write(table.history(key, **told), None, None)
            unpublished = {
                "outbox_shard": shard_of(told["finding_id"], SHARDS),
                "changed_at": told["changed_at"],
                "history_sk": told["sk"],
            }
            yield _Write(table.outbox(key, OUTBOX + told["change_id"], **unpublished), None, None)


def _actions(model: type[Model], values: Mapping[str, Any]) -> list[Action]:
    attributes = model.get_attributes()
    return [
        attributes[name].remove() if value is None else attributes[name].set(value)
        for name, value in values.items()
    ]


def _write_alone(write: _Write) -> None:
    try:
        if write.actions is None:
            write.item.save(condition=write.condition)
        else:
            write.item.update(list(write.actions), condition=write.condition)
    except (PutError, UpdateError) as error:
        if error.cause_response_code in _PASSING:
            raise _LostRaceError from error
        raise FindingStoreError(f"the look could not be written: {error}") from error


def _refusal(error: TransactWriteError, writes: Sequence[_Write]) -> _LostRaceError | FindingStoreError:
    """Tell a lost race from a fault; PynamoDB sends puts before updates, and reasons come in that order."""
    reasons = error.cancellation_reasons
    codes = {reason.code for reason in reasons if reason} or {error.cause_response_code or ""}
    if not codes <= _PASSING:
        said = sorted({f"{reason.code}: {reason.message}" for reason in reasons if reason}) or [
            str(error.cause)
        ]
        return FindingStoreError(f"the findings could not be written: {'; '.join(said)}")
    return _LostRaceError(
        frozenset(
            write.rule_id
            for write, reason in zip(writes, reasons, strict=False)
            if reason and reason.code == _CHECK_FAILED and write.rule_id
        )
    )
