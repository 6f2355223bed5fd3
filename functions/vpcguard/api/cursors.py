"""Cursors as callers get them: signed, of one listing, and good for a day.

What a listing takes as its cursor names keys of the table, so nobody may write one but us.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer

from vpcguard.errors import ListingError

LASTS_SECONDS = 86_400
LONGEST_CURSOR = 2_048
LEAST_KEY_BYTES = 32


class Cursors:
    """Signs and reads cursors by one key of at least 32 bytes; raises ValueError for a shorter one."""

    def __init__(self, key: bytes) -> None:
        if len(key) < LEAST_KEY_BYTES:
            raise ValueError(f"a key has at least {LEAST_KEY_BYTES} bytes")
        self._serializer = URLSafeTimedSerializer(
            key,
            salt="vpcguard.api.cursor",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )

    def sign(self, cursor: str | None, *, path: str, query: Mapping[str, Any]) -> str | None:
        """Return what goes on where `cursor` does, in the listing at a path with these filters alone."""
        return None if cursor is None else self._serializer.dumps([_listing(path, query), cursor])

    def read(self, signed: str | None, *, path: str, query: Mapping[str, Any]) -> str | None:
        """Return the listing's own cursor; raises ListingError for one that is forged, foreign or too old."""
        if signed is None:
            return None
        try:
            listing, cursor = self._serializer.loads(signed, max_age=LASTS_SECONDS)
        except (BadData, ValueError, TypeError) as error:
            raise ListingError("cursor: it is none of ours, or older than a day; begin again") from error
        if listing != _listing(path, query):
            raise ListingError("cursor: it belongs to another listing, or to other filters")
        return str(cursor)


def _listing(path: str, query: Mapping[str, Any]) -> str:
    """Return a digest of a listing: its path, the account's id in it included, and its filters."""
    canonical = json.dumps([path, query], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]
