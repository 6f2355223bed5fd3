"""What recipients are still to be told, by cause and window: gathered here, so that a storm is one message.

A window opens with the first change of a cause that concerns a recipient, gathers what follows, and is sealed
when it is due; whoever sealed it tells it, and it stays until it is told. A change enters it in the
transaction that takes it out of the outbox: it is in one window, once, whatever dies or is delivered again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from pynamodb.exceptions import DeleteError, PynamoDBException, TransactWriteError, UpdateError
from pynamodb.transactions import TransactWrite

from vpcguard.clock import Clock, rfc3339, system_clock
from vpcguard.errors import FindingStoreError
from vpcguard.findings.items import ATTEMPTS, FindingTable
from vpcguard.findings.outbox import Unpublished
from vpcguard.findings.records import NOTICE, NoticeChangeItem, NoticeItem
from vpcguard.findings.table import OutboxItem, bound_model

# on the table; finding what is due needs dynamodb:Query on the index by_outbox too
ACTIONS = (
    *("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
    "dynamodb:Query",
)

_OPEN = "OPEN"  # the sort key of the window that gathers
_SEALED = "WINDOW#"  # begins those of windows that are to be told; when they began follows
_CHANGE = "CHANGE#"  # begins those of what is in them; the window and the id of the change follow
_DUE = "notices"  # of outbox_shard: what is to be told, by the time at which it is due
_CHANGES_AT_ONCE = 45  # two items each, and one for the window: a transaction takes a hundred
_LEASE = timedelta(minutes=5)  # whoever tells a window has so long, before another one tries
_KEPT = timedelta(days=30)  # what was told, longer than anything is tried
_FAILED_CHECK = "ConditionalCheckFailed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What a recipient is to be told: changes of one thing, from its first on. failures: attempts so far."""

    pk: str
    sk: str
    recipient: str
    about: str
    window: str
    failures: int = 0


