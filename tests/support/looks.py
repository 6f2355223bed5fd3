"""Looks and findings as the tests of findings need them: a test states only what matters to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from vpcguard.clock import rfc3339
from vpcguard.findings.exemptions import Covers, Exemption, Exemptions, Matcher
from vpcguard.findings.lifecycle import plan_look
from vpcguard.findings.states import FunctionState, Plan
from vpcguard.model import Finding, Look, finding_id

ACCOUNT = "111122223333"
REGION = "eu-west-1"
FUNCTION = "orders-api"
EGRESS = "nat.no_internet_egress"
ZONES = "az.single_az"
NO_EXEMPTIONS = Exemptions()


def at(minute: int) -> str:
    """Return the time of a look, minutes after noon."""
    return rfc3339(moment(minute))


def moment(minute: int) -> datetime:
    """Return the same time as a datetime."""
    return datetime(2026, 11, 20, 12, tzinfo=UTC) + timedelta(minutes=minute)


def planned(
    seen: FunctionState,
    look: Look,
    *,
    exemptions: Exemptions = NO_EXEMPTIONS,
    now: datetime | None = None,
    vanished: Collection[str] = (),
) -> Plan:
    """Return what a look changes; without `now` half an hour after the first looks."""
    now = now or moment(30)
    return plan_look(seen, look, exemptions, now, retention_days=400, vanished=vanished)


def a_finding(rule_id: str = EGRESS, *, minute: int = 0, function: str = FUNCTION, **fields: Any) -> Finding:
    """Return a finding as a look states it: open, first and last seen at its minute."""
    moment = at(minute)
    values: dict[str, Any] = {
        "finding_id": finding_id(
            fields.get("account_id", ACCOUNT), fields.get("region", REGION), function, rule_id
        ),
        "account_id": ACCOUNT,
        "account_name": "payments-prod",
        "organization_unit": "root/prod/payments",
        "region": REGION,
        "function_name": function,
        "function_arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}",
        "vpc_id": "vpc-0a",
        "rule_id": rule_id,
        "family": rule_id.partition(".")[0],
        "title": "Function has no way to the internet",
        "severity": "high",
        "status": "open",
        "status_reason": None,
        "verdict": "violation",
        "stage": "audit",
        "message": "orders-api cannot reach the internet",
        "advice": "Create a NAT gateway",
        "evidence": {"subnets": [{"subnet_id": "subnet-0a", "cause": "blackhole"}]},
        "root_cause": "nat-0a",
        "basis": None,
        "owner": "team-payments",
        "tags": {},
        "managed_by": None,
        "actor": None,
        "first_seen": moment,
        "opened_at": moment,
        "confirmed_at": moment,
        "last_seen": moment,
        "changed_at": moment,
        "resolved_at": None,
        "times_reopened": None,
        "exemption_id": None,
        "remediation_id": None,
        "policy_revision": "r1",
        "config_digest": "sha256:c0",
        "snapshot_digest": "sha256:aa",
    }
    return Finding(**(values | fields))


def a_doubt(rule_id: str = EGRESS, *, minute: int = 0, function: str = FUNCTION, **fields: Any) -> Finding:
    """Return an undetermined finding: the rule waits for an operation."""
    values = {
        "status": "undetermined",
        "verdict": "unknown",
        "opened_at": None,
        "confirmed_at": None,
        "message": "the NAT gateways could not be read",
        "evidence": {"unknown": ["ec2:DescribeNatGateways"]},
        "root_cause": None,
    }
    return a_finding(rule_id, minute=minute, function=function, **(values | fields))


def a_look(
    minute: int,
    *,
    violated: Iterable[str | Finding] = (),
    unknown: Iterable[str | Finding] = (),
    passed: Iterable[str] = (),
    digest: str = "sha256:aa",
    function: str = FUNCTION,
    **fields: Any,
) -> Look:
    """Return a look: by rule id, or a finding where its content matters. Every other rule is silent.

    A finding states all of its evidence, unless `statements` says what of it.
    """
    place: dict[str, Any] = {name: fields[name] for name in ("account_id", "region") if name in fields}
    common: dict[str, Any] = {"minute": minute, "function": function, "snapshot_digest": digest, **place}
    found = [one if isinstance(one, Finding) else a_finding(one, **common) for one in violated]
    doubts = [one if isinstance(one, Finding) else a_doubt(one, **common) for one in unknown]
    values: dict[str, Any] = {
        "account_id": ACCOUNT,
        "region": REGION,
        "function_name": function,
        "judged_at": at(minute),
        "snapshot_digest": digest,
        "policy_revision": "r1",
        "config_digest": "sha256:c0",
        "trigger": f"event {minute}",
        "findings": tuple(sorted([*found, *doubts], key=lambda finding: finding.rule_id)),
        "judged": frozenset(passed) | {finding.rule_id for finding in found},
        "statements": {finding.rule_id: finding.evidence for finding in (*found, *doubts)},
        "organization_unit": "root/prod/payments",
    }
    values |= {"applicable": fields.get("judged", values["judged"])}
    return Look(**(values | fields))


def an_exemption(
    match: Matcher,
    begins: str,
    *,
    expires: str = at(300 * 24 * 60),
    number: int = 1,
    covers: Covers = "violation",
) -> Exemption:
    """Return an exemption, made when it begins."""
    return Exemption(
        exemption_id=f"vx-{number:032x}",
        covers=covers,
        match=match,
        reason="accepted",
        ticket=None,
        owner="team-payments",
        created_by="arn:aws:iam::111122223333:user/ann",
        created_at=begins,
        expires_at=expires,
    )
