"""What the use case needs from outside; tests hand in fakes of ten lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from vpcguard.audit.judging import Judge
from vpcguard.audit.recording import Store
from vpcguard.clock import Clock, system_clock
from vpcguard.errors import ReadError
from vpcguard.model import Change, Scope
from vpcguard.policy.configuration import Configuration
from vpcguard.snapshot import Captured, CaptureOptions
from vpcguard.snapshot.refusals import clean_message


class Capture(Protocol):
    """Reads a scope: vpcguard.snapshot.capture_pages with a clock, or a fake of it."""

    def __call__(self, scope: Scope, aws: Any, /, *, options: CaptureOptions) -> Captured:
        """Return what AWS answered; raises ReadError and botocore's own errors."""


class Later(Protocol):
    """Takes changes that are to come back: vpcguard.audit.queue.ChangeQueue, or a fake of it."""

    def send(self, delayed: Sequence[tuple[Change, int]], /) -> None:
        """Send changes, each with its delay in seconds; raises QueueError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """The edges of the use case.

    reader: account id, region -> reader of AWS there; None: there is no way to read that account.
    configuration: the one in force at this moment. later: None: what has not settled is left to the sweep.
    """

    reader: Callable[[str, str], Any]
    capture: Capture
    policy: Judge
    configuration: Callable[[], Configuration]
    store: Store
    later: Later | None = None
    clock: Clock = system_clock

    def reader_of(self, account_id: str, region: str) -> Any:
        """Return the reader of an account; raises ReadError without a role, or where it refuses us."""
        try:
            aws = self.reader(account_id, region)
        except (ClientError, BotoCoreError) as error:
            raise ReadError(f"account {account_id} cannot be read: {clean_message(str(error))}") from error
        if aws is None:
            raise ReadError(f"account {account_id} cannot be read: there is no role to read it with")
        return aws
