"""The words of requests and answers: closed models, from which the OpenAPI document is written."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Header, Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from vpcguard.clock import rfc3339
from vpcguard.model import Severity, Stage, Status, StatusReason, Verdict

LARGEST_PAGE = 100

_ACCOUNT = r"^[0-9]{12}$"
_REGION = r"^[a-z]{2,4}(-[a-z]+){1,3}-[0-9]{1,2}$"
_FUNCTION = r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$"
_FINDING = r"^vg-[0-9a-f]{32}$"
_CAUSE = r"^vc-[0-9a-f]{32}$"

AccountId = Annotated[str, Field(pattern=_ACCOUNT, description="an account's id")]
Region = Annotated[str, Field(pattern=_REGION, max_length=32, description="a region")]
FunctionName = Annotated[str, Field(pattern=_FUNCTION, max_length=140, description="an unqualified name")]
VpcId = Annotated[str, Field(pattern=r"^vpc-[0-9a-f]{1,40}$", description="a VPC's id")]
RuleId = Annotated[str, Field(pattern=r"^[a-z0-9]+\.[a-z0-9_]+$", max_length=128, description="family.fault")]
Family = Annotated[
    str, Field(pattern=r"^[a-z0-9]+$", max_length=64, description="the part of a rule's id before the dot")
]
CauseId = Annotated[str, Field(pattern=_CAUSE, description="a cause's id")]
Unit = Annotated[
    str,
    Field(
        min_length=1,
        max_length=256,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="an organization unit, with all below it: root/prod",
    ),
]
Text = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+$")]
Cursor = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2_048,
        pattern=r"^[A-Za-z0-9._-]+$",
        description="of the page before; it goes with the same path and filters, for a day",
    ),
]
Limit = Annotated[
    int, Field(ge=1, le=LARGEST_PAGE, description="entries of a page at most; it may have fewer and go on")
]

AccountPath = Annotated[str, Path(pattern=_ACCOUNT, description="an account's id")]
RegionPath = Annotated[str, Path(pattern=_REGION, max_length=32, description="a region")]
FunctionPath = Annotated[str, Path(pattern=_FUNCTION, max_length=140, description="an unqualified name")]
FindingPath = Annotated[str, Path(pattern=_FINDING, description="a finding's id")]
ExemptionPath = Annotated[str, Path(pattern=r"^vx-[0-9a-f]{32}$", description="an exemption's id")]
JobPath = Annotated[str, Path(pattern=r"^vj-[0-9a-f]{32}$", description="an audit's id")]
CausePath = Annotated[str, Path(pattern=_CAUSE, description="a cause's id")]

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,128}$",
        description="of the caller's choice, a UUID say: the same key and body again change nothing more, and"
        " get the same answer",
    ),
]
IfMatch = Annotated[
    str,
    Header(
        alias="If-Match",
        pattern=r'^(\*|"[0-9]{1,9}")$',
        description="the ETag of what the caller saw, or * for whatever there is",
    ),
]

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_LEAST, _MOST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


def _utc(text: str) -> str:
    """Return a time with its offset as the table has times, 1970 if it is before; raises ValueError."""
    try:
        if _MOMENT.fullmatch(text.upper()):
            found = datetime.fromisoformat(text.upper())
            return rfc3339(min(max(found, _LEAST), _MOST))
    except ValueError:
        pass
    raise ValueError("expected a time such as 2026-11-29T06:00:00Z")


Moment = Annotated[
    str,
    Field(max_length=40, description="RFC 3339, with its offset", json_schema_extra={"format": "date-time"}),
    AfterValidator(_utc),
]
MomentOut = Annotated[str, Field(description="RFC 3339, UTC")]


class Closed(BaseModel):
    """What has no field but those it names."""

    model_config = ConfigDict(extra="forbid")


class PageQuery(Closed):
    """What every listing takes."""

    limit: Limit = 50
    cursor: Cursor | None = None


class FindingQuery(PageQuery):
    """What a listing of findings in one account takes."""

    organization_unit: Unit | None = None
    region: Region | None = None
    function: FunctionName | None = None
    rule_id: RuleId | None = None
    family: Family | None = None
    severity: list[Severity] | None = Field(default=None, description="one of these")
    status: list[Status] | None = Field(default=None, description="one of these; without it: any")
    verdict: list[Verdict] | None = Field(default=None, description="one of these")
    vpc_id: VpcId | None = None
    root_cause: Text | None = Field(default=None, description="the resource at fault: nat-0a")
    cause_id: CauseId | None = Field(
        default=None, description="what one repair ends; it has findings that are not resolved"
    )
    owner: Text | None = None
    changed_since: Moment | None = None


class OrganizationFindingQuery(FindingQuery):
    """What a listing of all findings takes."""

    account_id: AccountId | None = None


class FindingSummary(Closed):
    """A finding without its advice and evidence; texts may be cut short, which ends in an ellipsis."""

    finding_id: str
    account_id: str
    account_name: str | None
    organization_unit: str | None
    region: str
    function_name: str
    function_arn: str | None
    vpc_id: str | None
    rule_id: str
    family: str
    title: str
    severity: Severity
    status: Status
    status_reason: StatusReason | None
    verdict: Verdict | None = Field(
        description="what the latest look said, whatever the status; null: nobody judges it any more"
    )
    stage: Stage
    message: str
    root_cause: str | None
    root_cause_kind: str | None
    root_cause_account: str | None
    root_cause_name: str | None
    cause_id: str | None = Field(description="what one repair ends; null without a single resource at fault")
    basis: Literal["declared", "inferred"] | None
    owner: str | None
    tags: dict[str, str] | None
    managed_by: str | None
    actor: str | None
    first_seen: MomentOut
    opened_at: MomentOut | None
    confirmed_at: MomentOut | None
    last_seen: MomentOut
    changed_at: MomentOut
    resolved_at: MomentOut | None
    times_reopened: int | None
    exemption_id: str | None
    remediation_id: str | None
    policy_revision: str
    config_digest: str
    snapshot_digest: str


class FindingDetails(FindingSummary):
    """A whole finding."""

    advice: str
    evidence: dict[str, Any]


class FindingPage(Closed):
    """Part of a listing. cursor: where it goes on; null: nowhere. A page may hold few findings and go on."""

    findings: list[FindingSummary]
    cursor: str | None


class HistoryEntry(Closed):
    """One change of a finding's status; change_id is the same wherever the change is told."""

    change_id: str
    change: str
    status_before: str | None
    status: str
    status_reason: str | None
    verdict: str | None
    severity: str
    stage: str
    title: str | None
    message: str | None
    cause_id: str | None
    root_cause: str | None
    owner: str | None
    actor: str | None
    exemption_id: str | None
    remediation_id: str | None
    trigger: str
    changed_at: MomentOut
    opened_at: MomentOut | None
    confirmed_at: MomentOut | None
    policy_revision: str | None
    config_digest: str | None
    snapshot_digest: str | None


