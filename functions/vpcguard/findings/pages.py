"""One page of a listing, over one partition or over all shards of one, with a cursor to go on from."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from pynamodb.exceptions import PynamoDBException
from pynamodb.expressions.condition import Condition
from pynamodb.pagination import ResultIterator

from vpcguard.errors import FindingStoreError

T = TypeVar("T")

LARGEST_PAGE = 1_000
_READ_AHEAD = 50  # items a request looks at, at least: a filter may leave few of them


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of a listing. cursor: where the next part begins, opaque; None after the last one."""

    items: tuple[T, ...]
    cursor: str | None


class Queryable(Protocol[T]):
    """A model's or an index's `query`."""

    def __call__(
        self,
        hash_key: Any,
        range_key_condition: Condition | None = None,
        filter_condition: Condition | None = None,
        *,
        consistent_read: bool = False,
        limit: int | None = None,
        page_size: int | None = None,
        last_evaluated_key: dict[str, dict[str, Any]] | None = None,
        scan_index_forward: bool | None = None,
    ) -> ResultIterator[T]:
        """Query one partition."""


def read_page(
    query: Queryable[T],
    partitions: Sequence[str],
    *,
    page_size: int,
    cursor: str | None,
    range_condition: Condition | None = None,
    filter_condition: Condition | None = None,
    consistent_read: bool = False,
    newest_first: bool = False,
) -> Page[T]:
    """Read up to page_size items, partition after partition, each in the order of its sort key.

    An item that changes while pages are read may come twice; one that does not is never left out.
    Raises FindingStoreError where DynamoDB does not answer, and for what is no cursor of this listing.
    """
    if not 1 <= page_size <= LARGEST_PAGE:
        raise FindingStoreError(f"a page holds 1 to {LARGEST_PAGE} items, not {page_size}")
    position, key = _position(cursor, len(partitions))
    found: list[T] = []
    while position < len(partitions) and len(found) < page_size:
        wanted = page_size - len(found)
        results = query(
            partitions[position],
            range_condition,
            filter_condition,
            consistent_read=consistent_read,
            limit=wanted,
            page_size=max(wanted, _READ_AHEAD),
            last_evaluated_key=key,
            scan_index_forward=not newest_first,
        )
        try:
            found.extend(results)
        except PynamoDBException as error:
            raise FindingStoreError(f"the listing could not be read: {error}") from error
        key = results.last_evaluated_key
        position += key is None
    return Page(tuple(found), _cursor(position, key) if position < len(partitions) else None)


def _cursor(position: int, key: dict[str, Any] | None) -> str:
    return base64.urlsafe_b64encode(json.dumps([position, key]).encode()).decode()


def _position(cursor: str | None, partitions: int) -> tuple[int, dict[str, Any] | None]:
    if cursor is None:
        return 0, None
    try:
        position, key = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError) as error:
        raise FindingStoreError("not a cursor of this listing") from error
    if position not in range(partitions) or not isinstance(key, dict | None):
        raise FindingStoreError("not a cursor of this listing")
    return position, key
