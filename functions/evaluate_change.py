"""Judges the functions that changes touch: a batch of messages from the queue, or one event directly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache, partial
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from vpcguard.audit.bootstrap import EventPath, build_event_path
from vpcguard.audit.configuration_report import report_polls
from vpcguard.audit.messages import (
    Handled,
    MessagesAudited,
    audit_event,
    audit_messages,
    parse_message,
    reason_of,
)
from vpcguard.errors import VpcGuardError
from vpcguard.model import Change
from vpcguard.settings import load_settings, runs_in_lambda

MILLISECONDS_TO_FINISH = 20_000  # for what has begun; what has not begun by then stays in the queue

logger = Logger(service="vpcguard")
metrics = Metrics(namespace="LambdaVpcGuard", service="vpcguard")
# A batch that failed as a whole is answered like any other: the messages come back, the metrics tell.
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context(correlation_id_path="detail.eventID", clear_state=True)
@metrics.log_metrics
def handler(event: Any, context: LambdaContext, *, deps: EventPath | None = None) -> Any:
    """Judge what the event reports; the answer names the messages that are to come back.

    The messages of a batch are judged together, since functions of one VPC share its read; then
    Powertools' BatchProcessor reports each by its id, a message that failed by raising its error.
    """
    path = deps or dependencies()
    if not (isinstance(event, Mapping) and "Records" in event):
        return _report(audit_event(event, deps=path.audit))
    audited = audit_messages(
        [parse_message(record) for record in event["Records"]],
        deps=path.audit,
        dead_letters=path.dead_letters,
        max_receives=path.max_receives,
        retries=path.retries,
        has_time=lambda: context.get_remaining_time_in_millis() > MILLISECONDS_TO_FINISH,
    )
    _report(audited)
    errors = {one.message_id: one.error for one in audited.messages if one.error is not None}
    return process_partial_response(
        event=dict(event),
        record_handler=partial(_answer, errors=errors),
        processor=processor,
        context=context,
    )


@cache
def dependencies() -> EventPath:
    """Return the real edges, built once per cold start."""
    settings = load_settings(requires=("TABLE_NAME",))
    return build_event_path(settings, report=report_polls(logger, metrics))


def _answer(record: SQSRecord, *, errors: Mapping[str, Exception]) -> None:
    error = errors.get(record.message_id)
    if error is not None:
        raise error


def _report(audited: MessagesAudited) -> dict[str, int]:
    """Log every message under its event's id, count what became of them, and return the counts."""
    counts = Counter(_report_one(one) for one in audited.messages)
    counts["LooksGivenUp"] = sum(_is_given_up(one) for one in audited.messages)
    counts += Counter({f"Findings{name.title()}": number for name, number in asdict(audited.summary).items()})
    if audited.late is not None:
        logger.warning("messages come back late", reason=reason_of(audited.late))
    for error in {id(one.error): one.error for one in audited.messages}.values():
        if error is not None and not isinstance(error, VpcGuardError):
            logger.error("unforeseen error", exc_info=error)
    for name, number in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=number)
    return dict(counts)


def _report_one(one: Handled) -> str:
    keys: dict[str, Any] = {"message_id": one.message_id}
    if one.change is not None:
        keys |= {"correlation_id": one.change.event_id, "event_name": one.change.event_name}
    if isinstance(one.change, Change):
        keys |= {name: getattr(one.change, name) for name in ("account_id", "region", "attempt")}
        keys["changed_function"] = one.change.function_name
    if one.error is not None:
        logger.warning("change not judged, it comes back", reason=reason_of(one.error), **keys)
        return "ChangesFailed"
    if one.reason is not None:
        logger.error("change not judged, given up", reason=one.reason, **keys)
        return "ChangesDeadLettered"
    if one.outcome is None:
        logger.info("change ignored", outcome=getattr(one.change, "outcome", None), **keys)
        return "ChangesIgnored"
    if _is_given_up(one):
        logger.warning("function has not settled, left to the sweep", **keys)
    again = one.outcome.again
    logger.info(
        "change judged",
        is_deleted=one.outcome.is_deleted,
        again_in_seconds=None if again is None else again[1],
        **keys,
    )
    return "ChangesJudged"


def _is_given_up(one: Handled) -> bool:
    return one.outcome is not None and one.outcome.is_given_up


if runs_in_lambda():  # INIT has a whole CPU, an event's first invocation does not
    dependencies()
