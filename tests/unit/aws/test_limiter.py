"""Our share of Lambda's control plane: a burst, then a steady rate, shared by threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from vpcguard.aws.accounts import RateLimiter


class FakeTime:
    """A clock that only moves when someone sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []
        self._lock = Lock()

    def sleep(self, seconds: float) -> None:
        """Move the clock."""
        with self._lock:
            self.slept.append(round(seconds, 6))
            self.now += seconds


def _limiter(time: FakeTime) -> RateLimiter:
    return RateLimiter(calls_per_second=5, burst=3, clock=lambda: time.now, sleep=time.sleep)


def test_the_burst_is_free_and_then_calls_wait_their_turn() -> None:
    time = FakeTime()
    limiter = _limiter(time)

    for _ in range(6):
        limiter.acquire()

    assert time.slept == [0.2, 0.2, 0.2]


def test_tokens_grow_back_but_never_above_the_burst() -> None:
    time = FakeTime()
    limiter = _limiter(time)
    for _ in range(3):
        limiter.acquire()
    time.now += 3600

    for _ in range(4):
        limiter.acquire()

    assert time.slept == [0.2]


def test_threads_that_wait_together_get_turns_of_their_own() -> None:
    """Were all told the same wait, they would arrive as one burst."""
    waits: list[float] = []
    limiter = RateLimiter(calls_per_second=5, burst=1, clock=lambda: 0.0, sleep=waits.append)

    with ThreadPoolExecutor(8) as threads:
        for _ in range(5):
            threads.submit(limiter.acquire)

    assert sorted(round(wait, 6) for wait in waits) == [0.2, 0.4, 0.6, 0.8]
