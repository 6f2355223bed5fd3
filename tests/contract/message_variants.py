"""More networks to read messages by: other causes of the same faults, and faults of several kinds at once."""

from __future__ import annotations

from tests.contract.builder import (
    ACL,
    IGW,
    NAT,
    PUBLIC,
    PUBLIC_TABLE,
    A,
    B,
    C,
    Estate,
)
from tests.contract.message_networks import (
    Make,
    endpoints,
    estate_of,
    isolated,
    named,
    needing,
    subnets_of,
)


def _full_and_shut(count: int) -> Estate:
    estate = estate_of(2 * count + 1, "euw1-az2", tables=True)
    estate.function("orders", A, *subnets_of(estate)[1:])
    for number, subnet_id in enumerate(subnets_of(estate)[1:]):
        if number % 2:
            estate.of("DescribeSubnets", subnet_id)["AvailableIpAddressCount"] = 0
        else:
            estate.drop_route(f"rtb-{number + 2:02}")
    return estate


def _out_of_sight(count: int) -> Estate:
    estate = estate_of(count)
    estate.state("orders", State="Inactive", StateReasonCode="Idle")
    estate.entries["ec2:DescribeVpcAttribute"] = {}
    for operation in ("DescribeVpcs", "DescribeSubnets", "DescribeSecurityGroups"):
        estate.remove(operation, *list(estate.resources[f"ec2:{operation}"]))
    return estate


def _acl_of_the_nat(count: int) -> Estate:
    estate = estate_of(count)
    acl = estate.acl("acl-nat", PUBLIC)
    acl.update(IsDefault=False, Tags=named("public"))
    acl["Entries"] = [one for one in acl["Entries"] if one["Egress"]]
    associated = [{"SubnetId": subnet_id} for subnet_id in (A, *subnets_of(estate))]
    estate.of("DescribeNetworkAcls", ACL)["Associations"] = associated
    return estate


def _private_groups(count: int) -> Estate:
    groups = tuple(f"sg-{number + 1:02}" for number in range(count))
    estate = estate_of(2, groups=groups, tags={"vpcguard:egress": "internet"})
    for group_id in groups:
        estate.group(group_id, egress=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}])
    return estate


def _failed_function(_: int) -> Estate:
    estate = estate_of(2)
    estate.state("orders", State="Failed", StateReasonCode="InvalidSubnet", StateReason="The subnet is gone.")
    return estate


def _pending(count: int) -> Estate:
    estate = needing(count)
    endpoints(estate, count, *subnets_of(estate), State="pending")
    return estate


def _unassociated(count: int) -> Estate:
    estate = estate_of(count, tables=True, tags={"vpcguard:services": "s3,dynamodb"})
    estate.gateway_endpoint("vpce-s3", "s3", prefix_list="pl-s3")
    estate.of("DescribeVpcEndpoints", "vpce-s3")["Tags"] = named("s3")
    return estate


def _no_hostnames(count: int) -> Estate:
    estate = isolated(needing(count))
    endpoints(estate, count, *subnets_of(estate))
    estate.dns(hostnames=False)
    return estate


def _gateway_services(count: int) -> Estate:
    return isolated(estate_of(count, tags={"vpcguard:services": "s3,dynamodb,bedrock-runtime,cloudwatch"}))


def _own_gateways(count: int) -> Estate:
    estate = estate_of(count, "euw1-az2", "euw1-az3")
    estate.nat("nat-0b", B)["Tags"] = named("egress-b")
    return estate


def _mixed_public(count: int) -> Estate:
    estate = estate_of(count)
    estate.route("rtb-app", IGW)
    estate.function("orders", A, *subnets_of(estate))
    estate.remove("DescribeSubnets", B, C)
    return estate


def _public_alone(count: int) -> Estate:
    estate = estate_of(count)
    estate.route("rtb-app", IGW)
    estate.remove("DescribeSubnets", A, B, C)
    return estate


def _black_holes(count: int) -> Estate:
    estate = estate_of(count, tables=True)
    for number in range(count):
        estate.route(f"rtb-{number + 1:02}", f"nat-{number + 1:02}", state="blackhole")
    return estate


def _peerings(count: int) -> Estate:
    estate = estate_of(count, tables=True)
    for number in range(count):
        estate.route(f"rtb-{number + 1:02}", f"pcx-{number + 1:02}")
    estate.remove("DescribeSubnets", A, B, C)
    return estate


def _nat_without_way(count: int) -> Estate:
    estate = estate_of(count)
    estate.drop_route(PUBLIC_TABLE)
    return estate


def _private_nats(count: int) -> Estate:
    estate = estate_of(count, tables=True)
    for number in range(count):
        estate.nat(f"nat-{number + 1:02}", ConnectivityType="private")
        estate.route(f"rtb-{number + 1:02}", f"nat-{number + 1:02}")
    return estate


def _stopped_instance(count: int) -> Estate:
    estate = estate_of(count)
    _, instance = estate.nat_instance()
    instance["State"]["Name"] = "stopped"
    estate.route("rtb-app", "eni-nat")
    return estate


def _blocked_access(count: int) -> Estate:
    estate = estate_of(count)
    blocked = {"InternetGatewayBlockMode": "block-bidirectional"}
    estate.of("DescribeSubnets", PUBLIC)["BlockPublicAccessStates"] = blocked
    return estate


def _failed_gateway_without_way(count: int) -> Estate:
    estate = _nat_without_way(count)
    estate.of("DescribeNatGateways", NAT)["State"] = "deleted"
    return estate


VARIANTS: dict[str, dict[str, Make]] = {
    "az.single_usable_az": {"subnets without a free address, others without a way out": _full_and_shut},
    "config.idle_on_broken_network": {"a VPC that is not visible any more": _out_of_sight},
    "config.missing_security_group": {"a VPC that is not visible any more": _out_of_sight},
    "config.missing_subnet": {"a VPC that is not visible any more": _out_of_sight},
    "config.network_acl_blocks_https": {"the ACL of the NAT gateway's subnet": _acl_of_the_nat},
    "config.security_groups_block_egress": {
        "groups for private networks, with the internet declared": _private_groups
    },
    "config.update_failed": {"a function that failed": _failed_function},
    "endpoints.endpoint_blocked": {"services behind endpoints that are not ready": _pending},
    "endpoints.gateway_route_missing": {"one gateway endpoint without tables, one missing": _unassociated},
    "endpoints.private_dns_off": {"DNS hostnames of the VPC are off": _no_hostnames},
    "endpoints.service_unreachable": {"services with gateway endpoints and others": _gateway_services},
    "nat.cross_az": {"a zone with a NAT gateway of its own that is not used": _own_gateways},
    "nat.mixed_egress": {"public subnets beside one that leads out": _mixed_public},
    "nat.no_internet_egress": {
        "public subnets, and no others": _public_alone,
        "default routes that are black holes": _black_holes,
        "peering connections, and no other subnets": _peerings,
        "a NAT gateway in a subnet without a way out": _nat_without_way,
        "a NAT gateway that is gone": _failed_gateway_without_way,
        "private NAT gateways": _private_nats,
        "a NAT instance that is stopped": _stopped_instance,
        "VPC Block Public Access": _blocked_access,
    },
}
