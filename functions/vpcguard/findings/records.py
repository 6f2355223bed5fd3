"""Items of the findings table beside those of functions: counts, what people decide, and what is under way.

As in table.py the models carry no discriminator, `item_type` is for people and streams, and `ttl` says when
an item may go, in seconds since 1970; without it an item stays. docs/table.md lists them with their keys.
Each is bound by whoever uses it (table.bound_model): a process pays for no other.
"""

# ruff: noqa: D106 - Meta is PynamoDB's block of settings

from __future__ import annotations

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

ORGANIZATION = "ORGANIZATION"  # partition of what is known of the organization, read a few times a minute
ACCOUNT = "ACCOUNT#"  # begins the sort keys of its accounts; the account's id follows
READING = "READING"  # the sort key of its last complete reading
CAUSE = "CAUSE#"  # begins the partition of a root cause's counts; its id follows
COVERAGE = "COVERAGE#"  # begins the partition of what could not be read in an account; its id follows
EXEMPTIONS = "EXEMPTIONS"  # partition of all exemptions: every look needs them all, once a minute
NOTICE = "NOTICE#"  # begins partitions of what one recipient is told of one cause
JOB = "JOB"  # the sort key of a job; its partition begins with the same word
REMEDIATION = "REMEDIATION#"  # begins the sort keys of a function's remediations; the id follows
APPROVAL = "APPROVAL#"  # begins the sort keys of what people approved of them; the remediation's id follows
HALT = "HALT"  # partition of what keeps remediation from acting; the sort key says where
BUDGET = "BUDGET#"  # begins partitions of what may still be done; the account or the organization follows
TOPOLOGY = "TOPOLOGY#"  # begins partitions of an account and region; the resource is the sort key


class ByCausesIndex(GlobalSecondaryIndex["CauseItem"]):  # type: ignore[no-untyped-call]
    """Root causes that have findings, by shard and id."""

    class Meta:
        index_name = "by_causes"
        projection = AllProjection()

    causes_shard = UnicodeAttribute(hash_key=True)
    causes_sort = UnicodeAttribute(range_key=True)


class ByAccountCausesIndex(GlobalSecondaryIndex["CauseItem"]):  # type: ignore[no-untyped-call]
    """Root causes of an account's findings, by id."""

    class Meta:
        index_name = "by_account_causes"
        projection = AllProjection()

    causes_account = UnicodeAttribute(hash_key=True)
    causes_sort = UnicodeAttribute(range_key=True)


class ByCoverageIndex(GlobalSecondaryIndex["CoverageItem"]):  # type: ignore[no-untyped-call]
    """What could not be read and verdicts wait for, by shard of the account."""

    class Meta:
        index_name = "by_coverage"
        projection = AllProjection()

    coverage_shard = UnicodeAttribute(hash_key=True)
    coverage_sort = UnicodeAttribute(range_key=True)


class CauseItem(Model):
    """How many findings of one account one root cause has: a share of them, by the shard of the function.

    pk: CAUSE# and the cause's id; sk: the account of the functions and the shard. In its indexes only while
    it counts something.
    """

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    item_type = UnicodeAttribute(default_for_new="cause")
    causes_shard = UnicodeAttribute(null=True)
    causes_account = UnicodeAttribute(null=True)
    causes_sort = UnicodeAttribute(null=True)
    by_causes = ByCausesIndex()
    by_account_causes = ByAccountCausesIndex()

    cause_id = UnicodeAttribute()
    account_id = UnicodeAttribute()  # of the functions
    owner_id = UnicodeAttribute()  # the account that owns the root cause
    region = UnicodeAttribute()
    root_cause = UnicodeAttribute()
    root_cause_kind = UnicodeAttribute(null=True)
    root_cause_name = UnicodeAttribute(null=True)
    rule_id = UnicodeAttribute()
    title = UnicodeAttribute()
    # findings that are not resolved: the exempt ones, and the open ones by severity
    exempt = NumberAttribute(default=0)
    critical = NumberAttribute(default=0)
    high = NumberAttribute(default=0)
    medium = NumberAttribute(default=0)
    low = NumberAttribute(default=0)
    info = NumberAttribute(default=0)


class CoverageItem(Model):
    """How many verdicts of an account and region wait for one failed read: a share, by the function's shard.

    pk: COVERAGE# and the account; sk: region, operation and shard. In its index only while it counts
    something.
    """

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    item_type = UnicodeAttribute(default_for_new="coverage")
    coverage_shard = UnicodeAttribute(null=True)
    coverage_sort = UnicodeAttribute(null=True)
    by_coverage = ByCoverageIndex()

    account_id = UnicodeAttribute()
    region = UnicodeAttribute()
    operation = UnicodeAttribute()
    verdicts = NumberAttribute(default=0)
    functions = NumberAttribute(default=0)
    changed_at = UnicodeAttribute()


class AccountItem(Model):
    """One account of the organization; the names of organization.MemberAccount."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    item_type = UnicodeAttribute(default_for_new="account")

    account_id = UnicodeAttribute()
    name = UnicodeAttribute(null=True)
    organization_unit = UnicodeAttribute()
    tags = JSONAttribute()
    state = UnicodeAttribute(null=True)
    read_at = UnicodeAttribute()


class ReadingItem(Model):
    """The last complete reading of the organization."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    item_type = UnicodeAttribute(default_for_new="reading")

    read_at = UnicodeAttribute()
    is_in_use = BooleanAttribute()
    accounts = NumberAttribute()


