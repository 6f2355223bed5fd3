"""The findings table: its keys, and its items as PynamoDB models.

docs/table.md says why they look so. The models carry no discriminator: every query names one kind of item by
its sort key or by a sparse index, so an unknown kind can neither be skipped nor fail a read. `item_type` is
for people and streams. `ttl` of any item: when it may go, in seconds since 1970; without it an item stays.

The function's name comes last in a key, so that no name can be mistaken for another part. No index has a key
that changes: a finding enters an index and leaves it, and never moves within, so that whoever goes through
one while findings change meets each of them once. Keys that would gather all findings of the organization are
spread over shards, taken from the finding's own id: one partition takes 1,000 writes a second
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html).
"""

# ruff: noqa: D106 - Meta is PynamoDB's block of settings

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, IncludeProjection
from pynamodb.models import Model

from vpcguard.findings.records import AccountItem, CauseItem, CoverageItem, ReadingItem

FINDING = "FINDING#"  # begins the sort keys of a function's findings; the rule's id follows
DETAIL = "DETAIL#"  # begins the sort keys of what is too long for an index; the rule's id follows
HISTORY = "HISTORY#"  # begins the sort keys of a finding's history; the rule's id and the mark follow
OUTBOX = "OUTBOX#"  # begins the sort keys of what is to be published; the id of the change follows
LOOK = "LOOK"  # the sort key of a function's look record
SHARDS: Sequence[str] = "0123456789abcdef"  # of findings, by their id
LOOK_SHARDS: Sequence[str] = "0123"  # of an account-region: a sweep writes all its looks within seconds
# of counts within one account: looks that change the same one at the same moment are refused, and come again
COUNT_SHARDS: Sequence[str] = "01234567"


class ByIdIndex(GlobalSecondaryIndex["FindingItem"]):  # type: ignore[no-untyped-call]
    """Every finding, by shard and id: one by its id, or all."""

    class Meta:
        index_name = "by_id"
        projection = AllProjection()

    shard = UnicodeAttribute(hash_key=True)
    finding_id = UnicodeAttribute(range_key=True)


class ByLiveIndex(GlobalSecondaryIndex["FindingItem"]):  # type: ignore[no-untyped-call]
    """Findings that are not resolved, by shard and id."""

    class Meta:
        index_name = "by_live"
        projection = AllProjection()

    live_shard = UnicodeAttribute(hash_key=True)
    finding_id = UnicodeAttribute(range_key=True)


class ByAccountIndex(GlobalSecondaryIndex["FindingItem"]):  # type: ignore[no-untyped-call]
    """Findings of an account, by region, rule and function."""

    class Meta:
        index_name = "by_account"
        projection = AllProjection()

    account_id = UnicodeAttribute(hash_key=True)
    account_sort = UnicodeAttribute(range_key=True)


class ByRuleIndex(GlobalSecondaryIndex["FindingItem"]):  # type: ignore[no-untyped-call]
    """Findings of a rule, by shard and id."""

    class Meta:
        index_name = "by_rule"
        projection = AllProjection()

    rule_shard = UnicodeAttribute(hash_key=True)
    finding_id = UnicodeAttribute(range_key=True)


class ByCauseIndex(GlobalSecondaryIndex["FindingItem"]):  # type: ignore[no-untyped-call]
    """Findings of one root cause that are not resolved, by id."""

    class Meta:
        index_name = "by_cause"
        projection = AllProjection()

    cause_key = UnicodeAttribute(hash_key=True)
    finding_id = UnicodeAttribute(range_key=True)


class ByExemptionIndex(GlobalSecondaryIndex["FindingItem"]):  # type: ignore[no-untyped-call]
    """Findings that an exemption covers now, by id."""

    class Meta:
        index_name = "by_exemption"
        projection = AllProjection()

    exemption_key = UnicodeAttribute(hash_key=True)
    finding_id = UnicodeAttribute(range_key=True)


class ByLookIndex(GlobalSecondaryIndex["LookItem"]):  # type: ignore[no-untyped-call]
    """Functions of an account and region by the time of their latest look, without the deleted ones."""

    class Meta:
        index_name = "by_look"
        projection = IncludeProjection(["item_type", "function_name"])

    looks_key = UnicodeAttribute(hash_key=True)
    judged_at = UnicodeAttribute(range_key=True)


class ByOutboxIndex(GlobalSecondaryIndex["OutboxItem"]):  # type: ignore[no-untyped-call]
    """Changes that are not published yet, by shard and time."""

    class Meta:
        index_name = "by_outbox"
        projection = IncludeProjection(["history_sk"])

    outbox_shard = UnicodeAttribute(hash_key=True)
    changed_at = UnicodeAttribute(range_key=True)


