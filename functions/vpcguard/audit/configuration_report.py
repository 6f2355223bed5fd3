"""What happened to the configuration, in log lines and metrics; alarms of template.yaml watch the metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from vpcguard.policy.configuration import Poll


def report_polls(logger: Any, metrics: Any) -> Callable[[Poll], None]:
    """Return what a ConfigurationSource reports to; logger, metrics: Powertools' own.

    Every poll is counted with 1 or 0, so that an alarm stays until a good poll, also where nothing runs
    for hours. A log line names the place of a fault, and never holds the document.
    """
    told: list[str] = []

    def report(poll: Poll) -> None:
        metrics.add_metric(
            name="ConfigurationRejected", unit=MetricUnit.Count, value=int(poll.rejected is not None)
        )
        metrics.add_metric(
            name="ConfigurationUnread", unit=MetricUnit.Count, value=int(poll.unread is not None)
        )
        if poll.rejected is not None:
            logger.error("configuration rejected", reason=poll.rejected, config_digest_in_force=poll.digest)
        if poll.unread is not None:
            logger.error("configuration unread", reason=poll.unread, config_digest_in_force=poll.digest)
        if poll.is_new:
            logger.info("configuration in force", config_digest=poll.digest)
        elif told and poll.rejected is None and poll.unread is None:
            logger.info("configuration good again", config_digest=poll.digest)
        told[:] = [reason for reason in (poll.rejected, poll.unread) if reason is not None]

    return report