class HistoryPage(Closed):
    """Part of a finding's history, newest first."""

    history: list[HistoryEntry]
    cursor: str | None


class Posture(Closed):
    """What is known of one function: the latest look at it, and its findings, resolved ones included."""

    account_id: str
    region: str
    function_name: str
    judged_at: MomentOut
    trigger: str = Field(description="what led to the look: event:, sweep, api: and an id")
    policy_revision: str | None
    config_digest: str | None
    snapshot_digest: str
    last_event_at: MomentOut | None
    function_modified_at: str | None = Field(description="as Lambda writes it")
    deleted_at: MomentOut | None
    findings: list[FindingSummary]


class Rule(Closed):
    """One rule as it is shipped; a configuration may overrule severity, stage and enabled."""

    id: str
    family: str
    title: str
    doubt: str
    severity: Severity
    stage: Stage
    enabled: bool
    description: str
    advice: str
    remediation: str
    applies_to: str
    applies_if: list[str]
    passes: str
    judged: str
    configuration: list[str]
    reads: list[str]
    related_resources: list[str]
    pack: str | None = Field(description="of a rule of one's own: where it comes from")


class RuleList(Closed):
    """All rules, by id."""

    rules: list[Rule]


class SummaryQuery(Closed):
    """What a summary takes."""

    cursor: Cursor | None = None


class Summary(Closed):
    """How many findings are not resolved: of one part of them; the parts add up.

    A part counts a thousand findings, so a summary costs the same however many there are. Where cursor is not
    null, ask again with it and add.
    """

    as_of: MomentOut
    findings: int
    by_status: dict[str, int]
    by_verdict: dict[str, int] = Field(description="what the latest look said, whatever the status")
    by_severity: dict[str, int] = Field(description="of the open ones")
    by_rule: dict[str, dict[str, int]] = Field(description="by rule id, then by status")
    cursor: str | None


class Cause(Closed):
    """A resource at fault by one rule, and how many findings that are not resolved have it."""

    cause_id: str
    owner_id: str = Field(description="the account that owns the resource")
    region: str
    root_cause: str
    root_cause_kind: str | None
    root_cause_name: str | None
    rule_id: str
    title: str
    accounts: list[str] = Field(description="those of the functions")
    open: dict[Severity, int] = Field(description="by severity; one finding is one function")
    exempt: int


class CausePage(Closed):
    """Part of the causes."""

    causes: list[Cause]
    cursor: str | None


class CauseDetails(Cause):
    """A cause, and a page of its findings that are not resolved."""

    findings: list[FindingSummary]
    cursor: str | None


class Waiting(Closed):
    """A read that failed in an account and region, and what waits for it."""

    account_id: str
    region: str
    operation: str = Field(description="the permission that is missing, or what failed")
    verdicts: int
    functions: int
    changed_at: MomentOut


class CoveragePage(Closed):
    """Part of what is not known because a read failed."""

    coverage: list[Waiting]
    cursor: str | None
