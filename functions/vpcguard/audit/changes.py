"""The use case of the event path: many changes judged together, each with an outcome of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from vpcguard.audit.dependencies import Dependencies
from vpcguard.audit.functions import FunctionsAudited, audit_functions
from vpcguard.audit.recording import Summary
from vpcguard.audit.settling import contradicts, next_attempt
from vpcguard.errors import OutOfTimeError
from vpcguard.model import Change, Scope
from vpcguard.snapshot import Hints

GROUPS_AT_ONCE = 4  # each reads AWS on threads of its own
FUNCTIONS_AT_ONCE = 500  # of one snapshot: as many as one question to OPA takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one change; error: there is no verdict, it is to be tried again.

    is_deleted: the function does not exist. again: the change as it will come back, and in how many
    seconds. is_given_up: it has not settled and came back often enough; the sweep remains.
    """

    change: Change
    is_deleted: bool = False
    again: tuple[Change, int] | None = None
    is_given_up: bool = False
    error: Exception | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesAudited:
    """Outcomes in the order of the changes, and what all of them changed in the table."""

    outcomes: tuple[Outcome, ...]
    summary: Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Functions of one account and region, and of one VPC as far as the events tell, by name."""

    account_id: str
    region: str
    changes: Mapping[str, Change]


def audit_changes(
    changes: Sequence[Change], *, deps: Dependencies, has_time: Callable[[], bool] = lambda: True
) -> ChangesAudited:
    """Read, judge and record the functions that changes name, each function once, the newest change of it.

    Functions of one VPC share a snapshot. What fails, fails the changes of its group alone, or of the
    functions that are the cause: this never raises for them, the error is in their outcomes. has_time:
    False once nothing more may begin.
    """
    groups = _groups(changes)

    def audit(group: _Group) -> tuple[list[Outcome], Summary]:
        if not has_time():
            return _failed(group, OutOfTimeError("not begun: too little time was left"))
        try:
            return _audit_group(group, deps)
        except Exception as error:  # noqa: BLE001 - no fault of one group may take the others along; it is retried
            return _failed(group, error)

    if len(groups) == 1:  # an event by itself: no thread is worth it
        audited = [audit(groups[0])]
    else:
        with ThreadPoolExecutor(max_workers=GROUPS_AT_ONCE, thread_name_prefix="group") as pool:
            audited = list(pool.map(audit, groups))
    by_function = {_function(outcome.change): outcome for outcomes, _ in audited for outcome in outcomes}
    return ChangesAudited(
        outcomes=tuple(replace(by_function[_function(change)], change=change) for change in changes),
        summary=sum((summary for _, summary in audited), Summary()),
    )


def _groups(changes: Sequence[Change]) -> list[_Group]:
    newest: dict[tuple[str, str, str], Change] = {}
    for change in changes:
        known = newest.get(_function(change))
        if known is None or _age(known) < _age(change):
            newest[_function(change)] = change
    by_network: dict[tuple[str, str, str], list[Change]] = {}
    for change in newest.values():
        by_network.setdefault((change.account_id, change.region, change.vpc_id or ""), []).append(change)
    return [
        _Group(
            account_id=account_id,
            region=region,
            changes={change.function_name: change for change in members[start : start + FUNCTIONS_AT_ONCE]},
        )
        for (account_id, region, _), members in by_network.items()
        for start in range(0, len(members), FUNCTIONS_AT_ONCE)
    ]


def _audit_group(group: _Group, deps: Dependencies) -> tuple[list[Outcome], Summary]:
    changes = group.changes.values()
    audited = audit_functions(
        Scope(
            kind="function",
            account_id=group.account_id,
            region=group.region,
            function_names=tuple(sorted(group.changes)),
        ),
        {name: f"event:{change.event_id}" for name, change in group.changes.items()},
        deps=deps,
        origins=group.changes,
        hints=Hints(
            vpc_ids=frozenset(change.vpc_id for change in changes if change.vpc_id),
            role_names=frozenset(change.role_name for change in changes if change.role_name),
        ),
    )
    outcomes = [_outcome(change, audited, may_come_back=deps.later is not None) for change in changes]
    again = [outcome.again for outcome in outcomes if outcome.again is not None]
    if again and deps.later is not None:
        deps.later.send(again)
    return outcomes, audited.summary


def _failed(group: _Group, error: Exception) -> tuple[list[Outcome], Summary]:
    return [Outcome(change=change, error=error) for change in group.changes.values()], Summary()


def _outcome(change: Change, audited: FunctionsAudited, *, may_come_back: bool) -> Outcome:
    name = change.function_name
    if name in audited.failed:
        return Outcome(change=change, error=audited.failed[name])
    is_deleted = name in audited.deleted
    is_settled = name not in audited.judgement.unsettled and not contradicts(change, exists=not is_deleted)
    if is_settled or not may_come_back:
        return Outcome(change=change, is_deleted=is_deleted)
    again = next_attempt(change)
    return Outcome(change=change, is_deleted=is_deleted, again=again, is_given_up=again is None)


def _function(change: Change) -> tuple[str, str, str]:
    return change.account_id, change.region, change.function_name


def _age(change: Change) -> tuple[datetime, int, str]:
    return change.event_time, change.attempt, change.event_id
