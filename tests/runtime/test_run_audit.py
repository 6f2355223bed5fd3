"""An audit on request as Lambda runs it: a job in the table, a message in its queue, findings and an end."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.dynamodb import local_client
from tests.support.ministack import ACCOUNT, REGION
from tests.support.sandbox import ROOT, sandbox
from tests.support.world import FUNCTION, TABLE, World
from vpcguard.findings.jobs import RE_AUDIT, JobStore


def test_a_function_a_vpc_and_a_region_are_looked_at(world: World, layer: Path, opa_url: str) -> None:
    jobs = JobStore(local_client(world.database), TABLE)
    configuration = world.account.client("lambda").get_function_configuration(FunctionName=FUNCTION)
    targets = {
        "vj-1": {"function_name": FUNCTION},
        "vj-2": {"vpc_id": configuration["VpcConfig"]["VpcId"]},
        "vj-3": {},
        "vj-4": {"function_name": "gone"},
    }
    for job_id, target in targets.items():
        jobs.create(
            job_id,
            kind=RE_AUDIT,
            account_id=ACCOUNT,
            request={"region": REGION, **target},
            requested_by="arn:aws:iam::111122223333:user/kim",
        )
    messages = [
        {"messageId": job_id, "body": json.dumps({"job_id": job_id}), "receiptHandle": job_id}
        for job_id in targets
    ]

    with sandbox(
        layer,
        opa_url=opa_url,
        task_root=ROOT / "functions",
        handler="run_audit.handler",
        environment=world.environment("RunAuditFunction"),
    ) as environment:
        answers = [environment.api.invoke({"Records": [one]}, timeout_seconds=900) for one in messages]

    done = {job_id: jobs.get(job_id) for job_id in targets}
    assert [answer.payload for answer in answers] == [{"batchItemFailures": []}] * len(targets)
    assert {job_id: job and (job.status, job.reason) for job_id, job in done.items()} == dict.fromkeys(
        targets, ("done", None)
    )
    counted = {
        job_id: job and (job.result["functions"], job.result["deleted"]) for job_id, job in done.items()
    }
    assert counted == {"vj-1": (1, 0), "vj-2": (1, 0), "vj-3": (1, 0), "vj-4": (0, 1)}
    assert "nat.no_internet_egress" in world.open_rules()
    assert world.store.state(ACCOUNT, REGION, FUNCTION).trigger == "api:vj-3"
