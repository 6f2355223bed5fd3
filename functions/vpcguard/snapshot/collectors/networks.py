"""VPCs with their DNS attributes, subnets and route tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vpcguard.snapshot.operation import Operation
from vpcguard.snapshot.reading import Reads
from vpcguard.snapshot.shapes import FLAG, TEXT, WHOLE, Shape, texts
from vpcguard.snapshot.threads import Task

_IPV6_NETWORKS: list[Shape] = [{"Ipv6CidrBlock": TEXT, "Ipv6CidrBlockState": texts("State")}]
VPCS = Operation(
    service="ec2",
    name="DescribeVpcs",
    shape={
        "Vpcs": [
            texts("VpcId OwnerId State InstanceTenancy CidrBlock")
            | {
                "IsDefault": FLAG,
                "CidrBlockAssociationSet": [{"CidrBlock": TEXT, "CidrBlockState": texts("State")}],
                "Ipv6CidrBlockAssociationSet": _IPV6_NETWORKS,
                "BlockPublicAccessStates": texts("InternetGatewayBlockMode"),
            }
        ]
    },
    paged=True,
    page_size=1000,
)
SUBNETS = Operation(
    service="ec2",
    name="DescribeSubnets",
    shape={
        "Subnets": [
            texts("SubnetId SubnetArn VpcId OwnerId State CidrBlock AvailabilityZone AvailabilityZoneId")
            | {
                "AvailableIpAddressCount": WHOLE,
                "Ipv6Native": FLAG,
                "MapPublicIpOnLaunch": FLAG,
                "Ipv6CidrBlockAssociationSet": _IPV6_NETWORKS,
                "BlockPublicAccessStates": texts("InternetGatewayBlockMode"),
            }
        ]
    },
    paged=True,
    page_size=1000,
)
ROUTE_TABLES = Operation(
    service="ec2",
    name="DescribeRouteTables",
    shape={
        "RouteTables": [
            texts("RouteTableId VpcId OwnerId")
            | {
                "Associations": [
                    texts("RouteTableAssociationId RouteTableId SubnetId GatewayId")
                    | {"Main": FLAG, "AssociationState": texts("State")}
                ],
                "PropagatingVgws": [texts("GatewayId")],
                "Routes": [
                    texts("DestinationCidrBlock DestinationIpv6CidrBlock DestinationPrefixListId")
                    | texts("GatewayId NatGatewayId EgressOnlyInternetGatewayId TransitGatewayId")
                    | texts("VpcPeeringConnectionId InstanceId InstanceOwnerId NetworkInterfaceId")
                    | texts("CoreNetworkArn LocalGatewayId CarrierGatewayId OdbNetworkArn IpAddress")
                    | texts("Origin State")
                ],
            }
        ]
    },
    paged=True,
    page_size=100,  # the most that this one takes
)
_VALUE: dict[str, Shape] = {"Value": FLAG}
VPC_ATTRIBUTE = Operation(
    service="ec2",
    name="DescribeVpcAttribute",
    shape={"EnableDnsSupport": _VALUE, "EnableDnsHostnames": _VALUE},
    keys=1,
)
ACTIONS = (VPCS.key, SUBNETS.key, ROUTE_TABLES.key, VPC_ATTRIBUTE.key)


def vpc_attribute_reads(reads: Reads, vpc_ids: Iterable[str]) -> Iterator[Task]:
    """Yield the reads of both DNS attributes of each VPC; AWS answers one a call."""
    for vpc_id in vpc_ids:
        for attribute in ("enableDnsSupport", "enableDnsHostnames"):
            yield reads.each(VPC_ATTRIBUTE, vpc_id, VpcId=vpc_id, Attribute=attribute)
