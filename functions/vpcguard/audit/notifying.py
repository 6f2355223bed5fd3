"""Tells owners what is wrong with their functions' networks: one message a cause and window, by SNS.

What is published and concerns an owner is gathered in the table; the schedule tells what is due. So a NAT
gateway behind 400 functions is one message, and nothing is told twice because something was delivered again
(docs/notifications.md).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from vpcguard.audit import notice_text
from vpcguard.audit.notice_text import Notice, Told
from vpcguard.audit.queues import reason_of
from vpcguard.aws.codes import clean_message
from vpcguard.errors import PublishingError, QueueError
from vpcguard.findings.exemptions import glob_matches
from vpcguard.findings.notices import Notices, Window
from vpcguard.findings.outbox import Outbox, Unpublished
from vpcguard.findings.queries import FindingQueries, HistoryEntry
from vpcguard.model import Status

ACTIONS = ("sns:Publish", "sqs:SendMessage")
CLIENT_CONFIG = Config(
    connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2}
)
_BEGINS = frozenset({"opened", "reopened", "exemption_ended"})
_BACKLOG = "backlog"  # what a window is about that gathers what was open before anybody was told
_BACKLOG_QUIET, _BACKLOG_LONGEST = timedelta(hours=1), timedelta(hours=24)  # a sweep finds it piece by piece
_WAIT, _LONGEST_WAIT = timedelta(minutes=2), timedelta(hours=1)  # doubled after each failure
_MOST_FAILURES = 28  # a day and some hours
_PAGES = 20  # read at most to see whether a cause without a resource still has findings


# of a change, what is said of it: a summary may be of a hundred thousand
_SAID = (
    *("change_id", "sequence", "change", "finding_id", "account_id", "account_name", "region"),
    *("function_name", "vpc_id"),
    *("rule_id", "title", "message", "severity", "status_before", "status", "status_reason", "cause_id"),
    *("root_cause", "root_cause_kind", "root_cause_account", "root_cause_name", "actor", "changed_at"),
)


class DeadLetters(Protocol):
    """Keeps what cannot be told: vpcguard.audit.queues.DeadLetterQueue."""

    def send(self, body: str, /, *, reason: str, message_id: str) -> None:
        """Keep a message with its reason; raises QueueError."""


class Topics:
    """SNS topics, whatever their region. connect: makes the client of a region."""

    def __init__(self, connect: Callable[[str], Any]) -> None:
        self._connect = connect
        self._clients: dict[str, Any] = {}

    def tell(self, topic: str, notice: Notice) -> None:
        """Send a message; raises PublishingError."""
        region = topic.split(":")[3]
        try:
            if region not in self._clients:
                self._clients[region] = self._connect(region)
            self._clients[region].publish(TopicArn=topic, Subject=notice.subject, Message=notice.message)
        except (ClientError, BotoCoreError) as error:
            raise PublishingError(f"{topic} could not be told: {clean_message(str(error))}") from error


@dataclass(slots=True, kw_only=True)
class Noticed:
    """What one run did: changes without an owner; messages sent, failed for now, and for good; why."""

    without_owner: int = 0
    sent: int = 0
    failed: int = 0
    given_up: int = 0
    reasons: list[str] = field(default_factory=list)


class Notifier:
    """Gathers what concerns owners, and tells it when it is due.

    window: how long one message gathers from its first change on. Methods raise FindingStoreError where the
    table does not answer; `check` and `settle` raise ConfigurationError where it is not known who owns what.
    """

    def __init__(
        self,
        outbox: Outbox,
        notices: Notices,
        findings: FindingQueries,
        topics: Topics,
        dead_letters: DeadLetters,
        *,
        owners: Callable[[], Mapping[str, Any]],
        window: timedelta,
    ) -> None:
        self._outbox = outbox
        self._notices = notices
        self._findings = findings
        self._topics = topics
        self._dead_letters = dead_letters
        self._owners = owners
        self._window = window

    def check(self) -> None:
        """Make sure, before anything is published, that it will be known whom to tell."""
        self._owners()

    def settle(self, changes: Sequence[Unpublished], noticed: Noticed) -> None:
        """Take changes that are published out of the outbox, those that concern an owner into a notice."""
        document = self._owners()
        groups: dict[tuple[str, str], list[Unpublished]] = {}
        unconcerned = []
        for change in changes:
            about = _about(change.entry)
            topic = None if about is None or change.entry is None else topic_of(document, change.entry)
            if about is None or topic is None:
                noticed.without_owner += about is not None
                unconcerned.append(change.key)
            else:
                groups.setdefault((topic, about), []).append(change)
        self._outbox.remove(unconcerned)
        for (topic, about), ones in groups.items():
            quiet, longest = self._window, self._window
            if about == _BACKLOG:
                quiet, longest = _BACKLOG_QUIET, _BACKLOG_LONGEST
            self._notices.gather(topic, about, ones, quiet=quiet, longest=longest)

    def tell_due(self, noticed: Noticed, *, until: float) -> None:
        """Tell what is due, as long as there is time (time.monotonic()); what fails is told again later."""
        windows = self._notices.due()
        while time.monotonic() <= until and (window := next(windows, None)) is not None:
            notice = self._notice(window)
            if notice is None:
                self._notices.done(window)
                continue
            try:
                self._topics.tell(window.recipient, notice)
            except PublishingError as error:  # one topic alone: the others are told
                self._fail(window, notice, error, noticed)
            else:
                noticed.sent += 1
                self._notices.done(window)

    def _fail(self, window: Window, notice: Notice, error: PublishingError, noticed: Noticed) -> None:
        noticed.reasons.append(reason_of(error))
        if window.failures >= _MOST_FAILURES:
            body = json.dumps({"topic": window.recipient, **asdict(notice)})
            try:
                self._dead_letters.send(body, reason=reason_of(error), message_id=window.sk)
            except QueueError:
                pass  # it stays, and is tried once more
            else:
                noticed.given_up += 1
                self._notices.done(window)
                return
        noticed.failed += 1
        self._notices.postpone(window, min(_LONGEST_WAIT, _WAIT * 2 ** min(window.failures, 10)))

    def _notice(self, window: Window) -> Notice | None:
        """Return what to say; None: nothing is left to be said."""
        changes = ({name: one[name] for name in _SAID} for one in self._notices.changes(window))
        begun, ended = _net(list(changes))
        if window.about == _BACKLOG:
            return notice_text.backlog(begun) if begun else None
        if begun:
            finding = self._findings.get(str(begun[0]["finding_id"]))
            advice = finding.advice if finding is not None and finding.status == "open" else ""
            return notice_text.begun(begun, advice=advice, ended=len(ended))
        if ended and not self._is_live(ended[0]):
            return notice_text.ended(ended)
        return None

    def _is_live(self, one: Told) -> bool:
        """True if the cause of a finding still has findings that are open."""
        is_open: tuple[Status, ...] = ("open",)
        cursor = None
        for _ in range(_PAGES):
            if one["cause_id"]:
                page = self._findings.list_by_cause(
                    one["cause_id"], status=is_open, details=False, cursor=cursor
                )
            else:
                page = self._findings.list_by_account(
                    one["account_id"],
                    region=one["region"],
                    rule_id=one["rule_id"],
                    status=is_open,
                    details=False,
                    cursor=cursor,
                )
            if one["cause_id"] and page.items:
                return True
            if any(finding.vpc_id == one["vpc_id"] for finding in page.items):
                return True
            cursor = page.cursor
            if cursor is None:
                return False
        return True  # so many others that nobody can say that all have ended


def topic_of(document: Mapping[str, Any], entry: HistoryEntry) -> str | None:
    """Return whom to tell of a finding: the last entry of `owners` that matches it; None: nobody.

    All that an entry gives must match; what is not known of the finding is matched by no glob.
    """
    known = {
        "organization_unit": entry.organization_unit,
        "account_id": entry.account_id,
        "region": entry.region,
        "function": entry.function_name,
    }
    tags: dict[str, str | None] = {key.lower(): value for key, value in (entry.tags or {}).items()}
    tags.setdefault("owner", entry.owner)
    found: str | None = None
    for one in document.get("owners", ()):
        match = dict(one["match"])
        wanted = [(glob, tags.get(key.lower())) for key, glob in match.pop("tag", {}).items()]
        wanted += [(glob, known[key]) for key, glob in match.items()]
        if all(text is not None and glob_matches(glob, text) for glob, text in wanted):
            found = str(one["topic"])
    return found


def _about(entry: HistoryEntry | None) -> str | None:
    """Return what a change is about, the same for all that belongs into one message; None: it is not told.

    Told is what is proven and what of it ended; what could not be judged is in the API and the sweep's log.
    """
    if entry is None or entry.stage == "audit":  # that records, and all others tell as well
        return None
    if entry.change == "updated" and entry.status == "open":
        return _BACKLOG
    begins = entry.change in _BEGINS and entry.status == "open"
    ends = entry.change in ("resolved", "exempted") and entry.status_before == "open"
    if not begins and not ends:
        return None
    if entry.cause_id:
        return entry.cause_id
    return "\n".join((entry.rule_id, entry.account_id, entry.region, entry.vpc_id or ""))


def _net(changes: Sequence[Told]) -> tuple[list[Told], list[Told]]:
    """Return the changes after which findings are open that were not before, and those that ended any.

    What began and ended within one window is neither: nobody has anything to do. Nor is what is exempt.
    """
    first: dict[str, Told] = {}
    last: dict[str, Told] = {}
    for one in sorted(changes, key=lambda one: int(one["sequence"])):
        first.setdefault(str(one["finding_id"]), one)
        last[str(one["finding_id"])] = one
    begun, ended = [], []
    for finding_id, one in last.items():
        before = first[finding_id]
        was_open = before["status_before"] == "open" and before["change"] != "updated"
        if one["status"] == "open" and not was_open:
            begun.append(one)
        if one["status"] == "resolved" and was_open:
            ended.append(one)
    return begun, ended
