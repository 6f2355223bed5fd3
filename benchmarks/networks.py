"""The kinds of networks a generated account repeats: working, broken, isolated and opaque ways out.

Every network has three public and three private subnets in three zones, two groups, an ACL, and
what its kind adds. Shapes are boto3's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

ACCOUNT = "111122223333"
REGION = "eu-west-1"
ZONES = ("a", "b", "c")
LISTS = (
    "Vpcs",
    "Subnets",
    "RouteTables",
    "NatGateways",
    "InternetGateways",
    "EgressOnlyInternetGateways",
    "TransitGatewayVpcAttachments",
    "VpcEndpoints",
    "SecurityGroups",
    "NetworkAcls",
    "NetworkInterfaces",
    "Reservations",
)


@dataclass(slots=True)
class Network:
    """One VPC: its resources by boto3's list names, and what its functions name."""

    index: int
    resources: dict[str, list[Json]] = field(default_factory=lambda: {kind: [] for kind in LISTS})
    function_subnets: list[str] = field(default_factory=list)

    @property
    def vpc_id(self) -> str:
        """The VPC's id."""
        return self.id("vpc")

    @property
    def groups(self) -> list[str]:
        """The security groups a function may have."""
        return [self.id("sg", "open"), self.id("sg", "https")]

    def id(self, prefix: str, *parts: str) -> str:
        """Return an id of this network, e.g. subnet-0012-private-a."""
        return "-".join((prefix, f"{self.index:04d}", *parts))

    def add(self, kind: str, *resources: Json) -> None:
        """Add resources to one of boto3's lists."""
        self.resources[kind].extend(resources)


def network(index: int) -> Network:
    """Return the network of that number; the kinds take turns."""
    made = Network(index)
    _base(made)
    KINDS[index % len(KINDS)](made)
    return made


def _base(net: Network) -> None:
    block = f"10.{net.index % 256}"
    net.add(
        "Vpcs",
        {
            "VpcId": net.vpc_id,
            "OwnerId": ACCOUNT,
            "DhcpOptionsId": "dopt-0a",
            "CidrBlock": f"{block}.0.0/16",
            "InstanceTenancy": "default",
            "CidrBlockAssociationSet": [
                {"CidrBlock": f"{block}.0.0/16", "CidrBlockState": {"State": "associated"}}
            ],
        },
    )
    gateway = {"VpcId": net.vpc_id, "State": "available"}
    net.add(
        "InternetGateways", {"InternetGatewayId": net.id("igw"), "OwnerId": ACCOUNT, "Attachments": [gateway]}
    )
    for number, zone in enumerate(ZONES):
        net.add("Subnets", _subnet(net, f"public-{zone}", zone, f"{block}.{number}.0/24", 200))
        free = 5 if (net.index + number) % 7 == 0 else 800
        net.add("Subnets", _subnet(net, f"private-{zone}", zone, f"{block}.{16 + 4 * number}.0/22", free))
    net.function_subnets = [net.id("subnet", f"private-{zone}") for zone in ZONES]
    public = [net.id("subnet", f"public-{zone}") for zone in ZONES]
    _table(net, "main", [], main=True)
    _table(net, "public", public, _route("GatewayId", net.id("igw")))
    net.add("SecurityGroups", _group(net, "open", "-1"), _group(net, "https", "tcp"))
    net.add("NetworkAcls", _acl(net, [s["SubnetId"] for s in net.resources["Subnets"]]))
    net.add("NetworkInterfaces", *(_interface(net, subnet) for subnet in net.function_subnets))


def _nat_per_zone(net: Network) -> None:
    for zone in ZONES:
        net.add("NatGateways", _nat(net, zone))
        _table(
            net,
            f"private-{zone}",
            [net.id("subnet", f"private-{zone}")],
            _route("NatGatewayId", net.id("nat", zone)),
        )
    net.add(
        "VpcEndpoints", _gateway_endpoint(net, "s3", [net.id("rtb", f"private-{zone}") for zone in ZONES])
    )


def _one_nat(net: Network) -> None:
    net.add("NatGateways", _nat(net, "a"))
    _table(net, "private", net.function_subnets, _route("NatGatewayId", net.id("nat", "a")))


