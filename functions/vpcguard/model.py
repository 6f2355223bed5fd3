"""The words of the domain as types; every other module may import these, they import nothing of ours.

change -> scope -> snapshot (docs/snapshot.md) -> facts -> decision -> look -> finding: the order of the flow.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The extent of one snapshot.

    kind "function": `function_names` (one or several that share a VPC, from one batch of events);
    kind "vpc": `vpc_id`; kind "account": everything in the account and region.
    """

    kind: Literal["function", "vpc", "account"]
    account_id: str
    region: str
    function_names: tuple[str, ...] = ()
    vpc_id: str | None = None


ManagedBy = Literal["cloudformation", "terraform", "pulumi", "console", "sdk", "aws_service"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One successful call that names the function to look at.

    The event is a trigger, never the evidence: everything that is judged is read again.
    `vpc_id` and `role_name` are hints from the answer in the event. They let the reader ask for
    the network early; what it then finds in the function itself counts.
    """

    event_id: str
    event_name: str
    event_time: datetime
    account_id: str
    region: str
    function_name: str
    actor: str | None = None
    managed_by: ManagedBy | None = None
    vpc_id: str | None = None
    role_name: str | None = None
    attempt: int = 0  # how often a delayed message has brought this change back

    @property
    def trigger(self) -> str:
        """What the looks that this change leads to are kept with."""
        return f"event:{self.event_id}"


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event that needs no look: the call is not ours, or it failed."""

    outcome: Literal["not_ours", "failed_call"]
    event_id: str
    event_name: str


SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Failure:
    """A read that AWS refused: the facts that rest on it become unknown."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Answers:
    """What one account answered.

    answers:  "<service>:<Operation>" -> the answer, pages merged; for an operation that is called
              once per resource an object keyed by that resource's name or id.
    failures: "<service>:<Operation>" -> Failure, or an object from resource key to Failure.
    """

    answers: Mapping[str, Any] = field(default_factory=dict)
    failures: Mapping[str, Failure | Mapping[str, Failure]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One scope of one account and region as it was read, newest read last.

    captured_at is taken before the first read: RFC 3339, UTC, microseconds, ending in Z.
    owners holds what the accounts that own shared subnets answered, by account id.
    reader: the versions of what parsed the answers, "vpcguard" and "botocore"; None: nobody says.
    """

    account_id: str
    region: str
    captured_at: str
    own: Answers
    owners: Mapping[str, Answers] = field(default_factory=dict)
    not_requested: tuple[str, ...] = ()
    account: Mapping[str, Any] | None = None
    reader: Mapping[str, str] | None = None

    def as_document(self) -> dict[str, Any]:
        """Return the JSON document of this snapshot, keys in the order of the format."""
        document: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "account_id": self.account_id,
            "region": self.region,
        }
        if self.account is not None:
            document["account"] = dict(self.account)
        document["captured_at"] = self.captured_at
        if self.reader is not None:
            document["reader"] = dict(self.reader)
        document |= _answers_document(self.own)
        if self.not_requested:
            document["not_requested"] = sorted(self.not_requested)
        if self.owners:
            document["owners"] = {
                owner: _answers_document(answers) for owner, answers in sorted(self.owners.items())
            }
        return document

    def digest(self) -> str:
        """Return "sha256:<hex>" of the canonical JSON document: the snapshot's name for ever."""
        canonical = json.dumps(self.as_document(), sort_keys=True, separators=(",", ":"))
        return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def _answers_document(answers: Answers) -> dict[str, Any]:
    return {
        "answers": dict(answers.answers),
        "failures": {key: _failure_document(value) for key, value in answers.failures.items()},
    }


def _failure_document(failure: Failure | Mapping[str, Failure]) -> dict[str, Any]:
    if isinstance(failure, Failure):
        return {"code": failure.code, "message": failure.message}
    return {key: {"code": one.code, "message": one.message} for key, one in failure.items()}


