"""An example estate to make snapshots from: whole and working, until a case breaks something.

One VPC with a private subnet in each of three zones, a NAT gateway in a public subnet, and the function
"orders" in two of the private subnets. Everything that a rule may consult was read. A case says what differs.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

ACCOUNT, OWNER, REGION = "111122223333", "444455556666", "eu-west-1"
VPC = "vpc-0a"
A, B, C, PUBLIC = "subnet-a", "subnet-b", "subnet-c", "subnet-pub"
ZONES = {A: "euw1-az1", B: "euw1-az2", C: "euw1-az3", PUBLIC: "euw1-az1"}
ZONE_NAMES = {"euw1-az1": "eu-west-1a", "euw1-az2": "eu-west-1b", "euw1-az3": "eu-west-1c"}
NETWORKS = {A: "10.0.0.0/24", B: "10.0.1.0/24", C: "10.0.2.0/24", PUBLIC: "10.0.255.0/24"}
PRIVATE_TABLE, PUBLIC_TABLE, MAIN_TABLE = "rtb-private", "rtb-public", "rtb-main"
NAT, IGW, GROUP, ACL = "nat-0a", "igw-0a", "sg-0a", "acl-0a"
OPTIONS, AMAZON = "dopt-0a", "AmazonProvidedDNS"
READER = {"vpcguard": "1.0.0", "botocore": "1.44.8"}
QUOTA = "L-9FEE3D26"
ANYWHERE = "0.0.0.0/0"
ENI_ACTIONS = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
]
_TARGETS = {
    "igw": "GatewayId",
    "vgw": "GatewayId",
    "vpce": "GatewayId",
    "local": "GatewayId",
    "nat": "NatGatewayId",
    "tgw": "TransitGatewayId",
    "pcx": "VpcPeeringConnectionId",
    "eigw": "EgressOnlyInternetGatewayId",
    "eni": "NetworkInterfaceId",
    "lgw": "LocalGatewayId",
    "cagw": "CarrierGatewayId",
    "arn": "CoreNetworkArn",
}
_LISTS = {
    "ec2:DescribeAvailabilityZones": "AvailabilityZones",
    "ec2:DescribeDhcpOptions": "DhcpOptions",
    "ec2:DescribeVpcs": "Vpcs",
    "ec2:DescribeSubnets": "Subnets",
    "ec2:DescribeRouteTables": "RouteTables",
    "ec2:DescribeNatGateways": "NatGateways",
    "ec2:DescribeInternetGateways": "InternetGateways",
    "ec2:DescribeEgressOnlyInternetGateways": "EgressOnlyInternetGateways",
    "ec2:DescribeTransitGatewayVpcAttachments": "TransitGatewayVpcAttachments",
    "ec2:DescribeVpcEndpoints": "VpcEndpoints",
    "ec2:DescribeSecurityGroups": "SecurityGroups",
    "ec2:DescribeNetworkAcls": "NetworkAcls",
    "ec2:DescribeNetworkInterfaces": "NetworkInterfaces",
    "ec2:DescribeInstances": "Reservations",
    "ec2:DescribeManagedPrefixLists": "PrefixLists",
}


@dataclass
class Account:
    """What one account answers; resources by operation and id, entries by operation and resource."""

    id: str = ACCOUNT
    resources: dict[str, dict[str, Json]] = field(default_factory=lambda: {name: {} for name in _LISTS})
    entries: dict[str, Json] = field(default_factory=dict)
    failures: Json = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)

    def add(self, operation: str, identity: str, **resource: Any) -> Json:
        """Add or replace one resource and return it, to be changed at will."""
        self.resources[f"ec2:{operation}"][identity] = resource
        return resource

    def of(self, operation: str, identity: str) -> Json:
        """Return one resource, to be changed at will."""
        return self.resources[f"ec2:{operation}"][identity]

    def remove(self, operation: str, *identities: str) -> None:
        """Remove resources from a complete answer: they do not exist."""
        for identity in identities:
            del self.resources[f"ec2:{operation}"][identity]

    def deny(self, *operations: str, code: str = "UnauthorizedOperation") -> None:
        """Refuse operations as a whole."""
        for operation in operations:
            self.leave_unread(operation)
            self.failures[operation] = {"code": code, "message": "not allowed"}

    def leave_unread(self, *operations: str) -> None:
        """Leave operations out of the answers."""
        self.unread.update(operations)

    def read_in_part(self, *operations: str) -> None:
        """Refuse operations after they answered with what the estate holds."""
        for operation in operations:
            self.failures[operation] = {"code": "UnauthorizedOperation", "message": "not allowed"}

    def document(self) -> Json:
        """Return answers and failures as a snapshot holds them."""
        for group in self.resources["ec2:DescribeSecurityGroups"].values():
            for rule in (*group["IpPermissions"], *group["IpPermissionsEgress"]):
                rule.setdefault("IpRanges", [])
        lists = {
            operation: {_LISTS[operation]: list(found.values())}
            for operation, found in self.resources.items()
        }
        read = {key: value for key, value in {**lists, **self.entries}.items() if key not in self.unread}
        return {
            "answers": dict(sorted(read.items())),
            "failures": dict(sorted(self.failures.items())),
        }

    # networks

    def vpc(self, vpc_id: str = VPC, **more: Any) -> Json:
        """Add a VPC."""
        return self.add(
            "DescribeVpcs",
            vpc_id,
            VpcId=vpc_id,
            OwnerId=self.id,
            CidrBlock="10.0.0.0/16",
            InstanceTenancy="default",
            DhcpOptionsId=OPTIONS,
            State="available",
            **more,
        )

    def zone(self, zone_id: str, name: str, **more: Any) -> Json:
        """Add a zone of the region, an ordinary one that is available."""
        zone = {"ZoneId": zone_id, "ZoneName": name, "ZoneType": "availability-zone", "State": "available"}
        return self.add("DescribeAvailabilityZones", zone_id, **zone | more)

    def name_servers(self, *servers: str) -> None:
        """Set what the VPCs' DHCP options name as servers."""
        named = {"Key": "domain-name-servers", "Values": [{"Value": server} for server in servers]}
        options = {"DhcpOptionsId": OPTIONS, "OwnerId": self.id, "DhcpConfigurations": [named]}
        self.add("DescribeDhcpOptions", OPTIONS, **options)

    def dns(self, *, support: bool = True, hostnames: bool = True) -> None:
        """Set the VPC's DNS attributes."""
        attributes = {"EnableDnsSupport": {"Value": support}, "EnableDnsHostnames": {"Value": hostnames}}
        self.entries["ec2:DescribeVpcAttribute"] = {VPC: attributes}

    def offer(self, service: str, *zone_names: str) -> None:
        """Let a service be offered to interface endpoints in these zones."""
        details = self.entries.setdefault("ec2:DescribeVpcEndpointServices", {"ServiceDetails": []})
        name = f"com.amazonaws.{REGION}.{service}"
        others = [one for one in details["ServiceDetails"] if one["ServiceName"] != name]
        offered = {"ServiceName": name, "AvailabilityZones": list(zone_names)}
        details["ServiceDetails"] = [*others, offered]

    def subnet(
        self, subnet_id: str, *, zone: str = "", network: str = "", vpc: str = VPC, **more: Any
    ) -> Json:
        """Add a subnet with 200 free addresses."""
        zone = zone or ZONES[subnet_id]
        subnet = {
            "SubnetId": subnet_id,
            "VpcId": vpc,
            "OwnerId": self.id,
            "State": "available",
            "AvailabilityZoneId": zone,
            "AvailabilityZone": ZONE_NAMES[zone],
            "CidrBlock": network or NETWORKS[subnet_id],
            "AvailableIpAddressCount": 200,
            "Ipv6Native": False,
            "Ipv6CidrBlockAssociationSet": [],
            "BlockPublicAccessStates": {"InternetGatewayBlockMode": "off"},
        }
        return self.add("DescribeSubnets", subnet_id, **subnet | more)

    def table(self, table_id: str, *subnet_ids: str, main: bool = False, vpc: str = VPC) -> Json:
        """Add a route table with its local route and explicit associations."""
        state = {"AssociationState": {"State": "associated"}}
        explicit = [
            {"Main": False, "RouteTableId": table_id, "SubnetId": subnet_id, **state}
            for subnet_id in subnet_ids
        ]
        implicit = [{"Main": True, "RouteTableId": table_id, **state}] if main else []
        local = {
            "DestinationCidrBlock": "10.0.0.0/16",
            "GatewayId": "local",
            "Origin": "CreateRouteTable",
            "State": "active",
        }
        return self.add(
            "DescribeRouteTables",
            table_id,
            RouteTableId=table_id,
            VpcId=vpc,
            OwnerId=self.id,
            Associations=implicit + explicit,
            Routes=[local],
        )

    def route(
        self,
        table_id: str,
        target: str,
        destination: str = ANYWHERE,
        *,
        state: str = "active",
        origin: str = "CreateRoute",
        **more: Any,
    ) -> None:
        """Add a route, or replace the one to the same destination and of the same origin."""
        family = "DestinationPrefixListId" if destination.startswith("pl-") else "DestinationCidrBlock"
        family = "DestinationIpv6CidrBlock" if ":" in destination else family
        kind = _TARGETS[target.split(":", maxsplit=1)[0].split("-", maxsplit=1)[0]]
        route = {family: destination, kind: target, "Origin": origin, "State": state, **more}
        routes = self.of("DescribeRouteTables", table_id)["Routes"]
        routes[:] = [one for one in routes if (one.get(family), one["Origin"]) != (destination, origin)]
        routes.append(route)

    def drop_route(self, table_id: str, destination: str = ANYWHERE) -> None:
        """Remove the routes to a destination."""
        table = self.of("DescribeRouteTables", table_id)
        table["Routes"] = [route for route in table["Routes"] if destination not in route.values()]

    def nat(self, nat_id: str = NAT, subnet: str = PUBLIC, *, vpc: str = VPC, **more: Any) -> Json:
        """Add a zonal public NAT gateway that is available."""
        nat = {
            "NatGatewayId": nat_id,
            "VpcId": vpc,
            "SubnetId": subnet,
            "State": "available",
            "ConnectivityType": "public",
            "NatGatewayAddresses": [{"PublicIp": "198.51.100.1", "Status": "succeeded"}],
        }
        return self.add("DescribeNatGateways", nat_id, **nat | more)

    def regional_nat(self, nat_id: str = NAT, *zones: str, automatic: bool, **more: Any) -> Json:
        """Add a regional NAT gateway with an address in each of these zones; it has no subnet."""
        nat = self.nat(nat_id, AvailabilityMode="regional", **more)
        del nat["SubnetId"]
        nat["AutoProvisionZones"] = "enabled" if automatic else "disabled"
        nat["NatGatewayAddresses"] = [{"AvailabilityZoneId": zone, "Status": "succeeded"} for zone in zones]
        return nat

    def internet_gateway(self, gateway_id: str = IGW, *, vpc: str | None = VPC) -> Json:
        """Add an internet gateway, attached to a VPC or to none."""
        attachments = [] if vpc is None else [{"VpcId": vpc, "State": "available"}]
        return self.add(
            "DescribeInternetGateways", gateway_id, InternetGatewayId=gateway_id, Attachments=attachments
        )

    def egress_only_gateway(self, gateway_id: str, *, vpc: str | None = VPC) -> Json:
        """Add an egress-only internet gateway."""
        attachments = [] if vpc is None else [{"VpcId": vpc, "State": "attached"}]
        return self.add(
            "DescribeEgressOnlyInternetGateways",
            gateway_id,
            EgressOnlyInternetGatewayId=gateway_id,
            Attachments=attachments,
        )

    def attachment(self, gateway_id: str, *subnet_ids: str) -> Json:
        """Attach the VPC to a transit gateway, with these subnets."""
        return self.add(
            "DescribeTransitGatewayVpcAttachments",
            gateway_id,
            TransitGatewayAttachmentId=gateway_id.replace("tgw-", "tgw-attach-"),
            TransitGatewayId=gateway_id,
            VpcId=VPC,
            VpcOwnerId=self.id,
            State="available",
            SubnetIds=list(subnet_ids),
        )

    def group(self, group_id: str = GROUP, *, egress: list[Json] | None = None, vpc: str = VPC) -> Json:
        """Add a security group that lets everything out and nothing in."""
        everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": ANYWHERE}]}]
        return self.add(
            "DescribeSecurityGroups",
            group_id,
            GroupId=group_id,
            GroupName=group_id,
            VpcId=vpc,
            OwnerId=self.id,
            IpPermissions=[],
            IpPermissionsEgress=everything if egress is None else egress,
        )

    def acl(self, acl_id: str = ACL, *subnet_ids: str, vpc: str = VPC) -> Json:
        """Add a network ACL that lets everything through."""
        entries = [
            {
                "Egress": egress,
                "RuleNumber": number,
                "Protocol": "-1",
                "RuleAction": action,
                "CidrBlock": ANYWHERE,
            }
            for egress in (True, False)
            for number, action in ((100, "allow"), (32767, "deny"))
        ]
        associations = [{"NetworkAclId": acl_id, "SubnetId": subnet_id} for subnet_id in subnet_ids]
        return self.add(
            "DescribeNetworkAcls",
            acl_id,
            NetworkAclId=acl_id,
            VpcId=vpc,
            OwnerId=self.id,
            IsDefault=True,
            Associations=associations,
            Entries=entries,
        )

    def gateway_endpoint(self, endpoint_id: str, service: str, *table_ids: str, prefix_list: str) -> Json:
        """Add a gateway endpoint with the route that AWS puts into each of its tables."""
        for table_id in table_ids:
            self.route(table_id, endpoint_id, prefix_list)
        return self.add(
            "DescribeVpcEndpoints",
            endpoint_id,
            VpcEndpointId=endpoint_id,
            VpcEndpointType="Gateway",
            VpcId=VPC,
            OwnerId=self.id,
            ServiceName=f"com.amazonaws.{REGION}.{service}",
            State="available",
            RouteTableIds=list(table_ids),
            SubnetIds=[],
            Groups=[],
            PrivateDnsEnabled=False,
        )

    def interface_endpoint(
        self, endpoint_id: str, service: str, *subnet_ids: str, group: str, **more: Any
    ) -> Json:
        """Add an interface endpoint with private DNS for a service that all zones offer."""
        self.offer(service, *ZONE_NAMES.values())
        endpoint = {
            "VpcEndpointId": endpoint_id,
            "VpcEndpointType": "Interface",
            "VpcId": VPC,
            "OwnerId": self.id,
            "ServiceName": f"com.amazonaws.{REGION}.{service}",
            "State": "available",
            "RouteTableIds": [],
            "SubnetIds": list(subnet_ids),
            "Groups": [{"GroupId": group}],
            "PrivateDnsEnabled": True,
        }
        return self.add("DescribeVpcEndpoints", endpoint_id, **endpoint | more)

    def firewall_endpoint(self, endpoint_id: str, subnet_id: str) -> Json:
        """Add a Gateway Load Balancer endpoint."""
        return self.add(
            "DescribeVpcEndpoints",
            endpoint_id,
            VpcEndpointId=endpoint_id,
            VpcId=VPC,
            VpcEndpointType="GatewayLoadBalancer",
            OwnerId=self.id,
            ServiceName=f"com.amazonaws.vpce.{REGION}.vpce-svc-0a",
            State="available",
            RouteTableIds=[],
            SubnetIds=[subnet_id],
            Groups=[],
            PrivateDnsEnabled=False,
        )

    def nat_instance(self, interface_id: str = "eni-nat", instance_id: str = "i-nat") -> tuple[Json, Json]:
        """Add a NAT instance in the public subnet; return interface and instance."""
        interface = self.add(
            "DescribeNetworkInterfaces",
            interface_id,
            NetworkInterfaceId=interface_id,
            VpcId=VPC,
            SubnetId=PUBLIC,
            OwnerId=self.id,
            InterfaceType="interface",
            SourceDestCheck=False,
            Groups=[{"GroupId": "sg-nat"}],
            Attachment={"InstanceId": instance_id},
            Association={"PublicIp": "198.51.100.2"},
        )
        self.group("sg-nat")["IpPermissions"] = [
            {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/16"}]},
        ]
        instance: Json = {
            "InstanceId": instance_id,
            "VpcId": VPC,
            "SubnetId": PUBLIC,
            "State": {"Name": "running"},
            "SourceDestCheck": False,
            "NetworkInterfaces": [
                {"NetworkInterfaceId": interface_id, "Association": interface["Association"]}
            ],
        }
        self.add("DescribeInstances", instance_id, Instances=[instance])
        return interface, instance

    def prefix_list(self, list_id: str, *networks: str, name: str = "networks") -> None:
        """Add a managed prefix list and what it holds; AWS owns those of its services."""
        owner = "AWS" if name.startswith("com.amazonaws.") else self.id
        self.add(
            "DescribeManagedPrefixLists", list_id, PrefixListId=list_id, PrefixListName=name, OwnerId=owner
        )
        self.entries["ec2:GetManagedPrefixListEntries"][list_id] = {
            "Entries": [{"Cidr": network} for network in networks]
        }

    def block_public_access(self, mode: str) -> None:
        """Set the account's VPC Block Public Access."""
        self.entries["ec2:DescribeVpcBlockPublicAccessOptions"] = {
            "VpcBlockPublicAccessOptions": {"AwsAccountId": self.id, "InternetGatewayBlockMode": mode}
        }


@dataclass
class Estate(Account):
    """The snapshot's own account: its networks, functions, roles, and the owners of shared VPCs."""

    functions: dict[str, Json] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    roles: dict[str, Json] = field(default_factory=dict)
    owners: dict[str, Account] = field(default_factory=dict)
    not_requested: list[str] = field(default_factory=list)
    about: Json | None = None
    reader: Json | None = field(default_factory=READER.copy)

    def function(
        self,
        name: str = "orders",
        *subnet_ids: str,
        groups: tuple[str, ...] = (GROUP,),
        vpc: str = VPC,
        tags: dict[str, str] | None = None,
        **more: Any,
    ) -> Json:
        """Add an active function, attached where subnets are given, with a role and an entry of its own."""
        network = {"VpcId": vpc, "SubnetIds": list(subnet_ids), "SecurityGroupIds": list(groups)}
        self.functions[name] = {
            "FunctionName": name,
            "FunctionArn": f"arn:aws:lambda:{REGION}:{self.id}:function:{name}",
            "Version": "$LATEST",
            "Role": f"arn:aws:iam::{self.id}:role/{name}",
            "MemorySize": 512,
            "Timeout": 30,
            "LastModified": "2026-11-01T08:00:00.000+0000",
            **({"VpcConfig": network} if subnet_ids else {}),
            **more,
        }
        self.tags[name] = tags or {}
        self.roles[name] = role(name, ENI_ACTIONS)
        self.entries["lambda:GetFunctionConfiguration"][name] = {
            "State": "Active",
            "LastUpdateStatus": "Successful",
        }
        return self.functions[name]

    def state(self, name: str, **state: str) -> None:
        """Set what GetFunctionConfiguration says of a function beside its configuration."""
        self.entries["lambda:GetFunctionConfiguration"][name] = state

    def snapshot(self) -> Json:
        """Return the snapshot document."""
        own = self.document()
        answers = own["answers"]
        answers["lambda:ListFunctions"] = {"Functions": list(self.functions.values())}
        if "lambda:GetFunctionConfiguration" in answers:
            answers["lambda:GetFunctionConfiguration"] = {
                name: {**self.functions[name], **state}
                for name, state in answers["lambda:GetFunctionConfiguration"].items()
            }
        answers["tag:GetResources"] = {
            "ResourceTagMappingList": [
                {
                    "ResourceARN": self.functions[name]["FunctionArn"],
                    "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
                }
                for name, tags in self.tags.items()
                if tags
            ]
        }
        answers["iam:GetAccountAuthorizationDetails"] = {
            "RoleDetailList": list(self.roles.values()),
            "Policies": [],
        }
        for operation in self.unread:
            answers.pop(operation, None)
        document = {
            "schema_version": 1,
            "account_id": self.id,
            "region": REGION,
            "captured_at": "2026-11-20T12:00:00.123456Z",
            "answers": dict(sorted(answers.items())),
            "failures": own["failures"],
            "not_requested": sorted(self.not_requested),
            "owners": {owner: account.document() for owner, account in sorted(self.owners.items())},
        }
        if self.about is not None:
            document["account"] = self.about
        if self.reader is not None:
            document["reader"] = self.reader
        return copy.deepcopy(document)


def role(name: str, actions: list[str], *, effect: str = "Allow") -> Json:
    """Return a role with one inline policy."""
    statement = {"Effect": effect, "Action": actions, "Resource": "*"}
    return {
        "RoleName": name,
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "RolePolicyList": [{"PolicyName": "inline", "PolicyDocument": {"Statement": [statement]}}],
        "AttachedManagedPolicies": [],
    }


def network(account: Account) -> None:
    """Give an account the example network: three private subnets behind one NAT gateway."""
    for zone_id, name in ZONE_NAMES.items():
        account.zone(zone_id, name)
    account.vpc()
    account.dns()
    account.name_servers(AMAZON)
    for subnet_id in (A, B, C, PUBLIC):
        account.subnet(subnet_id)
    account.table(MAIN_TABLE, main=True)
    account.table(PRIVATE_TABLE, A, B, C)
    account.table(PUBLIC_TABLE, PUBLIC)
    account.route(PRIVATE_TABLE, NAT)
    account.route(PUBLIC_TABLE, IGW)
    account.nat()
    account.internet_gateway()
    account.group()
    account.acl(ACL, A, B, C, PUBLIC)
    for gateway_id in ("tgw-0a", "tgw-0b"):
        account.attachment(gateway_id, A, B, C)
    account.entries["ec2:GetManagedPrefixListEntries"] = {}
    account.block_public_access("off")


def working() -> Estate:
    """Return the example estate: everything was read and everything works."""
    estate = Estate()
    estate.entries["lambda:GetFunctionConfiguration"] = {}
    for operation in (
        "ListAliases",
        "ListVersionsByFunction",
        "ListEventSourceMappings",
        "GetFunctionConcurrency",
        "GetFunctionEventInvokeConfig",
    ):
        estate.entries[f"lambda:{operation}"] = {}
    estate.entries["servicequotas:GetServiceQuota"] = {
        QUOTA: {"Quota": {"ServiceCode": "lambda", "QuotaCode": QUOTA, "Value": 500.0}}
    }
    network(estate)
    estate.function("orders", A, B)
    return estate


def shared(*, owner_was_read: bool) -> Estate:
    """Return an estate whose network another account owns and shares: we see subnets, tables and ACLs."""
    estate, owner = working(), Account(OWNER)
    network(owner)
    for operation in ("DescribeVpcs", "DescribeSubnets", "DescribeRouteTables", "DescribeNetworkAcls"):
        estate.resources[f"ec2:{operation}"] = copy.deepcopy(owner.resources[f"ec2:{operation}"])
    estate.remove("DescribeSubnets", PUBLIC)
    estate.remove("DescribeRouteTables", MAIN_TABLE, PUBLIC_TABLE)
    for operation in (
        "DescribeNatGateways",
        "DescribeInternetGateways",
        "DescribeTransitGatewayVpcAttachments",
        "DescribeDhcpOptions",
    ):
        estate.resources[f"ec2:{operation}"] = {}
    estate.entries["ec2:DescribeVpcAttribute"] = {}
    owner.remove("DescribeSecurityGroups", GROUP)
    if owner_was_read:
        estate.owners[OWNER] = owner
    return estate
