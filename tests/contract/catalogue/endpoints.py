"""Endpoints: whether a needed service can be reached from every subnet, and by which way."""

from __future__ import annotations

from typing import Any

from tests.contract.builder import (
    GROUP,
    PRIVATE_TABLE,
    PUBLIC_TABLE,
    VPC,
    A,
    B,
    Estate,
    role,
    shared,
    working,
)
from tests.contract.catalogue.registry import Case, case, orders
from tests.contract.expectations import NOT_APPLICABLE, PASS, SILENT, unknown, violation

S3 = "pl-s3"
UNREACHABLE = {"endpoints__service_unreachable": violation("high")}


def _needs(services: str, *, isolated: bool = False) -> Estate:
    estate = working()
    estate.tags["orders"] = {"vpcguard:egress": "aws", "vpcguard:services": services}
    estate.prefix_list(S3, "52.218.0.0/17", name="com.amazonaws.eu-west-1.s3")
    if isolated:
        estate.drop_route(PRIVATE_TABLE)
    return estate


def open_group(estate: Estate, **permission: Any) -> str:
    """Add a group that admits the functions' on 443, and return its id."""
    group = estate.group("sg-endpoint")
    group["IpPermissions"] = [
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": GROUP}]}
        | permission
    ]
    return "sg-endpoint"


@case
def s3_over_the_nat_without_endpoint() -> Case:
    """The NAT gateway charges for what a gateway endpoint carries for nothing."""
    estate = _needs("s3")
    found = violation("low", root_cause=PRIVATE_TABLE)
    return orders(estate, endpoints__gateway_route_missing=found, endpoints__service_unreachable=PASS)


@case
def s3_by_a_gateway_endpoint() -> Case:
    """Associated with the subnets' table."""
    estate = _needs("s3")
    estate.gateway_endpoint("vpce-s3", "s3", PRIVATE_TABLE, prefix_list=S3)
    return orders(estate, endpoints__gateway_route_missing=PASS)


@case
def s3_by_a_gateway_endpoint_of_another_table() -> Case:
    """The endpoint exists and is not associated with the subnets' table."""
    estate = _needs("s3")
    estate.gateway_endpoint("vpce-s3", "s3", PUBLIC_TABLE, prefix_list=S3)
    return orders(estate, endpoints__gateway_route_missing=violation("low", root_cause=PRIVATE_TABLE))


@case
def s3_by_an_interface_endpoint() -> Case:
    """A usable interface endpoint that catches the name makes the gateway endpoint superfluous."""
    estate = _needs("s3")
    estate.interface_endpoint("vpce-s3", "s3", A, B, group=open_group(estate))
    return orders(estate, endpoints__gateway_route_missing=PASS)


@case
def s3_inferred_from_the_role() -> Case:
    """Without a declaration the role's actions tell what is needed, and the finding says so."""
    estate = working()
    estate.roles["orders"] = role("orders", ["s3:GetObject"])
    estate.prefix_list(S3, "52.218.0.0/17", name="com.amazonaws.eu-west-1.s3")
    found = violation("low") | {"basis": "inferred"}
    return orders(estate, endpoints__gateway_route_missing=found)


@case
def s3_with_the_role_unread() -> Case:
    """What the function needs, nobody knows."""
    estate = working()
    estate.deny("iam:GetAccountAuthorizationDetails")
    waiting = unknown("iam:GetAccountAuthorizationDetails", is_failed_read=True)
    return orders(estate, endpoints__gateway_route_missing=waiting)


@case
def service_without_path_or_endpoint() -> Case:
    """A needed service that no way leads to."""
    return orders(_needs("sqs", isolated=True), **UNREACHABLE)


@case
def service_inferred_without_path_or_endpoint() -> Case:
    """An inferred need never exceeds medium."""
    estate = working()
    estate.drop_route(PRIVATE_TABLE)
    estate.roles["orders"] = role("orders", ["sqs:SendMessage"])
    found = violation("medium") | {"basis": "inferred"}
    return orders(estate, endpoints__service_unreachable=found)


@case
def service_by_an_interface_endpoint() -> Case:
    """Available, name caught, function admitted: one subnet of the endpoint is enough to reach it."""
    estate = _needs("sqs", isolated=True)
    estate.interface_endpoint("vpce-sqs", "sqs", A, group=open_group(estate))
    return orders(
        estate,
        endpoints__service_unreachable=PASS,
        endpoints__endpoint_blocked=PASS,
        endpoints__interface_single_az=violation("low"),
    )


