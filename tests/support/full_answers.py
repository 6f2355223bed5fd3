"""Answers that hold every field a snapshot keeps, made from the operations' shapes, and the same less one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from tests.support.recorded_aws import ACCOUNT, REGION, document
from vpcguard.aws.operations import Each, Kind, NameTag, Operation, Shape
from vpcguard.snapshot import OPERATIONS

Json = Any
Path = tuple[str | int, ...]
FUNCTION, ROLE, POLICY = "orders", "orders-role", f"arn:aws:iam::{ACCOUNT}:policy/orders"
_FUNCTION_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{FUNCTION}"

# what the answers have in common, so that they speak about one network; all else is its own name
_TEXTS = {
    "CidrBlock": "10.0.0.0/16",
    "DestinationCidrBlock": "0.0.0.0/0",
    "DestinationIpv6CidrBlock": "::/0",
    "VpcId": "vpc-0a",
    "SubnetId": "subnet-0a",
    "SubnetIds": "subnet-0a",
    "OwnerId": ACCOUNT,
    "GroupId": "sg-0a",
    "SecurityGroupIds": "sg-0a",
    "GatewayId": "igw-0a",
    "InternetGatewayId": "igw-0a",
    "NatGatewayId": "nat-0a",
    "NetworkInterfaceId": "eni-0a",
    "InstanceId": "i-0a",
    "PrefixListId": "pl-0a",
    "MountTargetId": "fsmt-0a",
    "DestinationPrefixListId": "pl-0a",
    "RouteTableId": "rtb-0a",
    "RouteTableIds": "rtb-0a",
    "VpcEndpointType": "Interface",
    "ServiceName": f"com.amazonaws.{REGION}.s3",
    "CidrIp": "0.0.0.0/0",
    "Cidr": "0.0.0.0/0",
    "InterfaceType": "lambda",
    "FunctionName": FUNCTION,
    "FunctionArn": _FUNCTION_ARN,
    "ResourceARN": _FUNCTION_ARN,
    "AliasArn": f"{_FUNCTION_ARN}:live",
    "EventSourceArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders",
    "TargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead",
    "Version": "$LATEST",
    "FunctionVersion": "1",
    "Role": f"arn:aws:iam::{ACCOUNT}:role/{ROLE}",
    "RoleName": ROLE,
    "Arn": POLICY,
    "PolicyArn": POLICY,
    "PermissionsBoundaryArn": POLICY,
    "VersionId": "v1",
    "DefaultVersionId": "v1",
    "Key": "vpcguard:egress",
    "PolicyDocument": "",
}
_OTHERS = {Kind.WHOLE: 1, Kind.NUMBER: 1.0, Kind.FLAG: True}
_KEYS = {"GetPolicy": POLICY, "GetPolicyVersion": POLICY, "DescribeVpcAttribute": "vpc-0a"} | {
    "GetManagedPrefixListEntries": "pl-0a",
    "DescribeMountTargets": "fsap-0a",
    "DescribeMountTargetSecurityGroups": "fsmt-0a",
    "GetServiceQuota": "L-9FEE3D26",
    "GetAWSDefaultServiceQuota": "L-9FEE3D26",
}


def answer_of(operation: Operation) -> Json:
    """Return one answer with every field of the operation's shape, one entry in each list."""
    return _filled(operation.shape, "")


def stored(operation: Operation, answer: Json) -> Json:
    """Return an answer as a snapshot holds it, below the names of its resource."""
    if operation.keys == 0:
        return answer
    inner = {"inline": answer} if operation.keys > 1 else answer
    return {_KEYS.get(operation.name, ROLE if operation.service == "iam" else FUNCTION): inner}


def answers() -> dict[str, Json]:
    """Return the answers of all operations, as a snapshot holds them."""
    return {key: stored(one, answer_of(one)) for key, one in OPERATIONS.items()}


def fields(shape: Shape, at: Path = ()) -> Iterator[Path]:
    """Yield the way to every field of a shape, those of the entries of lists and maps included."""
    if isinstance(shape, list):
        yield from fields(shape[0], (*at, 0))
    elif isinstance(shape, Each):
        yield from fields(shape.shape, (*at, "each"))
    elif isinstance(shape, Mapping):
        for name, inner in shape.items():
            yield (*at, name)
            yield from fields(inner, (*at, name))


def without(answer: Json, path: Path) -> Json:
    """Return the answer without one field."""
    changed = deepcopy(answer)
    place = changed
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return changed


def _filled(shape: Shape, name: str) -> Json:
    if isinstance(shape, NameTag):
        return [{"Key": "Name", "Value": "app"}]
    if isinstance(shape, list):
        return [_filled(shape[0], name)]
    if isinstance(shape, Each):
        return {"each": _filled(shape.shape, name)}
    if isinstance(shape, Mapping):
        return {field: _filled(inner, field) for field, inner in shape.items()}
    if shape is Kind.ANY:
        return {} if name == "CapacityProviderConfig" else document("s3:GetObject")
    return _TEXTS.get(name, name) if shape is Kind.TEXT else _OTHERS[shape]
