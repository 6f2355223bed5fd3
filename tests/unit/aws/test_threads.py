"""Reads run at once, are bounded, and end together when one fails or the user stops them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError

import pytest

from vpcguard.aws.answers import merge
from vpcguard.aws.reading import Threads
from vpcguard.errors import ReadError
from vpcguard.model import Answers


def _run(threads: Threads, calls: list[Callable[[], Answers]]) -> Answers:
    return merge(threads.results([threads.submit(call) for call in calls]))


def test_independent_reads_run_at_the_same_time() -> None:
    """Both wait for each other: run one after the other, they would never meet."""
    meeting = threading.Barrier(2, timeout=10)

    def meet() -> Answers:
        meeting.wait()
        return Answers()

    with Threads(2) as threads:
        assert _run(threads, [meet, meet]) == Answers()


def test_results_come_in_the_order_of_the_tasks() -> None:
    """A snapshot that depended on which call was faster would not be replayable."""

    def slow() -> Answers:
        time.sleep(0.05)
        return Answers({"ec2:X": {"Items": ["first"]}})

    with Threads(2) as threads:
        answers = _run(threads, [slow, lambda: Answers({"ec2:X": {"Items": ["second"]}})])

    assert answers == Answers({"ec2:X": {"Items": ["first", "second"]}}, {})


def test_nobody_waits_for_what_hangs_when_the_time_is_over() -> None:
    """An invocation that waits on is ended by being killed, and what it held comes back without a reason."""
    released = threading.Event()

    def hang() -> Answers:
        released.wait(10)
        return Answers()

    threads = Threads(2, until=time.monotonic() + 0.05)
    with pytest.raises(ReadError, match="in the time there was"), threads:
        _run(threads, [hang, Answers])

    assert not released.is_set()
    released.set()


def test_no_more_reads_run_than_allowed() -> None:
    running, most = [0], [0]
    lock = threading.Lock()

    def count() -> Answers:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.005)
        with lock:
            running[0] -= 1
        return Answers()

    with Threads(3) as threads:
        _run(threads, [count] * 20)

    assert most[0] == 3


def test_the_first_error_drops_what_has_not_begun() -> None:
    begun: list[int] = []

    def fail() -> Answers:
        raise LookupError("refused")

    def note() -> Answers:
        begun.append(1)
        time.sleep(0.01)
        return Answers()

    with pytest.raises(LookupError, match="refused"), Threads(1) as threads:
        _run(threads, [fail, *[note] * 50])

    assert len(begun) < 50


def test_an_error_of_a_chain_shows_at_its_result() -> None:
    def fail() -> Answers:
        raise LookupError("refused")

    with pytest.raises(LookupError, match="refused"), Threads(1) as threads:
        threads.begin(fail).result()


def test_more_chains_than_threads_still_end() -> None:
    """A chain that waited for its calls on the calls' own threads would wait for itself."""
    with Threads(2) as threads:
        chains = [threads.begin(_run, threads, [Answers, Answers]) for _ in range(8)]

        assert [chain.result(timeout=10) for chain in chains] == [Answers()] * 8


def test_an_interrupt_does_not_wait_for_what_runs() -> None:
    """Ctrl-C during a slow call must not look as if it were ignored."""
    release, begun = threading.Event(), threading.Event()

    def slow() -> Answers:
        begun.set()
        release.wait(10)
        return Answers()

    def interrupted() -> None:
        with Threads(1) as threads:
            threads.begin(slow)
            begun.wait(10)
            raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    elapsed = time.monotonic() - started
    release.set()

    assert elapsed < 5


def test_what_still_runs_after_an_interrupt_stops_at_its_next_answer() -> None:
    with pytest.raises(KeyboardInterrupt), Threads(1) as threads:
        raise KeyboardInterrupt

    with pytest.raises(CancelledError):
        threads.check()
