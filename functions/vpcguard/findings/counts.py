"""Counts that the looks keep in step: findings of each root cause, and verdicts that wait for a failed read.

They change in the transaction of the look that changes what they count. A count is kept in shares, by the
function's shard, since two transactions that change one item at the same moment do not both pass. A share
that counts nothing is deleted, after the transaction; until then readers leave it out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pynamodb.exceptions import DeleteError, PynamoDBException
from pynamodb.expressions.update import Action

from vpcguard.errors import FindingStoreError
from vpcguard.findings.items import FindingTable, shard_of
from vpcguard.findings.pages import PAGE_SIZE, Page, code_of, read_groups
from vpcguard.findings.records import CAUSE, COVERAGE, CauseItem, CoverageItem
from vpcguard.findings.states import Plan
from vpcguard.findings.table import COUNT_SHARDS, SHARDS, Table
from vpcguard.model import Finding, Severity, cause_of

SEVERITIES: tuple[Severity, ...] = get_args(Severity)  # worst first
_FINDINGS = ("exempt", *SEVERITIES)
_VERDICTS = ("verdicts", "functions")
# of a finding, what describes its cause
_DESCRIBING = ("region", "root_cause", "root_cause_kind", "root_cause_name", "rule_id", "title")
CountItem = CauseItem | CoverageItem
ACTIONS = ("dynamodb:DeleteItem",)  # of whoever writes findings


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseCounts:
    """A root cause, and how many findings that are not resolved have it.

    owner_id: the account that owns it. accounts: those of the functions, by id. open: by severity, worst
    first, without zeros; one finding is one function.
    """

    cause_id: str
    owner_id: str
    region: str
    root_cause: str
    root_cause_kind: str | None
    root_cause_name: str | None
    rule_id: str
    title: str
    accounts: tuple[str, ...]
    open: Mapping[Severity, int]
    exempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingVerdicts:
    """A read that failed in an account and region, and how many verdicts of how many functions wait for it.

    operation: as a snapshot names it, which is the permission that it needs. changed_at: when the number last
    changed.
    """

    account_id: str
    region: str
    operation: str
    verdicts: int
    functions: int
    changed_at: str


@dataclass(frozen=True, slots=True)
class CountChange:
    """One share of a count to be changed in a look's transaction. has_less: it may count nothing then."""

    item: CountItem
    actions: Sequence[Action]
    has_less: bool


class CountQueries(FindingTable):
    """What is counted in the findings table, to read; made like FindingTable."""

    def causes(
        self, *, account_id: str | None = None, page_size: int = PAGE_SIZE, cursor: str | None = None
    ) -> Page[CauseCounts]:
        """Return root causes with their counts by id, shard by shard; account_id: of its functions alone."""
        model = self.table.cause
        page = read_groups(
            model,
            model.by_causes.query if account_id is None else model.by_account_causes.query,
            SHARDS if account_id is None else [account_id],
            keys=("causes_shard" if account_id is None else "causes_account", "causes_sort"),
            group=lambda share: f"{share.cause_id}#",
            page_size=page_size,
            cursor=cursor,
        )
        causes = map(_cause_counts, page.items)
        return Page(tuple(one for one in causes if one is not None), page.cursor)

    def cause(self, cause_id: str, *, account_id: str | None = None) -> CauseCounts | None:
        """Return a root cause with its counts, strongly consistent; None: no finding has it."""
        model = self.table.cause
        condition = None if account_id is None else model.sk.startswith(f"{account_id}#")
        try:
            shares = list(model.query(CAUSE + cause_id, condition, consistent_read=True))
        except PynamoDBException as error:
            raise FindingStoreError(f"the cause {cause_id} could not be read: {error}") from error
        return _cause_counts(shares)

    def coverage(
        self, *, account_id: str | None = None, page_size: int = PAGE_SIZE, cursor: str | None = None
    ) -> Page[WaitingVerdicts]:
        """Return the failed reads that verdicts wait for, by account, region and operation."""
        model = self.table.coverage
        page = read_groups(
            model,
            model.by_coverage.query,
            SHARDS if account_id is None else [shard_of(account_id, SHARDS)],
            range_condition=None if account_id is None else model.coverage_sort.startswith(f"{account_id}#"),
            keys=("coverage_shard", "coverage_sort"),
            group=lambda share: f"{share.account_id}#{share.region}#{share.operation}#",
            page_size=page_size,
            cursor=cursor,
        )
        waiting = map(_waiting, page.items)
        return Page(tuple(one for one in waiting if one.verdicts), page.cursor)


def changed_waiting(plan: Plan) -> Mapping[str, int]:
    """Return by failed read how many verdicts more wait for it, or fewer."""
    before, after = plan.before.waiting, plan.after.waiting
    differ = {one: after.get(one, 0) - before.get(one, 0) for one in {*before, *after}}
    return {one: by for one, by in sorted(differ.items()) if by}


