"""Reads that do not depend on each other run at once, on a bounded number of threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, CancelledError, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from vpcguard.model import Answers
from vpcguard.snapshot.merging import merge

Task = Callable[[], Answers]
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Threads:
    """Where reads run, bounded in number; a context manager.

    Leaving it through an exception drops what has not begun and does not wait for what has.
    """

    def __init__(self, most: int) -> None:
        self._calls = ThreadPoolExecutor(most, thread_name_prefix="aws-call")
        # chains wait for calls, so they have threads of their own: nothing can wait for itself
        self._chains = ThreadPoolExecutor(most, thread_name_prefix="aws-chain")
        self._stopped = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._stopped.set()
        for pool in (self._chains, self._calls):
            pool.shutdown(wait=kind is None, cancel_futures=True)

    def begin(
        self, chain: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Result]:
        """Start a chain of reads beside others; its errors show at .result()."""
        return self._chains.submit(chain, *args, **kwargs)

    def begin_call(self, task: Task) -> Future[Answers]:
        """Start a single read before anybody needs it; tasks that come later may wait for it."""
        return self._calls.submit(task)

    def gather(self, tasks: Iterable[Task]) -> Answers:
        """Run single reads at once and return all they say; the first error drops those not begun.

        A task makes calls and never gathers itself.
        """
        futures = [self._calls.submit(task) for task in tasks]
        done, waiting = wait(futures, return_when=FIRST_EXCEPTION)
        for future in waiting:
            future.cancel()
        failed = next((error for error in (future.exception() for future in done) if error), None)
        if failed is not None:
            raise failed
        return merge(future.result() for future in futures)

    def check(self) -> None:
        """Raise CancelledError once nobody waits for the rest."""
        if self._stopped.is_set():
            raise CancelledError
