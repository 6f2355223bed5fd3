"""VPCs, subnets, routes, gateways, endpoints: AWS's answers as facts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.facts.snapshots import (
    ACCOUNT,
    KNOWN,
    VPC,
    attached,
    coverage,
    facts,
    functions,
    lacking,
    subnet,
    unknown,
    vpc,
)
from vpcguard.errors import SnapshotError
from vpcguard.model import Failure


def _routes(*routes: dict[str, Any]) -> list[dict[str, Any]]:
    table = {"RouteTableId": "rtb-1", "VpcId": VPC, "Associations": [], "Routes": list(routes)}
    found = facts({"ec2:DescribeRouteTables": {"RouteTables": [table]}})
    result: list[dict[str, Any]] = found["route_tables"][0]["routes"]
    return result


def test_a_vpc_with_its_networks_and_dns_attributes() -> None:
    found = facts(
        {
            "ec2:DescribeVpcs": {
                "Vpcs": [
                    vpc(
                        InstanceTenancy="dedicated",
                        CidrBlock="10.0.0.0/16",
                        CidrBlockAssociationSet=[
                            {"CidrBlock": "10.0.0.0/16", "CidrBlockState": {"State": "associated"}},
                            {"CidrBlock": "10.9.0.0/16", "CidrBlockState": {"State": "disassociated"}},
                            {"CidrBlock": "10.1.0.0/16", "CidrBlockState": {"State": "associated"}},
                        ],
                        Ipv6CidrBlockAssociationSet=[
                            {"Ipv6CidrBlock": "2001:db8::/56", "Ipv6CidrBlockState": {"State": "associated"}}
                        ],
                    )
                ]
            },
            "ec2:DescribeVpcAttribute": {
                VPC: {"EnableDnsSupport": {"Value": True}, "EnableDnsHostnames": {"Value": False}}
            },
        }
    )

    assert found["vpcs"] == [
        {
            "id": VPC,
            "owner_id": ACCOUNT,
            "tenancy": "dedicated",
            "ipv4_cidrs": ["10.0.0.0/16", "10.1.0.0/16"],
            "ipv6_cidrs": ["2001:db8::/56"],
            "dns_support": True,
            "dns_hostnames": False,
        }
    ]


def test_one_dns_attribute_of_two_leaves_them_unknown() -> None:
    found = facts(
        {
            "ec2:DescribeSubnets": {"Subnets": [subnet("subnet-a")]},
            "ec2:DescribeVpcAttribute": {VPC: {"EnableDnsSupport": {"Value": True}}},
        }
    )

    assert found["vpcs"] == [{"id": VPC, "ipv4_cidrs": [], "ipv6_cidrs": [], "dns_support": True}]
    assert coverage(found, "vpc_attributes", VPC) == lacking(
        "ec2:DescribeVpcAttribute", f"EnableDnsHostnames of {VPC}"
    )


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("private a", "private a"),
        (" \x1b[31mpri\nvate\u2028\x07 ", "[31mprivate"),
        ("x" * 256, "x" * 60),
        ("\n", None),
        ("", None),
    ],
)
def test_a_name_is_one_line_that_people_can_read(value: str, name: str | None) -> None:
    """Anybody who may tag a resource writes it, and it stands in messages."""
    tagged = subnet("subnet-a", Tags=[{"Key": "Name", "Value": value}])
    (found,) = facts({"ec2:DescribeSubnets": {"Subnets": [tagged]}})["subnets"]

    assert found.get("name") == name


def test_a_name_that_was_changed_between_two_pages_contradicts_nothing() -> None:
    both = [subnet("subnet-a", Tags=[{"Key": "Name", "Value": value}]) for value in ("app", "web")]

    assert [one["id"] for one in facts({"ec2:DescribeSubnets": {"Subnets": both}})["subnets"]] == ["subnet-a"]


def test_a_subnet() -> None:
    found = facts(
        {
            "ec2:DescribeSubnets": {
                "Subnets": [
                    subnet(
                        "subnet-a",
                        State="available",
                        AvailabilityZone="eu-west-1a",
                        AvailabilityZoneId="euw1-az2",
                        CidrBlock="10.0.0.0/24",
                        AvailableIpAddressCount=0,
                        Ipv6Native=False,
                        Ipv6CidrBlockAssociationSet=[
                            {"Ipv6CidrBlock": "2001:db8::/64", "Ipv6CidrBlockState": {"State": "associated"}},
                            {
                                "Ipv6CidrBlock": "2001:db9::/64",
                                "Ipv6CidrBlockState": {"State": "associating"},
                            },
                        ],
                        BlockPublicAccessStates={"InternetGatewayBlockMode": "Block-Bidirectional"},
                        Tags=[{"Key": "Name", "Value": "private"}],
                    ),
                    subnet("subnet-6", Ipv6Native=True, CidrBlock=""),
                ]
            }
        }
    )

    assert found["subnets"] == [
        {
            "id": "subnet-6",
            "vpc_id": VPC,
            "owner_id": ACCOUNT,
            "zone_id": "euw1-az1",
            "state": "available",
            "ipv6_cidrs": [],
            "is_ipv6_only": True,
            "is_visible": True,
        },
        {
            "id": "subnet-a",
            "name": "private",
            "vpc_id": VPC,
            "owner_id": ACCOUNT,
            "zone_id": "euw1-az2",
            "zone_name": "eu-west-1a",
            "state": "available",
            "ipv4_cidr": "10.0.0.0/24",
            "ipv6_cidrs": ["2001:db8::/64"],
            "is_ipv6_only": False,
            "free_ipv4_addresses": 0,
            "internet_gateway_block_mode": "block-bidirectional",
            "is_visible": True,
        },
    ]


def test_zones_of_every_kind() -> None:
    zones = [
        {
            "ZoneId": "euw1-az1",
            "ZoneName": "eu-west-1a",
            "ZoneType": "availability-zone",
            "State": "available",
        },
        {"ZoneId": "euw1-lon1-az1", "ZoneType": "local-zone", "State": "available"},
    ]

    found = facts({"ec2:DescribeAvailabilityZones": {"AvailabilityZones": zones}})

    assert found["availability_zones"] == [
        {"id": "euw1-az1", "name": "eu-west-1a", "type": "availability-zone", "state": "available"},
        {"id": "euw1-lon1-az1", "type": "local-zone", "state": "available"},
    ]
    assert coverage(found, "availability_zones") == KNOWN


def test_the_name_servers_of_a_vpc_are_those_of_its_options() -> None:
    named = {"Key": "domain-name-servers", "Values": [{"Value": "10.0.0.53"}, {"Value": "10.0.1.53"}]}
    other = {"Key": "domain-name", "Values": [{"Value": "example.test"}]}
    options = [{"DhcpOptionsId": "dopt-0a", "DhcpConfigurations": [other, named]}]
    vpc = {"VpcId": VPC, "OwnerId": ACCOUNT, "DhcpOptionsId": "dopt-0a"}
    own = {"ec2:DescribeVpcs": {"Vpcs": [vpc]}, "ec2:DescribeSubnets": {"Subnets": [subnet("subnet-a")]}}

    found = facts(own | {"ec2:DescribeDhcpOptions": {"DhcpOptions": options}})
    without = facts(own | {"ec2:DescribeDhcpOptions": {"DhcpOptions": []}})

    assert found["vpcs"][0]["name_servers"] == ["10.0.0.53", "10.0.1.53"]
    assert coverage(found, "dhcp_options", VPC) == KNOWN
    assert "name_servers" not in without["vpcs"][0]
    assert coverage(without, "dhcp_options", VPC) == lacking(
        "ec2:DescribeDhcpOptions", f"the options of {VPC}"
    )
    assert coverage(facts(own), "dhcp_options", VPC)["status"] == "not_requested"


def test_the_zones_of_a_service_are_told_by_id_or_by_the_accounts_names() -> None:
    zones = [{"ZoneId": "euw1-az3", "ZoneName": "eu-west-1c"}]
    services = [
        {"ServiceName": "by-name", "AvailabilityZones": ["eu-west-1c"]},
        {"ServiceName": "by-id", "AvailabilityZones": ["eu-west-1x"], "AvailabilityZoneIds": ["euw1-az2"]},
        {"ServiceName": "untold", "AvailabilityZones": ["eu-west-1x"]},
    ]

    found = facts(
        {
            "ec2:DescribeAvailabilityZones": {"AvailabilityZones": zones},
            "ec2:DescribeVpcEndpointServices": {"ServiceDetails": services},
        }
    )

    assert found["endpoint_services"] == [
        {"id": "by-id", "zone_ids": ["euw1-az2"]},
        {"id": "by-name", "zone_ids": ["euw1-az3"]},
    ]
    assert coverage(found, "endpoint_services") == KNOWN


@pytest.mark.parametrize(
    ("target", "kind", "identity"),
    [
        ({"GatewayId": "local"}, "local", "local"),
        ({"GatewayId": "igw-1"}, "internet_gateway", "igw-1"),
        ({"GatewayId": "vgw-1"}, "virtual_private_gateway", "vgw-1"),
        ({"GatewayId": "vpce-1"}, "vpc_endpoint", "vpce-1"),
        ({"GatewayId": "new-1"}, "unknown", "new-1"),
        ({"NatGatewayId": "nat-1"}, "nat_gateway", "nat-1"),
        ({"TransitGatewayId": "tgw-1"}, "transit_gateway", "tgw-1"),
        ({"VpcPeeringConnectionId": "pcx-1"}, "vpc_peering_connection", "pcx-1"),
        ({"EgressOnlyInternetGatewayId": "eigw-1"}, "egress_only_internet_gateway", "eigw-1"),
        ({"CoreNetworkArn": "arn:aws:nm:1"}, "core_network", "arn:aws:nm:1"),
        ({"LocalGatewayId": "lgw-1"}, "local_gateway", "lgw-1"),
        ({"CarrierGatewayId": "cagw-1"}, "carrier_gateway", "cagw-1"),
        ({"NetworkInterfaceId": "eni-1"}, "network_interface", "eni-1"),
        ({"OdbNetworkArn": "arn:aws:odb:1"}, "unknown", "arn:aws:odb:1"),
    ],
)
def test_the_target_of_a_route_is_told_by_its_field(target: Any, kind: str, identity: str) -> None:
    route = {"DestinationCidrBlock": "0.0.0.0/0", "State": "Active", "Origin": "CreateRoute", **target}

    assert _routes(route) == [
        {
            "family": "ipv4",
            "destination": "0.0.0.0/0",
            "target_kind": kind,
            "target_id": identity,
            "state": "active",
            "origin": "local" if kind == "local" else "static",
        }
    ]


def test_what_a_route_does_that_names_no_target_is_not_known() -> None:
    """It leads to what botocore cannot name yet."""
    (found,) = _routes({"DestinationCidrBlock": "0.0.0.0/0", "State": "active", "Origin": "CreateRoute"})

    assert (found["target_kind"], found["target_id"], found["state"]) == ("unknown", "", "unknown")


def test_a_route_to_a_nat_instance_names_interface_and_instance() -> None:
    route = {
        "DestinationCidrBlock": "0.0.0.0/0",
        "InstanceId": "i-1",
        "InstanceOwnerId": ACCOUNT,
        "NetworkInterfaceId": "eni-1",
        "State": "blackhole",
        "Origin": "CreateRoute",
    }

    assert _routes(route) == [
        {
            "family": "ipv4",
            "destination": "0.0.0.0/0",
            "target_kind": "network_interface",
            "target_id": "eni-1",
            "instance_id": "i-1",
            "state": "blackhole",
            "origin": "static",
        }
    ]


def test_destinations_and_origins() -> None:
    told = (
        {"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1", "Origin": "EnableVgwRoutePropagation"},
        {"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1", "Origin": "Advertisement"},
        {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "Origin": "CreateRouteTable"},
    )
    routes = _routes(*({**route, "State": "active"} for route in told))

    assert [(route["family"], route["destination"], route["origin"]) for route in routes] == [
        ("ipv4", "10.0.0.0/16", "local"),
        ("ipv6", "::/0", "propagated"),
        ("prefix_list", "pl-1", "propagated"),
    ]


def test_only_associations_that_hold_count() -> None:
    """A failed association leaves the subnet on the main table."""
    table = {
        "RouteTableId": "rtb-1",
        "VpcId": VPC,
        "Associations": [
            {"Main": True, "AssociationState": {"State": "associated"}},
            {"Main": False, "SubnetId": "subnet-b", "AssociationState": {"State": "associated"}},
            {"Main": False, "SubnetId": "subnet-a", "AssociationState": {"State": "failed"}},
            {"Main": False, "GatewayId": "igw-1", "AssociationState": {"State": "associated"}},
        ],
        "Routes": [],
    }

    found = facts({"ec2:DescribeRouteTables": {"RouteTables": [table]}})

    assert found["route_tables"] == [
        {"id": "rtb-1", "vpc_id": VPC, "is_main": True, "subnet_ids": ["subnet-b"], "routes": []}
    ]


def test_nat_gateways_zonal_and_regional() -> None:
    """A regional one has no subnet; its addresses name zones by id, or by this account's name."""
    found = facts(
        {
            "ec2:DescribeSubnets": {
                "Subnets": [subnet("subnet-a", AvailabilityZone="eu-west-1b", AvailabilityZoneId="euw1-az1")]
            },
            "ec2:DescribeNatGateways": {
                "NatGateways": [
                    {
                        "NatGatewayId": "nat-2",
                        "VpcId": VPC,
                        "State": "available",
                        "ConnectivityType": "public",
                        "AvailabilityMode": "regional",
                        "AutoProvisionZones": "disabled",
                        "RouteTableId": "rtb-nat",
                        "NatGatewayAddresses": [
                            {"AvailabilityZoneId": "euw1-az3", "Status": "succeeded"},
                            {"AvailabilityZone": "eu-west-1b", "Status": "succeeded"},
                            {"AvailabilityZoneId": "euw1-az2", "Status": "failed"},
                        ],
                    },
                    {
                        "NatGatewayId": "nat-1",
                        "VpcId": VPC,
                        "SubnetId": "subnet-a",
                        "State": "Failed",
                        "FailureCode": "InsufficientFreeAddressesInSubnet",
                        "FailureMessage": "no address",
                        "AttachedAppliances": [
                            {"Type": "network-firewall-proxy", "AttachmentState": "Attached"},
                            {"VpcEndpointId": "vpce-1"},
                        ],
                        "NatGatewayAddresses": [{"AvailabilityZoneId": "euw1-az1"}],
                    },
                ]
            },
        }
    )

    assert found["nat_gateways"] == [
        {
            "id": "nat-1",
            "vpc_id": VPC,
            "state": "failed",
            "connectivity_type": "public",
            "is_regional": False,
            "is_automatic": False,
            "subnet_id": "subnet-a",
            "zone_ids": [],
            "failure_code": "InsufficientFreeAddressesInSubnet",
            "failure_message": "no address",
            "appliances": [
                {"type": "network-firewall-proxy", "state": "attached"},
                {"endpoint_id": "vpce-1", "state": "unknown"},
            ],
        },
        {
            "id": "nat-2",
            "vpc_id": VPC,
            "state": "available",
            "connectivity_type": "public",
            "is_regional": True,
            "is_automatic": False,
            "route_table_id": "rtb-nat",
            "zone_ids": ["euw1-az1", "euw1-az3"],
            "appliances": [],
        },
    ]


