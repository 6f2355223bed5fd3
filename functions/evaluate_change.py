"""Judges the functions that changes touch: a batch of messages from the queue, or one event directly."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from vpcguard.audit.changes import FINISHING_SECONDS, audit_event, audit_messages
from vpcguard.audit.dependencies import Dependencies, build_dependencies
from vpcguard.audit.report import report_messages, report_polls
from vpcguard.changes import parse_message
from vpcguard.settings import load_settings, runs_in_lambda

logger = Logger(service="vpcguard")
metrics = Metrics(namespace="LambdaVpcGuard", service="vpcguard")


@logger.inject_lambda_context(correlation_id_path="detail.eventID", clear_state=True)
@metrics.log_metrics
def handler(event: Any, context: LambdaContext, *, deps: Dependencies | None = None) -> dict[str, Any]:
    """Judge what the event reports; the answer names the messages that are to come back."""
    deps = deps or dependencies()
    until = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - FINISHING_SECONDS
    if not (isinstance(event, Mapping) and "Records" in event):
        return report_messages(audit_event(event, deps=deps, until=until), logger, metrics)
    messages = [parse_message(record) for record in event["Records"]]
    audited = audit_messages(messages, deps=deps, until=until)
    report_messages(audited, logger, metrics)
    failed = [one.message_id for one in audited.messages if one.error is not None]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


@cache
def dependencies() -> Dependencies:
    """Return the real edges, built once per cold start."""
    return build_dependencies(load_settings(requires=("TABLE_NAME",)), report=report_polls(logger, metrics))


if runs_in_lambda():  # INIT has a whole CPU, an event's first invocation does not
    dependencies()
