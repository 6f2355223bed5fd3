"""How complete each kind of fact is, as the entries of the input document (docs/architecture.md)."""

from __future__ import annotations

from collections.abc import Mapping

from vpcguard.facts.account import Status
from vpcguard.facts.reading import Json, known


def default_entry(kind: str, status: Status) -> Json:
    """Return the entry for every subject of a kind that has none of its own."""
    return _entry(kind, None, status)


def subject_entries(
    kind: str, by_subject: Mapping[str, Status], *, default: Status | None = None
) -> list[Json]:
    """Return one entry per subject in their order, without those that say the same as the default."""
    return [
        _entry(kind, subject, status) for subject, status in sorted(by_subject.items()) if status != default
    ]


def _entry(kind: str, subject: str | None, status: Status) -> Json:
    is_unknown = status.status == "unknown"
    return known(
        {
            "kind": kind,
            "subject": subject,
            "status": status.status,
            "waits_for": list(status.waits_for),
            "reason": status.reason,
            "is_failed_read": status.is_failed_read if is_unknown else None,
        }
    )