def test_attachments_to_transit_gateways() -> None:
    attachment = {"TransitGatewayAttachmentId": "tgw-attach-1", "TransitGatewayId": "tgw-1", "VpcId": VPC}
    subnets = {"State": "Available", "SubnetIds": ["subnet-b", "subnet-a"]}
    answer = {"TransitGatewayVpcAttachments": [attachment | subnets]}

    found = facts({"ec2:DescribeTransitGatewayVpcAttachments": answer})

    assert found["transit_gateway_attachments"] == [
        {
            "id": "tgw-attach-1",
            "transit_gateway_id": "tgw-1",
            "vpc_id": VPC,
            "state": "available",
            "subnet_ids": ["subnet-a", "subnet-b"],
        }
    ]


@pytest.mark.parametrize(
    ("answered", "addresses"),
    [
        ({"NetworkInterfaces": [{"Association": {"PublicIp": "198.51.100.2"}}, {}]}, ["198.51.100.2"]),
        ({"NetworkInterfaces": [{}]}, []),
        ({"PublicIpAddress": "198.51.100.1"}, ["198.51.100.1"]),
        ({}, None),
    ],
)
def test_public_addresses_of_an_instance(answered: dict[str, Any], addresses: list[str] | None) -> None:
    """Of all its interfaces; where AWS shows none of those, nobody knows."""
    instance = {"InstanceId": "i-1", "State": {"Name": "running"}, **answered}
    route = {"DestinationCidrBlock": "0.0.0.0/0", "NetworkInterfaceId": "eni-1", "InstanceId": "i-1"}
    route |= {"State": "active", "Origin": "CreateRoute"}
    table = {"RouteTableId": "rtb-1", "VpcId": VPC, "Associations": [], "Routes": [route]}

    found = facts(
        {
            "ec2:DescribeRouteTables": {"RouteTables": [table]},
            "ec2:DescribeInstances": {"Reservations": [{"Instances": [instance]}]},
        }
    )

    assert found["instances"][0].get("public_ips") == addresses


