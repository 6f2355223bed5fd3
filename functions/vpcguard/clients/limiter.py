"""Our share of a rate that AWS gives to a whole account and region."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class RateLimiter:
    """A token bucket shared by threads: `burst` calls at once, then `calls_per_second`.

    clock returns seconds and never goes back; sleep waits that many seconds.
    """

    def __init__(
        self,
        *,
        calls_per_second: float,
        burst: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._calls_per_second = calls_per_second
        self._burst = float(burst)
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._tokens = self._burst
        self._filled_at = clock()

    def acquire(self) -> None:
        """Take one token, waiting until there is one; callers are served in the order they came."""
        with self._lock:
            now = self._clock()
            grown = (now - self._filled_at) * self._calls_per_second
            # below zero: tokens promised to callers that are still waiting
            self._tokens = min(self._burst, self._tokens + grown) - 1
            self._filled_at = now
            wait_seconds = -self._tokens / self._calls_per_second
        if wait_seconds > 0:
            self._sleep(wait_seconds)