@case
def service_in_every_zone() -> Case:
    """One subnet per zone of the function is resilience."""
    estate = _needs("sqs", isolated=True)
    estate.interface_endpoint("vpce-sqs", "sqs", A, B, group=open_group(estate))
    return orders(estate, endpoints__interface_single_az=PASS)


@case
def service_behind_a_closed_endpoint() -> Case:
    """The name is caught and the group closed: a NAT gateway does not help."""
    estate = _needs("sqs")
    estate.group("sg-endpoint")
    estate.interface_endpoint("vpce-sqs", "sqs", A, B, group="sg-endpoint")
    found = violation("high", root_cause="vpce-sqs")
    return orders(estate, endpoints__endpoint_blocked=found, endpoints__service_unreachable=PASS)


@case
def service_behind_an_endpoint_for_one_subnet() -> Case:
    """Admitted is who is admitted from every subnet with its whole network."""
    estate = _needs("sqs")
    group = open_group(estate, UserIdGroupPairs=[], IpRanges=[{"CidrIp": "10.0.0.0/24"}])
    estate.interface_endpoint("vpce-sqs", "sqs", A, B, group=group)
    return orders(estate, endpoints__endpoint_blocked=violation("high", root_cause="vpce-sqs"))


@case
def service_behind_a_pending_endpoint() -> Case:
    """Not available yet, and the name is caught all the same."""
    estate = _needs("sqs")
    estate.interface_endpoint("vpce-sqs", "sqs", A, B, group=open_group(estate), State="pending")
    return orders(estate, endpoints__endpoint_blocked=violation("high", root_cause="vpce-sqs"))


@case
def service_behind_an_endpoint_whose_groups_are_unread() -> Case:
    """Whether it admits the function, nobody knows."""
    estate = _needs("sqs")
    estate.interface_endpoint("vpce-sqs", "sqs", A, B, group="sg-endpoint")
    estate.deny("ec2:DescribeSecurityGroups")
    waiting = unknown("ec2:DescribeSecurityGroups", is_failed_read=True)
    return orders(estate, endpoints__endpoint_blocked=waiting)


@case
def service_with_private_dns_off() -> Case:
    """The endpoint is there, and the function's calls go elsewhere, where there is no way."""
    estate = _needs("sqs", isolated=True)
    estate.interface_endpoint("vpce-sqs", "sqs", A, B, group=open_group(estate), PrivateDnsEnabled=False)
    found = violation("medium", root_cause="vpce-sqs")
    return orders(estate, endpoints__private_dns_off=found, endpoints__service_unreachable=PASS)


@case
def service_with_dns_of_the_vpc_off() -> Case:
    """Private DNS works only in a VPC that resolves names."""
    estate = _needs("sqs", isolated=True)
    estate.interface_endpoint("vpce-sqs", "sqs", A, B, group=open_group(estate))
    estate.dns(hostnames=False)
    return orders(estate, endpoints__private_dns_off=violation("medium", root_cause=VPC))


@case
def s3_by_a_gateway_endpoint_with_dns_of_the_vpc_off() -> Case:
    """AWS asks for DNS support and hostnames where its resolver answers, for gateway endpoints too."""
    estate = _needs("s3", isolated=True)
    estate.gateway_endpoint("vpce-s3", "s3", PRIVATE_TABLE, prefix_list=S3)
    estate.dns(hostnames=False)
    found = violation("medium", root_cause=VPC)
    return orders(estate, endpoints__private_dns_off=found, endpoints__service_unreachable=PASS)


@case
def s3_by_a_gateway_endpoint_with_name_servers_of_ones_own() -> Case:
    """They resolve S3's name as anybody does, and the addresses are those of the endpoint."""
    estate = _needs("s3", isolated=True)
    estate.gateway_endpoint("vpce-s3", "s3", PRIVATE_TABLE, prefix_list=S3)
    estate.name_servers("10.0.9.53")
    return orders(estate, endpoints__service_unreachable=PASS, endpoints__private_dns_off=PASS)


@case
def service_by_an_endpoint_with_name_servers_of_ones_own() -> Case:
    """Whether they forward to Amazon's resolver, which alone knows the private name, nobody can read."""
    estate = _needs("sqs", isolated=True)
    estate.interface_endpoint("vpce-sqs", "sqs", A, B, group=open_group(estate))
    estate.name_servers("10.0.9.53")
    waiting = unknown(VPC, is_failed_read=False)
    return orders(estate, endpoints__private_dns_off=waiting, endpoints__service_unreachable=PASS)