def test_an_internet_firewall_shows_at_subnets_and_routes() -> None:
    route = {
        "DestinationCidrBlock": "0.0.0.0/0",
        "GatewayId": "igw-1",
        "IgwFirewall": {"FirewallArn": "arn:f", "Status": "active"},
        "State": "active",
        "Origin": "CreateRoute",
    }
    table = {"RouteTableId": "rtb-1", "VpcId": VPC, "Associations": [], "Routes": [route]}
    inspected = subnet("subnet-a", NetworkFirewallConnectivityType="Flexible")

    found = facts(
        {
            "ec2:DescribeSubnets": {"Subnets": [inspected, subnet("subnet-b")]},
            "ec2:DescribeRouteTables": {"RouteTables": [table]},
        }
    )

    assert [one.get("internet_firewall") for one in found["subnets"]] == ["flexible", None]
    (told,) = found["route_tables"][0]["routes"]
    assert (told["firewall_id"], told["firewall_status"]) == ("arn:f", "active")


def test_gateways_and_their_attachments() -> None:
    attachment = {"Attachments": [{"VpcId": VPC, "State": "Available"}]}

    found = facts(
        {
            "ec2:DescribeInternetGateways": {
                "InternetGateways": [
                    {"InternetGatewayId": "igw-2", "Attachments": []},
                    {"InternetGatewayId": "igw-1", **attachment},
                ]
            },
            "ec2:DescribeEgressOnlyInternetGateways": {
                "EgressOnlyInternetGateways": [{"EgressOnlyInternetGatewayId": "eigw-1", **attachment}]
            },
        }
    )

    attached = [{"vpc_id": VPC, "state": "available"}]
    assert found["internet_gateways"] == [
        {"id": "igw-1", "attachments": attached},
        {"id": "igw-2", "attachments": []},
    ]
    assert found["egress_only_internet_gateways"] == [{"id": "eigw-1", "attachments": attached}]


