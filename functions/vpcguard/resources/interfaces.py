"""Network interfaces and instances: Lambda's interfaces, and the NAT instances that routes lead to.

Asked for by filter, never by id: an id that is gone makes EC2 refuse the whole call, a filter just
finds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from vpcguard.aws.answers import Account, Estate, Json, each, fields_of, known, lower, required_text, text
from vpcguard.aws.operations import FLAG, WHOLE, Call, Operation, texts
from vpcguard.coverage import VpcKind
from vpcguard.resources.family import Facts, Family, InUse, VpcIds, by_vpc, calls_by_id, ids_of
from vpcguard.resources.networks import routes_in_use

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
                "Association": texts("PublicIp IpOwnerId"),
            }
        ]
    },
    paged=True,
    page_size=1000,
    vpc_filter="vpc-id",
)
# no user data, no tags, no key names: only what makes an instance a NAT instance
INSTANCES = Operation(
    service="ec2",
    name="DescribeInstances",
    shape={
        "Reservations": [
            {
                "Instances": [
                    texts("InstanceId VpcId SubnetId")
                    | {
                        "State": texts("Name") | {"Code": WHOLE},
                        "SourceDestCheck": FLAG,
                        "NetworkInterfaces": [
                            texts("NetworkInterfaceId SubnetId VpcId Status") | {"SourceDestCheck": FLAG}
                        ],
                    }
                ]
            }
        ]
    },
    paged=True,
    page_size=1000,
)

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html: "Hyperplane ENIs"
_OF_LAMBDA = {"Name": "interface-type", "Values": ["lambda"]}
_LAMBDA_DESCRIPTION = "AWS Lambda VPC ENI"


def own_calls(vpc_ids: VpcIds) -> Iterator[Call]:
    """Yield the read of Lambda's interfaces, which are our own whoever owns the VPC."""
    yield Call(NETWORK_INTERFACES, parameters={"Filters": [_OF_LAMBDA, *by_vpc(NETWORK_INTERFACES, vpc_ids)]})


def named_calls(in_use: InUse) -> Iterator[Call]:
    """Yield the reads of the interfaces and instances that routes lead to."""
    routes = routes_in_use(in_use)
    yield from calls_by_id(NETWORK_INTERFACES, "network-interface-id", ids_of(routes, "NetworkInterfaceId"))
    yield from calls_by_id(INSTANCES, "instance-id", ids_of(routes, "InstanceId"))


def add_facts(estate: Estate, facts: Facts) -> list[Json]:
    """Add Lambda's interfaces and the targets of routes: the thousands of others decide nothing."""
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
    instances = estate.merged({account: _instances(account) for account in estate.accounts})
    facts["instances"] = {key: one for key, one in instances.items() if key in instance_ids}
    return []


FAMILY = Family(
    operations=(NETWORK_INTERFACES, INSTANCES),
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
    interface_type = text(item, "InterfaceType") or "unknown"
    description = text(item, "Description") or ""
    return known(
        {
            "id": required_text(item, "NetworkInterfaceId"),
            "vpc_id": required_text(item, "VpcId"),
            "subnet_id": text(item, "SubnetId"),
            "security_group_ids": fields_of(item, "Groups", "GroupId"),
            "interface_type": interface_type,
            "is_lambda": interface_type == "lambda" or description.startswith(_LAMBDA_DESCRIPTION),
            "owner_id": text(item, "OwnerId"),
            "source_dest_check": item.get("SourceDestCheck"),
            "instance_id": text(item, "Attachment", "InstanceId"),
        }
    )


def _instances(account: Account) -> list[Json]:
    reservations = account.documents(INSTANCES, lambda item: each(item, "Instances", _instance))
    return [instance for reservation in reservations for instance in reservation]


def _instance(item: Json) -> Json:
    return known(
        {
            "id": required_text(item, "InstanceId"),
            "vpc_id": text(item, "VpcId"),
            "subnet_id": text(item, "SubnetId"),
            "state": lower(item, "State", "Name"),
            "source_dest_check": item.get("SourceDestCheck"),
        }
    )
