"""Records looks in DynamoDB: a transaction each, guarded by the look record's revision (docs/table.md)."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from threading import Lock
from typing import Any, Literal

from botocore.config import Config
from pynamodb.exceptions import PutError, TransactWriteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from vpcguard.clock import Clock, system_clock
from vpcguard.errors import FindingStoreError
from vpcguard.findings.counts import changed_waiting, count_changes, delete_empty
from vpcguard.findings.exemptions import Exemptions
from vpcguard.findings.items import (
    ATTEMPTS,
    RETENTION_DAYS,
    Function,
    finding_values,
    function_key,
    history_values,
    look_values,
    shard_of,
)
from vpcguard.findings.lifecycle import is_superseded, plan_deletion, plan_exemptions, plan_look
from vpcguard.findings.pages import code_of
from vpcguard.findings.queries import FindingQueries
from vpcguard.findings.states import TOLD, FindingChange, FunctionState, Plan
from vpcguard.findings.table import DETAIL, FINDING, LOOK, OUTBOX, SHARDS, Table
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
# see counts_of
COUNTED = ("looks", "outdated", *sorted(TOLD))
# A transaction takes 100 items (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html),
# one of which is the look record.
ITEMS_AT_ONCE = 99
EXEMPTIONS_KEPT_FOR = timedelta(minutes=1)  # in a process: how long a revoked one may still exempt
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
    """What one look changed, or the end of an exemption: the rules of findings that are told to have changed.

    outcome: "repeated" where this very look was recorded before, "superseded" where a newer one was;
    neither changes anything.
    """

    outcome: Outcome
    opened: tuple[str, ...] = ()
    reopened: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()
    undetermined: tuple[str, ...] = ()
    exempted: tuple[str, ...] = ()
    exemption_ended: tuple[str, ...] = ()
    unconfirmed: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()


def counts_of(recorded: Sequence[Recorded]) -> Counter[str]:
    """Return how many looks were recorded, and how many findings that opened, reopened, resolved and so on.

    outdated: looks that a newer one, or the same one, was recorded before.
    """
    counts = Counter(dict.fromkeys(COUNTED, 0))
    for one in recorded:
        counts["looks"] += 1
        counts["outdated"] += one.outcome != "recorded"
        for kind in TOLD:
            counts[kind] += len(getattr(one, kind))
    return counts


class KeptExemptions:
    """What holds now, read again when it is a minute old; safe to share between threads."""

    def __init__(self, read: Callable[[], Exemptions], *, clock: Clock = system_clock) -> None:
        self._read = read
        self._clock = clock
        self._lock = Lock()
        self._read_at: datetime | None = None
        self._kept = Exemptions()

    def __call__(self) -> Exemptions:
        """Return them; raises FindingStoreError where nobody can tell what is exempt."""
        with self._lock:
            now = self._clock()
            if self._read_at is None or not timedelta(0) <= now - self._read_at < EXEMPTIONS_KEPT_FOR:
                self._kept = self._read()
                self._read_at = now
            return self._kept

    def forget(self) -> None:
        """Have them read again by whoever asks next."""
        with self._lock:
            self._read_at = None


class FindingStore(FindingQueries):
    """The findings table of one deployment, to read and to write; made like FindingQueries.

    exemptions: gives those that are known at this moment.
    """

    def __init__(
        self,
        client: Any,
        table_name: str,
        *,
        exemptions: Callable[[], Exemptions] = Exemptions,
        clock: Clock = system_clock,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(client, table_name, clock=clock, pause=pause)
        self._exemptions = exemptions

    def record(
        self,
        look: Look,
        *,
        seen: FunctionState | None = None,
        before_change: Callable[[], None] | None = None,
    ) -> Recorded:
        """Record a look as a whole, unless it or a newer one is recorded already.

        Losing a race against another writer leads to a new read and another attempt, ten times at most.
        before_change: called before a finding is written, e.g. to keep the snapshot that it speaks of; what
        it raises ends this, and nothing was recorded.
        """
        if seen is None:
            seen = self.state(look.account_id, look.region, look.function_name)
        planner = partial(
            plan_look,
            look=look,
            exemptions=self._exemptions(),
            now=self._clock(),
            retention_days=RETENTION_DAYS,
        )
        return self._carry_out(planner, seen, (look.judged_at, look.snapshot_digest), before_change)

    def record_all(
        self,
        looks: Iterable[Look],
        *,
        seen: Mapping[Function, FunctionState] | None = None,
        until: float = math.inf,
        before_change: Callable[[], None] | None = None,
    ) -> list[Recorded]:
        """Record many looks, several at a time, and return what each changed, in their order.

        seen: the answer of `states`, if it was asked while the snapshot was read. until: a moment of
        time.monotonic() after which none is begun. All looks are attempted; then the first that failed
        raises. Repeating the whole is safe. before_change: as of `record`, called from several threads.
        """

        def record(function: Function, look: Look) -> Recorded:
            if time.monotonic() > until:
                raise FindingStoreError(f"{look.function_name}: not recorded in the time there was")
            return self.record(look, seen=known[function], before_change=before_change)

        given = [((look.account_id, look.region, look.function_name), look) for look in looks]
        known = dict(seen or {})
        known |= self.states({function for function, _ in given} - known.keys())
        if len(given) == 1:  # an event's usual share: no thread is worth it
            ((function, look),) = given
            return [self.record(look, seen=known[function], before_change=before_change)]
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

    def replan(self, account_id: str, region: str, function_name: str) -> Recorded:
        """Apply the exemptions that began or ended to what is known of a function, without a look.

        "repeated" where its findings show them already.
        """
        planner = partial(plan_exemptions, exemptions=self._exemptions(), now=self._clock())
        return self._carry_out(planner, self.state(account_id, region, function_name))

    def _carry_out(
        self,
        planner: Callable[..., Plan],
        state: FunctionState,
        moment: tuple[str, str] | None = None,
        before_change: Callable[[], None] | None = None,
    ) -> Recorded:
        """Write what a planner makes of a state. moment: that of its look, unless there is none."""
        vanished: frozenset[str] = frozenset()
        written: list[FindingChange] = []
        outcome: Outcome = "recorded"
        for attempt in range(ATTEMPTS):
            if moment is not None and is_superseded(state, *moment):
                is_same = moment == (state.judged_at, state.snapshot_digest)
                outcome = "repeated" if is_same else "superseded"
                break
            plan = planner(state, vanished=vanished)
            if moment is None and not (plan.changes or vanished):
                outcome = "recorded" if written else "repeated"
                break
            unsaid = [change.rule_id for change in plan.changes if change.finding is None]
            stored = self._stored(state, unsaid) if unsaid else {}
            if before_change is not None and plan.changes:
                before_change()
            try:
                for step in in_steps(plan, ITEMS_AT_ONCE):
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
        changed = {kind: tuple(change.rule_id for change in written if change.kind == kind) for kind in TOLD}
        return Recorded(outcome=outcome, **changed)


def in_steps(plan: Plan, most: int) -> Iterator[Plan]:
    """Yield a plan as several that write `most` items each beside the look, one after the other.

    From the first on a look counts as the latest, so that no older one comes between; until the last it is
    partial, so that the same look, delivered again, goes on where it ended. Exemptions are applied anew.
    """
    parts: list[list[FindingChange | str]] = [[]]
    room = most
    units: list[FindingChange | str] = [*plan.changes]
    if plan.before.waiting != plan.after.waiting:
        units += changed_waiting(plan)
    for part in units:
        items = 1
        if not isinstance(part, str):  # finding, detail, history and outbox, and counts of its causes
            causes = {part.after.cause_id, part.before.cause_id if part.before else None} - {None}
            items = (4 if part.is_told else 2) + len(causes)
        if items > room:
            parts.append([])
            room = most
        parts[-1].append(part)
        room -= items
    before, is_of_a_look = plan.before, plan.reason != "exemptions"
    for step in parts[:-1]:
        changes = tuple(part for part in step if not isinstance(part, str))
        findings = dict(before.findings) | {change.rule_id: change.after for change in changes}
        waiting = dict(before.waiting) | {
            part: plan.after.waiting.get(part, 0) for part in step if isinstance(part, str)
        }
        waiting = {one: verdicts for one, verdicts in waiting.items() if verdicts}
        after = replace(
            plan.after,
            findings=findings,
            waiting=waiting,
            revision=before.revision + 1,
            is_partial=is_of_a_look or plan.before.is_partial,
        )
        yield replace(plan, before=before, after=after, changes=changes)
        before = after
    after = replace(plan.after, revision=before.revision + 1)
    last = tuple(part for part in parts[-1] if not isinstance(part, str))
    yield replace(plan, before=before, after=after, changes=last)


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
    """Write the look record, what differs of findings, details and counts, and the history, all or nothing.

    Raises _LostRaceError where reading again helps, FindingStoreError for every other refusal.
    """
    writes = list(_writes(table, plan, stored))
    if not plan.changes and plan.before.waiting == plan.after.waiting:
        _write_alone(writes[0])
        return
    told = [change.finding or stored.get(change.rule_id) for change in plan.changes]
    counts = list(count_changes(table, plan, filter(None, told)))
    writes += [_Write(one.item, one.actions, None) for one in counts]
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
    if any(one.has_less for one in counts):
        delete_empty(counts)


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
        summary, detail = finding_values(change, plan)
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
        if change.is_told:
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
        if code_of(error) in _PASSING:
            raise _LostRaceError from error
        raise FindingStoreError(f"the look could not be written: {error}") from error


def _refusal(error: TransactWriteError, writes: Sequence[_Write]) -> _LostRaceError | FindingStoreError:
    """Tell a lost race from a fault; PynamoDB sends puts before updates, and reasons come in that order."""
    reasons = error.cancellation_reasons
    codes = {reason.code for reason in reasons if reason} or {code_of(error) or ""}
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
