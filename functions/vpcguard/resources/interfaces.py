"""Network interfaces: Lambda's own and how many it may have, NAT instances, mount targets of file systems.

Asked for by filter, never by id: an id that is gone makes EC2 refuse the whole call, a filter just
finds nothing. The quota is read live because AWS documents two numbers for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from vpcguard.aws.answers import (
    Account,
    Estate,
    InUse,
    Json,
    each,
    fields_of,
    known,
    lower,
    merge,
    required_text,
    text,
    texts_of,
    value,
)
from vpcguard.aws.operations import (
    FLAG,
    NUMBER,
    TEXT,
    WHOLE,
    Call,
    Operation,
    Sent,
    Shape,
    VpcIds,
    calls_by_id,
    texts,
)
from vpcguard.coverage import FactsByKind, Family, VpcKind, entries, of_entry, of_lacking, of_unread, worst
from vpcguard.errors import SnapshotError
from vpcguard.model import Answers
from vpcguard.resources.functions import Functions, role_name, service_of
from vpcguard.resources.networks import routes_in_use

if TYPE_CHECKING:  # judging a stored snapshot needs no AWS client
    from vpcguard.aws.reading import Reads

NETWORK_INTERFACES = Operation(
    service="ec2",
    name="DescribeNetworkInterfaces",
    shape={
        "NetworkInterfaces": [
            texts("NetworkInterfaceId VpcId SubnetId OwnerId RequesterId InterfaceType Description Status")
            | texts("AvailabilityZone PrivateIpAddress")
            | {
                "Groups": [texts("GroupId")],
                "SourceDestCheck": FLAG,
                "RequesterManaged": FLAG,
                "Attachment": texts("AttachmentId InstanceId InstanceOwnerId Status"),
                "Association": texts("PublicIp CarrierIp CustomerOwnedIp IpOwnerId"),
            }
        ]
    },
    paged=True,
    page_size=1000,
    vpc_filter="vpc-id",
    sent=(
        Sent("NetworkInterfaceId VpcId SubnetId InterfaceType Groups"),
        Sent("GroupId", at="Groups"),
        Sent("PublicIp|CarrierIp|CustomerOwnedIp", at="Association"),
    ),
)
# no user data, no tags, no key names: only what makes an instance a NAT instance
INSTANCES = Operation(
    service="ec2",
    name="DescribeInstances",
    shape={
        "Reservations": [
            {
                "Instances": [
                    texts("InstanceId VpcId SubnetId PublicIpAddress")
                    | {
                        "State": texts("Name") | {"Code": WHOLE},
                        "SourceDestCheck": FLAG,
                        "NetworkInterfaces": [
                            texts("NetworkInterfaceId SubnetId VpcId Status")
                            | {"SourceDestCheck": FLAG, "Association": texts("PublicIp")}
                        ],
                    }
                ]
            }
        ]
    },
    paged=True,
    page_size=1000,
    sent=(
        Sent("Instances"),
        Sent("InstanceId State.Name", at="Instances"),
        Sent("PublicIp", at="Instances.NetworkInterfaces.Association"),
    ),
)
MOUNT_TARGETS = Operation(
    service="elasticfilesystem",
    name="DescribeMountTargets",
    shape={
        "MountTargets": [
            texts("MountTargetId FileSystemId SubnetId VpcId LifeCycleState IpAddress AvailabilityZoneId")
        ]
    },
    keys=1,
    paged=True,
    is_late=True,
)
MOUNT_TARGET_GROUPS = Operation(
    service="elasticfilesystem",
    name="DescribeMountTargetSecurityGroups",
    shape={"SecurityGroups": [TEXT]},
    keys=1,
    is_late=True,
)
_QUOTA: dict[str, Shape] = {
    "Quota": texts("ServiceCode QuotaCode QuotaName")
    | {"Value": NUMBER, "Adjustable": FLAG, "GlobalQuota": FLAG}
}
GET_QUOTA = Operation(service="servicequotas", name="GetServiceQuota", shape=_QUOTA, keys=1)
GET_DEFAULT_QUOTA = Operation(service="servicequotas", name="GetAWSDefaultServiceQuota", shape=_QUOTA, keys=1)

INTERFACES_PER_VPC = "L-9FEE3D26"
_BASIS = {GET_QUOTA: "applied", GET_DEFAULT_QUOTA: "default"}
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html: "Hyperplane ENIs"
_OF_LAMBDA = {"Name": "interface-type", "Values": ["lambda"]}
_LAMBDA_DESCRIPTION = "AWS Lambda VPC ENI"
_EFS = "elasticfilesystem"
_ACCOUNT = slice(4, 5)  # the part of an ARN that is its account


def own_calls(vpc_ids: VpcIds) -> Iterator[Call]:
    """Yield the reads of Lambda's interfaces, which are our own whoever owns the VPC, and of their quota.

    AWS's default is asked for only where Service Quotas has no value of the account's own.
    """
    yield Call(NETWORK_INTERFACES, parameters={"Filters": [_OF_LAMBDA, *NETWORK_INTERFACES.of_vpcs(vpc_ids)]})
    asked = {"ServiceCode": "lambda", "QuotaCode": INTERFACES_PER_VPC}
    default = Call(GET_DEFAULT_QUOTA, (INTERFACES_PER_VPC,), asked)
    yield Call(GET_QUOTA, (INTERFACES_PER_VPC,), asked, otherwise=default)


def named_calls(in_use: InUse) -> Iterator[Call]:
    """Yield the reads of the interfaces and instances that routes lead to."""
    routes = routes_in_use(in_use)
    interface_ids, instance_ids = fields_of(routes, "NetworkInterfaceId"), fields_of(routes, "InstanceId")
    yield from calls_by_id(NETWORK_INTERFACES, "network-interface-id", interface_ids)
    yield from calls_by_id(INSTANCES, "instance-id", instance_ids)


def collect_mount_targets(reads: Reads, functions: Functions) -> Answers:
    """Read the mount targets of the file systems that functions mount, and their groups; no call without one.

    Of S3 Files, and of another account's file system, nobody can ask Amazon EFS here.
    """
    mounted = {
        role_name(system["Arn"])
        for one in functions.values()
        for system in one.get("FileSystemConfigs", ())
        if service_of(system.get("Arn")) == _EFS
        and system["Arn"].split(":")[_ACCOUNT] == one.get("FunctionArn", "").split(":")[_ACCOUNT]
    }
    found = reads.run(Call(MOUNT_TARGETS, (one,), {"AccessPointId": one}) for one in sorted(mounted))
    listed = found.answers.get(MOUNT_TARGETS.key, {}).values()
    target_ids = fields_of((one for answer in listed for one in answer["MountTargets"]), "MountTargetId")
    groups = reads.run(Call(MOUNT_TARGET_GROUPS, (one,), {"MountTargetId": one}) for one in target_ids)
    return merge((found, groups))


def add_facts(estate: Estate, facts: FactsByKind) -> list[Json]:
    """Add Lambda's interfaces, the targets of routes, mount targets, and quotas.

    The thousands of other interfaces decide nothing.
    """
    routes = [
        route
        for table in facts["route_tables"].values()
        for route in table["routes"]
        if route["target_kind"] == "network_interface"
    ]
    targets = {route["target_id"] for route in routes}
    instance_ids = {route["instance_id"] for route in routes if "instance_id" in route}
    every = estate.union(NETWORK_INTERFACES, _interface)
    interfaces = {
        interface_id: one
        for interface_id, one in every.items()
        if one["is_lambda"] or interface_id in targets or one.get("instance_id") in instance_ids
    }
    instance_ids |= {one["instance_id"] for one in interfaces.values() if "instance_id" in one}
    facts["network_interfaces"] = interfaces
    reserved = partial(each, key="Instances", convert=_instance)
    instances = estate.merged(
        INSTANCES, {one: chain.from_iterable(one.documents(INSTANCES, reserved)) for one in estate.accounts}
    )
    facts["instances"] = {key: one for key, one in instances.items() if key in instance_ids}
    return _add_mount_targets(estate.own, facts) + _add_quotas(estate.own, facts)


FAMILY = Family(
    operations=(
        NETWORK_INTERFACES,
        INSTANCES,
        MOUNT_TARGETS,
        MOUNT_TARGET_GROUPS,
        GET_QUOTA,
        GET_DEFAULT_QUOTA,
    ),
    own_calls=own_calls,
    named_calls=named_calls,
    add_facts=add_facts,
    vpc_kinds={
        "network_interfaces": VpcKind(NETWORK_INTERFACES, "both", names_subnets=True),
        "instances": VpcKind(INSTANCES, "both", names_subnets=True),
        "lambda_interfaces": VpcKind(NETWORK_INTERFACES, "own"),  # of our functions
    },
)


def _interface(item: Json) -> Json:
    interface_type = item["InterfaceType"]
    description = text(item, "Description") or ""
    return known(
        {
            "id": item["NetworkInterfaceId"],
            "vpc_id": item["VpcId"],
            "subnet_id": item["SubnetId"],
            "security_group_ids": fields_of(item["Groups"], "GroupId"),
            "interface_type": interface_type,
            "is_lambda": interface_type == "lambda" or description.startswith(_LAMBDA_DESCRIPTION),
            "owner_id": text(item, "OwnerId"),
            "source_dest_check": item.get("SourceDestCheck"),
            "instance_id": text(item, "Attachment", "InstanceId"),
            "public_ip": text(item, "Association", "PublicIp"),
        }
    )


def _instance(item: Json) -> Json:
    return known(
        {
            "id": item["InstanceId"],
            "vpc_id": text(item, "VpcId"),
            "subnet_ids": fields_of([item, *item.get("NetworkInterfaces", ())], "SubnetId"),
            "state": item["State"]["Name"].lower(),
            "source_dest_check": item.get("SourceDestCheck"),
            "public_ips": _public_ips(item),
        }
    )


def _add_mount_targets(own: Account, facts: FactsByKind) -> list[Json]:
    """Add the mount targets behind each access point; known are they where their groups are."""
    targets: dict[str, Json] = {}
    coverage = {}
    for access_point_id in sorted(own.named(MOUNT_TARGETS)):
        found = own.entry(
            MOUNT_TARGETS, access_point_id, partial(each, key="MountTargets", convert=_mount_target)
        )
        known_by = [of_entry(own, MOUNT_TARGETS, access_point_id)]
        for target in found or ():
            key = f"{access_point_id} {target['id']}"
            targets[key] = {"access_point_id": access_point_id, **target}
            targets[key]["security_group_ids"] = (
                own.entry(
                    MOUNT_TARGET_GROUPS, target["id"], lambda answer: texts_of(answer, "SecurityGroups")
                )
                or []
            )
            known_by.append(of_entry(own, MOUNT_TARGET_GROUPS, target["id"]))
        coverage[access_point_id] = worst(*known_by)
    facts["mount_targets"] = targets
    return entries("mount_targets", coverage, default=of_entry(own, MOUNT_TARGETS))


def _mount_target(item: Json) -> Json:
    return known(
        {
            "id": required_text(item, "MountTargetId"),
            "subnet_id": text(item, "SubnetId"),
            "vpc_id": text(item, "VpcId"),
            "zone_id": required_text(item, "AvailabilityZoneId"),
            "state": lower(item, "LifeCycleState"),
            "ip_address": text(item, "IpAddress"),
        }
    )


def _public_ips(instance: Json) -> list[str] | None:
    """Return the public addresses of all interfaces of an instance; None where AWS showed no interfaces."""
    first, interfaces = text(instance, "PublicIpAddress"), instance.get("NetworkInterfaces")
    if first is None and not interfaces:
        return None
    others = (text(one, "Association", "PublicIp") for one in interfaces or ())
    return sorted({address for address in (first, *others) if address})


def _add_quotas(own: Account, facts: FactsByKind) -> list[Json]:
    """Add the quotas by code.

    The default counts only where GetServiceQuota says NoSuchResourceException: every other
    failure hides a value that may be higher or lower.
    """
    quotas, coverage = {}, {}
    for code in sorted({*own.named(GET_QUOTA), *own.answer(GET_DEFAULT_QUOTA)}):
        operation = GET_DEFAULT_QUOTA if own.has_nothing(GET_QUOTA, code) else GET_QUOTA
        quota = own.entry(operation, code, partial(_quota, code=code, operation=operation))
        coverage[code] = of_entry(own, operation, code)
        if coverage[code].is_known and quota is not None:
            quotas[code] = quota
        elif coverage[code].is_known:
            is_answered = code in own.answer(operation)
            lacking = of_lacking(operation, f"Quota.Value of {code}")
            coverage[code] = lacking if is_answered else of_unread(own, operation)
    facts["quotas"] = quotas
    default = of_entry(own, GET_QUOTA, is_asked_for_all=True)
    default = of_entry(own, GET_DEFAULT_QUOTA) if default.is_known else default
    return entries("quotas", coverage, default=default)


def _quota(answer: Json, *, code: str, operation: Operation) -> Json | None:
    number = value(answer, "Quota", "Value")
    if number is None:
        return None
    if not math.isfinite(number):  # JSON's 1e999
        raise SnapshotError("Quota.Value: expected a number, found one that is not finite")
    service = text(answer, "Quota", "ServiceCode") or ""
    return {"service": service, "code": code, "value": number, "basis": _BASIS[operation]}
