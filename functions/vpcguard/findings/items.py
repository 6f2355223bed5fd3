"""Between the words of the domain and the items of the table, both ways; nothing here reads or writes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from vpcguard.findings import keys
from vpcguard.findings.plan import FindingChange, Plan
from vpcguard.findings.state import FindingState, FunctionState, parse_states, states_document
from vpcguard.findings.table import FindingItem, HistoryItem, LookItem
from vpcguard.model import Finding, finding_id

_FINDING_FIELDS = tuple(one.name for one in fields(Finding))


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One change of a finding's status: what, when, by which trigger and under which policies.

    change_id is stable: whoever publishes it twice can be told apart from two changes.
    """

    change_id: str
    change: str
    finding_id: str
    account_id: str
    region: str
    function_name: str
    rule_id: str
    severity: str
    stage: str
    status_before: str | None
    status: str
    status_reason: str | None
    changed_at: str
    trigger: str
    policy_revision: str | None
    config_digest: str | None
    snapshot_digest: str | None


def function_state(item: LookItem) -> FunctionState:
    """Return what a look record remembers."""
    return FunctionState(
        account_id=item.account_id,
        region=item.region,
        function_name=item.function_name,
        judged_at=item.judged_at,
        snapshot_digest=item.snapshot_digest,
        policy_revision=item.policy_revision,
        config_digest=item.config_digest,
        trigger=item.trigger,
        revision=int(item.revision),
        findings=parse_states(item.findings),
        deleted_at=item.deleted_at,
    )


def look_values(state: FunctionState, *, expires_at: int | None) -> dict[str, Any]:
    """Return every attribute of a look record but its key; None: absent."""
    shard = keys.look_shard(state.function_name)
    is_deleted = state.deleted_at is not None
    return {
        "looks_key": None if is_deleted else keys.looks_key(state.account_id, state.region, shard),
        "account_id": state.account_id,
        "region": state.region,
        "function_name": state.function_name,
        "judged_at": state.judged_at,
        "snapshot_digest": state.snapshot_digest,
        "policy_revision": state.policy_revision,
        "config_digest": state.config_digest,
        "trigger": state.trigger,
        "revision": state.revision,
        "findings": states_document(state.findings),
        "deleted_at": state.deleted_at,
        "expires_at": expires_at if is_deleted else None,
    }


def finding_values(change: FindingChange, after: FunctionState) -> dict[str, Any]:
    """Return the attributes of a finding that a change sets; None: removed."""
    if change.kind == "unconfirmed" and change.finding is not None:
        reason = {"message": change.finding.message, "unknown": change.finding.evidence.get("unknown", [])}
        return {"undetermined_since": change.after.unconfirmed_since, "undetermined": reason}
    if change.kind == "confirmed":
        return {"undetermined_since": None, "undetermined": None, "last_seen": change.after.last_seen}
    if change.finding is None:
        return _resolution(change, after)
    return _statement(change, change.finding)


def _statement(change: FindingChange, finding: Finding) -> dict[str, Any]:
    state = change.after
    values = finding.as_document() | {
        "first_seen": state.first_seen,
        "last_seen": state.last_seen,
        "times_reopened": state.times_reopened,
        "status_reason": None,
        "resolved_at": None,
        "expires_at": None,
        "undetermined_since": None,
        "undetermined": None,
    }
    for cause in ("actor", "managed_by"):
        if values[cause] is None and change.before is not None:
            del values[cause]  # a sweep does not know it and does not undo it
    if change.before is not None:  # other steps set these
        del values["exemption_id"], values["remediation_id"]
    return values | _index_keys(finding, finding.changed_at)


def _resolution(change: FindingChange, after: FunctionState) -> dict[str, Any]:
    state = change.after
    identity = finding_id(after.account_id, after.region, after.function_name, change.rule_id)
    values: dict[str, Any] = {
        "status": state.status,
        "status_reason": change.status_reason,
        "last_seen": state.last_seen,
        "changed_at": after.judged_at,
        "resolved_at": after.judged_at,
        "expires_at": state.expires_at,
        "undetermined_since": None,
        "undetermined": None,
        "status_key": keys.sharded(state.status, keys.shard(identity)),
        "rule_sort": f"{state.status}#{after.judged_at}",
    }
    if change.status_reason != "function_deleted":  # a deletion was seen in a listing, not judged
        values |= {
            "policy_revision": after.policy_revision,
            "config_digest": after.config_digest,
            "snapshot_digest": after.snapshot_digest,
        }
    return values


def _index_keys(finding: Finding, changed_at: str) -> dict[str, str]:
    shard = keys.shard(finding.finding_id)
    return {
        "id_key": finding.finding_id,
        "account_key": finding.account_id,
        "account_sort": keys.account_sort(finding.region, finding.function_name, finding.rule_id),
        "rule_key": keys.sharded(finding.rule_id, shard),
        "rule_sort": f"{finding.status}#{changed_at}",
        "status_key": keys.sharded(finding.status, shard),
    }


def history_values(change: FindingChange, plan: Plan) -> dict[str, Any]:
    """Return every attribute of a history item but its partition key."""
    after = plan.after
    identity = finding_id(after.account_id, after.region, after.function_name, change.rule_id)
    return {
        "sk": keys.history_sort(change.rule_id, after.judged_at, after.snapshot_digest),
        "change_id": keys.change_id(identity, after.judged_at, after.snapshot_digest),
        "change": change.kind,
        "finding_id": identity,
        "account_id": after.account_id,
        "region": after.region,
        "function_name": after.function_name,
        "rule_id": change.rule_id,
        "severity": change.after.severity,
        "stage": change.after.stage,
        "status_before": change.before.status if change.before else None,
        "status": change.after.status,
        "status_reason": change.status_reason,
        "changed_at": after.judged_at,
        "trigger": after.trigger,
        "policy_revision": after.policy_revision,
        "config_digest": after.config_digest,
        "snapshot_digest": after.snapshot_digest or None,
    }


def history_entry(item: HistoryItem) -> HistoryEntry:
    """Return a stored change."""
    return HistoryEntry(**{one.name: getattr(item, one.name) for one in fields(HistoryEntry)})


def stored_finding(item: FindingItem, state: FindingState | None) -> Finding:
    """Return a finding as every interface shows it.

    state: as the function's look record has it; it knows when the finding was last seen. An open
    finding that later looks could not judge says so in its evidence, under "undetermined".
    """
    values = {name: getattr(item, name) for name in _FINDING_FIELDS}
    values["times_reopened"] = int(item.times_reopened)
    if state is not None and state.status == item.status:
        values["last_seen"] = state.last_seen
    if item.undetermined_since is not None:
        note = {"since": item.undetermined_since, **(item.undetermined or {})}
        values["evidence"] = {**item.evidence, "undetermined": note}
    return Finding(**values)
