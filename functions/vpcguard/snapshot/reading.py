"""One AWS call, or all pages of one, turned into a piece of a snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from vpcguard.errors import SnapshotError
from vpcguard.model import Answers, Failure
from vpcguard.snapshot.merging import join
from vpcguard.snapshot.operation import Operation
from vpcguard.snapshot.refusals import failure_from, is_denied, is_missing, passing_error
from vpcguard.snapshot.shapes import keep
from vpcguard.snapshot.threads import Task, Threads

Progress = Callable[[str], None]
UNEXPECTED = "UnexpectedAnswer"  # failure code of an answer that is not of its known shape


class Aws(Protocol):
    """What a snapshot reads with: vpcguard.aws.accounts.AwsReader, or a fake of it."""

    def client(self, service: str, /) -> Any:
        """Return the botocore client of a service."""

    def owner(self, account_id: str, /) -> Aws | None:
        """Return a reader of another account, or None."""


@dataclass(frozen=True, slots=True)
class Reading:
    """answer and failure: partial. Neither: the resource does not exist."""

    answer: dict[str, Any] | None
    failure: Failure | None

    def under(self, operation: Operation, *keys: str) -> Answers:
        """Return this reading as a piece of a snapshot, below its operation and resource keys."""
        answer: Any = self.answer
        for key in reversed(keys):
            answer = {} if answer is None else {key: answer}
        failure: Failure | dict[str, Failure] | None = self.failure
        if self.failure is not None and keys:
            failure = {keys[0]: self.failure}
        known = answer is not None and (self.answer is not None or self.failure is None)
        return Answers(
            {operation.key: answer} if known else {}, {} if failure is None else {operation.key: failure}
        )


class Reads:
    """The reads of one account and region.

    progress: called with the operation's key after every answer, from several threads.
    """

    def __init__(self, aws: Aws, threads: Threads, *, progress: Progress | None = None) -> None:
        self.aws = aws
        self.threads = threads
        self._progress = progress
        self._ahead: dict[tuple[str, str, frozenset[tuple[str, str]]], Future[Answers]] = {}

    def of_owner(self, aws: Aws) -> Reads:
        """Return the same for another account, on the same threads."""
        return Reads(aws, self.threads, progress=self._progress)

    def gather(self, tasks: Iterable[Task]) -> Answers:
        """Run single reads at once: Threads.gather."""
        return self.threads.gather(tasks)

    def once(self, operation: Operation, **parameters: Any) -> Task:
        """Return the task to read an operation that is called once for everything."""
        return lambda: self.read(operation, parameters).under(operation)

    def each(self, operation: Operation, key: str, **parameters: str) -> Task:
        """Return the task to read an operation for one resource; one begun `ahead` counts if it found it."""

        def read() -> Answers:
            return self.read(operation, parameters).under(operation, key)

        ahead = self._ahead.get((operation.key, key, frozenset(parameters.items())))
        if ahead is None:
            return read
        return lambda: found if _says(found := ahead.result(), operation, key) else read()

    def ahead(self, operation: Operation, key: str, **parameters: str) -> None:
        """Begin at once what `each` will probably be asked for; nothing comes of it if it never is.

        Not for a task: whoever waits for it must have come later.
        """
        asked = operation.key, key, frozenset(parameters.items())
        self._ahead[asked] = self.threads.begin_call(self.each(operation, key, **parameters))

    def read(self, operation: Operation, parameters: Mapping[str, Any]) -> Reading:
        """Read every page. Denied, or not of its shape: a failure, with the pages before. Not found: neither.

        Raises ThrottledError and ReadError for what passes, ClientError or BotoCoreError for the rest.
        """
        return self._collect(operation, self._pages(operation, parameters))

    def read_page(
        self, operation: Operation, parameters: Mapping[str, Any], *, next_at: str
    ) -> tuple[Reading, str | None]:
        """Read one page, and return with it what the answer holds under `next_at`: where the next begins."""
        client = self.aws.client(operation.client)
        following: list[str | None] = [None]

        def pages() -> Iterator[Mapping[str, Any]]:
            page = getattr(client, operation.method)(**parameters)
            following[0] = page.get(next_at) or None
            yield page

        return self._collect(operation, pages()), following[0]

    def _collect(self, operation: Operation, pages: Iterator[Mapping[str, Any]]) -> Reading:
        answer: dict[str, Any] | None = None
        try:
            for page in pages:
                kept = _with_lists(operation, keep(page, operation.shape, operation.key))
                answer = kept if answer is None else join(answer, kept)
                self._note(operation.key)
        except SnapshotError as error:  # of one function, say: no reason to lose all others
            return Reading(answer, Failure(UNEXPECTED, str(error)))
        except (ClientError, BotoCoreError, ResponseParserError) as error:
            if isinstance(error, ClientError) and is_missing(error) and operation.keys:
                return Reading(None, None)
            if isinstance(error, ClientError) and is_denied(error):
                return Reading(answer, failure_from(error))
            passing = passing_error(operation.key, error)
            if passing is None:
                raise
            raise passing from error
        return Reading(answer, None)

    def _note(self, key: str) -> None:
        self.threads.check()
        if self._progress is not None:
            self._progress(key)

    def _pages(self, operation: Operation, parameters: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        client = self.aws.client(operation.client)
        if not operation.paged:
            yield getattr(client, operation.method)(**parameters)
            return
        size = {"PageSize": operation.page_size} if operation.page_size else {}
        yield from client.get_paginator(operation.method).paginate(**parameters, PaginationConfig=size)


def _says(found: Answers, operation: Operation, key: str) -> bool:
    """True unless the resource did not exist: whoever asks again knows that it does."""
    return bool(found.failures) or key in found.answers.get(operation.key, {})


def _with_lists(operation: Operation, kept: dict[str, Any]) -> dict[str, Any]:
    """AWS's XML leaves an empty list out; a snapshot says that it is empty."""
    return {**{key: [] for key in operation.lists}, **kept}
