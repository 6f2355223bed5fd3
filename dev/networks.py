"""Networks of the example estate, made through EC2's API: the ways out people build, and break.

What the stand-in cannot show is left to tests/contract/cases: routes that turn into black holes,
regional NAT gateways, subnets shared by another account, transit gateways, Block Public Access.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

ZONES = ("a", "b", "c")


@dataclass(frozen=True, slots=True)
class Home:
    """Where functions live: subnets by zone letter, and the group they use."""

    vpc_id: str
    subnets: dict[str, str]
    group: str


class Builder:
    """Makes one VPC and what is in it; names are Name tags, ids come back."""

    def __init__(self, ec2: Any, region: str, name: str, number: int) -> None:
        self.ec2 = ec2
        self.region = region
        self.name = name
        self.block = f"10.{number}"
        self.vpc = ec2.create_vpc(CidrBlock=f"{self.block}.0.0/16", **self._named("vpc", name))["Vpc"][
            "VpcId"
        ]
        ec2.modify_vpc_attribute(VpcId=self.vpc, EnableDnsHostnames={"Value": True})  # endpoints take it
        self.gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.tag(self.gateway, "gateway")
        ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        self.private = {
            zone: self.subnet(f"private-{zone}", zone, 16 + i, 24) for i, zone in enumerate(ZONES)
        }

    def home(self, zones: Sequence[str] = ZONES) -> Home:
        """Return what functions of this network name."""
        group = self.ec2.create_security_group(GroupName=self.name, Description=self.name, VpcId=self.vpc)
        return Home(self.vpc, {zone: self.private[zone] for zone in zones}, group["GroupId"])

    def subnet(self, name: str, zone: str, third: int, prefix: int) -> str:
        """Make a subnet 10.n.<third>.0/<prefix> in a zone."""
        made = self.ec2.create_subnet(
            VpcId=self.vpc,
            CidrBlock=f"{self.block}.{third}.0/{prefix}",
            AvailabilityZone=f"{self.region}{zone}",
            **self._named("subnet", f"{self.name}-{name}"),
        )
        return str(made["Subnet"]["SubnetId"])

    def nat(self, zone: str) -> str:
        """Make a NAT gateway in a public subnet of its own, and that subnet's route to the internet."""
        public = self.subnet(f"public-{zone}", zone, ZONES.index(zone), 24)
        self.table([public], name=f"public-{zone}", GatewayId=self.gateway)
        address = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
        made = self.ec2.create_nat_gateway(SubnetId=public, AllocationId=address)
        nat = str(made["NatGateway"]["NatGatewayId"])
        self.tag(nat, zone)
        return nat

    def table(self, subnets: Sequence[str], *, name: str = "private", **default_route: str) -> str:
        """Make a route table for subnets, with a default route if a target is named."""
        table = str(self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"])
        self.tag(table, name)
        if default_route:
            self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **default_route)
        for subnet in subnets:
            self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        return table

    def gateway_endpoint(self, service: str, tables: Sequence[str]) -> None:
        """Make a gateway endpoint, S3 or DynamoDB, in some route tables."""
        name = f"com.amazonaws.{self.region}.{service}"
        self.ec2.create_vpc_endpoint(VpcId=self.vpc, ServiceName=name, RouteTableIds=list(tables))

    def tag(self, resource: str, name: str) -> None:
        """Give a resource its Name tag, after the network's."""
        self.ec2.create_tags(Resources=[resource], Tags=[{"Key": "Name", "Value": f"{self.name}-{name}"}])

    def _named(self, kind: str, name: str) -> dict[str, Any]:
        return {"TagSpecifications": [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]}


def nat_per_zone(net: Builder) -> Home:
    """Everything right: a NAT gateway in each zone, and S3 without its data charge."""
    tables = [
        net.table([net.private[zone]], name=f"private-{zone}", NatGatewayId=net.nat(zone)) for zone in ZONES
    ]
    net.gateway_endpoint("s3", tables)
    return net.home()


def one_nat(net: Builder) -> Home:
    """One NAT gateway for three zones, and no gateway endpoint for S3."""
    net.table(list(net.private.values()), NatGatewayId=net.nat("a"))
    return net.home()


def public_subnets(net: Builder) -> Home:
    """The classic mistake: a default route to the internet gateway gives a function nothing."""
    net.table(list(net.private.values()), GatewayId=net.gateway)
    return net.home()


def nat_deleted(net: Builder) -> Home:
    """The NAT gateway was deleted, its route left behind."""
    nat = net.nat("a")
    net.table(list(net.private.values()), NatGatewayId=nat)
    net.ec2.delete_nat_gateway(NatGatewayId=nat)
    return net.home()


def gateway_detached(net: Builder) -> Home:
    """The NAT gateway stands, the internet gateway behind it is detached."""
    net.table(list(net.private.values()), NatGatewayId=net.nat("a"))
    net.ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)
    return net.home()


def mixed(net: Builder) -> Home:
    """One zone has a way out, two were forgotten: one call in three works."""
    net.table([net.private["a"]], name="private-a", NatGatewayId=net.nat("a"))
    net.table([net.private["b"], net.private["c"]], name="private-bc")
    return net.home()


def isolated(net: Builder) -> Home:
    """No way out by design: gateway endpoints serve what the functions need."""
    table = net.table(list(net.private.values()))
    net.gateway_endpoint("s3", [table])
    net.gateway_endpoint("dynamodb", [table])
    return net.home()


def forgotten(net: Builder) -> Home:
    """No way out and no endpoint: somebody never came back to finish it."""
    net.table(list(net.private.values()))
    return net.home()


def single_zone(net: Builder) -> Home:
    """A working way out in the one zone that is used."""
    net.table([net.private["a"]], NatGatewayId=net.nat("a"))
    return net.home(["a"])


def tiny(net: Builder) -> Home:
    """A working way out, but subnets of 11 addresses, most of them taken."""
    nat = net.nat("a")
    net.private = {zone: net.subnet(f"tiny-{zone}", zone, 32 + i, 28) for i, zone in enumerate(ZONES)}
    net.table(list(net.private.values()), NatGatewayId=nat)
    for _ in range(9):
        net.ec2.create_network_interface(SubnetId=net.private["a"])
    return net.home()


def peered(net: Builder) -> Home:
    """Sends everything to a peer, which passes nothing on."""
    hub = net.ec2.create_vpc(CidrBlock="10.200.0.0/16")["Vpc"]["VpcId"]
    connection = net.ec2.create_vpc_peering_connection(VpcId=net.vpc, PeerVpcId=hub)["VpcPeeringConnection"]
    peering = connection["VpcPeeringConnectionId"]
    net.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
    net.table(list(net.private.values()), VpcPeeringConnectionId=peering)
    return net.home()


def subnet_deleted(net: Builder) -> Home:
    """A working way out; one of the subnets is deleted once its functions exist (see `estate`)."""
    net.table(list(net.private.values()), NatGatewayId=net.nat("a"))
    return net.home()
