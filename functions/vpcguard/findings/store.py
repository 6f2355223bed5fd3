"""Records looks in DynamoDB: a transaction each, guarded by the look record's revision (docs/table.md)."""

from __future__ import annotations

import hashlib
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal

from botocore.config import Config
from pynamodb.exceptions import PutError, TransactWriteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from vpcguard.errors import FindingStoreError
from vpcguard.findings.lifecycle import (
    DAY,
    STATUS_CHANGES,
    FindingChange,
    FunctionState,
    Plan,
    is_superseded,
    plan_deletion,
    plan_look,
    seconds,
)
from vpcguard.findings.queries import ATTEMPTS, FindingQueries, Function
from vpcguard.findings.table import (
    FINDING,
    LOOK,
    Table,
    finding_shard,
    function_key,
    history_prefix,
    look_shard,
)
from vpcguard.model import Finding, Look, finding_id

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
RETENTION_DAYS = 400  # of resolved findings: longer than two export periods
# what recording needs on the table; finding deleted functions needs dynamodb:Query on the index by_look too
ACTIONS = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
COUNTED = ("looks", "outdated", "opened", "reopened", "resolved", "undetermined")  # see counts_of
TRANSACTION_ITEMS = 100  # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
_CHECK_FAILED = "ConditionalCheckFailed"
_PASSING = frozenset(
    {
        *(_CHECK_FAILED, "ConditionalCheckFailedException"),  # somebody else was faster
        *("TransactionConflict", "TransactionConflictException", "TransactionInProgressException"),
        *("ThrottlingError", "ProvisionedThroughputExceeded"),  # inside of a transaction, unseen by botocore
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What one look changed: the rules of findings whose status is another now.

    outcome: "repeated" where this very look was recorded before, "superseded" where a newer one was;
    neither changes anything.
    """

    outcome: Literal["recorded", "repeated", "superseded"]
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
        for attempt in range(ATTEMPTS):
            if is_superseded(state, *moment):
                is_same = moment == (state.judged_at, state.snapshot_digest)
                return Recorded(outcome="repeated" if is_same else "superseded")
            plan = planner(state, vanished=vanished)
            try:
                _write(self.table, plan)
            except _LostRaceError as lost:
                vanished = lost.vanished
                self._wait(attempt)
                state = self.state(state.account_id, state.region, state.function_name)
            else:
                changed = {
                    kind: tuple(change.rule_id for change in plan.changes if change.kind == kind)
                    for kind in STATUS_CHANGES
                }
                return Recorded(outcome="recorded", **changed)
        raise FindingStoreError(f"{state.function_name}: others wrote first {ATTEMPTS} times in a row")


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


def _write(table: Table, plan: Plan) -> None:
    """Write the look record, the findings that differ and their history, all or nothing.

    Raises _LostRaceError where reading again helps, FindingStoreError for every other refusal.
    """
    writes = list(_writes(table, plan))
    if not plan.changes:
        _write_alone(writes[0])
        return
    if len(writes) > TRANSACTION_ITEMS:
        raise FindingStoreError(
            f"one look changes {len(writes)} items, a transaction takes {TRANSACTION_ITEMS}"
        )
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


def _writes(table: Table, plan: Plan) -> Iterator[_Write]:
    """Yield the look record, every finding that differs, and the history of those whose status changed."""
    key = function_key(plan.after.account_id, plan.after.region, plan.after.function_name)
    values = _look_values(plan.after)
    if plan.before.revision == 0:
        yield _Write(table.look(key, LOOK, **values), None, table.look.pk.does_not_exist())
    else:
        guard = table.look.revision == plan.before.revision
        yield _Write(table.look(key, LOOK), _actions(table.look, values), guard)
    for change in plan.changes:
        values, sort = _finding_values(change, plan.after), FINDING + change.rule_id
        if change.before is None:
            yield _Write(table.finding(key, sort, **values), None, None)
        else:
            exists = table.finding.pk.exists()  # an update would create a torso
            yield _Write(table.finding(key, sort), _actions(table.finding, values), exists, change.rule_id)
    for change in plan.changes:
        if change.kind in STATUS_CHANGES:
            yield _Write(table.history(key, **_history_values(change, plan.after)), None, None)


def _look_values(state: FunctionState) -> dict[str, Any]:
    """Return every attribute of a look record but its key; None: absent."""
    is_deleted = state.deleted_at is not None
    looks_key = f"{state.account_id}#{state.region}#{look_shard(state.function_name)}"
    return {
        "looks_key": None if is_deleted else looks_key,
        "account_id": state.account_id,
        "region": state.region,
        "function_name": state.function_name,
        "judged_at": state.judged_at,
        "snapshot_digest": state.snapshot_digest,
        "policy_revision": state.policy_revision,
        "config_digest": state.config_digest,
        "trigger": state.trigger,
        "revision": state.revision,
        "findings": {
            rule_id: {name: value for name, value in asdict(one).items() if value is not None}
            for rule_id, one in sorted(state.findings.items())
        },
        "deleted_at": state.deleted_at,
        "expires_at": seconds(state.judged_at) + RETENTION_DAYS * DAY if is_deleted else None,
    }


def _finding_values(change: FindingChange, after: FunctionState) -> dict[str, Any]:
    """Return the attributes of a finding that a change sets; None: removed."""
    state = change.after
    if change.kind == "unconfirmed" and change.finding is not None:
        reason = {"message": change.finding.message, "unknown": change.finding.evidence.get("unknown", [])}
        return {"undetermined_since": state.unconfirmed_since, "undetermined": reason}
    if change.kind == "confirmed":
        return {"undetermined_since": None, "undetermined": None, "last_seen": state.last_seen}
    if change.finding is None:
        return _resolution(change, after)
    return _statement(change, change.finding)


def _statement(change: FindingChange, finding: Finding) -> dict[str, Any]:
    state, shard = change.after, finding_shard(finding.finding_id)
    values = finding.as_document() | {
        "first_seen": state.first_seen,
        "last_seen": state.last_seen,
        "times_reopened": state.times_reopened,
        "status_reason": None,
        "resolved_at": None,
        "expires_at": None,
        "undetermined_since": None,
        "undetermined": None,
        "id_key": finding.finding_id,
        "account_key": finding.account_id,
        "account_sort": f"{finding.region}#{finding.rule_id}#{finding.function_name}",
        "rule_key": f"{finding.rule_id}#{shard}",
        "rule_sort": f"{finding.status}#{finding.changed_at}",
        "status_key": f"{finding.status}#{shard}",
    }
    for cause in ("actor", "managed_by"):
        if values[cause] is None and change.before is not None:
            del values[cause]  # a sweep does not know it and does not undo it
    if change.before is not None:  # other steps set these
        del values["exemption_id"], values["remediation_id"]
    return values


def _resolution(change: FindingChange, after: FunctionState) -> dict[str, Any]:
    state = change.after
    identity = finding_id(after.account_id, after.region, after.function_name, change.rule_id)
    values: dict[str, Any] = {
        "status": state.status,
        "status_reason": change.status_reason,
        "last_seen": state.last_seen,
        "changed_at": after.judged_at,
        "resolved_at": after.judged_at,
        "expires_at": state.expires_at,
        "undetermined_since": None,
        "undetermined": None,
        "status_key": f"{state.status}#{finding_shard(identity)}",
        "rule_sort": f"{state.status}#{after.judged_at}",
    }
    if change.status_reason != "function_deleted":  # a deletion was seen in a listing, not judged
        values |= {
            "policy_revision": after.policy_revision,
            "config_digest": after.config_digest,
            "snapshot_digest": after.snapshot_digest,
        }
    return values


def _history_values(change: FindingChange, after: FunctionState) -> dict[str, Any]:
    """Return every attribute of a history item but its partition key.

    Its sort key is in the order in which looks supersede each other. A repetition of the same look gives the
    same change_id.
    """
    identity = finding_id(after.account_id, after.region, after.function_name, change.rule_id)
    change_key = f"{identity}\n{after.judged_at}\n{after.snapshot_digest}"
    digest = after.snapshot_digest.removeprefix("sha256:")[:16]
    return {
        "sk": f"{history_prefix(change.rule_id)}{after.judged_at}#{digest}",
        "change_id": "vgc-" + hashlib.sha256(change_key.encode()).hexdigest()[:32],
        "change": change.kind,
        "finding_id": identity,
        "account_id": after.account_id,
        "region": after.region,
        "function_name": after.function_name,
        "rule_id": change.rule_id,
        "severity": change.after.severity,
        "stage": change.after.stage,
        "status_before": change.before.status if change.before else None,
        "status": change.after.status,
        "status_reason": change.status_reason,
        "changed_at": after.judged_at,
        "trigger": after.trigger,
        "policy_revision": after.policy_revision,
        "config_digest": after.config_digest,
        "snapshot_digest": after.snapshot_digest or None,
    }


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
