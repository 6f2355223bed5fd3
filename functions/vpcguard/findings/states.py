"""What is remembered of functions and their findings, and what changes of it: the words of the lifecycle.

A plan says what is to be written: the look record as it will be, and the findings that differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from vpcguard.model import Finding, Severity, Stage, Status, StatusReason, Verdict

# opened, reopened, resolved, undetermined: what stands is another. exempted, exemption_ended: what is shown
# of it is, by an exemption or without one. unconfirmed: it stands, and this look could not judge it.
# confirmed: it could again. The history keeps these, and they are published.
Told = Literal[
    "opened",
    "reopened",
    "resolved",
    "undetermined",
    "exempted",
    "exemption_ended",
    "unconfirmed",
    "confirmed",
]
# updated: as before, but of another severity, stage, root cause or statement, or exempt by another exemption
ChangeKind = Told | Literal["updated"]
TOLD: frozenset[ChangeKind] = frozenset(get_args(Told))


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingState:
    """One finding as the look record remembers it.

    status: as it is shown. standing: its status were there no exemptions. fingerprint: digest of what makes
    the stored finding what it is. times_opened: how often it came to stand open. opened_at: when it last
    became open, or would have.
    confirmed_at: the latest look that judged it as a violation. unconfirmed_since and unconfirmed: of what
    stands open and later looks could not judge, since when, and the fingerprint of why. declared: as of the
    look that last said it. is_attached: the function was in a VPC then. ttl: seconds since 1970, on resolved
    ones.
    """

    status: Status
    standing: Literal["open", "undetermined", "resolved"]
    severity: Severity
    stage: Stage
    fingerprint: str
    first_seen: str
    last_seen: str
    times_opened: int
    verdict: Verdict | None = None
    opened_at: str | None = None
    confirmed_at: str | None = None
    unconfirmed_since: str | None = None
    unconfirmed: str | None = None
    exemption_id: str | None = None
    root_cause: str | None = None
    cause_id: str | None = None
    declared: str | None = None
    is_attached: bool = True
    ttl: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionState:
    """The look record of one function; revision 0: there is none yet.

    judged_at and snapshot_digest of the latest look order all looks: an older one changes nothing. It is one
    item of the table, so one read of it is never a mixture of two writes (a query is no snapshot:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-isolation).
    waiting: failed reads, and how many verdicts of the latest look wait for each.
    last_event_at: of the newest event that led to a look. modified_at: its LastModified as last read.
    is_partial: not all that the latest look changes is recorded yet, and only this very look brings it.
    """

    account_id: str
    region: str
    function_name: str
    organization_unit: str | None = None
    judged_at: str = ""
    snapshot_digest: str = ""
    policy_revision: str | None = None
    config_digest: str | None = None
    trigger: str = ""
    revision: int = 0
    findings: Mapping[str, FindingState] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)
    deleted_at: str | None = None
    is_partial: bool = False
    last_event_at: str | None = None
    modified_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingChange:
    """One finding that changes.

    finding: what is to be stored of it, as the look has it; None: what is stored stays. doubt: why a look
    could not judge what stands open. is_told: the history keeps it, and it is published.
    """

    rule_id: str
    kind: ChangeKind
    before: FindingState | None
    after: FindingState
    finding: Finding | None = None
    doubt: Finding | None = None
    status_reason: StatusReason | None = None
    is_told: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to write: the look record as it will be, and the findings that differ.

    changed_at: when they did. reason: what tells this change of a finding from its others at that moment.
    actor, managed_by: who made the change that led to the look, and by what; None: no event led to it.
    """

    before: FunctionState
    after: FunctionState
    changes: tuple[FindingChange, ...]
    changed_at: str
    reason: str
    actor: str | None = None
    managed_by: str | None = None
