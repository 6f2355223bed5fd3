"""Snapshots for the tests of facts: one function in one VPC, and only what a test changes."""

from __future__ import annotations

from typing import Any

from vpcguard.facts import build_facts
from vpcguard.model import Answers, Failure, Snapshot
from vpcguard.snapshot import parse_snapshot

Json = dict[str, Any]
ACCOUNT, OWNER, REGION, VPC = "111122223333", "444455556666", "eu-west-1", "vpc-0a"
ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/"
DENIED = Failure("UnauthorizedOperation", "not allowed")


def snapshot(
    answers: Json | None = None,
    failures: Json | None = None,
    *,
    owners: dict[str, Answers] | None = None,
    not_requested: tuple[str, ...] = (),
    account: Json | None = None,
    reader: Json | None = None,
) -> Snapshot:
    """Return a snapshot with these answers and failures."""
    return Snapshot(
        account_id=ACCOUNT,
        region=REGION,
        captured_at="2026-11-20T12:00:00.123456Z",
        own=Answers(answers or {}, failures or {}),
        owners=owners or {},
        not_requested=not_requested,
        account=account,
        reader=reader,
    )


def facts(answers: Json | None = None, failures: Json | None = None, **more: Any) -> Json:
    """Return the facts of a stored snapshot with these answers and failures: checked, as a file is."""
    return build_facts(parse_snapshot(snapshot(answers, failures, **more).as_document()))


def functions(*items: Json) -> Json:
    """Return a complete list of functions."""
    return {"lambda:ListFunctions": {"Functions": [function(**item) for item in items]}}


def function(name: str = "orders", **more: Any) -> Json:
    """Return one entry of ListFunctions."""
    return {"FunctionName": name, "FunctionArn": ARN + name, "Version": "$LATEST", **more}


def attached(*subnet_ids: str, vpc_id: str = VPC, groups: tuple[str, ...] = ("sg-1",)) -> Json:
    """Return the VpcConfig of a function in these subnets."""
    return {"VpcConfig": {"VpcId": vpc_id, "SubnetIds": list(subnet_ids), "SecurityGroupIds": list(groups)}}


def subnet(subnet_id: str, *, vpc_id: str = VPC, owner: str = ACCOUNT, **more: Any) -> Json:
    """Return one entry of DescribeSubnets, with what AWS always sends."""
    told = {"State": "available", "CidrBlock": "10.0.0.0/24", "AvailabilityZoneId": "euw1-az1"}
    return {"SubnetId": subnet_id, "VpcId": vpc_id, "OwnerId": owner, **told, **more}


def vpc(vpc_id: str = VPC, *, owner: str = ACCOUNT, **more: Any) -> Json:
    """Return one entry of DescribeVpcs."""
    return {"VpcId": vpc_id, "OwnerId": owner, **more}


def coverage(found: Json, kind: str, subject: str | None = None) -> Json:
    """Return what the coverage says about one subject, as a policy looks it up, without kind and subject."""
    entries = {entry.get("subject"): entry for entry in found["coverage"] if entry["kind"] == kind}
    entry = entries.get(subject) or entries.get(None)
    assert entry is not None, f"no coverage of {kind} for {subject}"
    return {key: value for key, value in entry.items() if key not in ("kind", "subject")}


def lacking(operation: str, what: str) -> Json:
    """Return the coverage of a fact whose own operation answered without it: no read can settle it."""
    reason = f"{operation} answered without {what}"
    return {**unknown(operation), "reason": reason, "is_failed_read": False}


KNOWN: Json = {"status": "known", "waits_for": []}


def unknown(operation: str, why: str = "was not read") -> Json:
    """Return the coverage of a fact that waits for one of our own reads, refused or not."""
    waiting = {"status": "unknown", "waits_for": [operation], "reason": f"{operation} {why}"}
    is_refused = DENIED.code in why or "AccessDenied" in why
    return waiting | {"is_failed_read": True} | ({"is_refused": True} if is_refused else {})
