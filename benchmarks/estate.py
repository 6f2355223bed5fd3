"""A generated account and region of any size, as a snapshot document and as facts.

Everything follows from the sizes: the same call gives the same document, so that figures compare.
The networks repeat the kinds of `benchmarks.networks` in turn, working ones first; functions are
spread over them, one in ten outside any VPC, each with a role and statements of its own, as deployment
tools make them.

    .venv/bin/python -m benchmarks.estate --functions 5000 --vpcs 20 --facts > /tmp/facts.json
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from benchmarks.networks import ACCOUNT, LISTS, REGION, ZONES, Network, network

Json = dict[str, Any]

CAPTURED_AT = "2026-11-20T12:00:00.123456Z"
QUOTA_CODE = "L-9FEE3D26"
OUTSIDE_EVERY = 10  # every tenth function has no VPC
_ZONES = [
    {"ZoneId": zone_id, "ZoneName": name, "ZoneType": "availability-zone", "State": "available"}
    for zone_id, name in ((f"euw1-az{number}", f"{REGION}{letter}") for number, letter in enumerate(ZONES, 1))
]
_OPTIONS = {
    "DhcpOptionsId": "dopt-0a",
    "OwnerId": ACCOUNT,
    "DhcpConfigurations": [{"Key": "domain-name-servers", "Values": [{"Value": "AmazonProvidedDNS"}]}],
}
_ZONES_USED = (3, 2, 3, 1, 2)  # how many of its network's subnets a function names, in turn
_INTENTS: tuple[dict[str, str], ...] = (
    {},
    {"vpcguard:egress": "internet"},
    {"vpcguard:egress": "aws", "vpcguard:services": "s3,dynamodb"},
    {"owner": "team-payments"},
    {"vpcguard:egress": "none"},
)


def snapshot_document(*, functions: int, vpcs: int) -> Json:
    """Return a snapshot of `functions` functions over `vpcs` networks, every read answered."""
    networks = [network(index) for index in range(vpcs)]
    configurations = [_function(index, networks) for index in range(functions)]
    return {
        "schema_version": 1,
        "account_id": ACCOUNT,
        "region": REGION,
        "captured_at": CAPTURED_AT,
        "answers": {
            "lambda:ListFunctions": {"Functions": configurations},
            "lambda:ListEventSourceMappings": {
                c["FunctionName"]: {"EventSourceMappings": []} for c in configurations if "VpcConfig" in c
            },
            "tag:GetResources": {
                "ResourceTagMappingList": [_tags(f, i) for i, f in enumerate(configurations)]
            },
            "iam:GetAccountAuthorizationDetails": _roles(configurations),
            **_ec2_answers(networks),
            "servicequotas:GetServiceQuota": {
                QUOTA_CODE: {"Quota": {"ServiceCode": "lambda", "QuotaCode": QUOTA_CODE, "Value": 500.0}}
            },
        },
        "failures": {},
        "not_requested": [  # as a sweep and an audit leave them out: one call a function
            "lambda:GetFunctionConcurrency",
            "lambda:GetFunctionConfiguration",
            "lambda:ListAliases",
            "lambda:ListVersionsByFunction",
        ],
    }


def facts(*, functions: int, vpcs: int) -> Json:
    """Return the facts of the generated account: what OPA is asked about, without the configuration."""
    from vpcguard.facts import build_facts  # noqa: PLC0415  the generator alone needs none of the package
    from vpcguard.snapshot import parse_snapshot  # noqa: PLC0415

    return dict(build_facts(parse_snapshot(snapshot_document(functions=functions, vpcs=vpcs))))


def _function(index: int, networks: list[Network]) -> Json:
    name = f"function-{index:05d}"
    configuration: Json = {
        "FunctionName": name,
        "FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
        "Runtime": "python3.13",
        "Role": f"arn:aws:iam::{ACCOUNT}:role/{name}-role",
        "Handler": "app.handler",
        "CodeSize": 1024,
        "Description": "",
        "Timeout": 30,
        "MemorySize": (128, 512, 1024)[index % 3],
        "LastModified": "2026-11-01T08:00:00.000+0000",
        "Version": "$LATEST",
        "PackageType": "Zip",
        "Architectures": ["arm64"],
    }
    if index % OUTSIDE_EVERY:
        attached = index - index // OUTSIDE_EVERY - 1
        turn, home = attached // len(networks), networks[attached % len(networks)]
        used = home.function_subnets[: _ZONES_USED[turn % len(_ZONES_USED)]]
        configuration["VpcConfig"] = {
            "VpcId": home.vpc_id,
            "SubnetIds": used,
            "SecurityGroupIds": [home.groups[turn % len(home.groups)]],
            "Ipv6AllowedForDualStack": False,
        }
    return configuration


def _tags(configuration: Json, index: int) -> Json:
    tags = _INTENTS[(index + index // OUTSIDE_EVERY) % len(_INTENTS)]  # every network gets every intent
    return {
        "ResourceARN": configuration["FunctionArn"],
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())],
    }


def _roles(configurations: list[Json]) -> Json:
    managed = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
    eni = ["CreateNetworkInterface", "DescribeNetworkInterfaces", "DescribeSubnets", "DeleteNetworkInterface"]
    eni += ["AssignPrivateIpAddresses", "UnassignPrivateIpAddresses"]
    logs = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    document = _policy(_statement([*logs, *(f"ec2:{action}" for action in eni)], "*"))
    return {
        "RoleDetailList": [_role(c["Role"], managed, index) for index, c in enumerate(configurations)],
        "Policies": [
            {
                "PolicyName": "AWSLambdaVPCAccessExecutionRole",
                "Arn": managed,
                "DefaultVersionId": "v1",
                "PolicyVersionList": [{"Document": document, "VersionId": "v1", "IsDefaultVersion": True}],
            }
        ],
    }


def _role(arn: str, managed: str, index: int) -> Json:
    """Return a role with statements that no other has: its table, bucket or queue is named in them."""
    name = arn.rpartition("/")[2]
    work = (
        _statement(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{name}-files/*"),
        _statement(["dynamodb:Query"], f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"),
        _statement(["sqs:SendMessage", "kms:Decrypt"], f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"),
    )[index % 3]
    return {
        "RoleName": name,
        "Arn": arn,
        "Path": "/",
        "RolePolicyList": [{"PolicyName": "work", "PolicyDocument": _policy(work)}],
        "AttachedManagedPolicies": [{"PolicyName": managed.rpartition("/")[2], "PolicyArn": managed}],
    }


def _policy(statement: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": [statement]}


def _statement(actions: list[str], resource: str) -> Json:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def _ec2_answers(networks: list[Network]) -> Json:
    answers = {
        f"ec2:Describe{kind}": {kind: [r for n in networks for r in n.resources[kind]]} for kind in LISTS
    }
    answers["ec2:DescribeInstances"] = {
        "Reservations": answers.pop("ec2:DescribeReservations")["Reservations"]
    }
    s3 = {"PrefixListId": "pl-s3", "PrefixListName": f"com.amazonaws.{REGION}.s3", "OwnerId": "AWS"}
    dynamodb = {
        "PrefixListId": "pl-dynamodb",
        "PrefixListName": f"com.amazonaws.{REGION}.dynamodb",
        "OwnerId": "AWS",
    }
    return answers | {
        "ec2:DescribeManagedPrefixLists": {"PrefixLists": [s3, dynamodb]},
        "ec2:GetManagedPrefixListEntries": {
            "pl-s3": {"Entries": [{"Cidr": "52.218.0.0/17"}]},
            "pl-dynamodb": {"Entries": [{"Cidr": "52.94.5.0/24"}]},
        },
        "ec2:DescribeVpcAttribute": {
            n.vpc_id: {"EnableDnsSupport": {"Value": True}, "EnableDnsHostnames": {"Value": True}}
            for n in networks
        },
        "ec2:DescribeAvailabilityZones": {"AvailabilityZones": _ZONES},
        "ec2:DescribeDhcpOptions": {"DhcpOptions": [_OPTIONS]},
        "ec2:DescribeVpcEndpointServices": {
            "ServiceDetails": [
                {"ServiceName": name, "AvailabilityZones": [zone["ZoneName"] for zone in _ZONES]}
                for name in sorted(
                    {
                        endpoint["ServiceName"]
                        for n in networks
                        for endpoint in n.resources["VpcEndpoints"]
                        if endpoint["VpcEndpointType"] == "Interface"
                    }
                )
            ]
        },
        "ec2:DescribeVpcBlockPublicAccessOptions": {
            "VpcBlockPublicAccessOptions": {"InternetGatewayBlockMode": "off", "AwsAccountId": ACCOUNT}
        },
    }


def main(arguments: list[str] | None = None) -> None:
    """Write the document asked for to stdout."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--functions", type=int, default=1000)
    parser.add_argument("--vpcs", type=int, default=20)
    parser.add_argument("--facts", action="store_true", help="facts instead of the snapshot")
    options = parser.parse_args(arguments)
    make = facts if options.facts else snapshot_document
    json.dump(make(functions=options.functions, vpcs=options.vpcs), sys.stdout)


if __name__ == "__main__":
    main()
