"""One account's answers: what was read, and how complete each read is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from vpcguard.errors import SnapshotError
from vpcguard.facts.reading import Json, MistypedError, as_object, each
from vpcguard.model import Answers, Failure

T = TypeVar("T")

# NoSuchEntity, NoSuchResourceException, ResourceNotFoundException, InvalidVpcID.NotFound ...
_NOT_FOUND = re.compile(r"^NoSuch|NotFound(Exception)?$")


@dataclass(frozen=True, slots=True)
class Status:
    """How complete one kind of fact is for one subject; `facts.coverage` writes it down.

    waits_for: the operations that would settle it, or what nobody we may ask sees; empty when known.
    """

    status: Literal["known", "unknown", "not_requested"]
    waits_for: tuple[str, ...] = ()
    reason: str | None = None
    is_failed_read: bool = False

    @property
    def is_known(self) -> bool:
        """True if what the facts lack does not exist."""
        return self.status == "known"

    @property
    def is_not_requested(self) -> bool:
        """True if it was left out on purpose."""
        return self.status == "not_requested"


KNOWN = Status("known")


def unknown(*waits_for: str, reason: str, is_failed_read: bool = True) -> Status:
    """Return the status of what may exist: what would settle it, and why it is not settled."""
    return Status("unknown", waits_for, reason, is_failed_read)


def worst(*statuses: Status) -> Status:
    """Return what several reads that are all needed amount to: any unknown, then any not requested."""
    of_kind = [status for status in statuses if status.status == "unknown"]
    of_kind = of_kind or [status for status in statuses if status.is_not_requested]
    if not of_kind:
        return KNOWN
    return Status(
        of_kind[0].status,
        tuple(dict.fromkeys(name for status in of_kind for name in status.waits_for)),
        "; ".join(dict.fromkeys(status.reason for status in of_kind if status.reason)),
        any(status.is_failed_read for status in of_kind),
    )


@dataclass(frozen=True, slots=True)
class Account:
    """What one account answered, the snapshot's own or the owner of a shared VPC.

    place: where its answers stand in the snapshot, for error messages.
    is_read: False for an owner that the snapshot does not hold at all.
    """

    id: str
    reads: Answers = field(default_factory=Answers)
    not_requested: frozenset[str] = frozenset()
    place: str = "answers"
    is_own: bool = True
    is_read: bool = True

    def documents(self, operation: str, key: str, convert: Callable[[Json], T]) -> list[T]:
        """Return the converted entries of an answer's list, in its order.

        Raises SnapshotError that names the place of a value of the wrong type.
        """
        nothing: list[T] = []
        return self.reading(operation, lambda answer: each(answer, key, convert=convert), nothing)

    def reading(self, operation: str, convert: Callable[[Json], T], default: T) -> T:
        """Return the converted answer of an operation, `default` where it did not answer."""
        answer = self.reads.answers.get(operation)
        if answer is None:
            return default
        try:
            return convert(as_object(answer))
        except MistypedError as error:
            raise self._mistyped(operation, error) from None

    def entry(self, operation: str, subject: str, convert: Callable[[Json], T]) -> T | None:
        """Return the converted answer about one resource, None where there is none."""
        answer = self._entries(operation).get(subject)
        if answer is None:
            return None
        try:
            return convert(as_object(answer))
        except MistypedError as error:
            raise self._mistyped(operation, error.below(f"[{subject!r}]")) from None

    def subjects(self, operation: str) -> list[str]:
        """Return the resources about which an operation that is called once per resource answered."""
        return sorted(self._entries(operation))

    def named(self, operation: str) -> set[str]:
        """Return the resources that answers or failures of an operation name: all others are alike."""
        failure = self.reads.failures.get(operation)
        return {*self._entries(operation), *(failure if isinstance(failure, Mapping) else ())}

    def has_tried(self, operation: str) -> bool:
        """Return True if an operation was called, with whatever result."""
        return operation in self.reads.answers or operation in self.reads.failures

    def status(self, operation: str) -> Status:
        """Return how complete the answer of an operation that lists everything is."""
        failure = self.reads.failures.get(operation)
        if operation in self.reads.answers:
            return (
                KNOWN if failure is None else self._unknown(operation, f"answered in part: {_codes(failure)}")
            )
        if failure is not None:
            return self._unknown(operation, f"refused: {_codes(failure)}")
        return self.unread(operation)

    def entry_status(
        self, operation: str, subject: str | None = None, *, is_asked_for_all: bool = False
    ) -> Status:
        """Return how complete the answer about one resource is; not found is an answer too.

        Without a subject: about every resource that neither answers nor failures name.
        is_asked_for_all: where it was called, it was called for every resource that matters, so a
        complete answer without an entry means that there is nothing.
        """
        failure = self.reads.failures.get(operation)
        refusal = failure.get(subject or "") if isinstance(failure, Mapping) else None
        if refusal is None:
            if subject is not None and self._entries(operation).get(subject) is not None:
                return KNOWN
            refusal = failure if isinstance(failure, Failure) else None
        if refusal is None:
            is_complete = is_asked_for_all and failure is None and operation in self.reads.answers
            return KNOWN if is_complete else self.unread(operation)
        if is_not_found(refusal):
            return KNOWN
        return self._unknown(operation, f"refused: {_codes(refusal)}")

    def has_not_found(self, operation: str, subject: str) -> bool:
        """Return True if AWS answered that this one resource does not exist."""
        failure = self.reads.failures.get(operation)
        one = failure.get(subject) if isinstance(failure, Mapping) else failure
        return one is not None and is_not_found(one)

    def has_nothing(self, operation: str, subject: str) -> bool:
        """Return True if an operation was called for one resource and found nothing."""
        is_complete = operation in self.reads.answers and operation not in self.reads.failures
        return self.has_not_found(operation, subject) or (
            is_complete and self._entries(operation).get(subject) is None
        )

    def unread(self, operation: str) -> Status:
        """Return the status of a fact that an operation would tell and did not."""
        if operation in self.not_requested:
            return Status("not_requested", (operation,), f"{operation} was left out on purpose")
        return self._unknown(operation, "was not read")

    def _entries(self, operation: str) -> Json:
        entries = self.reads.answers.get(operation)
        try:
            return {} if entries is None else as_object(entries)
        except MistypedError as error:
            raise self._mistyped(operation, error) from None

    def _unknown(self, operation: str, what: str) -> Status:
        if self.is_own:
            return unknown(operation, reason=f"{operation} {what}")
        if not self.is_read:
            reason = f"account {self.id}, which owns the VPC, was not read"
            return unknown(self.id, reason=reason, is_failed_read=False)
        return unknown(operation, reason=f"{operation} in account {self.id} {what}")

    def _mistyped(self, operation: str, error: MistypedError) -> SnapshotError:
        place = error.below(f"{self.place}.{operation}").path
        return SnapshotError(f"{place}: expected {error.expected}, found {error.found}")


def is_not_found(failure: Failure | Mapping[str, Any]) -> bool:
    """Return True if a failure says that the resource does not exist."""
    return isinstance(failure, Failure) and _NOT_FOUND.search(failure.code) is not None


def _codes(failure: Failure | Mapping[str, Any]) -> str:
    if isinstance(failure, Failure):
        return failure.code
    codes = {one.code if isinstance(one, Failure) else "several" for one in failure.values()}
    return ", ".join(sorted(codes))