class Notices(FindingTable):
    """The windows of all recipients; made like FindingTable, every method raises as there."""

    def __init__(self, client: Any, table_name: str, *, clock: Clock = system_clock, **edges: Any) -> None:
        super().__init__(client, table_name, clock=clock, **edges)
        self._notice = bound_model(NoticeItem, table_name, client)
        self._change = bound_model(NoticeChangeItem, table_name, client)

    def gather(
        self,
        recipient: str,
        about: str,
        changes: Sequence[Unpublished],
        *,
        quiet: timedelta,
        longest: timedelta,
    ) -> None:
        """Move changes from the outbox into the window that is open, or into a new one.

        It is due when nothing more came for so long, and `longest` after it opened at the latest. A change
        that is not in the outbox any more was moved by another process, and stays where that put it.
        """
        for start in range(0, len(changes), _CHANGES_AT_ONCE):
            left = list(changes[start : start + _CHANGES_AT_ONCE])
            refused: Exception | None = None
            for attempt in range(ATTEMPTS):
                if attempt:
                    self._wait(attempt)
                try:
                    self._move(recipient, about, left, quiet, longest)
                except TransactWriteError as error:
                    refused = error
                    # PynamoDB sends deletes first, and reasons come in that order
                    reasons = error.cancellation_reasons[: len(left)]
                    gone = [reason is not None and reason.code == _FAILED_CHECK for reason in reasons]
                    if any(gone):
                        left = [one for one, is_gone in zip(left, gone, strict=True) if not is_gone]
                except PynamoDBException as error:
                    raise FindingStoreError(f"a notice could not be gathered: {error}") from error
                else:
                    break
                if not left:
                    break
            else:
                raise FindingStoreError(f"a notice could not be gathered: {refused}") from refused

    def due(self) -> Iterator[Window]:
        """Take what is due now, one after the other, the longest first; nobody else gets it for some minutes.

        What is not asked for is not taken.
        """
        until = rfc3339(self._clock())
        try:
            for one in list(self.table.outbox.by_outbox.query(_DUE, OutboxItem.changed_at <= until)):
                if (taken := self._take(one.pk, one.sk, self._clock())) is not None:
                    yield taken
        except PynamoDBException as error:
            raise FindingStoreError(f"what is to be told could not be read: {error}") from error

    def changes(self, window: Window) -> Iterator[dict[str, Any]]:
        """Yield what happened in a window, by change id; the names of HistoryEntry."""
        begin = self._change.sk.startswith(f"{_CHANGE}{window.window}#")
        try:
            for item in self._change.query(window.pk, begin, consistent_read=True):
                yield item.told
        except PynamoDBException as error:
            raise FindingStoreError(f"what is to be told could not be read: {error}") from error

    def done(self, window: Window) -> None:
        """Close a window that was told, or is given up."""
        try:
            self._notice(window.pk, window.sk).delete()
        except PynamoDBException as error:
            raise FindingStoreError(f"a notice could not be closed: {error}") from error

    def postpone(self, window: Window, wait: timedelta) -> None:
        """Have a window told again later, since it could not be told now."""
        item = self._notice(window.pk, window.sk)
        later = rfc3339(self._clock() + wait)
        try:
            item.update(
                [NoticeItem.changed_at.set(later), NoticeItem.failures.set(window.failures + 1)],
                condition=NoticeItem.pk.exists(),
            )
        except PynamoDBException as error:
            raise FindingStoreError(f"a notice could not be postponed: {error}") from error

    def _move(
        self,
        recipient: str,
        about: str,
        changes: Sequence[Unpublished],
        quiet: timedelta,
        longest: timedelta,
    ) -> None:
        now = self._clock()
        key = NOTICE + hashlib.sha256(f"{recipient}\n{about}".encode()).hexdigest()[:32]
        gathering = self._get(key, _OPEN)
        window = rfc3339(now) if gathering is None else gathering.window
        ttl = int((now + _KEPT).timestamp())
        with TransactWrite(connection=self.table.connection) as transaction:
            for one in changes:
                item = self.table.outbox(one.key.pk, one.key.sk)
                transaction.delete(item, condition=OutboxItem.pk.exists())
                told = asdict(one.entry) if one.entry else {}
                sort = f"{_CHANGE}{window}#{one.key.change_id}"
                transaction.save(self._change(key, sort, told=told, ttl=ttl))
            if gathering is None:
                opened = self._notice(
                    key,
                    _OPEN,
                    recipient=recipient,
                    about=about,
                    window=window,
                    outbox_shard=_DUE,
                    changed_at=rfc3339(now + min(quiet, longest)),
                    latest_at=rfc3339(now + longest),
                )
                transaction.save(opened, condition=NoticeItem.pk.does_not_exist())
            else:
                due_at = min(rfc3339(now + quiet), gathering.latest_at)
                transaction.update(
                    self._notice(key, _OPEN),
                    [NoticeItem.revision.add(1), NoticeItem.changed_at.set(due_at)],
                    condition=NoticeItem.revision == gathering.revision,
                )

    def _take(self, pk: str, sk: str, now: datetime) -> Window | None:
        """Return a window for whoever tells it now; None: others were faster, or it is not due after all."""
        item = self._get(pk, sk)
        if item is None or item.changed_at > rfc3339(now):
            return None
        lease = rfc3339(now + _LEASE)
        window = Window(
            pk=pk,
            sk=_SEALED + item.window,
            recipient=item.recipient,
            about=item.about,
            window=item.window,
            failures=int(item.failures),
        )
        try:
            if sk == _OPEN:
                values = {name: getattr(item, name) for name in ("recipient", "about", "window", "latest_at")}
                sealed = self._notice(pk, window.sk, outbox_shard=_DUE, changed_at=lease, **values)
                with TransactWrite(connection=self.table.connection) as transaction:
                    transaction.delete(self._notice(pk, sk), condition=NoticeItem.revision == item.revision)
                    transaction.save(sealed)
            else:
                item.update(
                    [NoticeItem.changed_at.set(lease)], condition=NoticeItem.changed_at == item.changed_at
                )
        except (DeleteError, TransactWriteError, UpdateError) as error:
            if _is_lost(error):
                return None
            raise
        return window

    def _get(self, pk: str, sk: str) -> NoticeItem | None:
        try:
            return self._notice.get(pk, sk, consistent_read=True)
        except self._notice.DoesNotExist:
            return None


def _is_lost(error: PynamoDBException) -> bool:
    """True if somebody else was faster, or is at it: the next minute shows."""
    return error.cause_response_code in (
        *("ConditionalCheckFailedException", "TransactionCanceledException"),
        *("TransactionConflictException", "TransactionInProgressException"),
    )