class ExemptionItem(Model):
    """One exemption or attestation, pk EXEMPTIONS, sk its id; the names of exemptions.Exemption."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    item_type = UnicodeAttribute(default_for_new="exemption")

    covers = UnicodeAttribute()
    match = JSONAttribute()
    reason = UnicodeAttribute()
    ticket = UnicodeAttribute(null=True)
    owner = UnicodeAttribute()
    created_by = UnicodeAttribute()
    created_at = UnicodeAttribute()
    expires_at = UnicodeAttribute()
    revoked_at = UnicodeAttribute(null=True)
    revoked_by = UnicodeAttribute(null=True)
    revision = NumberAttribute()  # counts its writes: what an ETag says
    source = UnicodeAttribute(null=True)
    applied = UnicodeAttribute(null=True)  # what the stored findings already show of it: in force, ended
    covered = JSONAttribute(
        null=True
    )  # what it exempted shortly before it expired: audit.exemptions.Coverage
    ttl = NumberAttribute(null=True)  # 400 days after its end, which is known from the beginning


class NoticeItem(Model):
    """What a recipient is to be told of one cause: a window, while it gathers and until it is told.

    pk: NOTICE# and a digest of recipient and cause; sk: OPEN, or WINDOW# and when it began. In the index of
    the outbox, under a shard of its own, by the time at which it is due.
    """

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    item_type = UnicodeAttribute(default_for_new="notice")

    outbox_shard = UnicodeAttribute()
    changed_at = UnicodeAttribute()  # when it is due: so the index of the outbox has it
    latest_at = UnicodeAttribute()  # the latest that changed_at may become while it gathers
    recipient = UnicodeAttribute()  # the ARN of an SNS topic
    about = UnicodeAttribute()  # the id of a cause; of a rule, account, region and VPC; or the backlog
    window = UnicodeAttribute()  # when it began
    revision = NumberAttribute(default=0)  # counts what it gathered: the optimistic lock
    failures = NumberAttribute(default=0)


class NoticeChangeItem(Model):
    """One change that is told in a window. pk: the notice's; sk: CHANGE#, the window and the change's id."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    item_type = UnicodeAttribute(default_for_new="notice_change")

    told = JSONAttribute()  # its history
    ttl = NumberAttribute()


class JobItem(Model):
    """One piece of work that somebody asked for and may follow: pk JOB# and its id, sk JOB."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    item_type = UnicodeAttribute(default_for_new="job")

    kind = UnicodeAttribute()  # re_audit, export
    status = UnicodeAttribute()
    account_id = UnicodeAttribute(null=True)
    request = JSONAttribute()
    requested_by = UnicodeAttribute()
    requested_at = UnicodeAttribute()
    changed_at = UnicodeAttribute()
    result = JSONAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    ttl = NumberAttribute()


class RemediationItem(Model):
    """One remediation of one finding, kept before it acts: pk of its function, sk REMEDIATION# and its id."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    item_type = UnicodeAttribute(default_for_new="remediation")

    remediation_id = UnicodeAttribute()
    finding_id = UnicodeAttribute()
    rule_id = UnicodeAttribute()
    account_id = UnicodeAttribute()
    region = UnicodeAttribute()
    function_name = UnicodeAttribute()
    status = UnicodeAttribute()
    revision = NumberAttribute()  # counts its writes: the optimistic lock
    announced_at = UnicodeAttribute(null=True)
    act_after = UnicodeAttribute(null=True)
    changed_at = UnicodeAttribute()
    before = JSONAttribute(null=True)  # VpcConfig and RevisionId as they were, never rewritten
    before_digest = UnicodeAttribute(null=True)
    refusals = JSONAttribute(null=True)
    ttl = NumberAttribute(null=True)


class ApprovalItem(Model):
    """Who approved a remediation: pk of its function, sk APPROVAL# and the remediation's id."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    item_type = UnicodeAttribute(default_for_new="approval")

    approved_by = UnicodeAttribute()
    approved_at = UnicodeAttribute()
    ttl = NumberAttribute(null=True)


class HaltItem(Model):
    """What keeps remediation from acting in an account or anywhere: pk HALT, sk an account id or *."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    item_type = UnicodeAttribute(default_for_new="halt")

    reason = UnicodeAttribute()
    halted_at = UnicodeAttribute()
    halted_by = UnicodeAttribute()
    is_armed = BooleanAttribute()  # a person allowed it again
    armed_by = UnicodeAttribute(null=True)


class BudgetItem(Model):
    """How much was done within an hour: pk BUDGET# and an account id or *, sk the hour."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    item_type = UnicodeAttribute(default_for_new="budget")

    taken = NumberAttribute()
    ttl = NumberAttribute()


class TopologyItem(Model):
    """In which VPC a resource was last seen: pk TOPOLOGY#, account and region, sk the resource."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    item_type = UnicodeAttribute(default_for_new="topology")

    vpc_id = UnicodeAttribute()
    seen_at = UnicodeAttribute()
    ttl = NumberAttribute()
