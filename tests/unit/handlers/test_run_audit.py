"""The handler of audits on request: a job a message, and what failed comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest

import run_audit
from tests.unit.audit.fakes import ACCOUNT, REGION, Account, configuration, dependencies
from tests.unit.handlers.conftest import Context
from vpcguard.audit.requested import Requester
from vpcguard.errors import OpaUnavailableError
from vpcguard.findings.jobs import RE_AUDIT, Job


class Jobs(dict[str, Job]):
    """Jobs in memory."""

    def change(self, job: Job, status: Any, *, result: Any = None, reason: str | None = None) -> Job:
        """Keep what became of one."""
        fields = {name: getattr(job, name) for name in job.__slots__}
        changed = Job(**fields | {"status": status, "result": result or job.result, "reason": reason})
        self[job.job_id] = changed
        return changed


class Queue:
    """A queue that nothing is sent to here."""

    def send(self, job_id: str, *, seconds: int = 0) -> None:
        """Refuse it."""
        raise AssertionError((job_id, seconds))


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


def _handle(jobs: Jobs, deps: Any, *, receives: int = 1) -> Any:
    record = {
        "messageId": "m-1",
        "body": json.dumps({"job_id": "vj-1"}),
        "receiptHandle": "r",
        "attributes": {"ApproximateReceiveCount": str(receives)},
    }
    requester = Requester(jobs=jobs, queue=Queue(), deps=deps, most_receives=3)
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


@pytest.mark.parametrize(("receives", "comes_back", "status"), [(1, ["m-1"], "running"), (3, [], "failed")])
def test_what_fails_comes_back_until_the_last_time(
    jobs: Jobs, printed: Any, receives: int, comes_back: list[str], status: str
) -> None:
    deps: Any = dependencies(Account({"orders-api": configuration("orders-api")}))
    deps.policy.error = OpaUnavailableError("OPA does not answer")

    answer = _handle(jobs, deps, receives=receives)

    lines, metrics = printed()
    assert [one["itemIdentifier"] for one in answer["batchItemFailures"]] == comes_back
    assert jobs["vj-1"].status == status
    assert "OPA does not answer" in lines[-1]["reason"]
    assert metrics["RequestedAuditsFailed"] == [float(status == "failed")]
