"""Functions: which exist, and how each is configured ($LATEST only)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vpcguard.errors import SnapshotError
from vpcguard.facts.account import Account
from vpcguard.facts.reading import (
    Json,
    boolean,
    integer,
    known,
    mapping,
    required_text,
    text,
    texts,
)

LIST = "lambda:ListFunctions"
GET = "lambda:GetFunctionConfiguration"
LATEST = "$LATEST"
_ARN_PARTS = 7  # arn:partition:lambda:region:account:function:name, then perhaps a qualifier
_SERVICE = 2  # the ARN's part that names the service
_STATES = {
    "state": "State",
    "state_reason": "StateReason",
    "state_reason_code": "StateReasonCode",
    "last_update_status": "LastUpdateStatus",
    "last_update_status_reason": "LastUpdateStatusReason",
    "last_update_status_reason_code": "LastUpdateStatusReasonCode",
}


def read_functions(own: Account, *, arn_prefix: str) -> list[Json]:
    """Return the functions to judge, in the order of their names.

    A complete list decides which exist. Without one, what it holds and the entries of
    GetFunctionConfiguration are judged. That entry is newer and fuller than the list's.
    arn_prefix: "arn:<partition>:lambda:<region>:<account>:function:", for answers without an ARN.
    """

    def listed(item: Json) -> Json | None:
        return _function(item, required_text(item, "FunctionName"), arn_prefix) if _is_latest(item) else None

    functions = {found["name"]: found for found in own.documents(LIST, "Functions", listed) if found}
    is_complete = own.status(LIST).status == "known"
    for name in own.subjects(GET):
        read = own.entry(GET, name, lambda item, name=name: _read(item, name, arn_prefix))  # type: ignore[misc]
        if read is not None and (name in functions or not is_complete):
            functions[name] = read
    for name in functions:
        _check_name(name)
    return [functions[name] for name in sorted(functions)]


def role_name(role_arn: str) -> str:
    """Return the name of a role: its ARN's last path element."""
    return role_arn.rpartition("/")[2]


def service_of(arn: str | None) -> str | None:
    """Return the IAM service prefix that an ARN names."""
    parts = (arn or "").split(":")
    return parts[_SERVICE] or None if len(parts) > _SERVICE else None


def network_of(item: Mapping[str, Any]) -> Json:
    """Return the network configuration of a function or version.

    "Not attached" has three faces: no VpcConfig, empty lists, and VpcId "".
    """
    network = {
        "subnet_ids": texts(item, "VpcConfig", "SubnetIds"),
        "security_group_ids": texts(item, "VpcConfig", "SecurityGroupIds"),
    }
    vpc_id = text(item, "VpcConfig", "VpcId")
    return network if vpc_id is None else {"vpc_id": vpc_id, **network}


def _is_latest(item: Json) -> bool:
    return (text(item, "Version") or LATEST) == LATEST


def _read(item: Json, name: str, arn_prefix: str) -> Json | None:
    """Return what GetFunctionConfiguration says; None where it says nothing about $LATEST."""
    if not item or not _is_latest(item):
        return None
    return _function(item, name, arn_prefix)


def _function(item: Json, name: str, arn_prefix: str) -> Json:
    role_arn = text(item, "Role")
    document = {
        "name": name,
        "arn": ":".join((text(item, "FunctionArn") or arn_prefix + name).split(":")[:_ARN_PARTS]),
        "role_name": None if role_arn is None else role_name(role_arn),
        **network_of(item),
        "ipv6_allowed_for_dual_stack": boolean(item, "VpcConfig", "Ipv6AllowedForDualStack") or False,
        "managed_instances": bool(mapping(item, "CapacityProviderConfig")),
        "memory_mb": integer(item, "MemorySize"),
        "has_kms_key": text(item, "KMSKeyArn") is not None,
        "dead_letter_service": service_of(text(item, "DeadLetterConfig", "TargetArn")),
        "tags": [],
        "event_sources": [],
        "aliases": [],
        "versions": [],
        **{key: text(item, field) for key, field in _STATES.items()},
    }
    return known(document)


def _check_name(name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise SnapshotError("answers: a function's name is no text that UTF-8 can hold") from None
