"""Service quotas: the value applied to this account, else AWS's default where none was ever set."""

from __future__ import annotations

import math

from vpcguard.facts.account import Account, Status
from vpcguard.facts.coverage import default_entry, subject_entries
from vpcguard.facts.reading import Json, MistypedError, text

APPLIED = "servicequotas:GetServiceQuota"
DEFAULT = "servicequotas:GetAWSDefaultServiceQuota"
_BASIS = {APPLIED: "applied", DEFAULT: "default"}


def read_quotas(own: Account) -> tuple[list[Json], list[Json]]:
    """Return the quotas by code, and their coverage.

    The default counts only where GetServiceQuota says NoSuchResourceException: every other
    failure hides a value that may be higher or lower.
    """
    quotas, statuses = [], {}
    failed = own.reads.failures.get(APPLIED)
    codes = {*own.subjects(APPLIED), *own.subjects(DEFAULT), *(failed if isinstance(failed, dict) else ())}
    for code in sorted(codes):
        operation = DEFAULT if own.has_nothing(APPLIED, code) else APPLIED
        value = own.entry(operation, code, lambda answer, code=code, of=operation: _quota(answer, code, of))  # type: ignore[misc]
        statuses[code] = _status(own, operation, code, is_read=value is not None)
        if value is not None and statuses[code].is_known:
            quotas.append(value)
    default = own.entry_status(APPLIED, is_asked_for_all=True)
    default = own.entry_status(DEFAULT) if default.is_known else default
    return quotas, [default_entry("quotas", default), *subject_entries("quotas", statuses, default=default)]


def _status(own: Account, operation: str, code: str, *, is_read: bool) -> Status:
    status = own.entry_status(operation, code)
    return own.unread(operation) if status.is_known and not is_read else status


def _quota(answer: Json, code: str, operation: str) -> Json | None:
    value = answer.get("Quota", {}).get("Value") if isinstance(answer.get("Quota"), dict) else None
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise MistypedError("Quota.Value", "a number", value)
    service = text(answer, "Quota", "ServiceCode") or ""
    return {"service": service, "code": code, "value": value, "basis": _BASIS[operation]}
