"""The words of what people decide and ask for: exemptions and audits, as closed models."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from vpcguard.api.models import AccountId, Closed, FunctionName, MomentOut, PageQuery, Region, VpcId

_NO_CONTROLS = r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x08\x0b-\x1f\x7f-\x9f]*$"
Glob = Annotated[str, Field(min_length=1, max_length=640, description="a glob as in the configuration file")]
Said = Annotated[str, Field(min_length=1, max_length=200, pattern=_NO_CONTROLS)]
State = Literal["in_force", "expired", "revoked"]
Covers = Literal["violation", "unknown"]


class AccountMatch(Closed):
    """What an exemption of one account is for: all that is given must match."""

    organization_unit: Glob | None = None
    region: Glob | None = None
    function: Glob | None = None
    rule_id: str | None = Field(default=None, pattern=r"^[a-z0-9]+\.[a-z0-9_]+$", max_length=640)
    family: str | None = Field(default=None, pattern=r"^[a-z0-9]+$", max_length=640)
    root_cause: str | None = Field(default=None, pattern=r"^[!-~]+$", max_length=640)


class Match(AccountMatch):
    """What an exemption is for; all that is given must match, and what matches everything is refused."""

    account_id: Glob | None = None


class AccountExemptionRequest(Closed):
    """An exemption to be made, of one account."""

    covers: Covers = Field(
        default="violation",
        description="unknown: an attestation of what no read can tell, e.g. a transit gateway",
    )
    match: AccountMatch
    reason: Annotated[str, Field(min_length=1, max_length=1_000, pattern=_NO_CONTROLS)]
    ticket: Said | None = None
    owner: Said
    expires_at: str = Field(
        min_length=10,
        max_length=40,
        description="RFC 3339, or a day, which is its last; at most 365 days away",
    )


class ExemptionRequest(AccountExemptionRequest):
    """An exemption to be made."""

    match: Match


class Covered(Closed):
    """What an exemption covers: at most a hundred findings are counted, and the first twenty named."""

    findings: int
    is_more: bool
    first: list[dict[str, str]]


class Exemption(Closed):
    """An exemption: made once, never edited; it ends when it expires or is revoked."""

    exemption_id: str
    covers: Covers
    match: dict[str, str]
    reason: str
    ticket: str | None
    owner: str
    created_by: str
    created_at: MomentOut
    expires_at: MomentOut = Field(description="the first moment at which it exempts nothing any more")
    revoked_at: MomentOut | None
    revoked_by: str | None
    revision: int
    source: str
    state: State
    covered: Covered | None = Field(
        description="what it covers, or covered when it expired; null: not looked up"
    )


class ExemptionQuery(PageQuery):
    """What a listing of exemptions takes."""

    state: State | None = None


class ExemptionPage(Closed):
    """Part of the exemptions, by id."""

    exemptions: list[Exemption]
    cursor: str | None


class ExemptionReport(Closed):
    """Which exemptions deserve a look; no exemption can hide it."""

    reported_at: MomentOut
    in_force: int
    unused: list[Exemption] = Field(description="in force, and cover nothing now")
    expiring: list[Exemption] = Field(description="end within 14 days")
    lapsed: list[Exemption] = Field(description="expired within the last 90 days")
    malformed: list[str] = Field(description="keys of what cannot be read: it exempts nothing")


class AccountAuditRequest(Closed):
    """What is to be looked at again: a function, a VPC, or without either a whole region of the account."""

    region: Region
    function_name: FunctionName | None = None
    vpc_id: VpcId | None = None

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"not": {"required": ["function_name", "vpc_id"]}}
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> AccountAuditRequest:
        if {"function_name", "vpc_id"} <= self.model_fields_set:
            raise ValueError("a function or a VPC, not both")
        return self


class AuditRequest(AccountAuditRequest):
    """What is to be looked at again, in which account."""

    account_id: AccountId


class Audit(Closed):
    """An audit on request, and what became of it."""

    job_id: str
    status: Literal["queued", "running", "done", "failed"]
    account_id: str
    region: str
    function_name: str | None
    vpc_id: str | None
    requested_by: str
    requested_at: MomentOut
    changed_at: MomentOut
    reason: str | None = Field(description="why it failed")
    result: dict[str, Any] = Field(description="what was done so far: functions judged, findings opened ...")
