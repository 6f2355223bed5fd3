"""What is not published yet: found by shard and time, read with its history, removed once it is published."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from pynamodb.exceptions import PynamoDBException

from vpcguard.errors import FindingStoreError
from vpcguard.findings.items import ATTEMPTS, FindingTable
from vpcguard.findings.queries import HistoryEntry
from vpcguard.findings.table import OUTBOX, SHARDS, OutboxItem

# on the table; finding what waits needs dynamodb:Query on the index by_outbox too
ACTIONS = ("dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:Query")

READ_AT_ONCE = 50  # changes: two items each, and one request reads a hundred
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
_WRITTEN_AT_ONCE = 25


@dataclass(frozen=True, slots=True, order=True)
class OutboxKey:
    """Where an item of the outbox stands, and the history that it names, both under one partition key."""

    pk: str
    sk: str
    history_sk: str

    @property
    def change_id(self) -> str:
        """The id of the change, the same however often it is published."""
        return self.sk.removeprefix(OUTBOX)


@dataclass(frozen=True, slots=True)
class Unpublished:
    """A change that is still to be published. entry: what its history says; None: it cannot be read."""

    key: OutboxKey
    entry: HistoryEntry | None
    fault: str = ""  # why there is no entry


class Outbox(FindingTable):
    """The changes that are not published yet; made like FindingTable, every method raises as there."""

    def waiting(self, *, before: str) -> Iterator[list[OutboxKey]]:
        """Yield what waits since before a moment (RFC 3339), by shard oldest first, 50 changes at most each.

        The shards come in another order each time, so that none is always the one there is no time for.
        """
        for shard in random.sample(SHARDS, len(SHARDS)):
            found: list[OutboxKey] = []
            try:
                for item in self.table.outbox.by_outbox.query(
                    shard, OutboxItem.changed_at < before, page_size=READ_AT_ONCE
                ):
                    found.append(OutboxKey(item.pk, item.sk, item.history_sk))
                    if len(found) == READ_AT_ONCE:
                        yield found
                        found = []
            except PynamoDBException as error:
                raise FindingStoreError(f"the outbox could not be read: {error}") from error
            if found:
                yield found

    def oldest(self) -> str | None:
        """Return when the oldest change that is not published yet was seen; None: all are published."""
        moments: list[str] = []
        for shard in SHARDS:
            try:
                first = next(iter(self.table.outbox.by_outbox.query(shard, limit=1)), None)
            except PynamoDBException as error:
                raise FindingStoreError(f"the outbox could not be read: {error}") from error
            if first is not None:
                moments.append(first.changed_at)
        return min(moments, default=None)

    def read(self, keys: Collection[OutboxKey]) -> list[Unpublished]:
        """Return those of at most 50 changes that are not published yet, by key, strongly consistent.

        Another process may have published some since they were found, by an index or a stream.
        """
        asked = {(one.pk, sort) for one in keys for sort in (one.sk, one.history_sk)}
        items = {(one["pk"]["S"], one["sk"]["S"]): one for one in self._read(asked, consistent_read=True)}
        return [
            self._unpublished(one, items.get((one.pk, one.history_sk)))
            for one in sorted(set(keys))
            if (one.pk, one.sk) in items
        ]

    def remove(self, keys: Collection[OutboxKey]) -> None:
        """Remove changes that are published, or set aside; one that is gone already stays gone.

        No other change ever gets the key of one that was removed, so this needs no condition. DynamoDB may
        leave items unprocessed: those are tried again, ten times at most.
        """
        ordered = [{"pk": one.pk, "sk": one.sk} for one in sorted(set(keys))]
        for start in range(0, len(ordered), _WRITTEN_AT_ONCE):
            left = ordered[start : start + _WRITTEN_AT_ONCE]
            for attempt in range(ATTEMPTS):
                if attempt:
                    self._wait(attempt)
                try:
                    answer = self.table.connection.batch_write_item(self.table.name, delete_items=left)
                except PynamoDBException as error:
                    raise FindingStoreError(f"published changes could not be removed: {error}") from error
                unprocessed = answer.get("UnprocessedItems", {}).get(self.table.name, ())
                left = [_plain(one["DeleteRequest"]["Key"]) for one in unprocessed]
                if not left:
                    break
            else:
                raise FindingStoreError(
                    f"{len(left)} published changes could not be removed: DynamoDB left them {ATTEMPTS} times"
                )

    def _unpublished(self, key: OutboxKey, history: dict[str, Any] | None) -> Unpublished:
        if history is None:
            return Unpublished(key, None, "its history is missing")
        try:
            item = self.table.history.from_raw_data(history)
            values = {one.name: getattr(item, one.name) for one in fields(HistoryEntry)}
        except (TypeError, ValueError, KeyError) as error:  # somebody wrote it by hand
            return Unpublished(key, None, f"its history cannot be read: {error}")
        return Unpublished(key, HistoryEntry(**values))


def keys_of(event: Mapping[str, Any]) -> list[OutboxKey]:
    """Return which changes the records of a DynamoDB stream say were put into the outbox.

    Any other record is left out: the stream only tells sooner what the schedule finds anyway.
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html
    """
    images = [record.get("dynamodb", {}).get("NewImage", {}) for record in event["Records"]]
    return [
        OutboxKey(*(image[name]["S"] for name in ("pk", "sk", "history_sk")))
        for image in images
        if image.get("item_type", {}).get("S") == "outbox"
    ]


def _plain(key: Mapping[str, Any]) -> dict[str, str]:
    return {name: value["S"] for name, value in key.items()}
