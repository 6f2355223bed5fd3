"""Publishes what changes of findings to EventBridge: at least once, each under an id that stays the same.

The stream of the table tells at once that there is something to publish; the schedule finds what is left,
however long publishing was down. Both take a change out of the outbox only when EventBridge has it
(docs/published-events.md).
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import botocore.session
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from vpcguard.audit.notifying import Noticed, Notifier, Topics
from vpcguard.audit.queues import DeadLetterQueue, reason_of
from vpcguard.aws.appconfig import CLIENT_CONFIG as APPCONFIG_CLIENT_CONFIG
from vpcguard.aws.appconfig import AppConfigDocument
from vpcguard.aws.codes import clean_message
from vpcguard.clock import Clock, rfc3339, system_clock
from vpcguard.errors import PublishingError, QueueError
from vpcguard.findings.notices import Notices
from vpcguard.findings.outbox import READ_AT_ONCE, Outbox, OutboxKey, Unpublished
from vpcguard.findings.queries import FindingQueries, HistoryEntry
from vpcguard.findings.store import CLIENT_CONFIG
from vpcguard.policy.configuration import ConfigurationSource, Poll, load_configuration
from vpcguard.settings import Settings

ACTIONS = ("events:PutEvents", "sqs:SendMessage")
SCHEMA_VERSION = 1
SOURCE = "vpcguard"
DETAIL_TYPES = {  # by the change that history tells of
    "opened": "Finding Opened",
    "reopened": "Finding Reopened",
    "resolved": "Finding Resolved",
    "undetermined": "Finding Undetermined",
    "updated": "Finding Updated",
    "unconfirmed": "Finding In Doubt",
    "confirmed": "Finding Confirmed",
    "exempted": "Finding Exempted",
    "exemption_ended": "Exemption Ended",
}
FINISHING_SECONDS = 10.0  # kept back of an invocation: the last request and what it leads to
_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 3},
    parameter_validation=False,
)
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
_EVENTS_AT_ONCE = 10
_MOST_BYTES = 256 * 1024 - 2_048  # of one request; a little is left for how sizes are counted
_ATTEMPTS = 3  # of what EventBridge refuses for a passing reason, in one run
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html
_PASSING = frozenset({"ThrottlingException", "InternalFailure"})
_OWN_FAULT = frozenset({"InvalidArgument", "MalformedDetail"})  # of the event, whoever sends it
_INVALID = frozenset({"ValidationException", "ValidationError"})  # of a whole request
_GRACE = timedelta(minutes=1)  # what is younger is left to the stream, so that hardly anything is told twice


class DeadLetters(Protocol):
    """Keeps what cannot be published: vpcguard.audit.queues.DeadLetterQueue."""

    def send(self, body: str, /, *, reason: str, message_id: str) -> None:
        """Keep a message with its reason; raises QueueError."""


@dataclass(slots=True, kw_only=True)
class Published:
    """What one run did, in changes.

    left: could not be published now, and stay in the outbox. set_aside: can never be published; each is in
    the dead-letter queue with its reason. reasons: why, each once. oldest_seconds: the age of the oldest one
    that is left; 0: none is older than a minute; None: nobody asked. noticed: what became of notices.
    """

    published: int = 0
    left: int = 0
    set_aside: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    oldest_seconds: float | None = None
    noticed: Noticed = field(default_factory=Noticed)

    def leave(self, reason: str, changes: int = 1) -> None:
        """Count changes that stay for a reason."""
        self.left += changes
        self.reasons[reason] = self.reasons.get(reason, 0) + changes


class Publisher:
    """Takes changes from the outbox to an event bus.

    events: a botocore client of EventBridge. notifier: None: nobody is told. Both methods end soon after
    `until`, a moment of time.monotonic(). They raise FindingStoreError where the table does not answer, and
    ConfigurationError where it is not known whom to tell; what is left comes again.
    """

    def __init__(
        self,
        outbox: Outbox,
        events: Any,
        bus: str,
        dead_letters: DeadLetters,
        *,
        notifier: Notifier | None = None,
        clock: Clock = system_clock,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._outbox = outbox
        self._events = events
        self._bus = bus
        self._dead_letters = dead_letters
        self._notifier = notifier
        self._clock = clock
        self._pause = pause

    def publish(self, keys: Sequence[OutboxKey], *, until: float) -> Published:
        """Publish these changes, as far as they are not published yet."""
        run = self._begun()
        self._publish([keys[at : at + READ_AT_ONCE] for at in range(0, len(keys), READ_AT_ONCE)], run, until)
        return run

    def drain(self, *, until: float) -> Published:
        """Publish what waits for longer than a minute, oldest first, and tell owners what is due.

        Says how old the oldest change is that is left.
        """
        run, now = self._begun(), self._clock()
        self._publish(self._outbox.waiting(before=rfc3339(now - _GRACE)), run, until)
        oldest = self._outbox.oldest() if run.left else None  # else none is older than a minute
        seen = now if oldest is None else datetime.fromisoformat(oldest)
        run.oldest_seconds = max(0.0, (now - seen).total_seconds())
        if self._notifier is not None:
            self._notifier.tell_due(run.noticed, until=until)
        return run

    def _begun(self) -> Published:
        if self._notifier is not None:
            self._notifier.check()
        return Published()

    def _publish(self, parts: Any, run: Published, until: float) -> None:
        for keys in parts:
            if time.monotonic() > until:
                run.leave("there was no time for more", len(keys))
                return
            try:
                self._publish_some(keys, run)
            except PublishingError as error:  # the bus cannot be reached: it would be the same for the rest
                run.leave(reason_of(error), 0)
                return

    def _publish_some(self, keys: Collection[OutboxKey], run: Published) -> None:
        ready: list[_Event] = []
        for one in self._outbox.read(keys):
            fault = one.fault
            if one.entry is not None:
                event = _Event(one, _entry(one.entry, self._bus))
                fault = _fault(event)
                if not fault:
                    ready.append(event)
            if fault:
                self._set_aside(one, fault, run)
        unsent = run.published + run.left + run.set_aside + len(ready)
        try:
            for batch in _batches(ready):
                self._send(batch, run)
        except PublishingError:
            run.left += unsent - run.published - run.left - run.set_aside
            raise

    def _send(self, batch: Sequence[_Event], run: Published) -> None:
        """Send one request, and again what is refused for a passing reason, twice at most."""
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._pause(random.uniform(0, 0.2 * 2**attempt))  # noqa: S311 - spreads callers, keeps no secret
            batch = self._send_once(batch, run)
            if not batch:
                return
        run.leave("EventBridge kept refusing, throttled or failing", len(batch))

    def _send_once(self, batch: Sequence[_Event], run: Published) -> list[_Event]:
        """Take out of the outbox what EventBridge takes; return what it refuses for a passing reason."""
        results = self._put(batch)
        if results is None:  # one of them must be at fault, and alone it shows
            if len(batch) > 1:
                return [again for one in batch for again in self._send_once([one], run)]
            self._set_aside(batch[0].change, "EventBridge refuses the event", run)
            return []
        answered = list(zip(batch, results, strict=True))
        taken = [one.change for one, result in answered if "ErrorCode" not in result]
        if self._notifier is None:
            self._outbox.remove([one.key for one in taken])
        else:
            self._notifier.settle(taken, run.noticed)
        run.published += len(taken)
        for one, result in answered:
            code = result.get("ErrorCode")
            if code in _OWN_FAULT:
                said = clean_message(str(result.get("ErrorMessage", "")))
                self._set_aside(one.change, f"EventBridge refuses the event: {code}: {said}", run)
            elif code is not None and code not in _PASSING:
                run.leave(f"EventBridge refused with {code}")
        return [one for one, result in answered if result.get("ErrorCode") in _PASSING]

    def _put(self, batch: Sequence[_Event]) -> list[dict[str, Any]] | None:
        """Return EventBridge's answer to each event; None: it refused the request for what is in it."""
        try:
            answer = self._events.put_events(Entries=[one.entry for one in batch])
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and error.response["Error"].get("Code") in _INVALID:
                return None
            raise PublishingError(f"EventBridge did not take events: {clean_message(str(error))}") from error
        results = list(answer.get("Entries", ()))
        if len(results) != len(batch):
            raise PublishingError(f"EventBridge answered about {len(results)} events of {len(batch)}")
        return results

    def _set_aside(self, change: Unpublished, reason: str, run: Published) -> None:
        """Move what can never be published into the dead-letter queue, so that it is not lost in silence."""
        body = json.dumps({"change_id": change.key.change_id, **asdict(change.key)})
        try:
            self._dead_letters.send(body, reason=reason, message_id=change.key.change_id)
        except QueueError as error:
            run.leave(reason_of(error))
            return
        self._outbox.remove([change.key])
        run.set_aside += 1
        run.reasons[reason] = run.reasons.get(reason, 0) + 1


