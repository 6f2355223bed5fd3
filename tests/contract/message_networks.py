"""What networks to read messages by are made of: subnets, needs, endpoints of "orders", so many of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.contract.builder import (
    ACCOUNT,
    ACL,
    GROUP,
    NAT,
    PRIVATE_TABLE,
    PUBLIC,
    PUBLIC_TABLE,
    REGION,
    VPC,
    Estate,
    working,
)

Json = dict[str, Any]
Make = Callable[[int], Estate]
SERVICES = (
    *("sqs", "sns", "kms", "ssm", "sts", "logs", "events", "lambda", "states", "secretsmanager"),
    *("xray", "batch", "athena", "glue", "rds", "codebuild", "ecs", "eks", "elasticache", "textract"),
)
ZONES = ("euw1-az1", "euw1-az2", "euw1-az3")
HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
NFS = {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049}
VIOLATIONS: dict[str, dict[str, Make]] = {}


def shows(rule_id: str, shown: str) -> Callable[[Make], Make]:
    """Register a network under the rule that finds a fault in it, with what it shows."""

    def registered(make: Make) -> Make:
        VIOLATIONS.setdefault(rule_id, {})[shown] = make
        return make

    return registered


def estate_of(count: int, *zones: str, tables: bool = False, **more: Any) -> Estate:
    """Return a network that works, and "orders" in so many subnets; tables: each with one of its own."""
    estate = working()
    ids = [f"subnet-{number:02}" for number in range(1, count + 1)]
    for number, subnet_id in enumerate(ids):
        zone = (zones or ZONES)[number % len(zones or ZONES)]
        estate.subnet(
            subnet_id, zone=zone, network=f"10.0.{number + 10}.0/24", Tags=named(f"app-{number + 1}")
        )
        table = f"rtb-{number + 1:02}" if tables else "rtb-app"
        if tables or not number:
            estate.table(table)["Tags"] = named("private")
            estate.route(table, NAT)
        associated = {"RouteTableId": table, "SubnetId": subnet_id, "Main": False}
        estate.of("DescribeRouteTables", table)["Associations"].append(associated)
        estate.of("DescribeNetworkAcls", ACL)["Associations"].append({"SubnetId": subnet_id})
    estate.of("DescribeNatGateways", NAT)["Tags"] = named("egress-a")
    estate.of("DescribeVpcs", VPC)["Tags"] = named("prod")
    estate.of("DescribeSubnets", PUBLIC)["Tags"] = named("public-a")
    estate.function("orders", *ids, **more)
    return estate


def named(name: str) -> list[Json]:
    """Return the tags of a resource that people call so."""
    return [{"Key": "Name", "Value": name}]


def subnets_of(estate: Estate) -> list[str]:
    """Return the ids of the subnets of "orders"."""
    ids: list[str] = estate.functions["orders"]["VpcConfig"]["SubnetIds"]
    return ids


def isolated(estate: Estate) -> Estate:
    """Take the default routes away from all tables that are not the working ones."""
    for table_id in estate.resources["ec2:DescribeRouteTables"]:
        if table_id not in (PUBLIC_TABLE, PRIVATE_TABLE):
            estate.drop_route(table_id)
    return estate


def needing(count: int, *, subnets: int = 2) -> Estate:
    """Return a network in which "orders" needs so many services."""
    return estate_of(subnets, tags={"vpcguard:services": ",".join(SERVICES[:count])})


def endpoints(estate: Estate, count: int, *subnet_ids: str, is_open: bool = True, **more: Any) -> None:
    """Add interface endpoints for so many services, whose group lets "orders" in where it is open."""
    estate.group("sg-endpoint")
    if is_open:
        admitted = {**HTTPS, "UserIdGroupPairs": [{"GroupId": GROUP}]}
        estate.of("DescribeSecurityGroups", "sg-endpoint")["IpPermissions"] = [admitted]
    for service in SERVICES[:count]:
        estate.interface_endpoint(f"vpce-{service}", service, *subnet_ids, group="sg-endpoint", **more)


def mounting(estate: Estate, *zones: str, egress: Json, ingress: Json) -> Estate:
    """Let "orders" mount a file system that has mount targets in these zones."""
    estate.group(GROUP, egress=[egress])["Tags"] = named("app")
    estate.group("sg-mount")["IpPermissions"] = [ingress]
    arn = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:access-point/fsap-0a"
    estate.functions["orders"]["FileSystemConfigs"] = [{"Arn": arn, "LocalMountPath": "/mnt/shared"}]
    targets = [
        {
            "MountTargetId": f"fsmt-{zone}",
            "VpcId": VPC,
            "LifeCycleState": "available",
            "IpAddress": f"10.0.{number + 10}.9",
            "AvailabilityZoneId": zone,
        }
        for number, zone in enumerate(zones)
    ]
    groups = {one["MountTargetId"]: {"SecurityGroups": ["sg-mount"]} for one in targets}
    estate.entries["elasticfilesystem:DescribeMountTargets"] = {"fsap-0a": {"MountTargets": targets}}
    estate.entries["elasticfilesystem:DescribeMountTargetSecurityGroups"] = groups
    return estate
