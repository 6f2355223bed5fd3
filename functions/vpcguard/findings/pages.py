"""Pages of a listing: a bounded part of what one or several queries find, and the cursor behind it.

A cursor comes back from whoever was given it, so it is untrusted, and what is none is the caller's fault.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from pynamodb.exceptions import PynamoDBException
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model
from pynamodb.pagination import ResultIterator

from vpcguard.errors import FindingStoreError, ListingError

T = TypeVar("T")
M = TypeVar("M", bound=Model)

PAGE_SIZE = 100
LARGEST_PAGE = 1_000
MOST_READ = 1_000  # items that one page looks at: a filter may leave none of them
_BEHIND = "\U0010ffff"  # behind every text that goes on where another ends
_READ_AHEAD = 50  # items that the first request looks at, at least
_REFUSED_KEYS = frozenset({"ValidationException", "SerializationException"})


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of a listing. cursor: where the next part begins, opaque; None after the last one.

    A part may hold fewer items than it has room for, even none, and go on: only the cursor tells.
    """

    items: tuple[T, ...]
    cursor: str | None


class Queryable(Protocol[M]):
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
        attributes_to_get: list[str] | None = None,
    ) -> ResultIterator[M]:
        """Query one partition."""


def read_page(
    model: type[M],
    query: Queryable[M],
    partitions: Sequence[str],
    *,
    page_size: int,
    cursor: str | None,
    range_condition: Condition | None = None,
    filter_condition: Condition | None = None,
    consistent_read: bool = False,
    newest_first: bool = False,
) -> Page[M]:
    """Read up to page_size items, partition after partition, each in the order of its sort key.

    It ends after MOST_READ items, whatever the filter has left of them. What is written while pages are read
    comes once where its keys stay the same, as those of findings and of history do. Raises
    FindingStoreError where DynamoDB does not answer, ListingError for what is no cursor of this listing.
    """
    page = read_raw_page(
        query,
        partitions,
        page_size=page_size,
        cursor=cursor,
        range_condition=range_condition,
        filter_condition=filter_condition,
        consistent_read=consistent_read,
        newest_first=newest_first,
    )
    return Page(tuple(map(model.from_raw_data, page.items)), page.cursor)


def read_raw_page(
    query: Queryable[Any],
    partitions: Sequence[str],
    *,
    page_size: int,
    cursor: str | None,
    range_condition: Condition | None = None,
    filter_condition: Condition | None = None,
    consistent_read: bool = False,
    newest_first: bool = False,
    attributes: list[str] | None = None,
) -> Page[dict[str, Any]]:
    """Read a page as read_page does, of items as DynamoDB writes them; attributes: these alone."""
    if not 1 <= page_size <= LARGEST_PAGE:
        raise ListingError(f"a page holds 1 to {LARGEST_PAGE} items, not {page_size}")
    position, key = _position(cursor, len(partitions))
    found: list[dict[str, Any]] = []
    read, ahead = 0, max(page_size, _READ_AHEAD)
    while position < len(partitions) and len(found) < page_size and read < MOST_READ:
        wanted = page_size - len(found)
        pages = query(
            partitions[position],
            range_condition,
            filter_condition,
            consistent_read=consistent_read,
            page_size=min(ahead, MOST_READ - read),
            last_evaluated_key=key,
            scan_index_forward=not newest_first,
            attributes_to_get=attributes,
        ).page_iter
        try:
            items = next(pages)["Items"]
        except PynamoDBException as error:
            if cursor is not None and code_of(error) in _REFUSED_KEYS:
                raise ListingError("not a cursor of this listing") from error
            raise FindingStoreError(f"the listing could not be read: {error}") from error
        read += pages.total_scanned_count
        ahead *= 2  # a filter that leaves few is asked in a few requests, not in twenty
        found.extend(items[:wanted])
        key = pages.last_evaluated_key
        if len(items) > wanted:  # go on behind the last one that is shown
            key = {name: items[wanted - 1][name] for name in pages.key_names}
        position += key is None
    return Page(tuple(found), _cursor(position, key) if position < len(partitions) else None)


def read_groups(
    model: type[M],
    query: Queryable[M],
    partitions: Sequence[str],
    *,
    keys: tuple[str, str],
    group: Callable[[M], str],
    page_size: int,
    cursor: str | None,
    range_condition: Condition | None = None,
) -> Page[tuple[M, ...]]:
    """Read up to page_size groups, each whole: items of an index whose sort keys begin with the same text.

    keys: of the index, partition and sort. group: how the sort key of an item begins. It ends after MOST_READ
    items, or with the first group if that has more. What is added to a group that was shown does not bring it
    again. As read_page otherwise.
    """
    groups: dict[str, list[M]] = {}
    read = 0
    while True:
        page = read_page(
            model,
            query,
            partitions,
            page_size=min(LARGEST_PAGE, 4 * page_size),
            cursor=cursor,
            range_condition=range_condition,
        )
        for item in page.items:
            groups.setdefault(group(item), []).append(item)
        cursor = page.cursor
        read += len(page.items)
        whole = len(groups) - (cursor is not None)  # only the next one shows that the last of them is whole
        if cursor is None or whole >= page_size or (whole and read >= MOST_READ):
            break
    shown = list(groups.items())[: min(page_size, whole)]
    if len(shown) < len(groups):
        begin, items = shown[-1]
        partition = getattr(items[0], keys[0])
        key = {name: {"S": getattr(items[-1], name)} for name in ("pk", "sk")}
        key |= {keys[0]: {"S": partition}, keys[1]: {"S": begin + _BEHIND}}
        cursor = _cursor(partitions.index(partition), key)
    return Page(tuple(tuple(items) for _, items in shown), cursor)


def code_of(error: PynamoDBException) -> str | None:
    """Return the code that DynamoDB answered with; None where there was no answer, e.g. not in time.

    PynamoDB's own `cause_response_code` raises an AttributeError then.
    """
    answer = getattr(error.cause, "response", None) or {}
    code: str | None = answer.get("Error", {}).get("Code")
    return code


def _cursor(position: int, key: dict[str, Any] | None) -> str:
    return base64.urlsafe_b64encode(json.dumps([position, key]).encode()).decode()


def _position(cursor: str | None, partitions: int) -> tuple[int, dict[str, Any] | None]:
    """Return the partition and the key that a cursor names; raises ListingError for anything else."""
    if cursor is None:
        return 0, None
    try:
        position, key = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise ListingError("not a cursor of this listing") from error
    if type(position) is not int or position not in range(partitions) or not _is_key(key):
        raise ListingError("not a cursor of this listing")
    return position, key


def _is_key(key: object) -> bool:
    """True for where a query may begin: at its beginning, or behind texts by name as DynamoDB writes them."""
    return key is None or (
        isinstance(key, dict)
        and key != {}
        and all(isinstance(one, dict) and one.keys() == {"S"} for one in key.values())
        and all(isinstance(one["S"], str) for one in key.values())
    )