def build_publisher(settings: Settings, *, report: Callable[[Poll], None]) -> Publisher:
    """Return the real edges; needs TABLE_NAME, EVENT_BUS_NAME and DEAD_LETTER_QUEUE_URL."""
    session = botocore.session.Session()
    table, table_name = session.create_client("dynamodb", config=CLIENT_CONFIG), settings.table_name or ""
    outbox = Outbox(table, table_name)
    sqs = session.create_client("sqs", config=_CONFIG)
    dead_letters = DeadLetterQueue(sqs, settings.dead_letter_queue_url or "")
    notifier = Notifier(
        outbox,
        Notices(table, table_name),
        FindingQueries(table, table_name),
        Topics(lambda region: session.create_client("sns", region_name=region, config=_CONFIG)),
        dead_letters,
        owners=_owners(settings, session, report),
        window=timedelta(minutes=settings.notice_window_minutes),
    )
    events = session.create_client("events", config=_CONFIG)
    return Publisher(outbox, events, settings.event_bus_name or "", dead_letters, notifier=notifier)


def _owners(
    settings: Settings, session: Any, report: Callable[[Poll], None]
) -> Callable[[], Mapping[str, Any]]:
    """Return what gives the configuration in force; which rules there are is known to those who judge."""
    if settings.appconfig is None:
        document = load_configuration(settings.configuration_file, None).document
        return lambda: document
    client = session.create_client("appconfigdata", config=APPCONFIG_CLIENT_CONFIG)
    document_source = AppConfigDocument(client, **asdict(settings.appconfig))
    source = ConfigurationSource(document_source, clock=system_clock, report=report, own=None)
    return lambda: source().document


