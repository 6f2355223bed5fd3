"""The stored record of a violation over time, and the look that guards it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from vpcguard.model.decision import Severity, Stage

Status = Literal["open", "resolved", "exempt", "undetermined"]
StatusReason = Literal["fixed", "function_deleted", "detached", "rule_retired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding as every interface shows it; a field that is not known is None.

    Times are RFC 3339, UTC, microseconds. times_reopened is None where no history is kept.
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
    stage: Stage
    message: str
    advice: str
    evidence: Mapping[str, Any]
    root_cause: str | None
    basis: Literal["declared", "inferred"] | None
    owner: str | None
    managed_by: str | None
    actor: str | None
    first_seen: str
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
    fixed. `in_force` names all rules that are there and on for this function: a stored finding of any
    other is retired; None: that is not known. A rule in force and in neither said nothing, and its
    finding is left alone.
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
    in_force: frozenset[str] | None = None


def finding_id(account_id: str, region: str, function_name: str, rule_id: str) -> str:
    """Return the stable id of a finding: the same for this function and rule for ever."""
    key = f"{account_id}\n{region}\n{function_name}\n{rule_id}"
    return "vg-" + hashlib.sha256(key.encode()).hexdigest()[:32]