_FULL_ACCESS = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}'


@pytest.mark.parametrize(
    ("policy", "is_default"),
    [
        (None, True),
        (_FULL_ACCESS, True),
        (_FULL_ACCESS.replace('"*"', '{"AWS": "*"}', 1), True),
        (_FULL_ACCESS.replace('"Action": "*"', '"Action": "s3:GetObject"'), False),
        (
            _FULL_ACCESS.replace('"Resource"', '"Condition": {"StringEquals": {}, "Bool": {}}, "Resource"'),
            False,
        ),
        (_FULL_ACCESS.replace("Allow", "Deny"), False),
        ('{"Statement": []}', False),
        ("no policy", False),
        ("[" * 100_000, False),
    ],
)
def test_an_endpoint_and_whether_its_policy_is_the_default(policy: Any, *, is_default: bool) -> None:
    found = facts(
        {
            "ec2:DescribeVpcEndpoints": {
                "VpcEndpoints": [
                    {
                        "VpcEndpointId": "vpce-1",
                        "VpcId": VPC,
                        "VpcEndpointType": "Interface",
                        "ServiceName": "com.amazonaws.eu-west-1.secretsmanager",
                        "State": "Available",
                        "PrivateDnsEnabled": True,
                        "DnsOptions": {"PrivateDnsOnlyForInboundResolverEndpoint": True},
                        "SubnetIds": ["subnet-b", "subnet-a"],
                        "Groups": [{"GroupId": "sg-2", "GroupName": "x"}],
                        "PolicyDocument": policy,
                    }
                ]
            }
        }
    )

    assert found["vpc_endpoints"] == [
        {
            "id": "vpce-1",
            "vpc_id": VPC,
            "type": "Interface",
            "service_name": "com.amazonaws.eu-west-1.secretsmanager",
            "state": "available",
            "private_dns_enabled": True,
            "private_dns_only_for_inbound_resolver": True,
            "route_table_ids": [],
            "subnet_ids": ["subnet-a", "subnet-b"],
            "security_group_ids": ["sg-2"],
            "has_default_policy": is_default,
        }
    ]


