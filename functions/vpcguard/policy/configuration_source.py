"""The configuration in force while a process lives: read again when due, and replaced by a good one only.

At start nothing is judged before a good document was read: without it every setting would silently be
a default. Later, a document that breaks its schema or cannot be read leaves the last good one in force.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from vpcguard.clock import Clock
from vpcguard.errors import ConfigurationError, ReadError
from vpcguard.policy.configuration import Configuration, parse_configuration

NAME = "configuration"  # what the document is called in errors
RETRY_SECONDS = 5  # after a failed start: messages of one batch must not each wait for the same time out


class Document(Protocol):
    """Where the document is kept: vpcguard.aws.appconfig.AppConfigDocument, or a fake of it."""

    def poll(self) -> tuple[bytes | None, float]:
        """Return the content, None if it is the one of the last poll, and the seconds until the next poll.

        Raises ReadError; the next poll then gives the content, changed or not.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """What one look at the document showed.

    digest: of the configuration in force now; None: there is none, and nothing can be judged.
    rejected: the place and the fault of the document that is not in force. unread: why there was no
    document. is_new: another configuration than before is in force.
    """

    digest: str | None
    rejected: str | None = None
    unread: str | None = None
    is_new: bool = False


class ConfigurationSource:
    """Gives the configuration in force; safe to share between threads.

    report: told about every poll, one at a time.
    """

    def __init__(self, document: Document, *, clock: Clock, report: Callable[[Poll], None]) -> None:
        self._document = document
        self._clock = clock
        self._report = report
        self._lock = threading.Lock()
        self._current: Configuration | None = None
        self._fault = "not read yet"
        self._rejected: str | None = None
        self._polled_at: datetime | None = None
        self._wait = timedelta(0)

    def __call__(self) -> Configuration:
        """Return the configuration in force; raises ConfigurationError while there has been no good one."""
        # whoever has a good one does not wait for another thread that is asking for a newer one
        if self._lock.acquire(blocking=self._current is None):
            try:
                if self._is_due():
                    self._poll()
            finally:
                self._lock.release()
        if self._current is None:
            raise ConfigurationError(self._fault)
        return self._current

    def _is_due(self) -> bool:
        """The clock on the wall: Lambda's other one may stand still while the environment is frozen."""
        if self._polled_at is None:
            return True
        passed = self._clock() - self._polled_at
        return passed >= self._wait or passed < timedelta(0)

    def _poll(self) -> None:
        before, unread = self._current, None
        self._polled_at = self._clock()
        try:
            content, seconds = self._document.poll()
        except ReadError as error:
            unread = self._fault = str(error)
        else:
            self._wait = timedelta(seconds=seconds)
            if content is not None:
                self._take(content)
        if self._current is None:
            self._wait = max(self._wait, timedelta(seconds=RETRY_SECONDS))
        self._report(
            Poll(
                digest=None if self._current is None else self._current.digest,
                rejected=self._rejected,
                unread=unread,
                is_new=self._current != before,
            )
        )

    def _take(self, content: bytes) -> None:
        try:
            self._current = parse_configuration(content, NAME)
        except ConfigurationError as error:
            self._rejected = self._fault = str(error)
        else:
            self._rejected = None
