"""What the look record keeps about a function and its findings: enough to tell what a new look changes.

It is one item, so one read of it is never a mixture of two writes (a query is no snapshot:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-isolation).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from vpcguard.errors import FindingStoreError
from vpcguard.model import Finding, Severity, Stage, Status

_NOT_CONTENT = frozenset(
    {
        *("first_seen", "last_seen", "changed_at", "resolved_at", "times_reopened"),  # history, kept here
        *("policy_revision", "config_digest", "snapshot_digest"),  # differ at every look
        *("actor", "managed_by"),  # who caused it, not what it is: a sweep knows neither
        *("exemption_id", "remediation_id", "status_reason"),  # not of the look
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingState:
    """One finding as the look record remembers it.

    fingerprint: digest of what the stored finding says. times_opened: how often it became open.
    unconfirmed_since and unconfirmed: an open finding that later looks could not judge, since when,
    and the fingerprint of why. expires_at: seconds since 1970, on resolved ones.
    """

    status: Status
    severity: Severity
    stage: Stage
    fingerprint: str
    first_seen: str
    last_seen: str
    times_opened: int
    unconfirmed_since: str | None = None
    unconfirmed: str | None = None
    expires_at: int | None = None

    @property
    def times_reopened(self) -> int:
        """How often it became open again after it had ended."""
        return max(0, self.times_opened - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionState:
    """The look record of one function; revision 0: there is none yet.

    judged_at and snapshot_digest of the latest look order all looks: an older one changes nothing.
    """

    account_id: str
    region: str
    function_name: str
    judged_at: str = ""
    snapshot_digest: str = ""
    policy_revision: str | None = None
    config_digest: str | None = None
    trigger: str = ""
    revision: int = 0
    findings: Mapping[str, FindingState] = field(default_factory=dict)
    deleted_at: str | None = None


_STATE_FIELDS = frozenset(one.name for one in fields(FindingState))


def fingerprint(finding: Finding) -> str:
    """Return a digest of what the finding says, whatever look said it."""
    content = {name: value for name, value in finding.as_document().items() if name not in _NOT_CONTENT}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]


def states_document(states: Mapping[str, FindingState]) -> dict[str, dict[str, Any]]:
    """Return finding states as the look record's JSON, without what is not set."""
    return {
        rule_id: {name: value for name, value in asdict(state).items() if value is not None}
        for rule_id, state in sorted(states.items())
    }


def parse_states(document: Mapping[str, Mapping[str, Any]]) -> dict[str, FindingState]:
    """Return finding states from the look record's JSON; what a newer release added is left out."""
    return {
        rule_id: FindingState(**{name: value for name, value in state.items() if name in _STATE_FIELDS})
        for rule_id, state in document.items()
    }


def seconds(moment: str) -> int:
    """Return an RFC 3339 time of fixed width in seconds since 1970; FindingStoreError for any other text.

    Times are compared as texts, which holds for the fixed width only.
    """
    try:
        parsed = datetime.strptime(moment, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise FindingStoreError(f"not an RFC 3339 time with microseconds in UTC: {moment!r}") from error
    if len(moment) != len("2026-11-20T12:00:00.123456Z"):
        raise FindingStoreError(f"not an RFC 3339 time with microseconds in UTC: {moment!r}")
    return int(parsed.timestamp())