def test_a_security_group_that_something_has() -> None:
    """A VPC can hold 2,500 groups of 120 rules; whatever has none of the others does not rest on them."""
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "x"}],
        "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
        "PrefixListIds": [{"PrefixListId": "pl-1"}],
        "UserIdGroupPairs": [{"GroupId": "sg-2", "UserId": ACCOUNT}],
    }

    found = facts(
        {
            **functions(attached("subnet-1", groups=("sg-1",))),
            "ec2:DescribeSecurityGroups": {
                "SecurityGroups": [
                    {"GroupId": "sg-2", "VpcId": VPC, "OwnerId": ACCOUNT},
                    {
                        "GroupId": "sg-1",
                        "VpcId": VPC,
                        "OwnerId": ACCOUNT,
                        "IpPermissions": [permission],
                        "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
                    },
                ]
            },
        }
    )

    assert found["security_groups"] == [
        {
            "id": "sg-1",
            "vpc_id": VPC,
            "owner_id": ACCOUNT,
            "ingress": [
                {
                    "protocol": "tcp",
                    "from_port": 443,
                    "to_port": 443,
                    "ipv4_cidrs": ["10.0.0.0/8"],
                    "ipv6_cidrs": ["::/0"],
                    "prefix_list_ids": ["pl-1"],
                    "group_ids": ["sg-2"],
                }
            ],
            "egress": [
                {
                    "protocol": "-1",
                    "ipv4_cidrs": ["0.0.0.0/0"],
                    "ipv6_cidrs": [],
                    "prefix_list_ids": [],
                    "group_ids": [],
                }
            ],
        }
    ]


