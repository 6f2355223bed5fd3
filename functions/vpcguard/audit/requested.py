"""Audits on request: a message of their queue names a job, the job what to look at.

What to look at stands in the table alone, where the API wrote it: a message can name no account. A region
that takes longer than one run goes on in the next, from the marker that the job keeps.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import botocore.session

from vpcguard.audit.changes import audit_functions
from vpcguard.audit.dependencies import Dependencies
from vpcguard.audit.queues import QUEUE_CONFIG, JobQueue, reason_of
from vpcguard.audit.sweep import audit_account, parse_marker
from vpcguard.changes import Message
from vpcguard.errors import QueueError, ReadError
from vpcguard.findings.jobs import RE_AUDIT, Job, JobStatus, JobStore
from vpcguard.findings.store import CLIENT_CONFIG
from vpcguard.model import Scope
from vpcguard.settings import Settings

MOST_RUNS = 100  # of one region: a sweep that comes no further is given up
GO_ON_SECONDS = 60  # after AWS throttled, or OPA or the table was away
RETRY_SECONDS = (60, 300)  # after the first failure, and the second: after the third the job has failed


class Jobs(Protocol):
    """Where jobs are kept: vpcguard.findings.jobs.JobStore; both raise FindingStoreError."""

    def get(self, job_id: str, /) -> Job | None:
        """Return a job; None: there is none."""

    def change(
        self,
        job: Job,
        status: JobStatus,
        /,
        *,
        result: Mapping[str, Any] | None = None,
        reason: str | None = None,
    ) -> Job:
        """Keep what became of a job."""


class Queue(Protocol):
    """Has jobs begun: vpcguard.audit.queues.JobQueue; raises QueueError."""

    def send(self, job_id: str, /, *, seconds: int = 0) -> None:
        """Send for a job, after so many seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """What became of one message.

    job: None where it names none that there is. error: why the job is tried again. comes_back: SQS is to
    deliver the message again, since another one could not be sent.
    """

    message_id: str
    job: Job | None
    error: Exception | None = None
    comes_back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """The edges of audits on request."""

    jobs: Jobs
    queue: Queue
    deps: Dependencies


def audit_requested(message: Message, edges: Requester, *, until: float = math.inf) -> Requested:
    """Do what a message's job asks for, and keep what became of it; never raises for what that does.

    What fails is tried again after a while, and fails the job the third time. A job that has ended is left
    alone: messages may come twice. until: a moment of time.monotonic() after which AWS is not waited for.
    """
    job = edges.jobs.get(_job_id(message.body))
    if job is None or job.kind != RE_AUDIT or job.has_ended:
        return Requested(message_id=message.message_id, job=job)
    job = edges.jobs.change(job, "running", reason=job.reason)
    try:
        done = _audit_scope if {"function_name", "vpc_id"} & job.request.keys() else _audit_region
        return Requested(message_id=message.message_id, job=done(job, edges, until))
    except Exception as error:  # noqa: BLE001 - whoever asked is told, whatever it was
        return _try_again(message, job, edges, error)


def _try_again(message: Message, job: Job, edges: Requester, error: Exception) -> Requested:
    job = edges.jobs.get(job.job_id) or job  # with what a region was read of until then
    failures = int(job.result.get("failures", 0))
    if failures == len(RETRY_SECONDS):
        failed = edges.jobs.change(job, "failed", reason=reason_of(error))
        return Requested(message_id=message.message_id, job=failed)
    result = {**job.result, "failures": failures + 1}
    job = edges.jobs.change(job, "queued", result=result, reason=reason_of(error))
    try:
        edges.queue.send(job.job_id, seconds=RETRY_SECONDS[failures])
    except QueueError:
        return Requested(message_id=message.message_id, job=job, error=error, comes_back=True)
    return Requested(message_id=message.message_id, job=job, error=error)


def connect_jobs(settings: Settings, deps: Dependencies) -> Requester:
    """Return the real edges; TABLE_NAME and JOB_QUEUE_URL are set."""
    session = botocore.session.Session()
    table = session.create_client("dynamodb", config=CLIENT_CONFIG)
    sqs = session.create_client("sqs", config=QUEUE_CONFIG)
    return Requester(
        jobs=JobStore(table, settings.table_name or ""),
        queue=JobQueue(sqs, settings.job_queue_url or ""),
        deps=deps,
    )


def _job_id(body: str) -> str:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    job_id = found.get("job_id") if isinstance(found, Mapping) else None
    return job_id if isinstance(job_id, str) else ""


def _audit_scope(job: Job, edges: Requester, until: float) -> Job:
    """Look at a function or a VPC; raises what kept one of them from being judged."""
    name = job.request.get("function_name")
    scope = Scope(
        kind="vpc" if name is None else "function",
        account_id=job.account_id,
        region=job.request["region"],
        function_names=() if name is None else (name,),
        vpc_id=job.request.get("vpc_id"),
    )
    audited = audit_functions(scope, deps=edges.deps, trigger=_trigger(job), until=until)
    for error in audited.failed.values():
        raise error
    result = {
        "functions": audited.counts["looks"] - len(audited.deleted),
        "deleted": len(audited.deleted),
        **_findings(audited.counts),
    }
    return edges.jobs.change(job, "done", result=result)


def _audit_region(job: Job, edges: Requester, until: float) -> Job:
    """Sweep the region from where the last run ended; send for the next run where this is not the last."""
    marker, before = job.result.get("marker"), Counter[str](_numbers(job.result))
    swept = audit_account(
        job.account_id,
        job.request["region"],
        deps=edges.deps,
        page=parse_marker(marker) if marker else None,
        trigger=_trigger(job),
        until=until,
    )
    names = ("functions", "deleted", "not_judged")
    done = before + Counter({name: swept.counts[name] for name in names} | _findings(swept.counts))
    done["runs"] += 1
    result: dict[str, Any] = {name: done[name] for name in (*names, "opened", "reopened", "resolved", "runs")}
    result["undetermined"] = done["undetermined"]
    if swept.failed_reads:
        result["failed_reads"] = len(swept.failed_reads)
    if swept.next_page is None:
        return edges.jobs.change(job, "done", result=result)
    if done["runs"] >= MOST_RUNS:
        raise ReadError(f"the region was not read in {MOST_RUNS} runs")
    job = edges.jobs.change(job, "running", result={**result, "marker": swept.next_page.as_marker()})
    edges.queue.send(job.job_id, seconds=0 if swept.stopped_by is None else GO_ON_SECONDS)
    return job


def _trigger(job: Job) -> str:
    return f"api:{job.job_id}"


def _findings(counts: Counter[str]) -> dict[str, int]:
    return {name: counts[name] for name in ("opened", "reopened", "resolved", "undetermined")}


def _numbers(result: Mapping[str, Any]) -> dict[str, int]:
    return {
        name: value for name, value in result.items() if isinstance(value, int) and name != "failed_reads"
    }