@case
def service_by_an_endpoint_with_dhcp_options_denied() -> Case:
    """Who resolves names there, nobody knows."""
    estate = _needs("sqs", isolated=True)
    estate.interface_endpoint("vpce-sqs", "sqs", A, B, group=open_group(estate))
    estate.deny("ec2:DescribeDhcpOptions")
    waiting = unknown("ec2:DescribeDhcpOptions", is_failed_read=True)
    return orders(estate, endpoints__private_dns_off=waiting, config__name_resolution_blocked=waiting)


@case
def service_by_an_endpoint_that_an_older_reader_saw() -> Case:
    """The file may be older than the read of DHCP options, and Amazon's resolver is the default."""
    estate = _needs("sqs", isolated=True)
    estate.interface_endpoint("vpce-sqs", "sqs", A, B, group=open_group(estate))
    estate.reader = None
    estate.leave_unread("ec2:DescribeDhcpOptions", "ec2:DescribeVpcEndpointServices")
    return orders(estate, endpoints__private_dns_off=PASS, config__name_resolution_blocked=SILENT)


@case
def service_behind_an_endpoint_without_a_state() -> Case:
    """AWS always says it; where it does not, nobody knows."""
    estate = _needs("sqs", isolated=True)
    del estate.interface_endpoint("vpce-sqs", "sqs", A, B, group=open_group(estate))["State"]
    waiting = unknown("ec2:DescribeVpcEndpoints", is_failed_read=False)
    return orders(estate, endpoints__endpoint_blocked=waiting, endpoints__service_unreachable=PASS)


@case
def service_behind_an_endpoint_that_says_nothing_of_private_dns() -> Case:
    """It is neither on nor off."""
    estate = _needs("sqs", isolated=True)
    del estate.interface_endpoint("vpce-sqs", "sqs", A, B, group=open_group(estate))["PrivateDnsEnabled"]
    waiting = unknown("ec2:DescribeVpcEndpoints", is_failed_read=False)
    return orders(estate, endpoints__private_dns_off=waiting, endpoints__endpoint_blocked=PASS)


@case
def service_behind_an_endpoint_of_ipv6_alone() -> Case:
    """The name has no address that a client of IPv4 could call."""
    estate = _needs("sqs")
    estate.interface_endpoint("vpce-sqs", "sqs", A, B, group=open_group(estate), IpAddressType="ipv6")
    return orders(estate, endpoints__endpoint_blocked=violation("high", root_cause="vpce-sqs"))


@case
def service_by_an_endpoint_for_another_region() -> Case:
    """It leads to the service of that region."""
    estate = _needs("sqs", isolated=True)
    endpoint = estate.interface_endpoint("vpce-sqs", "sqs", A, B, group=open_group(estate))
    endpoint |= {"ServiceName": "com.amazonaws.us-east-1.sqs", "ServiceRegion": "us-east-1"}
    return orders(estate, **UNREACHABLE)


@case
def service_over_ipv6_perhaps() -> Case:
    """The only way out is IPv6: the service's name may have such addresses or not."""
    estate = _needs("secretsmanager", isolated=True)
    for subnet_id in (A, B):
        networks = [{"Ipv6CidrBlock": "2001:db8::/64", "Ipv6CidrBlockState": {"State": "associated"}}]
        estate.of("DescribeSubnets", subnet_id)["Ipv6CidrBlockAssociationSet"] = networks
    estate.egress_only_gateway("eigw-0a")
    estate.route(PRIVATE_TABLE, "eigw-0a", "::/0")
    estate.functions["orders"]["VpcConfig"]["Ipv6AllowedForDualStack"] = True
    return orders(estate, endpoints__service_unreachable=unknown(A, B, is_failed_read=False))


@case
def service_that_is_not_offered_in_a_zone() -> Case:
    """No subnet of that zone could be added to the endpoint."""
    estate = _needs("sqs", isolated=True)
    estate.interface_endpoint("vpce-sqs", "sqs", A, group=open_group(estate))
    estate.offer("sqs", "eu-west-1a", "eu-west-1c")
    return orders(estate, endpoints__interface_single_az=PASS)


@case
def service_whose_zones_are_denied() -> Case:
    """Whether it is offered in the other zone, nobody knows."""
    estate = _needs("sqs", isolated=True)
    estate.interface_endpoint("vpce-sqs", "sqs", A, group=open_group(estate))
    estate.deny("ec2:DescribeVpcEndpointServices")
    waiting = unknown("ec2:DescribeVpcEndpointServices", is_failed_read=True)
    return orders(estate, endpoints__interface_single_az=waiting)


