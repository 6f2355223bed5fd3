"""The handler of audits on request: a job a message, and what failed comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest

import run_audit
from tests.unit.audit.fakes import ACCOUNT, REGION, Account, configuration, dependencies
from tests.unit.handlers.conftest import Context
from vpcguard.audit.requested import Requester
from vpcguard.errors import OpaUnavailableError, QueueError
from vpcguard.findings.jobs import RE_AUDIT, Job


class Jobs(dict[str, Job]):
    """Jobs in memory."""

    def change(self, job: Job, status: Any, *, result: Any = None, reason: str | None = None) -> Job:
        """Keep what became of one."""
        fields = {name: getattr(job, name) for name in job.__slots__}
        changed = Job(**fields | {"status": status, "result": result or job.result, "reason": reason})
        self[job.job_id] = changed
        return changed


class Queue(list[str]):
    """The jobs that were sent for again."""

    def send(self, job_id: str, *, seconds: int = 0) -> None:  # noqa: ARG002
        """Take a job."""
        self.append(job_id)


class Full(Queue):
    """One that takes none."""

    def send(self, job_id: str, *, seconds: int = 0) -> None:
        """Refuse a job."""
        raise QueueError(f"{job_id}: not in {seconds} seconds either")


@pytest.fixture
def jobs() -> Jobs:
    job = Job(
        job_id="vj-1",
        kind=RE_AUDIT,
        status="queued",
        account_id=ACCOUNT,
        request={"region": REGION, "function_name": "orders-api"},
        requested_by="arn:aws:iam::111122223333:user/kim",
        requested_at="2026-11-20T12:00:00.000000Z",
        changed_at="2026-11-20T12:00:00.000000Z",
    )
    return Jobs({"vj-1": job})


def _handle(jobs: Jobs, deps: Any, queue: Queue | None = None) -> Any:
    record = {
        "messageId": "m-1",
        "body": json.dumps({"job_id": "vj-1"}),
        "receiptHandle": "r",
    }
    requester = Requester(jobs=jobs, queue=Queue() if queue is None else queue, deps=deps)
    return run_audit.handler({"Records": [record]}, Context(), requester=requester)


def test_a_job_is_done(jobs: Jobs, printed: Any) -> None:
    answer = _handle(jobs, dependencies(Account({"orders-api": configuration("orders-api")})))

    lines, metrics = printed()
    assert answer == {"batchItemFailures": []}
    assert jobs["vj-1"].status == "done"
    assert (lines[-1]["message"], lines[-1]["job_id"], lines[-1]["status"]) == (
        "audit on request",
        "vj-1",
        "done",
    )
    assert metrics["RequestedAuditsFailed"] == [0.0]


@pytest.mark.parametrize("queue", [Queue(), Full()])
def test_what_fails_is_sent_for_again_or_comes_back(jobs: Jobs, printed: Any, queue: Queue) -> None:
    deps: Any = dependencies(Account({"orders-api": configuration("orders-api")}))
    deps.policy.error = OpaUnavailableError("OPA does not answer")

    answer = _handle(jobs, deps, queue)

    lines, metrics = printed()
    assert [one["itemIdentifier"] for one in answer["batchItemFailures"]] == (
        ["m-1"] if isinstance(queue, Full) else []
    )
    assert queue == ([] if isinstance(queue, Full) else ["vj-1"])
    assert jobs["vj-1"].status == "queued"
    assert "OPA does not answer" in lines[-1]["reason"]
    assert metrics["RequestedAuditsFailed"] == [0.0]


def test_the_third_failure_is_the_last(jobs: Jobs, printed: Any) -> None:
    deps: Any = dependencies(Account({"orders-api": configuration("orders-api")}))
    deps.policy.error = OpaUnavailableError("OPA does not answer")
    jobs.change(jobs["vj-1"], "queued", result={"failures": 2})

    answer = _handle(jobs, deps)

    lines, metrics = printed()
    assert answer == {"batchItemFailures": []}
    assert (jobs["vj-1"].status, lines[-1]["message"]) == ("failed", "audit on request failed")
    assert metrics["RequestedAuditsFailed"] == [1.0]
