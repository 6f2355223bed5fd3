"""The functions themselves: which exist, and how each is configured ($LATEST only)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from vpcguard.aws.answers import (
    Account,
    Estate,
    Json,
    each,
    items,
    known,
    required_text,
    text,
    texts_of,
    value,
)
from vpcguard.aws.operations import ANY, FLAG, TEXT, WHOLE, Call, Operation, Shape, Young, kind_of, texts
from vpcguard.coverage import KNOWN, Coverage, FactsByKind, Family, entries, of_list, unknown
from vpcguard.errors import SnapshotError
from vpcguard.model import Answers

if TYPE_CHECKING:  # judging a stored snapshot needs no AWS client
    from vpcguard.aws.reading import Reads

VPC_CONFIG: dict[str, Shape] = {
    "VpcId": TEXT,
    "SubnetIds": [TEXT],
    "SecurityGroupIds": [TEXT],
    "Ipv6AllowedForDualStack": FLAG,
}
_CAPACITY = "CapacityProviderConfig"
# No Environment, Code, Layers, ImageConfigResponse, Description: values and signed URLs stand there.
_FUNCTION: dict[str, Shape] = {
    **texts("FunctionName FunctionArn Version Role Runtime PackageType LastModified KMSKeyArn"),
    **texts("State StateReason StateReasonCode"),
    **texts("LastUpdateStatus LastUpdateStatusReason LastUpdateStatusReasonCode"),
    "MemorySize": WHOLE,
    "Timeout": WHOLE,
    "VpcConfig": VPC_CONFIG,
    "DeadLetterConfig": texts("TargetArn"),
    "FileSystemConfigs": [texts("Arn LocalMountPath")],
    _CAPACITY: ANY,
}
_YOUNG = {_CAPACITY: Young((1, 41, 6))}
LIST_FUNCTIONS = Operation(
    service="lambda", name="ListFunctions", shape={"Functions": [_FUNCTION]}, young=_YOUNG
)
GET_FUNCTION_CONFIGURATION = Operation(
    service="lambda", name="GetFunctionConfiguration", shape=_FUNCTION, keys=1, young=_YOUNG
)

Functions = Mapping[str, Json]  # function name -> its configuration

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


def configuration_calls(names: Iterable[str], version: str = LATEST) -> Iterator[Call]:
    """Yield the reads of State and network of single functions; one that does not exist has no entry."""
    named = {} if version == LATEST else {"Qualifier": version}
    for name in sorted(names):
        yield Call(GET_FUNCTION_CONFIGURATION, (name,), {"FunctionName": name, **named})


def read_function_pages(reads: Reads, marker: str | None = None) -> Iterator[tuple[Answers, str | None]]:
    """Yield page by page, 50 functions each, with the marker of the page after it; no published versions."""
    while True:
        page, marker = reads.read_page(
            LIST_FUNCTIONS, {"Marker": marker} if marker else {}, next_at="NextMarker"
        )
        yield page, marker
        if marker is None:
            return


def functions_in(answers: Answers) -> dict[str, Json]:
    """Return the functions of a list and of single reads by name; a single read is newer and fuller."""
    return {**_newest(answers), **answers.answers.get(GET_FUNCTION_CONFIGURATION.key, {})}


def _newest(answers: Answers) -> dict[str, Json]:
    """Return the listed functions by name; one that was updated between two pages may stand in both."""
    listed = sorted(items(answers, LIST_FUNCTIONS), key=lambda one: text(one, "LastModified") or "")
    return {
        one["FunctionName"]: one
        for one in listed
        if "FunctionName" in one and (text(one, "Version") or LATEST) == LATEST
    }


def attached(functions: Functions) -> Functions:
    """Return those that are attached to a VPC."""
    return {name: one for name, one in functions.items() if is_attached(one)}


def is_attached(function: Json) -> bool:
    """True if the function names subnets; "not attached" is written in three ways, this is in none."""
    return bool(value(function, "VpcConfig", "SubnetIds"))


def role_name(role_arn: str) -> str:
    """Return the name of a role, or the id of an access point: its ARN's last path element."""
    return role_arn.rpartition("/")[2]


def role_names(functions: Functions) -> frozenset[str]:
    """Return the names of the roles that functions run under."""
    return frozenset(role_name(one["Role"]) for one in functions.values() if one.get("Role"))


def arns_of(functions: Functions) -> dict[str, str]:
    """Return by name the ARN of each function itself: its versions, which may stand for it, have no tags."""
    return {
        name: ":".join(one["FunctionArn"].split(":")[:_ARN_PARTS])
        for name, one in functions.items()
        if one.get("FunctionArn")
    }


def service_of(arn: str | None) -> str | None:
    """Return the IAM service prefix that an ARN names."""
    parts = (arn or "").split(":")
    return parts[_SERVICE] or None if len(parts) > _SERVICE else None