def test_a_network_acl_in_the_order_of_its_numbers() -> None:
    entry = {
        "Protocol": "6",
        "RuleAction": "Allow",
        "CidrBlock": "0.0.0.0/0",
        "PortRange": {"From": 1, "To": 2},
    }

    found = facts(
        {
            "ec2:DescribeNetworkAcls": {
                "NetworkAcls": [
                    {
                        "NetworkAclId": "acl-1",
                        "VpcId": VPC,
                        "IsDefault": True,
                        "Associations": [{"SubnetId": "subnet-a"}],
                        "Entries": [
                            {**entry, "Egress": True, "RuleNumber": 100},
                            {"Protocol": "-1", "RuleAction": "deny", "Egress": True, "RuleNumber": 32767}
                            | {"Ipv6CidrBlock": "::/0"},
                            {**entry, "Egress": False, "RuleNumber": 200},
                        ],
                    }
                ]
            }
        }
    )

    allow = {"protocol": "6", "action": "allow", "ipv4_cidr": "0.0.0.0/0", "from_port": 1, "to_port": 2}
    assert found["network_acls"] == [
        {
            "id": "acl-1",
            "vpc_id": VPC,
            "is_default": True,
            "subnet_ids": ["subnet-a"],
            "entries": [
                {"rule_number": 200, "is_egress": False, **allow},
                {"rule_number": 100, "is_egress": True, **allow},
                {"rule_number": 32767, "is_egress": True, "protocol": "-1", "action": "deny"}
                | {"ipv6_cidr": "::/0"},
            ],
        }
    ]


@pytest.mark.parametrize(
    "missing", ["Egress", "RuleNumber", "Protocol", "RuleAction", "CidrBlock", "PortRange"]
)
def test_an_acl_whose_entry_lacks_what_decides_it_is_left_out(missing: str) -> None:
    """A default in its place would invent a permission or a denial."""
    entry = {"Protocol": "6", "RuleAction": "allow", "Egress": True, "RuleNumber": 1}
    entry |= {"CidrBlock": "0.0.0.0/0", "PortRange": {"From": 443, "To": 443}}
    del entry[missing]

    found = facts(
        {
            "ec2:DescribeSubnets": {"Subnets": [subnet("subnet-a"), subnet("subnet-b", vpc_id="vpc-0b")]},
            "ec2:DescribeNetworkAcls": {
                "NetworkAcls": [
                    {"NetworkAclId": "acl-1", "VpcId": VPC, "Associations": [], "Entries": [entry]}
                ]
            },
        }
    )

    assert found["network_acls"] == []
    of_its_vpc = coverage(found, "network_acls", VPC)
    assert of_its_vpc["reason"].startswith(f"ec2:DescribeNetworkAcls answered without Entries[0].{missing}")
    assert of_its_vpc["is_failed_read"] is False
    assert coverage(found, "network_acls", "vpc-0b") == KNOWN