class FindingItem(Model):
    """One finding but its advice and evidence, at most 2 KB since every index carries it, and its keys.

    Texts may be cut short: its detail has them whole.
    """

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    item_type = UnicodeAttribute(default_for_new="finding")
    shard = UnicodeAttribute()
    live_shard = UnicodeAttribute(null=True)  # absent once it is resolved
    account_sort = UnicodeAttribute()
    rule_shard = UnicodeAttribute()
    cause_key = UnicodeAttribute(
        null=True
    )  # model.cause_id; absent without a root cause, and once it is resolved
    exemption_key = UnicodeAttribute(null=True)  # its exemption_id; absent unless it is exempt
    by_id = ByIdIndex()
    by_live = ByLiveIndex()
    by_account = ByAccountIndex()
    by_rule = ByRuleIndex()
    by_cause = ByCauseIndex()
    by_exemption = ByExemptionIndex()

    finding_id = UnicodeAttribute()
    account_id = UnicodeAttribute()
    account_name = UnicodeAttribute(null=True)
    organization_unit = UnicodeAttribute(null=True)
    region = UnicodeAttribute()
    function_name = UnicodeAttribute()
    function_arn = UnicodeAttribute(null=True)
    vpc_id = UnicodeAttribute(null=True)
    rule_id = UnicodeAttribute()
    family = UnicodeAttribute()
    title = UnicodeAttribute()
    severity = UnicodeAttribute()
    status = UnicodeAttribute()
    status_reason = UnicodeAttribute(null=True)
    verdict = UnicodeAttribute(null=True)
    stage = UnicodeAttribute()
    message = UnicodeAttribute()
    root_cause = UnicodeAttribute(null=True)
    root_cause_kind = UnicodeAttribute(null=True)
    root_cause_account = UnicodeAttribute(null=True)
    root_cause_name = UnicodeAttribute(null=True)
    basis = UnicodeAttribute(null=True)
    owner = UnicodeAttribute(null=True)
    tags = JSONAttribute(null=True)
    managed_by = UnicodeAttribute(null=True)
    actor = UnicodeAttribute(null=True)
    first_seen = UnicodeAttribute()
    opened_at = UnicodeAttribute(null=True)
    confirmed_at = UnicodeAttribute(null=True)  # as last_seen
    last_seen = UnicodeAttribute()  # at the latest write; the look record knows the latest look
    changed_at = UnicodeAttribute()
    resolved_at = UnicodeAttribute(null=True)
    times_reopened = NumberAttribute()
    exemption_id = UnicodeAttribute(null=True)
    remediation_id = UnicodeAttribute(null=True)
    policy_revision = UnicodeAttribute()
    config_digest = UnicodeAttribute()
    snapshot_digest = UnicodeAttribute()

    ttl = NumberAttribute(null=True)  # on resolved findings only


class DetailItem(Model):
    """What one finding says at length, in no index: advice and evidence, and all that its finding may cut."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    item_type = UnicodeAttribute(default_for_new="detail")

    rule_id = UnicodeAttribute()
    account_name = UnicodeAttribute(null=True)
    organization_unit = UnicodeAttribute(null=True)
    title = UnicodeAttribute()
    message = UnicodeAttribute()
    advice = UnicodeAttribute()
    evidence = JSONAttribute()
    root_cause = UnicodeAttribute(null=True)
    root_cause_name = UnicodeAttribute(null=True)
    owner = UnicodeAttribute(null=True)
    tags = JSONAttribute(null=True)
    managed_by = UnicodeAttribute(null=True)
    actor = UnicodeAttribute(null=True)
    # an open finding that later looks could not judge: {"since", "message", "unknown"}
    undetermined = JSONAttribute(null=True)
    ttl = NumberAttribute(null=True)  # as its finding's


class LookItem(Model):
    """The latest look at a function: the guard of all its findings, and what is known about each of them."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    item_type = UnicodeAttribute(default_for_new="look")
    looks_key = UnicodeAttribute(null=True)  # absent once the function is known to be deleted
    by_look = ByLookIndex()

    account_id = UnicodeAttribute()
    region = UnicodeAttribute()
    function_name = UnicodeAttribute()
    organization_unit = UnicodeAttribute(null=True)
    judged_at = UnicodeAttribute()
    snapshot_digest = UnicodeAttribute()
    policy_revision = UnicodeAttribute(null=True)
    config_digest = UnicodeAttribute(null=True)
    trigger = UnicodeAttribute()
    revision = NumberAttribute()  # counts the writes to this function's items: the optimistic lock
    is_partial = BooleanAttribute(null=True)  # of a look that one transaction does not take: more is to come
    findings = JSONAttribute()  # rule id -> lifecycle.FindingState
    waiting = JSONAttribute(null=True)  # failed read -> how many verdicts wait for it
    last_event_at = UnicodeAttribute(null=True)
    function_modified_at = UnicodeAttribute(null=True)  # as Lambda writes it
    deleted_at = UnicodeAttribute(null=True)
    ttl = NumberAttribute(null=True)  # only where the function is deleted


