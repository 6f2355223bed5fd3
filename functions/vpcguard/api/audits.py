"""Routes of audits on request: ask for one, and follow it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from vpcguard.api.decisions import AccountAuditRequest, Audit, AuditRequest
from vpcguard.api.edges import Caller, Edges, Identity, Service
from vpcguard.api.models import AccountPath, IdempotencyKey, JobPath
from vpcguard.api.problems import ApiError, not_found
from vpcguard.api.routing import json_answer, new_router, route
from vpcguard.findings.jobs import RE_AUDIT, Job

router = new_router()

SILENT_FOR = timedelta(hours=6)  # a job of which nothing was heard for so long is lost
_LOCATION = {"Location": "where it can be followed"}
_OURS = ("marker", "failures")  # of a job's result: what the next run needs
_TARGET = ("function_name", "vpc_id")


@route(router, "POST", "/audits", status=202, headers=_LOCATION, problems=[409])
def request_audit(
    key: IdempotencyKey, request: Annotated[AuditRequest, Body()], edges: Edges, caller: Caller
) -> Response[Audit]:
    """Ask for another look at a function, a VPC or a region of an account."""
    asked = _Asked(key=key, request=request, account_id=request.account_id)
    return _request(edges, caller, asked)


@route(router, "POST", "/accounts/<account_id>/audits", status=202, headers=_LOCATION, problems=[409])
def request_account_audit(
    account_id: AccountPath,
    key: IdempotencyKey,
    request: Annotated[AccountAuditRequest, Body()],
    edges: Edges,
    caller: Caller,
) -> Response[Audit]:
    """Ask for another look at a function, a VPC or a region of this account."""
    asked = _Asked(key=key, request=request, account_id=account_id, prefix=f"/accounts/{account_id}")
    return _request(edges, caller, asked)


@route(router, "GET", "/audits/<job_id>")
def get_audit(job_id: JobPath, edges: Edges) -> Audit:
    """Follow an audit: queued, running, done or failed; kept for thirty days."""
    return _audit(edges, job_id, None)


@route(router, "GET", "/accounts/<account_id>/audits/<job_id>")
def get_account_audit(account_id: AccountPath, job_id: JobPath, edges: Edges) -> Audit:
    """Follow an audit of this account: queued, running, done or failed; kept for thirty days."""
    return _audit(edges, job_id, account_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One request for an audit. prefix: of the paths by which it was made."""

    key: str
    request: AccountAuditRequest
    account_id: str
    prefix: str = ""


def _request(edges: Service, caller: Identity, asked: _Asked) -> Response[Audit]:
    """Keep the job and send for it, or answer again what this caller was answered for the same key and body.

    The job's id is derived from both. It is sent again while nobody has begun it: one message more does no
    harm.
    """
    if edges.send_job is None:
        raise ApiError(HTTPStatus.CONFLICT, "nobody works on requests here; `vpcguard audit` looks at once")
    identity = f"{caller.arn}\0{asked.prefix}\0{asked.key}"
    target = {"region": asked.request.region}
    target |= {name: value for name in _TARGET if (value := getattr(asked.request, name)) is not None}
    job = edges.findings.jobs.create(
        "vj-" + hashlib.sha256(identity.encode()).hexdigest()[:32],
        kind=RE_AUDIT,
        account_id=asked.account_id,
        request=target,
        requested_by=caller.arn,
    )
    if (job.account_id, job.request) != (asked.account_id, target):
        raise ApiError(HTTPStatus.CONFLICT, "this Idempotency-Key was used with another body; take a new one")
    if job.status == "queued":
        edges.send_job(job.job_id)
    first = _document(job) | {
        "status": "queued",
        "changed_at": job.requested_at,
        "reason": None,
        "result": {},
    }
    location = f"{asked.prefix}/audits/{job.job_id}"
    return json_answer(Audit.model_validate(first), HTTPStatus.ACCEPTED, Location=location)


def _audit(edges: Service, job_id: str, account_id: str | None) -> Audit:
    job = edges.findings.jobs.get(job_id)
    if job is None or job.kind != RE_AUDIT or account_id not in (None, job.account_id):
        raise not_found("the audit")
    document = _document(job)
    if not job.has_ended and datetime.fromisoformat(job.changed_at) < edges.clock() - SILENT_FOR:
        document |= {"status": "failed", "reason": "nothing was heard of it for six hours; ask again"}
    return Audit.model_validate(document)


def _document(job: Job) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "status": job.status,
        "account_id": job.account_id,
        "region": job.request.get("region"),
        **{name: job.request.get(name) for name in _TARGET},
        "requested_by": job.requested_by,
        "requested_at": job.requested_at,
        "changed_at": job.changed_at,
        "reason": job.reason,
        "result": {name: value for name, value in job.result.items() if name not in _OURS},
    }