def test_interfaces_of_lambda_and_those_that_routes_lead_to() -> None:
    """An account has thousands of others; none of them decides a verdict."""
    interface = {"VpcId": VPC, "SubnetId": "subnet-pub", "InterfaceType": "interface", "Groups": []}

    found = facts(
        {
            "ec2:DescribeRouteTables": {
                "RouteTables": [
                    {
                        "RouteTableId": "rtb-1",
                        "VpcId": VPC,
                        "Associations": [],
                        "Routes": [
                            {
                                "DestinationCidrBlock": "0.0.0.0/0",
                                "NetworkInterfaceId": "eni-nat",
                                "InstanceId": "i-nat",
                                "State": "active",
                                "Origin": "CreateRoute",
                            }
                        ],
                    }
                ]
            },
            "ec2:DescribeNetworkInterfaces": {
                "NetworkInterfaces": [
                    interface | {"NetworkInterfaceId": "eni-other"},
                    interface
                    | {
                        "NetworkInterfaceId": "eni-nat",
                        "SourceDestCheck": False,
                        "OwnerId": ACCOUNT,
                        "Attachment": {"InstanceId": "i-nat"},
                    },
                    {
                        "NetworkInterfaceId": "eni-lambda",
                        "VpcId": VPC,
                        "SubnetId": "subnet-a",
                        "InterfaceType": "lambda",
                        "Groups": [{"GroupId": "sg-1"}],
                    },
                    interface
                    | {
                        "NetworkInterfaceId": "eni-older",
                        "Description": "AWS Lambda VPC ENI-orders-1",
                    },
                ]
            },
            "ec2:DescribeInstances": {
                "Reservations": [
                    {
                        "Instances": [
                            {
                                "InstanceId": "i-nat",
                                "VpcId": VPC,
                                "SubnetId": "subnet-pub",
                                "State": {"Name": "Running"},
                                "SourceDestCheck": False,
                            },
                            {"InstanceId": "i-other", "State": {"Name": "running"}},
                        ]
                    }
                ]
            },
        }
    )

    assert [(one["id"], one["is_lambda"]) for one in found["network_interfaces"]] == [
        ("eni-lambda", True),
        ("eni-nat", False),
        ("eni-older", True),
    ]
    assert found["network_interfaces"][1] == {
        "id": "eni-nat",
        "vpc_id": VPC,
        "subnet_id": "subnet-pub",
        "security_group_ids": [],
        "interface_type": "interface",
        "is_lambda": False,
        "owner_id": ACCOUNT,
        "source_dest_check": False,
        "instance_id": "i-nat",
    }
    assert found["instances"] == [
        {
            "id": "i-nat",
            "vpc_id": VPC,
            "subnet_ids": ["subnet-pub"],
            "state": "running",
            "source_dest_check": False,
        }
    ]


def test_prefix_lists_with_and_without_their_networks() -> None:
    found = facts(
        {
            "ec2:DescribeManagedPrefixLists": {
                "PrefixLists": [
                    {
                        "PrefixListId": "pl-1",
                        "PrefixListName": "com.amazonaws.eu-west-1.s3",
                        "OwnerId": "AWS",
                    },
                    {"PrefixListId": "pl-2", "PrefixListName": "offices", "OwnerId": ACCOUNT},
                ]
            },
            "ec2:GetManagedPrefixListEntries": {
                "pl-1": {"Entries": [{"Cidr": "52.0.0.0/8"}, {"Cidr": "3.0.0.0/8"}]}
            },
        },
        {"ec2:GetManagedPrefixListEntries": {"pl-2": Failure("UnauthorizedOperation", "no")}},
    )

    assert found["prefix_lists"] == [
        {
            "id": "pl-1",
            "name": "com.amazonaws.eu-west-1.s3",
            "owner_id": "AWS",
            "cidrs": ["3.0.0.0/8", "52.0.0.0/8"],
        },
        {"id": "pl-2", "name": "offices", "owner_id": ACCOUNT, "cidrs": []},
    ]
    assert coverage(found, "prefix_list_entries", "pl-1") == KNOWN
    assert coverage(found, "prefix_list_entries", "pl-2") == unknown(
        "ec2:GetManagedPrefixListEntries", "refused: UnauthorizedOperation"
    )
    assert coverage(found, "prefix_lists") == KNOWN


def test_a_prefix_list_that_only_a_route_names_is_unknown() -> None:
    table = {
        "RouteTableId": "rtb-1",
        "VpcId": VPC,
        "Associations": [],
        "Routes": [{"DestinationPrefixListId": "pl-9", "State": "active", "Origin": "CreateRoute"}],
    }

    found = facts(
        {
            "ec2:DescribeRouteTables": {"RouteTables": [table]},
            "ec2:GetManagedPrefixListEntries": {"pl-1": {"Entries": []}},
        }
    )

    assert coverage(found, "prefix_list_entries", "pl-9") == unknown("ec2:GetManagedPrefixListEntries")


def test_what_an_old_reader_drops_of_a_subnet_was_not_read_whatever_its_account_blocks() -> None:
    option = {"VpcBlockPublicAccessOptions": {"InternetGatewayBlockMode": "off"}}
    answers = {
        "ec2:DescribeSubnets": {"Subnets": [subnet("subnet-a")]},
        "ec2:DescribeVpcBlockPublicAccessOptions": option,
    }

    (found,) = facts(answers, reader={"botocore": "1.35.64"})["subnets"]

    assert found["internet_gateway_block_mode"] == "not read: botocore 1.35.64"


