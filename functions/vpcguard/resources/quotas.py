"""The quota of Lambda's network interfaces per VPC, read live because AWS documents two numbers for it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

from vpcguard.aws.answers import Account, Estate, Json, text, value
from vpcguard.aws.operations import FLAG, NUMBER, Call, Operation, Shape, texts
from vpcguard.coverage import Coverage, entries, of_entry, of_unread
from vpcguard.errors import SnapshotError
from vpcguard.resources.family import Facts, Family, VpcIds

_QUOTA: dict[str, Shape] = {
    "Quota": texts("ServiceCode QuotaCode QuotaName")
    | {"Value": NUMBER, "Adjustable": FLAG, "GlobalQuota": FLAG}
}
GET_QUOTA = Operation(service="servicequotas", name="GetServiceQuota", shape=_QUOTA, keys=1)
GET_DEFAULT_QUOTA = Operation(service="servicequotas", name="GetAWSDefaultServiceQuota", shape=_QUOTA, keys=1)

INTERFACES_PER_VPC = "L-9FEE3D26"
_BASIS = {GET_QUOTA: "applied", GET_DEFAULT_QUOTA: "default"}


def own_calls(_: VpcIds) -> Iterator[Call]:
    """Yield the read of the account's own quota; AWS's default only where Service Quotas has none."""
    asked = {"ServiceCode": "lambda", "QuotaCode": INTERFACES_PER_VPC}
    default = Call(GET_DEFAULT_QUOTA, (INTERFACES_PER_VPC,), asked)
    yield Call(GET_QUOTA, (INTERFACES_PER_VPC,), asked, otherwise=default)


def add_facts(estate: Estate, facts: Facts) -> list[Json]:
    """Add the quotas by code.

    The default counts only where GetServiceQuota says NoSuchResourceException: every other
    failure hides a value that may be higher or lower.
    """
    own = estate.own
    quotas, coverage = {}, {}
    for code in sorted({*own.named(GET_QUOTA), *own.answer(GET_DEFAULT_QUOTA)}):
        operation = GET_DEFAULT_QUOTA if own.has_nothing(GET_QUOTA, code) else GET_QUOTA
        quota = own.entry(operation, code, partial(_quota, code=code, operation=operation))
        coverage[code] = _coverage(own, operation, code, is_read=quota is not None)
        if quota is not None and coverage[code].is_known:
            quotas[code] = quota
    facts["quotas"] = quotas
    default = of_entry(own, GET_QUOTA, is_asked_for_all=True)
    default = of_entry(own, GET_DEFAULT_QUOTA) if default.is_known else default
    return entries("quotas", coverage, default=default)


FAMILY = Family(operations=(GET_QUOTA, GET_DEFAULT_QUOTA), own_calls=own_calls, add_facts=add_facts)


def _coverage(own: Account, operation: Operation, code: str, *, is_read: bool) -> Coverage:
    coverage = of_entry(own, operation, code)
    return of_unread(own, operation) if coverage.is_known and not is_read else coverage


def _quota(answer: Json, *, code: str, operation: Operation) -> Json | None:
    number = value(answer, "Quota", "Value")
    if number is None:
        return None
    if not math.isfinite(number):  # JSON's 1e999
        raise SnapshotError("Quota.Value: expected a number, found a number")
    service = text(answer, "Quota", "ServiceCode") or ""
    return {"service": service, "code": code, "value": number, "basis": _BASIS[operation]}
