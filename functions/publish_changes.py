"""Publishes changes of findings: those that a stream tells of, and by schedule what is left."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from vpcguard.audit.publishing import FINISHING_SECONDS, Publisher, build_publisher, report_published
from vpcguard.findings.outbox import keys_of
from vpcguard.policy.configuration import Poll
from vpcguard.settings import load_settings, runs_in_lambda

logger = Logger(service="vpcguard")
metrics = Metrics(namespace="LambdaVpcGuard", service="vpcguard")


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: Any, context: LambdaContext, *, publisher: Publisher | None = None) -> dict[str, Any]:
    """Publish what the records of a stream tell of; any other event asks for all that waits."""
    publisher = publisher or dependencies()
    until = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - FINISHING_SECONDS
    if isinstance(event, Mapping) and "Records" in event:
        return report_published(publisher.publish(keys_of(event), until=until), logger, metrics)
    return report_published(publisher.drain(until=until), logger, metrics)


@cache
def dependencies() -> Publisher:
    """Return the real edges, built once per cold start."""
    requires = ("TABLE_NAME", "EVENT_BUS_NAME", "DEAD_LETTER_QUEUE_URL")
    return build_publisher(load_settings(requires=requires), report=_report)


def _report(poll: Poll) -> None:
    """Log why the configuration is not read; those who judge count it, and have alarms."""
    if reason := poll.unread or poll.rejected:
        logger.warning("configuration not read", reason=reason, config_digest_in_force=poll.digest)


if runs_in_lambda():  # INIT has a whole CPU, the first invocation does not
    dependencies()
