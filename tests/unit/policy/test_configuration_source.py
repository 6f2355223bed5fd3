"""The configuration in force: nothing before a good one, and the last good one whatever comes later."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from vpcguard.errors import ConfigurationError, ReadError
from vpcguard.policy.configuration import Configuration, ConfigurationSource, Poll, load_configuration

GOOD, OTHER = b'{"version": 1}', b'{"version": 1, "thresholds": {"ip_floor": 16}}'
BROKEN = b'{"version": 1, "thresholds": {"ip_flor": 16}}'
FAULT = "configuration: thresholds: Additional properties are not allowed ('ip_flor' was unexpected)"
EMPTY, CHANGED = load_configuration(), load_configuration({"version": 1, "thresholds": {"ip_floor": 16}})
UNREAD = "AppConfig could not be read: ConnectTimeoutError"


@dataclass
class World:
    """A document whose next answers are given, a clock that is set by hand, and what was reported."""

    answers: list[bytes | ReadError | None]
    now: datetime = datetime(2026, 11, 20, 12, tzinfo=UTC)
    polls: list[Poll] = field(default_factory=list)
    asked: int = 0
    source: Callable[[], Configuration] = load_configuration

    def poll(self) -> tuple[bytes | None, float]:
        """Answer as AppConfig does, 30 seconds at least between two polls."""
        self.asked += 1
        answer = self.answers.pop(0)
        if isinstance(answer, ReadError):
            raise answer
        return answer, 30.0

    def after(self, seconds: float) -> Configuration:
        """Return what is in force so much later."""
        self.now += timedelta(seconds=seconds)
        return self.source()


def world(*answers: bytes | ReadError | None) -> World:
    made = World(list(answers))
    made.source = ConfigurationSource(made, clock=lambda: made.now, report=made.polls.append)
    return made


def test_a_change_is_in_force_at_the_next_poll_and_no_sooner() -> None:
    here = world(GOOD, OTHER)

    assert [here.after(0), here.after(29), here.after(1)] == [EMPTY, EMPTY, CHANGED]
    assert here.polls == [
        Poll(digest=EMPTY.digest, is_new=True),
        Poll(digest=CHANGED.digest, is_new=True),
    ]


def test_an_unchanged_document_stays_in_force() -> None:
    here = world(OTHER, None)

    assert [here.after(0), here.after(30)] == [CHANGED, CHANGED]
    assert here.polls[1] == Poll(digest=CHANGED.digest)


@pytest.mark.parametrize(
    ("answer", "poll"),
    [
        (BROKEN, Poll(digest=None, rejected=FAULT)),
        (b"", Poll(digest=None, rejected="configuration: Expecting value: line 1 column 1 (char 0)")),
        (ReadError(UNREAD), Poll(digest=None, unread=UNREAD)),
    ],
)
def test_at_start_nothing_is_judged_without_a_good_document(answer: bytes | ReadError, poll: Poll) -> None:
    """The defaults alone would be a configuration that nobody asked for."""
    here = world(answer, GOOD)

    for _ in range(2):  # a second message of the batch does not wait for AppConfig again
        with pytest.raises(ConfigurationError, match=r"configuration: |could not be read"):
            here.source()

    assert (here.asked, here.polls) == (1, [poll])
    assert here.after(30) == EMPTY


def test_a_failed_start_is_tried_again_soon() -> None:
    here = world(ReadError(UNREAD), GOOD)

    with pytest.raises(ConfigurationError):
        here.after(0)

    assert here.after(5) == EMPTY


def test_a_broken_document_leaves_the_last_good_one_and_is_told_at_every_poll() -> None:
    """AppConfig gives a document once: the fault must not look mended because nothing came after it."""
    here = world(OTHER, BROKEN, None, GOOD)

    assert [here.after(30) for _ in range(4)] == [CHANGED, CHANGED, CHANGED, EMPTY]
    assert here.polls[1:] == [
        Poll(digest=CHANGED.digest, rejected=FAULT),
        Poll(digest=CHANGED.digest, rejected=FAULT),
        Poll(digest=EMPTY.digest, is_new=True),
    ]


def test_the_last_good_document_again_mends_a_rejection() -> None:
    """A roll-back in AppConfig."""
    here = world(OTHER, BROKEN, OTHER)

    assert [here.after(30) for _ in range(3)] == [CHANGED] * 3
    assert here.polls[2] == Poll(digest=CHANGED.digest)


def test_an_unreachable_appconfig_leaves_the_last_good_one() -> None:
    here = world(OTHER, ReadError(UNREAD), None)

    assert [here.after(30) for _ in range(3)] == [CHANGED] * 3
    assert here.polls[1:] == [Poll(digest=CHANGED.digest, unread=UNREAD), Poll(digest=CHANGED.digest)]


def test_an_unreachable_appconfig_is_not_asked_by_every_message() -> None:
    here = world(GOOD, ReadError(UNREAD))

    assert [here.after(30 * step) for step in (0, 1, 0, 0)] == [EMPTY] * 4
    assert here.asked == 2


def test_a_clock_that_was_set_back_does_not_stop_the_polls() -> None:
    here = world(GOOD, OTHER)
    here.after(0)

    assert here.after(-3600) == CHANGED


def test_threads_that_have_a_configuration_do_not_wait_for_a_newer_one() -> None:
    """A slow AppConfig must not hold up every group of a batch."""
    here, is_asking, may_answer = world(GOOD), threading.Event(), threading.Event()
    here.after(0)

    def slow() -> tuple[bytes | None, float]:
        is_asking.set()
        may_answer.wait(10)
        return OTHER, 30.0

    here.poll = slow  # type: ignore[method-assign]
    asking = threading.Thread(target=here.after, args=(30,))
    asking.start()
    is_asking.wait(10)

    assert here.source() == EMPTY
    may_answer.set()
    asking.join(10)
    assert here.source() == CHANGED