class HistoryItem(Model):
    """One change of a finding's status, and all that is published and exported of it; never rewritten."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    item_type = UnicodeAttribute(default_for_new="history")

    change_id = UnicodeAttribute()
    change = UnicodeAttribute()
    finding_id = UnicodeAttribute()
    account_id = UnicodeAttribute()
    account_name = UnicodeAttribute(null=True)
    organization_unit = UnicodeAttribute(null=True)
    region = UnicodeAttribute()
    function_name = UnicodeAttribute()
    function_arn = UnicodeAttribute(null=True)
    vpc_id = UnicodeAttribute(null=True)
    rule_id = UnicodeAttribute()
    title = UnicodeAttribute(null=True)
    message = UnicodeAttribute(null=True)
    severity = UnicodeAttribute()
    stage = UnicodeAttribute()
    status_before = UnicodeAttribute(null=True)
    status = UnicodeAttribute()
    status_reason = UnicodeAttribute(null=True)
    verdict = UnicodeAttribute(null=True)
    cause_id = UnicodeAttribute(null=True)
    root_cause = UnicodeAttribute(null=True)
    root_cause_kind = UnicodeAttribute(null=True)
    root_cause_account = UnicodeAttribute(null=True)
    root_cause_name = UnicodeAttribute(null=True)
    owner = UnicodeAttribute(null=True)
    tags = JSONAttribute(null=True)
    managed_by = UnicodeAttribute(null=True)
    actor = UnicodeAttribute(null=True)
    exemption_id = UnicodeAttribute(null=True)
    remediation_id = UnicodeAttribute(null=True)
    trigger = UnicodeAttribute()
    first_seen = UnicodeAttribute()
    opened_at = UnicodeAttribute(null=True)
    confirmed_at = UnicodeAttribute(null=True)
    last_seen = UnicodeAttribute()
    changed_at = UnicodeAttribute()
    policy_revision = UnicodeAttribute(null=True)
    config_digest = UnicodeAttribute(null=True)
    snapshot_digest = UnicodeAttribute(null=True)
    ttl = NumberAttribute()

    @property
    def sequence(self) -> int:
        """Revision of the look record that it was written with: the greater, the later."""
        return int(str(self.sk).rpartition("#")[2])


class OutboxItem(Model):
    """A change that is to be published: which item of history. Removed once it is, and by nothing else."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    item_type = UnicodeAttribute(default_for_new="outbox")
    by_outbox = ByOutboxIndex()

    outbox_shard = UnicodeAttribute()
    changed_at = UnicodeAttribute()
    history_sk = UnicodeAttribute()


@dataclass(frozen=True, slots=True)
class Table:
    """The models of functions and of the organization bound to one table, all over one client."""

    name: str
    connection: Connection
    finding: type[FindingItem]
    detail: type[DetailItem]
    look: type[LookItem]
    history: type[HistoryItem]
    outbox: type[OutboxItem]
    cause: type[CauseItem]
    coverage: type[CoverageItem]
    account: type[AccountItem]
    reading: type[ReadingItem]


def bound_table(table_name: str, client: Any) -> Table:
    """Return the models for this table, over a botocore or boto3 `dynamodb` client."""
    finding = bound_model(FindingItem, table_name, client)
    return Table(
        name=table_name,
        connection=finding._get_connection().connection,  # noqa: SLF001
        finding=finding,
        detail=bound_model(DetailItem, table_name, client),
        look=bound_model(LookItem, table_name, client),
        history=bound_model(HistoryItem, table_name, client),
        outbox=bound_model(OutboxItem, table_name, client),
        cause=bound_model(CauseItem, table_name, client),
        coverage=bound_model(CoverageItem, table_name, client),
        account=bound_model(AccountItem, table_name, client),
        reading=bound_model(ReadingItem, table_name, client),
    )


M = TypeVar("M", bound=Model)


def bound_model(model: type[M], table_name: str, client: Any) -> type[M]:
    """Return a subclass of a model for this table, over a client: two tables in one process do not meet.

    PynamoDB makes one client per model class, which takes time and memory, and has no public way
    to share one, hence the private attributes.
    """
    meta = type("Meta", (), {"table_name": table_name, "region": client.meta.region_name})
    metaclass: Any = type(model)
    bound = cast(
        "type[M]", metaclass(model.__name__, (model,), {"Meta": meta, "__module__": model.__module__})
    )
    bound._get_connection().connection._client = client  # noqa: SLF001
    return bound
