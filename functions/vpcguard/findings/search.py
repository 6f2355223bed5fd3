"""Findings by filters that combine: which index serves them, and what is filtered of what it holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pynamodb.expressions.condition import Condition

from vpcguard.clock import Clock, system_clock
from vpcguard.errors import ListingError
from vpcguard.findings.exemption_store import ExemptionStore
from vpcguard.findings.items import function_key
from vpcguard.findings.jobs import JobStore
from vpcguard.findings.pages import MOST_READ, PAGE_SIZE, Page, Queryable, read_raw_page
from vpcguard.findings.queries import FindingQueries
from vpcguard.findings.table import FINDING, SHARDS, FindingItem
from vpcguard.model import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a finding must be; all that are given must hold, None: any.

    organization_unit: that unit and all below it. status, severity, verdict: one of these. changed_since: RFC
    3339, UTC, microseconds. Texts that a finding's summary had to cut (over 500 bytes) are not found by them.
    """

    account_id: str | None = None
    organization_unit: str | None = None
    region: str | None = None
    function_name: str | None = None
    vpc_id: str | None = None
    rule_id: str | None = None
    family: str | None = None
    severity: frozenset[str] | None = None
    status: frozenset[str] | None = None
    verdict: frozenset[str] | None = None
    root_cause: str | None = None
    cause_id: str | None = None
    owner: str | None = None
    changed_since: str | None = None


_COUNTED = ["status", "severity", "verdict", "rule_id"]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many findings that are not resolved a part of a listing has; parts add up.

    by_status, by_verdict: of all of them; by_severity: of the open ones; by_rule: by rule id and status.
    """

    findings: int
    by_status: Mapping[str, int]
    by_verdict: Mapping[str, int]
    by_severity: Mapping[str, int]
    by_rule: Mapping[str, Mapping[str, int]]
    cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """Where a search reads: a query's partitions, and the beginning of its sort keys."""

    query: Queryable[FindingItem]
    partitions: Sequence[str]
    range_condition: Condition | None = None
    consistent_read: bool = False
    covers: frozenset[str] = frozenset()  # filters that are its keys, by which DynamoDB lets nobody filter


class FindingSearch(FindingQueries):
    """The findings table of one deployment, to search; made like FindingTable.

    exemptions, jobs: what people decided and asked for, in the same table.
    """

    def __init__(self, client: Any, table_name: str, *, clock: Clock = system_clock) -> None:
        super().__init__(client, table_name, clock=clock)
        self.exemptions = ExemptionStore(client, table_name, clock=clock)
        self.jobs = JobStore(client, table_name, clock=clock)

    def search(
        self,
        filters: Filters,
        *,
        details: bool = False,
        page_size: int = PAGE_SIZE,
        cursor: str | None = None,
    ) -> Page[Finding]:
        """Return findings, by the narrowest of: their function, cause, account, rule, being live, all.

        A page looks at pages.MOST_READ items at most, however few of them are wanted. A cause has findings
        that are not resolved alone: to ask for its resolved ones is a ListingError.
        """
        if filters.cause_id and filters.status and "resolved" in filters.status:
            raise ListingError("cause_id: it finds what is not resolved; leave resolved out of status")
        way = self._way(filters)
        return self._list(
            way.query,
            way.partitions,
            range_condition=way.range_condition,
            filters=list(self._conditions(filters, way.covers)),
            status=sorted(filters.status) if filters.status else None,  # type: ignore[arg-type]
            consistent_read=way.consistent_read,
            details=details,
            page_size=page_size,
            cursor=cursor,
        )

    def count(self, *, account_id: str | None = None, cursor: str | None = None) -> Counts:
        """Count what is not resolved, MOST_READ findings a part; cursor: where the next part begins."""
        model = self.table.finding
        query: Queryable[FindingItem] = model.by_live.query if account_id is None else model.by_account.query
        page = read_raw_page(
            query,
            SHARDS if account_id is None else [account_id],
            page_size=MOST_READ,
            cursor=cursor,
            filter_condition=None if account_id is None else model.status != "resolved",
            attributes=_COUNTED,
        )
        rows = [[item.get(name, {}).get("S") for name in _COUNTED] for item in page.items]
        by_rule: dict[str, Counter[str]] = {}
        for status, _, _, rule_id in rows:
            by_rule.setdefault(str(rule_id), Counter())[str(status)] += 1
        return Counts(
            findings=len(rows),
            by_status=Counter(str(row[0]) for row in rows),
            by_verdict=Counter(row[2] for row in rows if row[2]),
            by_severity=Counter(str(row[1]) for row in rows if row[0] == "open"),
            by_rule={rule_id: dict(counted) for rule_id, counted in sorted(by_rule.items())},
            cursor=page.cursor,
        )

    def _way(self, filters: Filters) -> _Way:
        model = self.table.finding
        account_id, region, rule_id = filters.account_id, filters.region, filters.rule_id
        if account_id and region and filters.function_name:
            partition = function_key(account_id, region, filters.function_name)
            begin = FINDING if rule_id is None else f"{FINDING}{rule_id}"
            return _Way(
                query=model.query,
                partitions=[partition],
                range_condition=model.sk.startswith(begin),
                consistent_read=True,
            )
        if filters.cause_id:
            return _Way(
                query=model.by_cause.query, partitions=[filters.cause_id], covers=frozenset({"cause_key"})
            )
        if account_id:
            begin = "" if region is None else f"{region}#" if rule_id is None else f"{region}#{rule_id}#"
            within = model.account_sort.startswith(begin) if begin else None
            return _Way(
                query=model.by_account.query,
                partitions=[account_id],
                range_condition=within,
                covers=frozenset({"account_id"}),
            )
        if rule_id:
            return _Way(query=model.by_rule.query, partitions=[f"{rule_id}#{shard}" for shard in SHARDS])
        is_live = filters.status is not None and "resolved" not in filters.status
        return _Way(query=model.by_live.query if is_live else model.by_id.query, partitions=SHARDS)

    def _conditions(self, filters: Filters, covers: frozenset[str]) -> Iterator[Condition]:
        """Yield a condition for each filter but status."""
        model = self.table.finding
        equal = {
            "account_id": filters.account_id,
            "region": filters.region,
            "function_name": filters.function_name,
            "vpc_id": filters.vpc_id,
            "rule_id": filters.rule_id,
            "family": filters.family,
            "root_cause": filters.root_cause,
            "owner": filters.owner,
            "cause_key": filters.cause_id,
        }
        attributes = model.get_attributes()
        for name, value in equal.items():
            if value is not None and name not in covers:
                yield attributes[name] == value
        if filters.organization_unit is not None:
            unit = filters.organization_unit.rstrip("/")
            yield (model.organization_unit == unit) | model.organization_unit.startswith(f"{unit}/")
        for name, values in (("severity", filters.severity), ("verdict", filters.verdict)):
            if values:
                yield attributes[name].is_in(*sorted(values))
        if filters.changed_since is not None:
            yield model.changed_at >= filters.changed_since
