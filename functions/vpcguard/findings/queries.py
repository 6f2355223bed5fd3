"""Reads of findings, never by a scan; what has expired counts as gone before DynamoDB removes it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from pynamodb.exceptions import PynamoDBException
from pynamodb.expressions.condition import Condition

from vpcguard.errors import FindingStoreError, ListingError
from vpcguard.findings.counts import CountQueries
from vpcguard.findings.items import function_key, function_state, shard_of, stored_finding
from vpcguard.findings.pages import PAGE_SIZE, Page, Queryable, read_page
from vpcguard.findings.table import (
    DETAIL,
    FINDING,
    HISTORY,
    LOOK,
    LOOK_SHARDS,
    SHARDS,
    FindingItem,
    HistoryItem,
    LookItem,
)
from vpcguard.model import Finding, Status

WHERE = ("finding_id", "account_id", "region", "function_name", "rule_id")  # what tells findings apart


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One change of a finding's status: what, when, by whom, by which trigger and under which policies.

    What it says of the finding is as the look that changed it stated it; where it ended, as it was before.
    verdict: violation, unknown, pass, or None where nobody judged. actor: who made the change that led to it.
    exemption_id: what covers it now, or covered it until now.

    change_id is stable: whoever publishes it twice can be told apart from two changes. sequence: of a
    finding's changes the greater was written later, whatever changed_at says: a look is as old as what it
    read.
    """

    change_id: str
    sequence: int
    change: str
    finding_id: str
    account_id: str
    account_name: str | None
    organization_unit: str | None
    region: str
    function_name: str
    function_arn: str | None
    vpc_id: str | None
    rule_id: str
    title: str | None
    message: str | None
    severity: str
    stage: str
    status_before: str | None
    status: str
    status_reason: str | None
    verdict: str | None
    cause_id: str | None
    root_cause: str | None
    root_cause_kind: str | None
    root_cause_account: str | None
    root_cause_name: str | None
    owner: str | None
    tags: Mapping[str, str] | None
    managed_by: str | None
    actor: str | None
    exemption_id: str | None
    remediation_id: str | None
    trigger: str
    first_seen: str
    opened_at: str | None
    confirmed_at: str | None
    last_seen: str
    changed_at: str
    policy_revision: str | None
    config_digest: str | None
    snapshot_digest: str | None


