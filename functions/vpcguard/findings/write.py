"""Carries out a plan in DynamoDB: one transaction, guarded by the look record's revision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pynamodb.exceptions import PutError, TransactWriteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from vpcguard.errors import FindingStoreError
from vpcguard.findings import keys
from vpcguard.findings.items import finding_values, history_values, look_values
from vpcguard.findings.plan import DAY, STATUS_CHANGES, Plan
from vpcguard.findings.state import seconds
from vpcguard.findings.table import Table

TRANSACTION_ITEMS = 100  # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html

_CHECK_FAILED = "ConditionalCheckFailed"
_PASSING = frozenset(
    {
        *(_CHECK_FAILED, "ConditionalCheckFailedException"),  # somebody else was faster
        *("TransactionConflict", "TransactionConflictException", "TransactionInProgressException"),
        *("ThrottlingError", "ProvisionedThroughputExceeded"),  # inside of a transaction, unseen by botocore
    }
)


class LostRaceError(Exception):
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


def write_plan(table: Table, plan: Plan, *, retention_days: int) -> None:
    """Write the look record, the findings that differ and their history, all or nothing.

    Raises LostRaceError where reading again helps, FindingStoreError for every other refusal.
    """
    look = _look(table, plan, retention_days)
    if plan.changes:
        _write_together(table, [look, *_findings(table, plan), *_history(table, plan)])
    else:
        _write_alone(look)


def _look(table: Table, plan: Plan, retention_days: int) -> _Write:
    state = plan.after
    key = keys.function_key(state.account_id, state.region, state.function_name)
    values = look_values(state, expires_at=seconds(state.judged_at) + retention_days * DAY)
    if plan.before.revision == 0:
        return _Write(table.look(key, keys.LOOK, **values), None, table.look.pk.does_not_exist())
    guard = table.look.revision == plan.before.revision
    return _Write(table.look(key, keys.LOOK), _actions(table.look, values), guard)


def _findings(table: Table, plan: Plan) -> Iterator[_Write]:
    for change in plan.changes:
        values = finding_values(change, plan.after)
        key = (_partition(plan), keys.finding_sort(change.rule_id))
        if change.before is None:
            yield _Write(table.finding(*key, **values), None, None)
        else:
            exists = table.finding.pk.exists()  # an update would create a torso
            yield _Write(table.finding(*key), _actions(table.finding, values), exists, change.rule_id)


def _history(table: Table, plan: Plan) -> Iterator[_Write]:
    for change in plan.changes:
        if change.kind in STATUS_CHANGES:
            yield _Write(table.history(_partition(plan), **history_values(change, plan)), None, None)


def _partition(plan: Plan) -> str:
    return keys.function_key(plan.after.account_id, plan.after.region, plan.after.function_name)


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
            raise LostRaceError from error
        raise FindingStoreError(f"the look could not be written: {error}") from error


def _write_together(table: Table, writes: Sequence[_Write]) -> None:
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


def _refusal(error: TransactWriteError, writes: Sequence[_Write]) -> LostRaceError | FindingStoreError:
    """Tell a lost race from a fault; PynamoDB sends puts before updates, and reasons come in that order."""
    reasons = error.cancellation_reasons
    codes = {reason.code for reason in reasons if reason} or {error.cause_response_code or ""}
    if not codes <= _PASSING:
        said = sorted({f"{reason.code}: {reason.message}" for reason in reasons if reason}) or [
            str(error.cause)
        ]
        return FindingStoreError(f"the findings could not be written: {'; '.join(said)}")
    return LostRaceError(
        frozenset(
            write.rule_id
            for write, reason in zip(writes, reasons, strict=False)
            if reason and reason.code == _CHECK_FAILED and write.rule_id
        )
    )