Severity = Literal["critical", "high", "medium", "low", "info"]
Stage = Literal["audit", "warn", "approve", "enforce"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One rule broken by one function; title and advice are the rule's where they are None.

    root_cause: the one resource whose repair alone ends it, with its kind, the account that owns it, and its
    Name tag where it has one; all None where there is no such resource.
    """

    function: str
    severity: Severity
    stage: Stage
    message: str
    evidence: Mapping[str, Any]
    root_cause: str | None
    basis: Literal["declared", "inferred"] | None
    eligible_for_remediation: bool
    title: str | None = None
    advice: str | None = None
    root_cause_kind: str | None = None
    root_cause_account: str | None = None
    root_cause_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A judgement that could not be made; it never passes and never resolves a finding.

    message: what it waits for. advice: what settles it. failed_reads: those of waits_for that are reads of
    AWS which failed or never happened, and not what nobody we may ask can see.
    """

    function: str
    stage: Stage
    waits_for: tuple[str, ...]
    message: str
    advice: str
    evidence: Mapping[str, Any]
    failed_reads: tuple[str, ...] = ()

    @property
    def is_failed_read(self) -> bool:
        """True if it waits for a read, whatever else it waits for."""
        return bool(self.failed_reads)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDecision:
    """What one rule says about every function of the query.

    A function in `applies` with neither a violation nor an unknown passes. A function in none of
    the lists is not applicable. About a function in `silent` the rule says nothing. For a function in
    `off` the configuration switches the rule off: it is in no other list. `statement` names the parts
    of a violation's evidence that make another statement of it. `title` states the fault, which is proven of
    violations alone; `doubt` is the title of an unknown.
    """

    id: str
    title: str
    doubt: str
    severity: Severity
    advice: str
    remediation: Literal["detach_vpc_config", "none"]
    applies: frozenset[str]
    violations: tuple[Violation, ...]
    unknowns: tuple[Unknown, ...]
    silent: frozenset[str]
    off: frozenset[str] = frozenset()
    statement: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """The part of the id before the dot, e.g. "nat"."""
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The verdicts of all rules over all functions asked about.

    policy_revision: revision of the bundle that answered. config_digest: "sha256:<hex>" of the
    override document that was in force. retired: ids of rules that were withdrawn. failed_rules: by id,
    why a rule of an organization's own failed; it is in doubt about every function it was asked about then.
    declared: by function, a digest of its declared intent and of what is configured beside it that verdicts
    rest on; nothing of functions whose tags were not read.
    """

    policy_revision: str
    config_digest: str
    rules: tuple[RuleDecision, ...]
    retired: frozenset[str] = frozenset()
    failed_rules: Mapping[str, str] = field(default_factory=dict)
    declared: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What the rules saw of one function, and what each of them says.

    policy_revision, config_digest, failed_rules: as of a Decision. document: one of the functions of
    policies/schemas/explanation.json, checked.
    """

    policy_revision: str
    config_digest: str
    document: Mapping[str, Any]
    failed_rules: Mapping[str, str] = field(default_factory=dict)


Status = Literal["open", "resolved", "exempt", "undetermined"]
Verdict = Literal["violation", "unknown", "pass"]
# fixed: the network became right. intent_changed: what is declared is another, and the rule content with it.
# detached: the function left its VPC. no_longer_applies: the rule is not about such a function any more.
StatusReason = Literal[
    "fixed",
    "intent_changed",
    "detached",
    "no_longer_applies",
    "function_deleted",
    "rule_retired",
    "rule_off",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding as every interface shows it; a field that is not known is None.

    tags: those of the function that the configuration asks for, keys in lower case; None: they were not read.
    root_cause, its kind, account and name: as of a Violation. verdict: what the latest look said, whatever
    the status; None: nobody judges it any more. exemption_id: what covers it while it is exempt.
    Times are RFC 3339, UTC, microseconds. opened_at: when it last became open; confirmed_at: the latest look
    that judged it as a violation; None: never. times_reopened is None where no history is kept.
    """

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
    verdict: Verdict | None = None
    stage: Stage
    message: str
    advice: str
    evidence: Mapping[str, Any]
    root_cause: str | None
    root_cause_kind: str | None = None
    root_cause_account: str | None = None
    root_cause_name: str | None = None
    basis: Literal["declared", "inferred"] | None
    owner: str | None
    tags: Mapping[str, str] | None
    managed_by: str | None
    actor: str | None
    first_seen: str
    opened_at: str | None = None
    confirmed_at: str | None = None
    last_seen: str
    changed_at: str
    resolved_at: str | None
    times_reopened: int | None
    exemption_id: str | None
    remediation_id: str | None
    policy_revision: str
    config_digest: str
    snapshot_digest: str

    def as_document(self) -> dict[str, Any]:
        """Return all fields as one JSON object, in the order of the class; the evidence is not copied."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Everything one evaluation says about one function; recorded as a whole or not at all.

    judged_at is the snapshot's captured_at; snapshot_digest breaks a tie. `findings` holds what is
    open or undetermined in this look. `judged` names the rules that gave a verdict (pass, not
    applicable, violation): a stored finding of one of them that is not in `findings` any more is
    fixed. `off` names the rules that the configuration switches off for this function, `retired`
    those that were withdrawn: their stored findings end, and nobody fixed them. Any other rule said
    nothing, and its finding is left alone: two bundles answer during every deployment, and what the
    older one lacks is no news. `statements` holds by rule what its finding states, which tells a
    changed finding from one that is worded or counted anew. event_time, actor, managed_by: of the event that
    led here; None: none did. modified_at: the function's LastModified, as Lambda writes it. applicable: rules
    that are about this function as it stands. declared: as of a Decision. failed_reads: of the undetermined,
    by rule, the reads that failed; unread: those rules that wait for nothing else.
    """

    account_id: str
    region: str
    function_name: str
    judged_at: str
    snapshot_digest: str
    policy_revision: str
    config_digest: str
    trigger: str  # event, sweep, api ... and the id of what triggered it
    findings: tuple[Finding, ...]
    judged: frozenset[str]
    off: frozenset[str] = frozenset()
    retired: frozenset[str] = frozenset()
    statements: Mapping[str, Any] = field(default_factory=dict)
    event_time: str | None = None
    actor: str | None = None
    managed_by: str | None = None
    modified_at: str | None = None
    organization_unit: str | None = None
    is_attached: bool = True
    applicable: frozenset[str] = frozenset()
    declared: str | None = None
    failed_reads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()


def cause_of(finding: Finding) -> str | None:
    """Return the stable id of what one repair ends: a resource, whosever it is, at fault by one rule.

    None: no single resource is at fault.
    """
    if not finding.root_cause:
        return None
    owner = finding.root_cause_account or finding.account_id
    key = f"{owner}\n{finding.region}\n{finding.root_cause}\n{finding.rule_id}"
    return "vc-" + hashlib.sha256(key.encode()).hexdigest()[:32]


def finding_id(account_id: str, region: str, function_name: str, rule_id: str) -> str:
    """Return the stable id of a finding: the same for this function and rule for ever."""
    key = f"{account_id}\n{region}\n{function_name}\n{rule_id}"
    return "vg-" + hashlib.sha256(key.encode()).hexdigest()[:32]
