"""One snapshot in other scopes: a single function's, and an account with more in it that changes nothing."""

from __future__ import annotations

import copy
from typing import Any

from tests.contract.builder import ACCOUNT, ANYWHERE, REGION

Json = dict[str, Any]
_BY_VPC = {
    "ec2:DescribeVpcs": "Vpcs",
    "ec2:DescribeSubnets": "Subnets",
    "ec2:DescribeRouteTables": "RouteTables",
    "ec2:DescribeNatGateways": "NatGateways",
    "ec2:DescribeVpcEndpoints": "VpcEndpoints",
    "ec2:DescribeSecurityGroups": "SecurityGroups",
    "ec2:DescribeNetworkAcls": "NetworkAcls",
    "ec2:DescribeNetworkInterfaces": "NetworkInterfaces",
}
_BY_FUNCTION = (
    "lambda:GetFunctionConfiguration",
    "lambda:ListAliases",
    "lambda:ListVersionsByFunction",
)
_STRANGER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:stranger"


def of_function(document: Json, name: str) -> Json:
    """Return a snapshot as it is read for one function: answers filtered by its VPC."""
    narrow = copy.deepcopy(document)
    answers = narrow["answers"]
    listed = answers["lambda:ListFunctions"]["Functions"]
    answers["lambda:ListFunctions"]["Functions"] = [one for one in listed if one["FunctionName"] == name]
    (function,) = answers["lambda:ListFunctions"]["Functions"]
    network = function.get("VpcConfig", {})
    for operation, key in _BY_VPC.items():
        if operation in answers:
            answers[operation][key] = [
                one
                for one in answers[operation][key]
                # a group that the filter did not show is asked for by itself
                if one["VpcId"] == network.get("VpcId")
                or one.get("GroupId") in network.get("SecurityGroupIds", ())
            ]
    if "ec2:DescribeInternetGateways" in answers:
        gateways = answers["ec2:DescribeInternetGateways"]
        gateways["InternetGateways"] = [
            one
            for one in gateways["InternetGateways"]
            if any(attached["VpcId"] == network.get("VpcId") for attached in one["Attachments"])
        ]
    for operation in (
        "lambda:GetFunctionConfiguration",
        "lambda:ListAliases",
        "lambda:ListVersionsByFunction",
    ):
        if operation in answers:
            answers[operation] = {key: one for key, one in answers[operation].items() if key == name}
    return narrow


def with_strangers(document: Json) -> Json:
    """Return a snapshot of the same account with another VPC, function and role in every answer."""
    wide = copy.deepcopy(document)
    own = {"VpcId": "vpc-zz", "OwnerId": ACCOUNT}
    for operation, key, item in (
        ("ec2:DescribeVpcs", "Vpcs", {**own, "InstanceTenancy": "dedicated"}),
        (
            "ec2:DescribeSubnets",
            "Subnets",
            {
                **own,
                "SubnetId": "subnet-zz",
                "AvailabilityZoneId": "euw1-az3",
                "State": "available",
                "CidrBlock": "10.0.0.0/24",
                "AvailableIpAddressCount": 0,
            },
        ),
        (
            "ec2:DescribeRouteTables",
            "RouteTables",
            {
                **own,
                "RouteTableId": "rtb-zz",
                "Associations": [{"Main": True}],
                "Routes": [
                    {"DestinationCidrBlock": ANYWHERE, "GatewayId": "igw-zz", "State": "active"}
                    | {"Origin": "CreateRoute"}
                ],
            },
        ),
        (
            "ec2:DescribeNatGateways",
            "NatGateways",
            {**own, "NatGatewayId": "nat-zz", "SubnetId": "subnet-zz", "State": "failed"},
        ),
        (
            "ec2:DescribeInternetGateways",
            "InternetGateways",
            {"InternetGatewayId": "igw-zz", "Attachments": []},
        ),
        (
            "ec2:DescribeVpcEndpoints",
            "VpcEndpoints",
            {
                **own,
                "VpcEndpointId": "vpce-zz",
                "VpcEndpointType": "Interface",
                "State": "failed",
                "ServiceName": f"com.amazonaws.{REGION}.sqs",
                "PrivateDnsEnabled": True,
                "SubnetIds": ["subnet-zz"],
                "Groups": [],
            },
        ),
        (
            "ec2:DescribeNetworkInterfaces",
            "NetworkInterfaces",
            {
                **own,
                "NetworkInterfaceId": "eni-zz",
                "InterfaceType": "lambda",
                "SubnetId": "subnet-zz",
                "Groups": [],
            },
        ),
        (
            "lambda:ListFunctions",
            "Functions",
            {
                "FunctionName": "stranger",
                "FunctionArn": _STRANGER,
                "Role": f"arn:aws:iam::{ACCOUNT}:role/stranger",
                "VpcConfig": {"VpcId": "vpc-zz", "SubnetIds": ["subnet-zz"], "SecurityGroupIds": ["sg-zz"]},
            },
        ),
        (
            "tag:GetResources",
            "ResourceTagMappingList",
            {
                "ResourceARN": _STRANGER,
                "Tags": [{"Key": "vpcguard:egress", "Value": "internet"}],
            },
        ),
    ):
        if operation in wide["answers"]:
            wide["answers"][operation][key].insert(0, item)
    return wide
