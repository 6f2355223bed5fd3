"""Jobs in the findings table: work that somebody asked for, and what became of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Literal, cast

from pynamodb.exceptions import PutError, PynamoDBException, UpdateError
from pynamodb.expressions.update import Action

from vpcguard.clock import Clock, rfc3339, system_clock
from vpcguard.errors import FindingStoreError
from vpcguard.findings.records import JOB, JobItem
from vpcguard.findings.table import bound_model

ACTIONS = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
KEPT_FOR = timedelta(days=30)
RE_AUDIT = "re_audit"
JobStatus = Literal["queued", "running", "done", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of work.

    request: what was asked for, by name. requested_by: the ARN of who asked. result: what was done so far, in
    numbers, and where it goes on. reason: why it failed. Times are RFC 3339, UTC, microseconds.
    """

    job_id: str
    kind: str
    status: JobStatus
    account_id: str
    request: Mapping[str, str]
    requested_by: str
    requested_at: str
    changed_at: str
    result: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None

    @property
    def has_ended(self) -> bool:
        """True if nothing more becomes of it."""
        return self.status in ("done", "failed")


class JobStore:
    """The jobs of one deployment; client: as of a FindingStore. Every method raises FindingStoreError."""

    def __init__(self, client: Any, table_name: str, *, clock: Clock = system_clock) -> None:
        self._model = bound_model(JobItem, table_name, client)
        self._clock = clock

    def create(
        self, job_id: str, *, kind: str, account_id: str, request: Mapping[str, str], requested_by: str
    ) -> Job:
        """Keep a new job, queued, and return what is kept under its id: what was there before stays."""
        now = self._clock()
        job = Job(
            job_id=job_id,
            kind=kind,
            status="queued",
            account_id=account_id,
            request=dict(request),
            requested_by=requested_by,
            requested_at=rfc3339(now),
            changed_at=rfc3339(now),
        )
        item = self._model(
            _key(job_id),
            JOB,
            kind=kind,
            status=job.status,
            account_id=account_id,
            request=dict(request),
            requested_by=requested_by,
            requested_at=job.requested_at,
            changed_at=job.changed_at,
            ttl=math.ceil((now + KEPT_FOR).timestamp()),
        )
        try:
            item.save(condition=self._model.pk.does_not_exist() | (self._model.ttl <= int(now.timestamp())))
        except PutError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise FindingStoreError(f"the job could not be kept: {error}") from error
            kept = self.get(job_id)
            if kept is None:
                raise FindingStoreError(f"the job {job_id} was there, and is gone") from error
            return kept
        return job

    def get(self, job_id: str) -> Job | None:
        """Return a job, strongly consistent; None where there is none, or it expired."""
        try:
            item = self._model.get(_key(job_id), JOB, consistent_read=True)
        except self._model.DoesNotExist:
            return None
        except PynamoDBException as error:
            raise FindingStoreError(f"the job {job_id} could not be read: {error}") from error
        if item.ttl <= self._clock().timestamp():
            return None
        return Job(
            job_id=job_id,
            kind=item.kind,
            status=cast("JobStatus", item.status),
            account_id=item.account_id or "",
            request=item.request,
            requested_by=item.requested_by,
            requested_at=item.requested_at,
            changed_at=item.changed_at,
            result=item.result or {},
            reason=item.reason,
        )

    def change(
        self,
        job: Job,
        status: JobStatus,
        *,
        result: Mapping[str, Any] | None = None,
        reason: str | None = None,
    ) -> Job:
        """Keep what became of a job, and return it; one that is gone stays gone."""
        model, now = self._model, rfc3339(self._clock())
        after = replace(
            job,
            status=status,
            changed_at=now,
            result=job.result if result is None else dict(result),
            reason=reason,
        )
        actions: list[Action] = [
            model.status.set(status),
            model.changed_at.set(now),
            model.result.set(dict(after.result)),
            model.reason.set(reason) if reason is not None else model.reason.remove(),
        ]
        try:
            model(_key(job.job_id), JOB).update(actions, condition=model.pk.exists())
        except UpdateError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise FindingStoreError(f"the job {job.job_id} could not be changed: {error}") from error
        return after


def _key(job_id: str) -> str:
    return f"{JOB}#{job_id}"