def _public_mistake(net: Network) -> None:
    _table(net, "private", net.function_subnets, _route("GatewayId", net.id("igw")))


def _nat_deleted(net: Network) -> None:
    _table(
        net, "private", net.function_subnets, _route("NatGatewayId", net.id("nat", "gone"), state="blackhole")
    )


def _mixed(net: Network) -> None:
    net.add("NatGateways", _nat(net, "a"))
    _table(net, "private-a", net.function_subnets[:1], _route("NatGatewayId", net.id("nat", "a")))
    _table(net, "private-bc", net.function_subnets[1:])


def _isolated(net: Network) -> None:
    _table(net, "private", net.function_subnets)
    net.add(
        "VpcEndpoints",
        _gateway_endpoint(net, "s3", [net.id("rtb", "private")]),
        _interface_endpoint(net, "sqs"),
    )


def _central(net: Network) -> None:
    _table(net, "private", net.function_subnets, _route("TransitGatewayId", "tgw-central"))
    net.add(
        "TransitGatewayVpcAttachments",
        {
            "TransitGatewayAttachmentId": net.id("tgw-attach"),
            "TransitGatewayId": "tgw-central",
            "VpcId": net.vpc_id,
            "State": "available",
            "SubnetIds": list(net.function_subnets),
        },
    )


def _regional_nat(net: Network) -> None:
    nat = _nat(net, "regional")
    nat |= {"AvailabilityMode": "regional", "AutoProvisionZones": "enabled", "AutoScalingIps": "enabled"}
    del nat["SubnetId"]
    net.add("NatGateways", nat)
    _table(net, "private", net.function_subnets, _route("NatGatewayId", nat["NatGatewayId"]))


def _nat_instance(net: Network) -> None:
    interface = {
        "NetworkInterfaceId": net.id("eni", "nat"),
        "VpcId": net.vpc_id,
        "SubnetId": net.id("subnet", "public-a"),
        "OwnerId": ACCOUNT,
        "InterfaceType": "interface",
        "Description": "nat instance",
        "SourceDestCheck": False,
        "Groups": [{"GroupId": net.id("sg", "open")}],
        "Attachment": {"InstanceId": net.id("i"), "Status": "attached"},
        "Association": {"PublicIp": "198.51.100.7"},
    }
    net.add("NetworkInterfaces", interface)
    instance = {
        "InstanceId": net.id("i"),
        "VpcId": net.vpc_id,
        "SubnetId": net.id("subnet", "public-a"),
        "State": {"Code": 16, "Name": "running"},
        "SourceDestCheck": False,
        "PublicIpAddress": "198.51.100.7",
    }
    net.add("Reservations", {"ReservationId": net.id("r"), "Instances": [instance]})
    route = _route("NetworkInterfaceId", net.id("eni", "nat")) | {"InstanceId": net.id("i")}
    _table(net, "private", net.function_subnets, route)


KINDS: tuple[Callable[[Network], None], ...] = (
    _nat_per_zone,
    _one_nat,
    _public_mistake,
    _nat_deleted,
    _mixed,
    _isolated,
    _central,
    _regional_nat,
    _nat_instance,
)


def _subnet(net: Network, name: str, zone: str, cidr: str, free: int) -> Json:
    return {
        "SubnetId": net.id("subnet", name),
        "VpcId": net.vpc_id,
        "OwnerId": ACCOUNT,
        "State": "available",
        "CidrBlock": cidr,
        "AvailabilityZone": f"{REGION}{zone}",
        "AvailabilityZoneId": f"euw1-az{1 + ZONES.index(zone)}",
        "AvailableIpAddressCount": free,
        "Ipv6Native": False,
        "Ipv6CidrBlockAssociationSet": [],
        "BlockPublicAccessStates": {"InternetGatewayBlockMode": "off"},
    }