class FindingQueries(CountQueries):
    """The findings table of one deployment, to read; made like FindingTable.

    A listing goes by keys that never move: while findings change, it loses none and doubles none. status: of
    these alone, by a filter; None: of any. ListingError for a cursor, a size or statuses that it cannot take.
    Listings give whole findings; with details=False their advice and evidence are empty, and texts may be cut
    short: one read less. What changes between the two reads is shown as a mixture, as it then is.
    """

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
                filter_condition=model.status != "resolved",
            )
            try:
                names.update(item.function_name for item in found)
            except PynamoDBException as error:
                raise FindingStoreError(
                    f"the findings of {rule_id} in {account_id} {region} could not be read: {error}"
                ) from error
        return sorted(names)

    def get(self, finding_id: str, *, details: bool = True) -> Finding | None:
        """Return a finding by its id alone; None where there is none, or it expired."""
        item = self._find(finding_id)
        if item is None:
            return None
        ttl: float | None = item.ttl
        if ttl is not None and ttl <= self._clock().timestamp():
            return None
        return next(self._as_seen([item], details=details, consistent_read=True))

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
            range_condition=self.table.history.sk.startswith(f"{HISTORY}{item.rule_id}#"),
            filter_condition=self.table.history.ttl > int(self._clock().timestamp()),
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
        details: bool = True,
        page_size: int = PAGE_SIZE,
        cursor: str | None = None,
    ) -> Page[Finding]:
        """Return a function's findings by rule id, strongly consistent."""
        return self._list(
            self.table.finding.query,
            [function_key(account_id, region, function_name)],
            range_condition=self.table.finding.sk.startswith(FINDING),
            consistent_read=True,
            details=details,
            page_size=page_size,
            cursor=cursor,
        )

    def list_by_account(
        self,
        account_id: str,
        *,
        region: str | None = None,
        rule_id: str | None = None,
        status: Collection[Status] | None = None,
        details: bool = True,
        page_size: int = PAGE_SIZE,
        cursor: str | None = None,
    ) -> Page[Finding]:
        """Return an account's findings by region, rule id and function name."""
        model = self.table.finding
        begin = f"{region}#{rule_id}#" if rule_id else f"{region}#"
        return self._list(
            model.by_account.query,
            [account_id],
            range_condition=model.account_sort.startswith(begin) if region else None,
            filters=[model.rule_id == rule_id] if rule_id and not region else (),
            status=status,
            details=details,
            page_size=page_size,
            cursor=cursor,
        )

    def list_by_rule(
        self,
        rule_id: str,
        *,
        status: Collection[Status] | None = None,
        details: bool = True,
        page_size: int = PAGE_SIZE,
        cursor: str | None = None,
    ) -> Page[Finding]:
        """Return a rule's findings, shard by shard."""
        return self._list(
            self.table.finding.by_rule.query,
            [f"{rule_id}#{shard}" for shard in SHARDS],
            status=status,
            details=details,
            page_size=page_size,
            cursor=cursor,
        )

    def list_by_cause(
        self,
        cause_id: str,
        *,
        status: Collection[Status] | None = None,
        details: bool = True,
        page_size: int = PAGE_SIZE,
        cursor: str | None = None,
    ) -> Page[Finding]:
        """Return the findings of one root cause (model.cause_id) that are not resolved."""
        return self._list(
            self.table.finding.by_cause.query,
            [cause_id],
            status=status,
            details=details,
            page_size=page_size,
            cursor=cursor,
        )

    def list_by_exemption(
        self,
        exemption_id: str,
        *,
        details: bool = True,
        page_size: int = PAGE_SIZE,
        cursor: str | None = None,
    ) -> Page[Finding]:
        """Return the findings that an exemption covers now, as the latest look or expiry left them."""
        return self._list(
            self.table.finding.by_exemption.query,
            [exemption_id],
            details=details,
            page_size=page_size,
            cursor=cursor,
        )

    def where_exempt(self, exemption_id: str, *, most: int) -> list[dict[str, str]]:
        """Return where the findings are that an exemption covers now, `most` of them: their ids and names."""
        model, names = self.table.finding, list(WHERE)
        found = model.by_exemption.query(exemption_id, attributes_to_get=names, limit=most, page_size=most)
        try:
            return [{name: getattr(one, name) for name in names} for one in found]
        except PynamoDBException as error:
            raise FindingStoreError(f"what {exemption_id} covers could not be read: {error}") from error

    def list_all(
        self,
        *,
        status: Collection[Status] | None = None,
        changed_since: str | None = None,
        details: bool = True,
        page_size: int = PAGE_SIZE,
        cursor: str | None = None,
    ) -> Page[Finding]:
        """Return the findings of all accounts, shard by shard; of any status but resolved by fewer reads."""
        model = self.table.finding
        is_live = status is not None and "resolved" not in status
        return self._list(
            model.by_live.query if is_live else model.by_id.query,
            SHARDS,
            filters=[model.changed_at >= changed_since] if changed_since else (),
            status=status,
            details=details,
            page_size=page_size,
            cursor=cursor,
        )

    def _find(self, finding_id: str) -> FindingItem | None:
        """Return the stored finding with this id, strongly consistent once the index knows the id."""
        model = self.table.finding
        try:
            this = model.finding_id == finding_id
            pointer = next(iter(model.by_id.query(shard_of(finding_id, SHARDS), this, limit=1)), None)
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
        details: bool,
        page_size: int,
        cursor: str | None,
        range_condition: Condition | None = None,
        filters: Iterable[Condition] = (),
        status: Collection[Status] | None = None,
        consistent_read: bool = False,
    ) -> Page[Finding]:
        model = self.table.finding
        wanted = model.ttl.does_not_exist() | (model.ttl > int(self._clock().timestamp()))
        for one in filters:
            wanted &= one
        if status is not None:
            if not status:
                raise ListingError("no status is asked for")
            wanted &= model.status.is_in(*sorted(status))
        page = read_page(
            model,
            query,
            partitions,
            page_size=page_size,
            cursor=cursor,
            range_condition=range_condition,
            filter_condition=wanted,
            consistent_read=consistent_read,
        )
        return Page(
            tuple(self._as_seen(page.items, details=details, consistent_read=consistent_read)), page.cursor
        )

    def _as_seen(
        self, items: Sequence[FindingItem], *, details: bool, consistent_read: bool
    ) -> Iterator[Finding]:
        """Yield findings with their details; last_seen is their look's, of a resolved one its own."""
        keys = {(item.pk, LOOK) for item in items if item.status != "resolved"}
        if details:
            keys |= {(item.pk, DETAIL + item.rule_id) for item in items}
        read = {
            (one["pk"]["S"], one["sk"]["S"]): one for one in self._read(keys, consistent_read=consistent_read)
        }
        for item in items:
            look, detail = read.get((item.pk, LOOK)), read.get((item.pk, DETAIL + item.rule_id))
            state = function_state(self.table.look.from_raw_data(look)).findings if look else {}
            whole = self.table.detail.from_raw_data(detail) if detail else None
            yield stored_finding(item, whole, state.get(item.rule_id))


def _history_entry(item: HistoryItem) -> HistoryEntry:
    return HistoryEntry(**{one.name: getattr(item, one.name) for one in fields(HistoryEntry)})
