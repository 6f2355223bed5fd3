"""Small networks made by hand for the second opinion: the example estate, changed in one respect."""

from __future__ import annotations

from typing import Any

from tests.contract.builder import IGW, PRIVATE_TABLE, PUBLIC, VPC, A, B, C, Estate
from tests.contract.crosscheck.judgements import Judgement, judge
from tests.contract.crosscheck.ways import Way
from tests.contract.crosscheck.world import World

Json = dict[str, Any]
TGW, PROXY, GATEWAY_GROUP = "tgw-0a", "vpce-proxy", "sg-nat"
_ATTACHMENTS = "ec2:DescribeTransitGatewayVpcAttachments"


def way(estate: Estate, *trusted: str, subnet_id: str = A) -> Way:
    """Return the way from one of its subnets, by default the first."""
    return judged(estate, *trusted).ways[subnet_id]


def judged(estate: Estate, *trusted: str, is_declared: bool = True) -> Judgement:
    """Return what the second opinion says of the one function of an estate."""
    snapshot = estate.snapshot()
    (function,) = snapshot["answers"]["lambda:ListFunctions"]["Functions"]
    return judge(World(snapshot, trusted), function, is_declared=is_declared)


def attach(estate: Estate, *subnet_ids: str, state: str = "available", vpc: str = VPC) -> None:
    """Attach the VPC to the transit gateway in some subnets."""
    attachment: Json = {"TransitGatewayAttachmentId": "tgw-attach-0a", "TransitGatewayId": TGW, "VpcId": vpc}
    attachment |= {"State": state, "SubnetIds": list(subnet_ids)}
    estate.entries[_ATTACHMENTS] = {"TransitGatewayVpcAttachments": [attachment]}


def lead_to_instance(estate: Estate, **interface: Any) -> None:
    """Lead the private subnets to a NAT instance that does everything right."""
    usable = {"Groups": [{"GroupId": GATEWAY_GROUP}], "Association": {"PublicIp": "198.51.100.9"}}
    of_instance, instance = estate.nat_instance()
    of_instance.update(usable | interface)
    instance["NetworkInterfaces"] = [
        {"NetworkInterfaceId": "eni-nat", "Association": of_instance["Association"]}
    ]
    let_in(estate, IpRanges=[{"CidrIp": "10.0.0.0/16"}])
    estate.route(PRIVATE_TABLE, "eni-nat", InstanceId="i-nat")


def let_in(estate: Estate, port: int = 443, **sources: Any) -> None:
    """Let the NAT instance's group admit one port from somewhere."""
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **sources}
    estate.group(GATEWAY_GROUP)["IpPermissions"] = [rule]


def lambda_interface(estate: Estate, *groups: str, subnet: str = A, **more: Any) -> None:
    """Add Lambda's interface for these groups in a subnet."""
    estate.add(
        "DescribeNetworkInterfaces",
        "eni-lambda",
        NetworkInterfaceId="eni-lambda",
        VpcId=VPC,
        SubnetId=subnet,
        InterfaceType="lambda",
        Groups=[{"GroupId": one} for one in groups],
        **more,
    )


def lead_to_gateway(estate: Estate, **route: Any) -> None:
    """Make the private subnets public."""
    estate.route(PRIVATE_TABLE, IGW, **route)


def firewalled(estate: Estate, kind: str, status: str) -> None:
    """Make them public behind an Automatic Internet Firewall."""
    lead_to_gateway(
        estate, IgwFirewall={"FirewallArn": "arn:aws:network-firewall:::firewall/0a", "Status": status}
    )
    estate.of("DescribeSubnets", A)["NetworkFirewallConnectivityType"] = kind


def block(estate: Estate, mode: str) -> None:
    """Set Block Public Access for every subnet."""
    for subnet_id in (A, B, C, PUBLIC):
        estate.of("DescribeSubnets", subnet_id)["BlockPublicAccessStates"] = {
            "InternetGatewayBlockMode": mode
        }


def isolate(estate: Estate) -> None:
    """Take the way out from the private subnets."""
    estate.drop_route(PRIVATE_TABLE)


def appliance(estate: Estate, state: str = "attached") -> None:
    """Attach a firewall or proxy to the NAT gateway."""
    attached = {"Type": "network-firewall-proxy", "VpcEndpointId": PROXY, "AttachmentState": state}
    estate.nat(AttachedAppliances=[attached])
