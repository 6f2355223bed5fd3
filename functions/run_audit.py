"""Looks again at a function, a VPC or a region, as a request to the API asks: a job a message."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from vpcguard.audit.changes import FINISHING_SECONDS
from vpcguard.audit.dependencies import build_dependencies
from vpcguard.audit.report import report_polls, report_requested
from vpcguard.audit.requested import Requester, audit_requested, connect_jobs
from vpcguard.changes import parse_message
from vpcguard.settings import load_settings, runs_in_lambda

logger = Logger(service="vpcguard")
metrics = Metrics(namespace="LambdaVpcGuard", service="vpcguard")


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: Any, context: LambdaContext, *, requester: Requester | None = None) -> dict[str, Any]:
    """Do what each message's job asks for; the answer names the messages that are to come back."""
    until = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - FINISHING_SECONDS
    requester = requester or dependencies()
    done = [audit_requested(parse_message(record), requester, until=until) for record in event["Records"]]
    report_requested(done, logger, metrics)
    failed = [one.message_id for one in done if one.comes_back]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


@cache
def dependencies() -> Requester:
    """Return the real edges, built once per cold start."""
    settings = load_settings(requires=("TABLE_NAME", "JOB_QUEUE_URL"))
    return connect_jobs(settings, build_dependencies(settings, report=report_polls(logger, metrics)))


if runs_in_lambda():  # INIT has a whole CPU, the first invocation does not
    dependencies()