def changed_causes(plan: Plan) -> Mapping[str, Mapping[str, int]]:
    """Return by root cause how many of its findings more, or fewer, are exempt or open of a severity."""
    counts: dict[str, Counter[str]] = {}
    for state, by in ((plan.before, -1), (plan.after, 1)):
        for one in state.findings.values():
            if one.cause_id is not None and one.standing != "resolved":
                counted_as = "exempt" if one.status == "exempt" else one.severity
                counts.setdefault(one.cause_id, Counter())[counted_as] += by
    changed = {cause: {what: n for what, n in by.items() if n} for cause, by in sorted(counts.items())}
    return {cause: by for cause, by in changed.items() if by}


def count_changes(table: Table, plan: Plan, told: Iterable[Finding]) -> Iterator[CountChange]:
    """Yield the shares that a plan changes. told: findings that it changes, which describe their causes."""
    place = plan.after
    shard = shard_of(place.function_name, COUNT_SHARDS)
    described = {cause_of(finding): finding for finding in told}
    changed: list[tuple[CountItem, dict[str, Any], Mapping[str, int], Sequence[str]]] = []
    for cause_id, by in changed_causes(plan).items():
        here = f"{place.account_id}#{shard}"
        values: dict[str, Any] = {
            "item_type": "cause",
            "causes_shard": shard_of(cause_id, SHARDS),
            "causes_account": place.account_id,
            "causes_sort": f"{cause_id}#{here}",
            "cause_id": cause_id,
            "account_id": place.account_id,
        }
        if (finding := described.get(cause_id)) is not None:
            values |= {name: getattr(finding, name) for name in _DESCRIBING}
            values["owner_id"] = finding.root_cause_account or finding.account_id
        changed.append((table.cause(CAUSE + cause_id, here), values, by, _FINDINGS))
    before, after = plan.before.waiting, plan.after.waiting
    for operation, verdicts in changed_waiting(plan).items() if before != after else ():
        sort = f"{place.region}#{operation}#{shard}"
        values = {
            "item_type": "coverage",
            "coverage_shard": shard_of(place.account_id, SHARDS),
            "coverage_sort": f"{place.account_id}#{sort}",
            "account_id": place.account_id,
            "region": place.region,
            "operation": operation,
            "changed_at": plan.changed_at,
        }
        by = {"verdicts": verdicts, "functions": (operation in after) - (operation in before)}
        changed.append((table.coverage(COVERAGE + place.account_id, sort), values, by, _VERDICTS))
    for item, values, by, names in changed:
        attributes: Any = type(item).get_attributes()
        actions = [attributes[name].set(value) for name, value in values.items() if value is not None]
        actions += [attributes[name].add(by.get(name, 0)) for name in names]
        yield CountChange(item, actions, has_less=any(number < 0 for number in by.values()))


def delete_empty(changes: Iterable[CountChange]) -> None:
    """Delete shares that count nothing any more.

    One that somebody changes at this moment stays: whoever takes the last from it deletes it, and what counts
    nothing says nothing.
    """
    for change in changes:
        if change.has_less:
            names = _FINDINGS if isinstance(change.item, CauseItem) else _VERDICTS
            first, *others = (type(change.item).get_attributes()[name] == 0 for name in names)
            for other in others:
                first &= other
            try:
                change.item.delete(condition=first)
            except DeleteError as error:
                if code_of(error) not in (
                    "ConditionalCheckFailedException",
                    "TransactionConflictException",
                ):
                    raise FindingStoreError(f"a count could not be deleted: {error}") from error


def _cause_counts(shares: Sequence[CauseItem]) -> CauseCounts | None:
    """Return what shares count together; None: nothing, as of one whose writer died before it was deleted."""
    shares = [one for one in shares if any(getattr(one, name) for name in _FINDINGS)]
    if not shares:
        return None
    first = shares[0]
    numbers = {name: int(sum(getattr(one, name) for one in shares)) for name in _FINDINGS}
    return CauseCounts(
        cause_id=first.cause_id,
        owner_id=first.owner_id,
        region=first.region,
        root_cause=first.root_cause,
        root_cause_kind=first.root_cause_kind,
        root_cause_name=first.root_cause_name,
        rule_id=first.rule_id,
        title=first.title,
        accounts=tuple(sorted({one.account_id for one in shares})),
        open={name: numbers[name] for name in SEVERITIES if numbers[name]},
        exempt=numbers["exempt"],
    )


def _waiting(shares: Sequence[CoverageItem]) -> WaitingVerdicts:
    first = shares[0]
    return WaitingVerdicts(
        account_id=first.account_id,
        region=first.region,
        operation=first.operation,
        verdicts=int(sum(one.verdicts for one in shares)),
        functions=int(sum(one.functions for one in shares)),
        changed_at=max(one.changed_at for one in shares),
    )
