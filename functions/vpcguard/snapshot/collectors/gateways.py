"""Ways out and into AWS: NAT, internet and egress-only gateways, VPC endpoints, Block Public Access."""

from __future__ import annotations

from vpcguard.snapshot.operation import Operation
from vpcguard.snapshot.shapes import FLAG, TEXT, Shape, texts

_ATTACHMENTS: list[Shape] = [texts("VpcId State")]
NAT_GATEWAYS = Operation(
    service="ec2",
    name="DescribeNatGateways",
    shape={
        "NatGateways": [
            texts("NatGatewayId VpcId SubnetId State FailureCode FailureMessage ConnectivityType")
            | texts("AvailabilityMode AutoProvisionZones AutoScalingIps RouteTableId")
            | {
                "NatGatewayAddresses": [
                    texts("NetworkInterfaceId PublicIp PrivateIp Status AvailabilityZone AvailabilityZoneId")
                ],
                "AttachedAppliances": [texts("Type VpcEndpointId AttachmentState")],
            }
        ]
    },
    paged=True,
    page_size=1000,
)
INTERNET_GATEWAYS = Operation(
    service="ec2",
    name="DescribeInternetGateways",
    shape={"InternetGateways": [{"InternetGatewayId": TEXT, "OwnerId": TEXT, "Attachments": _ATTACHMENTS}]},
    paged=True,
    page_size=1000,
)
EGRESS_ONLY_GATEWAYS = Operation(
    service="ec2",
    name="DescribeEgressOnlyInternetGateways",
    shape={
        "EgressOnlyInternetGateways": [{"EgressOnlyInternetGatewayId": TEXT, "Attachments": _ATTACHMENTS}]
    },
    paged=True,
    page_size=255,  # the most that this one takes
)
VPC_ENDPOINTS = Operation(
    service="ec2",
    name="DescribeVpcEndpoints",
    shape={
        "VpcEndpoints": [
            texts(
                "VpcEndpointId VpcEndpointType VpcId OwnerId ServiceName ServiceRegion State PolicyDocument"
            )
            | {
                "RouteTableIds": [TEXT],
                "SubnetIds": [TEXT],
                "NetworkInterfaceIds": [TEXT],
                "Groups": [texts("GroupId")],
                "PrivateDnsEnabled": FLAG,
                "RequesterManaged": FLAG,
                "IpAddressType": TEXT,
                "DnsOptions": texts("DnsRecordIpType PrivateDnsPreference")
                | {"PrivateDnsOnlyForInboundResolverEndpoint": FLAG, "PrivateDnsSpecifiedDomains": [TEXT]},
            }
        ]
    },
    paged=True,
    page_size=1000,
)
BLOCK_PUBLIC_ACCESS = Operation(
    service="ec2",
    name="DescribeVpcBlockPublicAccessOptions",
    shape={
        "VpcBlockPublicAccessOptions": texts(
            "AwsAccountId AwsRegion State InternetGatewayBlockMode ManagedBy ExclusionsAllowed"
        )
    },
)
ACTIONS = tuple(
    operation.key
    for operation in (
        NAT_GATEWAYS,
        INTERNET_GATEWAYS,
        EGRESS_ONLY_GATEWAYS,
        VPC_ENDPOINTS,
        BLOCK_PUBLIC_ACCESS,
    )
)