def report_published(run: Published, logger: Any, metrics: Any) -> dict[str, Any]:
    """Log and count what one run did, and return it as the answer of the invocation."""
    counts = {
        "ChangesPublished": run.published,
        "ChangesNotPublished": run.left,
        "ChangesSetAside": run.set_aside,
        "NoticesSent": run.noticed.sent,
        "NoticesFailed": run.noticed.failed,
        "NoticesGivenUp": run.noticed.given_up,
        "NoticesWithoutOwner": run.noticed.without_owner,
    }
    for name, value in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    if run.oldest_seconds is not None:
        name = "ChangesUnpublishedSeconds"
        metrics.add_metric(name=name, unit=MetricUnit.Seconds, value=run.oldest_seconds)
    if run.reasons:
        logger.error("changes not published", reasons=run.reasons, left=run.left, set_aside=run.set_aside)
    for reason in run.noticed.reasons:
        logger.error("notice not sent, it is sent again", reason=reason)
    logger.info("changes published", published=run.published, notices=run.noticed.sent)
    return asdict(run)


# ---- events ----


@dataclass(frozen=True, slots=True)
class _Event:
    change: Unpublished
    entry: dict[str, Any]  # as PutEvents takes it


def _entry(entry: HistoryEntry, bus: str) -> dict[str, Any]:
    """Return a change as an entry of PutEvents; its detail is docs/schemas/finding-event.json.

    Without a time of ours: EventBridge may count an event's age by it, which can be days here.
    """
    detail = {"schema_version": SCHEMA_VERSION, **asdict(entry)}
    return {
        "EventBusName": bus,
        "Source": SOURCE,
        "DetailType": DETAIL_TYPES.get(entry.change, ""),
        "Detail": json.dumps(detail, separators=(",", ":")),
        "Resources": [entry.function_arn] if entry.function_arn else [],
    }


def _fault(event: _Event) -> str:
    """Return why an event can never be published; empty: it can."""
    if not event.entry["DetailType"]:
        return "nobody knows this change"
    if (size := _size(event)) > _MOST_BYTES:
        return f"too large: {size} bytes, and a request takes {_MOST_BYTES}"
    return ""


def _size(event: _Event) -> int:
    """Return what EventBridge counts of an event, in bytes.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size
    """
    entry = event.entry
    texts = [entry["Source"], entry["DetailType"], entry["Detail"], *entry["Resources"]]
    return sum(len(text.encode()) for text in texts)


def _batches(events: Sequence[_Event]) -> Iterator[list[_Event]]:
    """Yield events in lists that one request takes."""
    batch: list[_Event] = []
    size = 0
    for event in events:
        more = _size(event)
        if batch and (len(batch) == _EVENTS_AT_ONCE or size + more > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += more
    if batch:
        yield batch