@case
def public_apis_behind_an_endpoint_for_private_ones() -> Case:
    """With private DNS on, it takes over the names of all APIs of the region."""
    estate = working()
    estate.interface_endpoint("vpce-api", "execute-api", A, B, group=open_group(estate))
    found = violation("low", root_cause="vpce-api")
    return orders(estate, endpoints__execute_api_takes_public_names=found)


@case
def public_apis_beside_an_endpoint_for_private_ones() -> Case:
    """With private DNS off, private APIs are called by the endpoint's own names."""
    estate = working()
    group = open_group(estate)
    estate.interface_endpoint("vpce-api", "execute-api", A, B, group=group, PrivateDnsEnabled=False)
    return orders(estate, endpoints__execute_api_takes_public_names=PASS)


@case
def public_apis_that_nobody_calls() -> Case:
    """Only AWS services are meant."""
    estate = _needs("sqs")
    estate.interface_endpoint("vpce-api", "execute-api", A, B, group=open_group(estate))
    return orders(estate, endpoints__execute_api_takes_public_names=NOT_APPLICABLE)


@case
def public_apis_in_a_shared_vpc_that_nobody_sees_into() -> Case:
    """Nothing points to such an endpoint, and the owner alone could tell."""
    estate = shared(owner_was_read=False)
    return orders(estate, endpoints__execute_api_takes_public_names=NOT_APPLICABLE)


@case
def public_apis_with_endpoints_denied() -> Case:
    """Whether there is such an endpoint, nobody knows."""
    estate = working()
    estate.deny("ec2:DescribeVpcEndpoints")
    waiting = unknown("ec2:DescribeVpcEndpoints", is_failed_read=True)
    return orders(estate, endpoints__execute_api_takes_public_names=waiting)


@case
def service_with_private_dns_off_and_a_path() -> Case:
    """With a path the calls arrive."""
    estate = _needs("sqs")
    estate.interface_endpoint("vpce-sqs", "sqs", A, B, group=open_group(estate), PrivateDnsEnabled=False)
    return orders(estate, endpoints__private_dns_off=PASS, endpoints__service_unreachable=PASS)


@case
def service_with_endpoints_denied() -> Case:
    """Isolated, and nobody knows which endpoints there are."""
    estate = _needs("sqs", isolated=True)
    estate.deny("ec2:DescribeVpcEndpoints")
    waiting = unknown("ec2:DescribeVpcEndpoints", is_failed_read=True)
    return orders(estate, endpoints__service_unreachable=waiting)


@case
def service_perhaps_by_a_central_endpoint() -> Case:
    """A private route to a transit gateway may lead to central endpoints."""
    estate = _needs("sqs", isolated=True)
    estate.route(PRIVATE_TABLE, "tgw-0a", "10.0.0.0/8")
    return orders(estate, endpoints__service_unreachable={"verdict": "unknown", "is_failed_read": False})


@case
def service_by_a_central_endpoint() -> Case:
    """The configuration says which central endpoints exist."""
    estate = _needs("sqs", isolated=True)
    estate.route(PRIVATE_TABLE, "tgw-0a", "10.0.0.0/8")
    return orders(estate, {"version": 1, "central_endpoints": ["sqs"]}, endpoints__service_unreachable=PASS)


@case
def service_without_a_central_endpoint() -> Case:
    """And which do not."""
    estate = _needs("sqs", isolated=True)
    estate.route(PRIVATE_TABLE, "tgw-0a", "10.0.0.0/8")
    return orders(estate, {"version": 1, "central_endpoints": []}, **UNREACHABLE)


@case
def service_by_a_name_of_its_own() -> Case:
    """IAM says cloudwatch, the endpoint monitoring."""
    estate = _needs("cloudwatch", isolated=True)
    estate.interface_endpoint("vpce-cw", "monitoring", A, B, group=open_group(estate))
    return orders(estate, endpoints__service_unreachable=PASS)


@case
def service_by_an_endpoint_of_fips_clients() -> Case:
    """An endpoint for FIPS names serves FIPS clients only."""
    estate = _needs("sqs", isolated=True)
    estate.interface_endpoint("vpce-sqs", "sqs-fips", A, B, group=open_group(estate))
    return orders(estate, **UNREACHABLE)