def network_of(item: Json) -> Json:
    """Return the network configuration of a function or version.

    "Not attached" has three faces: no VpcConfig, empty lists, and VpcId "".
    """
    network: Json = {
        "subnet_ids": texts_of(item, "VpcConfig", "SubnetIds"),
        "security_group_ids": texts_of(item, "VpcConfig", "SecurityGroupIds"),
    }
    vpc_id = text(item, "VpcConfig", "VpcId")
    return network if vpc_id is None else {"vpc_id": vpc_id, **network}


def add_facts(estate: Estate, facts: FactsByKind) -> list[Json]:
    """Add the functions to judge, by name.

    A complete list decides which exist. Without one, what it holds and the entries of
    GetFunctionConfiguration are judged. That entry is newer and fuller than the list's.
    """
    own = estate.own
    # for answers without an ARN
    prefix = f"arn:{estate.partition}:lambda:{estate.region}:{own.id}:function:"
    newest = _newest(own.reads)
    listed = own.documents(LIST_FUNCTIONS, partial(_function, arn_prefix=prefix, newest=newest))
    functions = {
        one["name"]: one
        for one in listed
        if one is not None and (LIST_FUNCTIONS.key, one["name"]) not in own.left_out
    }
    coverage = of_list(own, LIST_FUNCTIONS)
    for name in sorted(own.answer(GET_FUNCTION_CONFIGURATION)):
        read = own.entry(GET_FUNCTION_CONFIGURATION, name, partial(_function, name=name, arn_prefix=prefix))
        if read is not None and (name in functions or not coverage.is_known):
            functions[name] = read
    try:
        "".join(functions).encode()
    except UnicodeEncodeError:
        raise SnapshotError("answers: a function's name is no text that UTF-8 can hold") from None
    facts["functions"] = functions
    return [
        *entries("functions", {}, default=coverage),
        *entries(
            "capacity_providers",
            _of_capacity(own, functions.values()) if own.old_reader else {},
            default=KNOWN if functions else coverage,  # who was read said so
        ),
    ]


FAMILY = Family(operations=(LIST_FUNCTIONS, GET_FUNCTION_CONFIGURATION), add_facts=add_facts)


def _function(
    item: Json, *, arn_prefix: str, name: str | None = None, newest: Functions | None = None
) -> Json | None:
    """Return one function; None where the answer says nothing about $LATEST, or a newer one does."""
    name = name or required_text(item, "FunctionName")
    if not item or (text(item, "Version") or LATEST) != LATEST:
        return None
    counts = item if newest is None else newest[name]
    if counts is not item:
        if counts.get("LastModified") == item.get("LastModified") and network_of(counts) != network_of(item):
            raise SnapshotError("VpcConfig: expected one, found two that differ")
        return None
    capacity = item.get(_CAPACITY)  # kept whatever it is, so a file may hold anything
    if capacity is not None and not isinstance(capacity, dict):
        raise SnapshotError(f"{_CAPACITY}: expected an object, found {kind_of(capacity)}")
    role_arn = text(item, "Role")
    document = {
        "name": name,
        "arn": ":".join((text(item, "FunctionArn") or arn_prefix + name).split(":")[:_ARN_PARTS]),
        "role_name": None if role_arn is None else role_name(role_arn),
        **network_of(item),
        "ipv6_allowed_for_dual_stack": value(item, "VpcConfig", "Ipv6AllowedForDualStack") or False,
        "managed_instances": bool(capacity),
        "memory_mb": item.get("MemorySize"),
        "package_type": text(item, "PackageType"),
        "has_kms_key": text(item, "KMSKeyArn") is not None,
        # AWS leaves it out where there are none
        "file_systems": each({"FileSystemConfigs": [], **item}, "FileSystemConfigs", _file_system),
        "dead_letter_service": service_of(text(item, "DeadLetterConfig", "TargetArn")),
        "tags": [],
        "event_sources": [],
        "aliases": [],
        "versions": [],
        **{key: text(item, field) for key, field in _STATES.items()},
    }
    return known(document)


def _file_system(item: Json) -> Json:
    arn = required_text(item, "Arn")
    return known({"arn": arn, "service": service_of(arn), "access_point_id": role_name(arn)})


def _of_capacity(own: Account, functions: Iterable[Json]) -> dict[str, Coverage]:
    """Return the coverage of the functions that may have a capacity provider, which brings the network.

    Where there is one, the function has no subnets of its own:
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-capacity-providers.html
    """
    if not own.drops(LIST_FUNCTIONS, _CAPACITY):
        return {}
    found = unknown(
        LIST_FUNCTIONS.key, reason=f"{LIST_FUNCTIONS.key} was parsed by {own.reader_name}: no {_CAPACITY}"
    )
    return {one["name"]: found for one in functions if not (one["subnet_ids"] or one["managed_instances"])}
