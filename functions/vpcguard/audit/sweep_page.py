"""What a sweep is asked for: an account and region, and the place in it where an earlier run stopped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from vpcguard.errors import EventError

Phase = Literal["list", "close"]
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+){1,3}-[0-9]{1,2}")
_MARKER = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z) (list|close)(?: ([\x21-\x7e]+))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPage:
    """One place of a sweep.

    started_at: RFC 3339. position: in phase "list" Lambda's own marker, in phase "close" the last name done.
    """

    started_at: str
    phase: Phase = "list"
    position: str | None = None

    def as_marker(self) -> str:
        """Return the text that brings a sweep back here."""
        return " ".join(part for part in (self.started_at, self.phase, self.position) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRequest:
    """One account and region; page None: from the beginning."""

    account_id: str
    region: str
    page: SweepPage | None = None


def parse_sweep(event: object) -> SweepRequest:
    """Return the request that {"account_id", "region", "marker"?} makes; raises EventError for all else."""
    if not isinstance(event, Mapping):
        raise EventError("expected an object with account_id and region")
    marker = event.get("marker")
    return SweepRequest(
        account_id=_text(event, "account_id", _ACCOUNT_ID)[0],
        region=_text(event, "region", _REGION)[0],
        page=None if marker is None else parse_marker(marker),
    )


def parse_marker(marker: object) -> SweepPage:
    """Return the place that a marker names; raises EventError for any other text."""
    match = _text({"marker": marker}, "marker", _MARKER)
    return SweepPage(started_at=match[1], phase=cast("Phase", match[2]), position=match[3])


def _text(event: Mapping[str, object], key: str, pattern: re.Pattern[str]) -> re.Match[str]:
    value = event.get(key)
    match = pattern.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise EventError(f"{key}: missing, or not written as expected")
    return match
