"""Networks of which nobody sees all: what rules wait for, and what they advise then."""

from __future__ import annotations

from tests.contract.builder import VPC, Estate
from tests.contract.message_networks import (
    NFS,
    SERVICES,
    Make,
    endpoints,
    estate_of,
    isolated,
    mounting,
    named,
    needing,
    subnets_of,
)


def _refused(count: int) -> Estate:
    estate = needing(count, subnets=count)
    mounting(estate, egress=NFS, ingress=NFS)
    estate.deny(*estate.document()["answers"], "tag:GetResources", "iam:GetAccountAuthorizationDetails")
    return estate


def _untold(count: int) -> Estate:
    estate = needing(count, subnets=count)
    for subnet in estate.resources["ec2:DescribeSubnets"].values():
        for field in ("AvailabilityZone", "AvailabilityZoneId", "AvailableIpAddressCount"):
            subnet.pop(field, None)
    estate.of("DescribeVpcs", VPC).pop("InstanceTenancy")
    return estate


def _transit(count: int) -> Estate:
    estate = estate_of(count, tables=True, tags={"vpcguard:services": ",".join(SERVICES[:count])})
    for gateway_id in ("tgw-01", "tgw-02"):
        estate.attachment(gateway_id, *subnets_of(estate))
    for number in range(count):
        table = f"rtb-{number + 1:02}"
        estate.route(table, f"tgw-{number % 2 + 1:02}")
        estate.of("DescribeRouteTables", table)["Tags"] = named("hub")
    return estate


def _central(count: int) -> Estate:
    estate = isolated(needing(count, subnets=count))
    estate.route("rtb-app", "tgw-01", "10.0.0.0/8")
    return estate


def _torn(count: int) -> Estate:
    estate = needing(count, subnets=count)
    estate.table("rtb-other", *subnets_of(estate))
    estate.acl("acl-other", *subnets_of(estate))
    return estate


def _conditional(count: int) -> Estate:
    estate = estate_of(count, tags={"vpcguard:services": "bedrock,appconfig"})
    statement = estate.roles["orders"]["RolePolicyList"][0]["PolicyDocument"]["Statement"][0]
    statement["Condition"] = {"StringEquals": {"aws:SourceVpc": VPC}}
    isolated(estate)
    for name in ("bedrock", "appconfigdata"):
        endpoints(estate, 0)
        estate.interface_endpoint(f"vpce-{name}", name, *subnets_of(estate), group="sg-endpoint")
    return estate


def _own_servers(count: int) -> Estate:
    estate = isolated(needing(count))
    endpoints(estate, count, *subnets_of(estate))
    estate.name_servers("10.0.9.1", "10.0.9.2")
    return estate


def _ipv6_alone(count: int) -> Estate:
    estate = isolated(needing(count, subnets=count))
    estate.egress_only_gateway("eigw-0a")
    estate.route("rtb-app", "eigw-0a", "::/0")
    for subnet_id in subnets_of(estate):
        ipv6 = {"Ipv6CidrBlock": "2a05::/64", "Ipv6CidrBlockState": {"State": "associated"}}
        estate.of("DescribeSubnets", subnet_id)["Ipv6CidrBlockAssociationSet"] = [ipv6]
    estate.functions["orders"]["VpcConfig"]["Ipv6AllowedForDualStack"] = True
    return estate


UNKNOWNS: dict[str, Make] = {
    "every read refused": _refused,
    "subnets and the VPC told in part": _untold,
    "the ways out lead to transit gateways": _transit,
    "there may be central endpoints": _central,
    "subnets in two route tables and two ACLs": _torn,
    "name servers of the VPC's own": _own_servers,
    "ways out over IPv6 alone": _ipv6_alone,
    "a role under a condition, services of several endpoints": _conditional,
}
