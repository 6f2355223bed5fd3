"""What is logged and counted about batches, sweeps and the configuration.

logger and metrics are Powertools' own; alarms of template.yaml watch the metrics. A log line says which event
it was, and never holds the event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from vpcguard.audit.changes import Handled, MessagesAudited
from vpcguard.audit.queues import reason_of
from vpcguard.audit.sweep import Swept, SweptRegions
from vpcguard.aws.answers import LeftOut
from vpcguard.errors import VpcGuardError
from vpcguard.model import Change, Ignored
from vpcguard.policy.configuration import Poll

if TYPE_CHECKING:  # of the function for audits on request alone
    from vpcguard.audit.requested import Requested

_SWEEP_METRICS = {
    "SweptFunctions": "functions",
    "SweptDeleted": "deleted",
    "SweptNotJudged": "not_judged",
    "ResourcesLeftOut": "left_out",
}


def report_messages(audited: MessagesAudited, logger: Any, metrics: Any) -> dict[str, int]:
    """Log every message under its event's id, count what became of them, and return the counts."""
    counts = Counter(_report_one(one, logger) for one in audited.messages)
    left_out = {left_out for one in audited.messages for left_out in one.left_out}
    if left_out:
        counts["ResourcesLeftOut"] = _report_left_out(left_out, logger)
    failed_rules = {rule_id: why for one in audited.messages for rule_id, why in one.failed_rules.items()}
    if failed_rules:
        _report_failed_rules(failed_rules, logger, metrics)
    counts["LooksGivenUp"] = sum(one.is_given_up for one in audited.messages)
    counts.update({f"Findings{name.title()}": number for name, number in audited.counts.items()})
    if audited.late is not None:
        logger.warning("messages come back late", reason=reason_of(audited.late))
    for error in {id(one.error): one.error for one in audited.messages}.values():
        if error is not None and not isinstance(error, VpcGuardError):
            logger.error("unforeseen error", exc_info=error)
    counts = +counts
    for name, number in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=number)
    return dict(counts)


def _report_left_out(left_out: Collection[LeftOut], logger: Any) -> int:
    """Name what AWS answered and nobody can use; what rests on it is in doubt, and no read would help."""
    for one in sorted(left_out, key=lambda one: (one.account_id, one.operation, one.name)):
        keys = {"account_id": one.account_id, "resource": one.name, "vpc_id": one.vpc_id}
        logger.warning("resource left out", reason=one.reason, **keys)
    return len(left_out)


def _report_failed_rules(failed: Mapping[str, str], logger: Any, metrics: Any) -> None:
    """Name the rules of an organization's own that failed, each once an invocation.

    Their ids go beside the metric, not into its dimensions: each pack has others, and one alarm is for all.
    """
    for rule_id, reason in sorted(failed.items()):
        logger.error("rule of your own failed", rule_id=rule_id, reason=reason)
    metrics.add_metric(name="OwnRulesFailed", unit=MetricUnit.Count, value=len(failed))
    metrics.add_metadata(key="failed_rules", value=sorted(failed))


def _report_one(one: Handled, logger: Any) -> str:
    """Log what became of one message; return the metric that counts it."""
    keys: dict[str, Any] = {"message_id": one.message_id}
    if one.change is not None:
        keys |= {"correlation_id": one.change.event_id, "event_name": one.change.event_name}
    if isinstance(one.change, Change):
        keys |= {name: getattr(one.change, name) for name in ("account_id", "region", "attempt")}
        keys["changed_function"] = one.change.function_name
    if one.error is not None:
        logger.warning("change not judged, it comes back", reason=reason_of(one.error), **keys)
        return "ChangesFailed"
    if one.is_put_back:
        logger.warning("change not begun, put back", reason="too little time was left", **keys)
        return "ChangesPutBack"
    if one.reason is not None:
        logger.error("change not judged, given up", reason=one.reason, **keys)
        return "ChangesDeadLettered"
    if isinstance(one.change, Ignored):
        logger.info("change ignored", outcome=one.change.outcome, **keys)
        return "ChangesIgnored"
    if one.is_given_up:
        logger.warning("function has not settled, left to the sweep", **keys)
    logger.info("change judged", is_deleted=one.is_deleted, again_in_seconds=one.again_in_seconds, **keys)
    return "ChangesJudged"


def report_sweep(swept: Swept, logger: Any, metrics: Any) -> dict[str, Any]:
    """Log and count what one run of a sweep did, and return it as the answer of the invocation."""
    if swept.failed_rules:
        _report_failed_rules(swept.failed_rules, logger, metrics)
    return _report_swept(swept, logger, metrics)


def _report_swept(swept: Swept, logger: Any, metrics: Any) -> dict[str, Any]:
    for error in swept.errors:
        logger.error("functions not judged", reason=reason_of(error))
    if swept.stopped_by is not None:
        logger.warning("sweep stopped, it can go on", reason=reason_of(swept.stopped_by))
    _report_left_out(swept.left_out, logger)
    answer = swept.as_dict()
    for name, field in _SWEEP_METRICS.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=answer[field])
    logger.info("account swept", **answer)
    return answer


def report_regions(swept: SweptRegions, logger: Any, metrics: Any) -> dict[str, Any]:
    """Log and count what one run of a sweep did in each region, and return the answer of the invocation."""
    failed_rules = {
        rule_id: why for one in swept.regions.values() for rule_id, why in one.failed_rules.items()
    }
    if failed_rules:  # of one pack, whichever region it is asked about
        _report_failed_rules(failed_rules, logger, metrics)
    for region, one in swept.regions.items():
        logger.append_keys(region=region)
        _report_swept(one, logger, metrics)
    for region, error in swept.failed.items():
        logger.append_keys(region=region)
        logger.error("region not swept", reason=reason_of(error))
    if swept.stopped_by is not None and not any(one.stopped_by for one in swept.regions.values()):
        logger.append_keys(region=swept.next_page and swept.next_page.region)
        logger.warning("sweep stopped, it can go on", reason=reason_of(swept.stopped_by))
    metrics.add_metric(name="SweptRegionsFailed", unit=MetricUnit.Count, value=len(swept.failed))
    return swept.as_dict()


def report_requested(done: Sequence[Requested], logger: Any, metrics: Any) -> None:
    """Log and count what became of audits on request."""
    for one in done:
        keys: dict[str, Any] = {"message_id": one.message_id}
        if one.job is not None:
            keys |= {"job_id": one.job.job_id, "account_id": one.job.account_id, "status": one.job.status}
        if one.error is not None:
            logger.warning("audit on request failed, it is tried again", reason=reason_of(one.error), **keys)
        elif one.job is not None and one.job.status == "failed":
            logger.error("audit on request failed", reason=one.job.reason, **keys)
        else:
            logger.info("audit on request", **keys)
    failed = sum(one.job is not None and one.job.status == "failed" for one in done)
    metrics.add_metric(name="RequestedAuditsFailed", unit=MetricUnit.Count, value=failed)


def report_polls(logger: Any, metrics: Any) -> Callable[[Poll], None]:
    """Return what a ConfigurationSource reports to.

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
