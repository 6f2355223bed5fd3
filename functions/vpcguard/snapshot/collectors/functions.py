"""The functions themselves: lambda:ListFunctions and lambda:GetFunctionConfiguration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vpcguard.model import Answers
from vpcguard.snapshot.operation import Operation
from vpcguard.snapshot.reading import Reads
from vpcguard.snapshot.shapes import ANY, FLAG, TEXT, WHOLE, Shape, texts

VPC_CONFIG: dict[str, Shape] = {
    "VpcId": TEXT,
    "SubnetIds": [TEXT],
    "SecurityGroupIds": [TEXT],
    "Ipv6AllowedForDualStack": FLAG,
}
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
    "CapacityProviderConfig": ANY,
}
LIST_FUNCTIONS = Operation(service="lambda", name="ListFunctions", shape={"Functions": [_FUNCTION]})
GET_FUNCTION_CONFIGURATION = Operation(
    service="lambda", name="GetFunctionConfiguration", shape=_FUNCTION, keys=1
)
ACTIONS = (LIST_FUNCTIONS.key, GET_FUNCTION_CONFIGURATION.key)


def collect_configurations(reads: Reads, names: Iterable[str]) -> Answers:
    """Read State and network of single functions; one that does not exist has no entry."""
    return reads.gather(
        reads.each(GET_FUNCTION_CONFIGURATION, name, FunctionName=name) for name in sorted(names)
    )


def read_function_pages(reads: Reads, marker: str | None = None) -> Iterator[tuple[Answers, str | None]]:
    """Yield page by page, 50 functions each, with the marker of the page after it; no published versions."""
    while True:
        page, marker = reads.read_page(
            LIST_FUNCTIONS, {"Marker": marker} if marker else {}, next_at="NextMarker"
        )
        yield page.under(LIST_FUNCTIONS), marker
        if marker is None:
            return


def is_attached(function: Mapping[str, Any]) -> bool:
    """True if the function names subnets; "not attached" is written in three ways, this is in none."""
    return bool(function.get("VpcConfig", {}).get("SubnetIds"))