def test_block_public_access_of_the_account() -> None:
    operation = "ec2:DescribeVpcBlockPublicAccessOptions"
    answer = {operation: {"VpcBlockPublicAccessOptions": {"InternetGatewayBlockMode": "Block-Ingress"}}}

    found = facts(answer)
    empty = facts({operation: {"VpcBlockPublicAccessOptions": {}}})

    assert found["block_public_access"] == [
        {"account_id": ACCOUNT, "internet_gateway_block_mode": "block-ingress"}
    ]
    assert coverage(found, "block_public_access", ACCOUNT) == KNOWN
    assert empty["block_public_access"] == []
    assert coverage(empty, "block_public_access", ACCOUNT) == lacking(operation, "InternetGatewayBlockMode")


CODE = "L-9FEE3D26"
APPLIED, DEFAULT = "servicequotas:GetServiceQuota", "servicequotas:GetAWSDefaultServiceQuota"


def _quota(value: object) -> dict[str, Any]:
    return {CODE: {"Quota": {"ServiceCode": "lambda", "QuotaCode": CODE, "Value": value}}}


@pytest.mark.parametrize(
    "nothing_applied",
    [
        ({}, {APPLIED: {CODE: Failure("NoSuchResourceException", "none")}}),
        ({}, {APPLIED: Failure("NoSuchResourceException", "none")}),
        ({APPLIED: {}}, {}),
    ],
)
def test_the_default_quota_counts_where_none_was_ever_applied(nothing_applied: Any) -> None:
    answers, failures = nothing_applied

    found = facts({**answers, DEFAULT: _quota(500.0)}, failures)

    assert found["quotas"] == [{"service": "lambda", "code": CODE, "value": 500.0, "basis": "default"}]
    assert coverage(found, "quotas", CODE) == KNOWN


def test_the_applied_quota_counts_before_the_default() -> None:
    found = facts({APPLIED: _quota(350), DEFAULT: _quota(500)})

    assert found["quotas"] == [{"service": "lambda", "code": CODE, "value": 350, "basis": "applied"}]


def test_a_refused_quota_is_not_the_default() -> None:
    """It may have been lowered or raised."""
    found = facts({DEFAULT: _quota(500)}, {APPLIED: {CODE: Failure("AccessDeniedException", "no")}})

    assert found["quotas"] == []
    assert coverage(found, "quotas", CODE) == unknown(APPLIED, "refused: AccessDeniedException")


def test_no_quota_at_all_is_unknown() -> None:
    found = facts({APPLIED: {}, DEFAULT: {}})

    assert found["quotas"] == []
    assert coverage(found, "quotas", CODE) == unknown(DEFAULT)


@pytest.mark.parametrize("value", [True, "500"])
def test_a_quota_that_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(SnapshotError, match=r"L-9FEE3D26\.Quota\.Value must be a number"):
        facts({APPLIED: _quota(value)})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_quota_without_end_is_left_out(value: float) -> None:
    found = facts({APPLIED: _quota(value)})

    assert found["quotas"] == []
    assert coverage(found, "quotas", CODE) == lacking(
        APPLIED, f"Quota.Value of {CODE}: expected a number, found one that is not finite"
    )


def test_a_quota_without_its_value_is_told_as_that() -> None:
    assert coverage(facts({APPLIED: {CODE: {"Quota": {}}}}), "quotas", CODE) == lacking(
        APPLIED, f"Quota.Value of {CODE}"
    )


@pytest.mark.parametrize("written", ["10.0.0.0/33", "x", "10.0.0/8/8"])
def test_what_is_no_network_leaves_its_subnet_or_table_out(written: str) -> None:
    """OPA would end the whole question at it."""
    subnets = facts({"ec2:DescribeSubnets": {"Subnets": [subnet("subnet-1") | {"CidrBlock": written}]}})
    table = {
        "RouteTableId": "rtb-1",
        "VpcId": VPC,
        "Associations": [],
        "Routes": [
            {
                "DestinationCidrBlock": written,
                "GatewayId": "local",
                "State": "active",
                "Origin": "CreateRoute",
            }
        ],
    }
    tables = facts({"ec2:DescribeRouteTables": {"RouteTables": [table]}})

    assert (subnets["subnets"], tables["route_tables"]) == ([], [])
