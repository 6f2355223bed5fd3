"""AWS calls, on a bounded number of threads, turned into pieces of a snapshot.

Not found: absent. Denied, or an answer that is not of its shape: a failure, whose facts are unknown. All else
that goes wrong (throttling, AWS's own faults, the network, refusals nobody foresaw) is a failure of that one
read too, unless whoever reads wants it raised, for a retry of the whole.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, ParamSpec, Protocol, Self, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from vpcguard.aws.answers import join, merge
from vpcguard.aws.codes import DENIED, THROTTLED, UNEXPECTED, clean_message, is_not_found_code
from vpcguard.aws.operations import Call, Operation, keep
from vpcguard.errors import ReadError, SnapshotError, ThrottledError
from vpcguard.model import Answers, Failure

Progress = Callable[[str], None]
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

FAULTS = (ClientError, BotoCoreError, ResponseParserError)  # all that a call may raise
Fault = ClientError | BotoCoreError | ResponseParserError
# what botocore's parsers raise for JSON of another shape, where those of XML raise ResponseParserError
_UNPARSED = (AttributeError, KeyError, TypeError, ValueError)
_OF_ANOTHER_SHAPE = "the answer is of another shape"
_EMPTY_LISTS_LEFT_OUT = {"ec2", "iam"}  # by XML; AWS's JSON always has them
_TOO_MANY_REQUESTS = 429


class Aws(Protocol):
    """What a snapshot reads with: vpcguard.aws.accounts.AwsReader, or a fake of it."""

    def client(self, service: str, /) -> Any:
        """Return the botocore client of a service."""

    def owner(self, account_id: str, /) -> Aws | None:
        """Return a reader of another account, or None."""


class Threads:
    """Where reads run, bounded in number and time; a context manager.

    until: a moment of time.monotonic() after which nobody waits any more. Leaving it through an exception
    drops what has not begun and does not wait for what has.
    """

    def __init__(self, most: int, until: float = math.inf) -> None:
        self._until = until
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
        """Start a chain of reads, which waits for calls and no other chain; its errors show at .result()."""
        return self._chains.submit(chain, *args, **kwargs)

    def submit(
        self, call: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Result]:
        """Start a single call, which waits for nothing but AWS."""
        return self._calls.submit(call, *args, **kwargs)

    def results(self, futures: list[Future[Result]]) -> list[Result]:
        """Wait for calls and return what they give, in their order; an error drops those not begun.

        Raises ReadError once the time is over, whatever still hangs. By `result`, which a cancellation wakes:
        `concurrent.futures.wait` waits for ever for a future that is cancelled meanwhile, as leaving these
        threads does to those in the queue.
        """
        is_bounded = self._until != math.inf
        try:
            return [
                future.result(max(0.0, self._until - time.monotonic()) if is_bounded else None)
                for future in futures
            ]
        except TimeoutError as error:
            raise ReadError("AWS could not be read in the time there was; try again later") from error
        finally:
            for future in futures:
                future.cancel()  # those done or under way stay as they are

    def check(self) -> None:
        """Raise CancelledError once nobody waits for the rest."""
        if self._stopped.is_set():
            raise CancelledError


class Reads:
    """The reads of one account and region.

    progress: called with the operation's key after every answer, from several threads.
    raises: which reads that went wrong are raised, not kept as a failure: none, those that were throttled
    (ThrottledError), or all but denials (ReadError).
    """

    def __init__(
        self,
        aws: Aws,
        threads: Threads,
        *,
        progress: Progress | None = None,
        raises: type[ReadError] | None = ThrottledError,
    ) -> None:
        self.aws = aws
        self.threads = threads
        self._progress = progress
        self._raises = raises
        self._started: dict[tuple[str, tuple[str, ...]], tuple[Call, Future[Answers]]] = {}

    def of_owner(self, aws: Aws) -> Reads:
        """Return the same for another account, on the same threads."""
        return Reads(aws, self.threads, progress=self._progress, raises=self._raises)

    def failure_of(self, operation: str, error: Fault) -> Failure:
        """Return what a snapshot keeps of a read that went wrong; raises it instead as `raises` says.

        What is raised is a ThrottledError or a ReadError.
        """
        failure, is_throttled = _failure_from(error)
        if failure.code in DENIED or self._raises is None:
            return failure
        fault = ReadError(f"{operation} could not be read: {failure.code}: {failure.message}")
        if is_throttled:
            fault = ThrottledError(operation)
        if isinstance(fault, self._raises):
            raise fault from error
        return failure

    def start(self, call: Call) -> None:
        """Make a call that `run` will probably be asked for; nothing comes of it if it never is."""
        future = self.threads.submit(self._answers, call)
        self._started[call.operation.key, call.keys] = call, future

    def run(self, calls: Iterable[Call]) -> Answers:
        """Make calls at once and return all they say, in their order; not for use inside of a call.

        One that was started before counts if it found its resource: whoever asks now knows that it exists.
        Raises ThrottledError and ReadError as `raises` says.
        """
        asked = list(calls)
        begun = [self._started.pop((call.operation.key, call.keys), (None, None)) for call in asked]
        started = [early if was == call else None for call, (was, early) in zip(asked, begun, strict=True)]
        found = self.threads.results(
            [
                self.threads.submit(self._answers, call) if early is None else early
                for call, early in zip(asked, started, strict=True)
            ]
        )
        again = [  # what did not exist then may exist now
            at
            for at, (call, early) in enumerate(zip(asked, started, strict=True))
            if early is not None
            and not found[at].failures
            and call.keys[0] not in found[at].answers.get(call.operation.key, {})
        ]
        repeated = self.threads.results([self.threads.submit(self._answers, asked[at]) for at in again])
        for at, answers in zip(again, repeated, strict=True):
            found[at] = answers
        return merge(found)

    def read_page(
        self, operation: Operation, parameters: Mapping[str, Any], *, next_at: str
    ) -> tuple[Answers, str | None]:
        """Read one page, and return with it what the answer holds under `next_at`: where the next begins."""
        client = self.aws.client(operation.client)
        following: list[str | None] = [None]

        def pages() -> Iterator[Mapping[str, Any]]:
            try:
                page = getattr(client, operation.method)(**parameters)
            except _UNPARSED as error:
                raise ResponseParserError(f"{_OF_ANOTHER_SHAPE}: {type(error).__name__}") from error
            following[0] = page.get(next_at) or None
            yield page

        return _piece(Call(operation), *self._read(operation, pages())), following[0]

    def _answers(self, call: Call) -> Answers:
        answer, failure = self._read(call.operation, self._pages(call))
        found = _piece(call, answer, failure)
        if call.otherwise is None or answer is not None or failure is not None:
            return found
        return merge((found, self._answers(call.otherwise)))

    def _pages(self, call: Call) -> Iterator[Mapping[str, Any]]:
        operation = call.operation
        client = self.aws.client(operation.client)
        size = {"PageSize": operation.page_size} if operation.page_size else {}
        try:
            if operation.paged:
                pages = client.get_paginator(operation.method)
                yield from pages.paginate(**call.parameters, PaginationConfig=size)
            else:
                yield getattr(client, operation.method)(**call.parameters)
        except _UNPARSED as error:
            raise ResponseParserError(f"{_OF_ANOTHER_SHAPE}: {type(error).__name__}") from error

    def _read(
        self, operation: Operation, pages: Iterator[Mapping[str, Any]]
    ) -> tuple[dict[str, Any] | None, Failure | None]:
        """Return what was answered and what was refused. Both: a part. Neither: there is no such resource."""
        answer: dict[str, Any] | None = None
        try:
            for page in pages:
                kept = keep(page, operation.shape, operation.key)
                if operation.service in _EMPTY_LISTS_LEFT_OUT:
                    kept = {name: [] for name in operation.lists} | kept
                elif missing := [name for name in operation.lists if name not in kept]:
                    return answer, Failure(UNEXPECTED, f"{operation.key} answered without {missing[0]}")
                answer = kept if answer is None else join(answer, kept)
                self.threads.check()
                if self._progress is not None:
                    self._progress(operation.key)
        except SnapshotError as error:  # of one function, say: no reason to lose all others
            return answer, Failure(UNEXPECTED, str(error))
        except FAULTS as error:
            if isinstance(error, ClientError) and is_not_found_code(code_of(error)):
                if operation.keys:
                    return None, None
                # nothing was named that could be absent, so it is no answer
                return answer, Failure(UNEXPECTED, f"{operation.key} answered {code_of(error)}")
            return answer, self.failure_of(operation.key, error)
        return answer, None


def code_of(error: ClientError) -> str:
    """Return AWS's code of an error, e.g. "AccessDenied"; empty when the answer had none."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_denied(error: ClientError) -> bool:
    """True if facts that rest on the call are unknown from now on."""
    return code_of(error) in DENIED


def _failure_from(error: Fault) -> tuple[Failure, bool]:
    """Return what is kept of an error, bounded and without credentials, and whether AWS asks for patience."""
    if not isinstance(error, ClientError):
        line = str(error).partition("\n")[0]  # what botocore cannot parse follows, whatever it holds
        return Failure(type(error).__name__, clean_message(line)), False
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = code_of(error) or f"HTTP {status}"
    message = str(error.response.get("Error", {}).get("Message", ""))
    return Failure(code, clean_message(message)), code in THROTTLED or status == _TOO_MANY_REQUESTS


def _piece(call: Call, answer: Any, failure: Failure | None) -> Answers:
    """Return what one call said as a piece of a snapshot, below its operation and resource keys."""
    key = call.operation.key
    placed = answer
    for name in reversed(call.keys):
        placed = {} if placed is None else {name: placed}
    is_known = answer is not None or (failure is None and placed is not None)
    answers = {key: placed} if is_known else {}
    if failure is None:
        return Answers(answers, {})
    return Answers(answers, {key: {call.keys[0]: failure} if call.keys else failure})