def _table(net: Network, name: str, subnets: list[str], *routes: Json, main: bool = False) -> None:
    table = net.id("rtb", name)
    local = {
        "DestinationCidrBlock": net.resources["Vpcs"][0]["CidrBlock"],
        "GatewayId": "local",
        "Origin": "CreateRouteTable",
        "State": "active",
    }
    associations: list[Json] = [
        {
            "RouteTableAssociationId": f"rtbassoc-{subnet}",
            "RouteTableId": table,
            "SubnetId": subnet,
            "Main": False,
            "AssociationState": {"State": "associated"},
        }
        for subnet in subnets
    ]
    if main:
        associations.append(
            {"RouteTableId": table, "Main": True, "AssociationState": {"State": "associated"}}
        )
    net.add(
        "RouteTables",
        {
            "RouteTableId": table,
            "VpcId": net.vpc_id,
            "OwnerId": ACCOUNT,
            "Associations": associations,
            "Routes": [local, *routes],
        },
    )


def _route(key: str, target: str, *, state: str = "active") -> Json:
    return {"DestinationCidrBlock": "0.0.0.0/0", key: target, "Origin": "CreateRoute", "State": state}


def _nat(net: Network, zone: str) -> Json:
    return {
        "NatGatewayId": net.id("nat", zone),
        "VpcId": net.vpc_id,
        "SubnetId": net.id("subnet", f"public-{zone}"),
        "State": "available",
        "ConnectivityType": "public",
        "NatGatewayAddresses": [{"AllocationId": net.id("eipalloc", zone), "Status": "succeeded"}],
    }


def _group(net: Network, name: str, protocol: str) -> Json:
    anywhere: Json = {"IpProtocol": protocol, "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "UserIdGroupPairs": []}
    ports = {} if protocol == "-1" else {"FromPort": 443, "ToPort": 443}
    group = net.id("sg", name)
    inside: Json = {
        "IpProtocol": "-1",
        "IpRanges": [],
        "UserIdGroupPairs": [{"GroupId": group, "UserId": ACCOUNT}],
    }
    return {
        "GroupId": group,
        "GroupName": name,
        "VpcId": net.vpc_id,
        "OwnerId": ACCOUNT,
        "IpPermissions": [inside],
        "IpPermissionsEgress": [anywhere | ports],
    }


def _acl(net: Network, subnets: list[str]) -> Json:
    def entry(number: int, action: str, *, egress: bool) -> Json:
        return {
            "RuleNumber": number,
            "Protocol": "-1",
            "RuleAction": action,
            "Egress": egress,
            "CidrBlock": "0.0.0.0/0",
        }

    return {
        "NetworkAclId": net.id("acl"),
        "VpcId": net.vpc_id,
        "OwnerId": ACCOUNT,
        "IsDefault": True,
        "Associations": [{"NetworkAclId": net.id("acl"), "SubnetId": subnet} for subnet in subnets],
        "Entries": [
            entry(number, action, egress=egress)
            for egress in (True, False)
            for number, action in ((100, "allow"), (32767, "deny"))
        ],
    }


def _interface(net: Network, subnet: str) -> Json:
    return {
        "NetworkInterfaceId": f"eni-{subnet}",
        "VpcId": net.vpc_id,
        "SubnetId": subnet,
        "OwnerId": ACCOUNT,
        "InterfaceType": "lambda",
        "Description": f"AWS Lambda VPC ENI-{subnet}",
        "SourceDestCheck": True,
        "Groups": [{"GroupId": net.id("sg", "open")}],
    }


def _gateway_endpoint(net: Network, service: str, tables: list[str]) -> Json:
    return _endpoint(net, service, "Gateway") | {"RouteTableIds": tables}


def _interface_endpoint(net: Network, service: str) -> Json:
    groups = [{"GroupId": net.id("sg", "open"), "GroupName": "open"}]
    return _endpoint(net, service, "Interface") | {
        "PrivateDnsEnabled": True,
        "SubnetIds": net.function_subnets,
        "Groups": groups,
    }


def _endpoint(net: Network, service: str, kind: str) -> Json:
    return {
        "VpcEndpointId": net.id("vpce", service),
        "VpcEndpointType": kind,
        "VpcId": net.vpc_id,
        "ServiceName": f"com.amazonaws.{REGION}.{service}",
        "State": "available",
        "OwnerId": ACCOUNT,
        "PrivateDnsEnabled": False,
        "RouteTableIds": [],
        "SubnetIds": [],
        "Groups": [],
        "PolicyDocument": '{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}',
    }
