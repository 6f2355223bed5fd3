"""VPCs with their DNS, subnets, and route tables with their associations and routes."""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter

from vpcguard.aws.answers import (
    Estate,
    InUse,
    Json,
    each,
    fields_of,
    items,
    known,
    lower,
    network,
    text,
    value,
)
from vpcguard.aws.operations import (
    FLAG,
    NAMED,
    TEXT,
    WHOLE,
    Call,
    Operation,
    Sent,
    Shape,
    Young,
    calls_by_id,
    texts,
)
from vpcguard.coverage import (
    KNOWN,
    Coverage,
    FactsByKind,
    Family,
    VpcKind,
    contradictions,
    entries,
    leave_torn_subnets,
    named_vpcs,
    of_entry,
    of_lacking,
    of_list,
    of_unread,
)

_INTERNET_FIREWALL = (1, 44, 8)  # the botocore that brought the Automatic Internet Firewall
_IPV6_NETWORKS: list[Shape] = [{"Ipv6CidrBlock": TEXT, "Ipv6CidrBlockState": texts("State")}]
VPCS = Operation(
    service="ec2",
    name="DescribeVpcs",
    shape={
        "Vpcs": [
            texts("VpcId OwnerId State InstanceTenancy CidrBlock DhcpOptionsId")
            | {
                "IsDefault": FLAG,
                "CidrBlockAssociationSet": [{"CidrBlock": TEXT, "CidrBlockState": texts("State")}],
                "Ipv6CidrBlockAssociationSet": _IPV6_NETWORKS,
                "BlockPublicAccessStates": texts("InternetGatewayBlockMode"),
            }
            | NAMED
        ]
    },
    paged=True,
    page_size=1000,
    vpc_filter="vpc-id",
    sent=(Sent("VpcId"),),
)
SUBNETS = Operation(
    service="ec2",
    name="DescribeSubnets",
    shape={
        "Subnets": [
            texts("SubnetId SubnetArn VpcId OwnerId State CidrBlock AvailabilityZone AvailabilityZoneId")
            | {
                "OutpostArn": TEXT,
                "AvailableIpAddressCount": WHOLE,
                "Ipv6Native": FLAG,
                "MapPublicIpOnLaunch": FLAG,
                "Ipv6CidrBlockAssociationSet": _IPV6_NETWORKS,
                "BlockPublicAccessStates": texts("InternetGatewayBlockMode"),
                "NetworkFirewallConnectivityType": TEXT,
            }
            | NAMED
        ]
    },
    paged=True,
    page_size=1000,
    vpc_filter="vpc-id",
    young={
        "BlockPublicAccessStates": Young((1, 35, 65)),
        "NetworkFirewallConnectivityType": Young(_INTERNET_FIREWALL),
    },
    sent=(
        Sent("SubnetId VpcId State CidrBlock|Ipv6Native"),
        Sent("Ipv6CidrBlock Ipv6CidrBlockState.State", at="Ipv6CidrBlockAssociationSet"),
        Sent("InternetGatewayBlockMode", at="BlockPublicAccessStates"),
    ),
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
                    | {"IgwFirewall": texts("FirewallArn Status")}
                ],
            }
            | NAMED
        ]
    },
    paged=True,
    page_size=100,  # the most that this one takes
    vpc_filter="vpc-id",
    young={"IgwFirewall": Young(_INTERNET_FIREWALL)},
    # of a route's target nothing is sent where botocore does not know its kind yet
    sent=(
        Sent("RouteTableId VpcId Associations Routes"),
        Sent("SubnetId|GatewayId|Main", at="Associations"),
        Sent("State", at="Associations.AssociationState"),
        Sent(
            "Origin State DestinationCidrBlock|DestinationIpv6CidrBlock|DestinationPrefixListId", at="Routes"
        ),
    ),
)
_VALUE: dict[str, Shape] = {"Value": FLAG}
VPC_ATTRIBUTE = Operation(
    service="ec2",
    name="DescribeVpcAttribute",
    shape={"EnableDnsSupport": _VALUE, "EnableDnsHostnames": _VALUE},
    keys=1,
)

DHCP_OPTIONS = Operation(
    service="ec2",
    name="DescribeDhcpOptions",
    shape={
        "DhcpOptions": [
            texts("DhcpOptionsId OwnerId")
            | {"DhcpConfigurations": [{"Key": TEXT, "Values": [texts("Value")]}]}
        ]
    },
    paged=True,
    page_size=1000,
    is_late=True,
)

_COMPARED = {"AvailabilityZoneId": "zone_id", "OwnerId": "owner_id"}
_DNS = {"dns_support": "EnableDnsSupport", "dns_hostnames": "EnableDnsHostnames"}

# Field that names the target -> kind. GatewayId holds several kinds; an instance has its own rules below.
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html
_TARGETS = {
    "NatGatewayId": "nat_gateway",
    "TransitGatewayId": "transit_gateway",
    "VpcPeeringConnectionId": "vpc_peering_connection",
    "EgressOnlyInternetGatewayId": "egress_only_internet_gateway",
    "CoreNetworkArn": "core_network",
    "LocalGatewayId": "local_gateway",
    "CarrierGatewayId": "carrier_gateway",
}
_GATEWAYS = {
    "igw-": "internet_gateway",
    "eigw-": "egress_only_internet_gateway",
    "vgw-": "virtual_private_gateway",
    "vpce-": "vpc_endpoint",
}
_DESTINATIONS = {
    "DestinationCidrBlock": "ipv4",
    "DestinationIpv6CidrBlock": "ipv6",
    "DestinationPrefixListId": "prefix_list",
}
_ORIGINS = {
    "createroutetable": "local",
    "createroute": "static",
    "enablevgwroutepropagation": "propagated",
    "advertisement": "propagated",  # learned from a route server
}
_ORDER = itemgetter("family", "destination", "target_id", "origin", "state")
_NO_TARGET = {"DestinationPrefixListId", "InstanceOwnerId", "InstanceId", "GatewayId"}


def routes_in_use(in_use: InUse) -> list[Json]:
    """Return the routes of all tables of the VPCs in use, as they were answered."""
    return [route for table in in_use.items(ROUTE_TABLES) for route in table.get("Routes", ())]


def named_calls(in_use: InUse) -> Iterator[Call]:
    """Yield the reads of the subnets in use that no list shows, and of the DNS attributes of our VPCs."""
    yield from calls_by_id(SUBNETS, "subnet-id", in_use.unseen(SUBNETS, "SubnetId", in_use.subnet_ids))
    seen = [one for operation in (SUBNETS, VPCS) for one in in_use.items(operation)]
    owners = {one["VpcId"]: one.get("OwnerId", in_use.account_id) for one in seen}
    for vpc_id, owner_id in sorted(owners.items()):
        if owner_id == in_use.account_id:  # participants are not told
            for attribute in ("enableDnsSupport", "enableDnsHostnames"):  # AWS answers one a call
                yield Call(VPC_ATTRIBUTE, (vpc_id,), {"VpcId": vpc_id, "Attribute": attribute})


def read_vpcs(estate: Estate) -> dict[str, Json]:
    """Return the VPCs that any account described; where no list is whole, those whose attributes it read."""
    vpcs = estate.union(VPCS, _vpc)
    for account in estate.accounts:
        is_whole = of_list(account, VPCS).is_known
        for vpc_id, attributes in sorted(account.answer(VPC_ATTRIBUTE).items()):
            if is_whole and vpc_id not in vpcs:
                continue
            vpc = vpcs.setdefault(vpc_id, {"id": vpc_id, "ipv4_cidrs": [], "ipv6_cidrs": []})
            for key, attribute in _DNS.items():
                flag = value(attributes, attribute, "Value")
                if flag is not None:
                    vpc.setdefault(key, flag)
    return vpcs


def read_subnets(estate: Estate) -> dict[str, Json]:
    """Return the subnets that we or their owner see, by id; zone names are those of our account.

    is_visible: whether our own account sees it; of a shared VPC it may use what is shared with it alone.
    """
    subnets = estate.union(SUBNETS, _subnet, is_own_first=True)
    visible = set(fields_of(items(estate.own.reads, SUBNETS), "SubnetId"))
    for subnet_id, subnet in subnets.items():
        subnet["is_visible"] = subnet_id in visible
    return subnets


def add_facts(estate: Estate, facts: FactsByKind) -> list[Json]:
    """Add VPCs, subnets and route tables that we or their owner see, and to functions the VPC they are in."""
    vpcs, subnets = read_vpcs(estate), read_subnets(estate)
    facts["vpcs"], facts["subnets"] = vpcs, subnets
    if estate.own.old_reader and estate.own.drops(SUBNETS, "NetworkFirewallConnectivityType"):
        for subnet in subnets.values():
            subnet.setdefault("internet_firewall", f"not read: {estate.own.reader_name}")
    servers = {
        one.get("DhcpOptionsId"): fields_of(
            (
                server
                for named in one.get("DhcpConfigurations", ())
                if named.get("Key") == "domain-name-servers"
                for server in named.get("Values", ())
            ),
            "Value",
        )
        for account in estate.accounts[::-1]
        for one in items(account.reads, DHCP_OPTIONS)
    }
    for vpc in vpcs.values():
        if vpc.get("dhcp_options_id", "") in servers:
            vpc["name_servers"] = servers[vpc["dhcp_options_id"]]
    for function in facts["functions"].values():  # what it says itself counts where no subnet is seen
        vpc_ids = {subnets[one]["vpc_id"] for one in function["subnet_ids"] if one in subnets}
        if len(vpc_ids) == 1:
            function["vpc_id"] = vpc_ids.pop()
    facts["route_tables"] = estate.union(ROUTE_TABLES, _table)
    if ROUTE_TABLES.key in estate.torn:
        leave_torn_subnets(estate, ROUTE_TABLES, facts["route_tables"])
    if of_list(estate.own, ROUTE_TABLES).is_known:
        _associate_shared(estate, facts)
    return _coverage(estate, facts)


FAMILY = Family(
    operations=(VPCS, SUBNETS, ROUTE_TABLES, VPC_ATTRIBUTE, DHCP_OPTIONS),
    lists=(VPCS, SUBNETS, ROUTE_TABLES, DHCP_OPTIONS),
    named_calls=named_calls,
    add_facts=add_facts,
    vpc_kinds={
        "subnets": VpcKind(SUBNETS, "owner"),
        # ours alone settles the subnets shared with us: _associate_shared
        "route_tables": VpcKind(ROUTE_TABLES, "owner", names_owner=True),
    },
)


def _coverage(estate: Estate, facts: FactsByKind) -> list[Json]:
    vpcs, ids = facts["vpcs"], named_vpcs(facts)
    listed = of_list(estate.own, VPCS)
    torn = contradictions(estate, VPCS) if VPCS.key in estate.torn else {}
    visible = {vpc_id: of_list(estate.own, SUBNETS, vpc_id) for vpc_id in ids}
    visible |= contradictions(estate, SUBNETS) if SUBNETS.key in estate.torn else {}
    for subnet in facts["subnets"].values():  # what subnets are compared by; what one rests on says so itself
        lacking = [name for name, told in _COMPARED.items() if told not in subnet]
        if lacking and subnet["is_visible"] and visible.get(subnet["vpc_id"], KNOWN).is_known:
            visible[subnet["vpc_id"]] = of_lacking(SUBNETS, f"{lacking[0]} of {subnet['id']}")
    dns = {vpc_id: _of_dns(estate, vpcs.get(vpc_id, {}), vpc_id) for vpc_id in ids}
    return [
        *entries("vpcs", torn, default=listed),
        *entries("vpc_attributes", {vpc_id: attributes for vpc_id, (attributes, _) in dns.items()}),
        *entries("dhcp_options", {vpc_id: options for vpc_id, (_, options) in dns.items()}),
        *entries("visible_subnets", visible, default=of_list(estate.own, SUBNETS)),
    ]


def _of_dns(estate: Estate, vpc: Json, vpc_id: str) -> tuple[Coverage, Coverage]:
    """Return how complete a VPC's DNS attributes and its DHCP options are, which its owner alone is told."""
    owner = estate.owner(estate.owner_of.get(vpc_id, estate.own.id))
    attributes, options = of_entry(owner, VPC_ATTRIBUTE, vpc_id), of_list(owner, DHCP_OPTIONS)
    missing = [name for key, name in _DNS.items() if key not in vpc]
    if not missing:
        attributes = KNOWN
    elif attributes.is_known and not owner.has_not_found(VPC_ATTRIBUTE, vpc_id):
        attributes = of_lacking(VPC_ATTRIBUTE, f"{' and '.join(missing)} of {vpc_id}")
    if "name_servers" in vpc:
        options = KNOWN
    elif not estate.own.has_tried(DHCP_OPTIONS):
        options = of_unread(estate.own, DHCP_OPTIONS)
    elif options.is_known:  # else the VPC may be one that was not seen to name its options
        listed = of_list(owner, VPCS)
        is_told = listed.is_known or "dhcp_options_id" in vpc
        options = of_lacking(DHCP_OPTIONS, f"the options of {vpc_id}") if is_told else listed
    return attributes, options


def _vpc(item: Json) -> Json:
    first = text(item, "CidrBlock")
    return known(
        {
            "id": item["VpcId"],
            "owner_id": text(item, "OwnerId"),
            "tenancy": text(item, "InstanceTenancy"),
            "dhcp_options_id": text(item, "DhcpOptionsId"),
            "ipv4_cidrs": _cidrs(item, "CidrBlockAssociationSet", "CidrBlock") or ([first] if first else []),
            "ipv6_cidrs": _cidrs(item, "Ipv6CidrBlockAssociationSet", "Ipv6CidrBlock"),
        }
    )


def _subnet(item: Json) -> Json:
    mode = text(item, "BlockPublicAccessStates", "InternetGatewayBlockMode")
    firewall = text(item, "NetworkFirewallConnectivityType")
    return known(
        {
            "id": item["SubnetId"],
            "vpc_id": item["VpcId"],
            "owner_id": text(item, "OwnerId"),
            "zone_id": text(item, "AvailabilityZoneId"),
            "zone_name": text(item, "AvailabilityZone"),
            "state": item["State"],
            "outpost_arn": text(item, "OutpostArn"),
            "ipv4_cidr": network(item, "CidrBlock"),
            "ipv6_cidrs": _cidrs(item, "Ipv6CidrBlockAssociationSet", "Ipv6CidrBlock"),
            "is_ipv6_only": item.get("Ipv6Native", False),
            "free_ipv4_addresses": item.get("AvailableIpAddressCount"),
            "internet_gateway_block_mode": None if mode is None else mode.lower(),
            "internet_firewall": None if firewall is None else firewall.lower(),
        }
    )


def _cidrs(item: Json, key: str, cidr: str) -> list[str]:
    """Return the associated networks of a VPC or subnet, sorted."""
    associated = (
        one for one in item.get(key, ()) if text(one, f"{cidr}State", "State") in (None, "associated")
    )
    return sorted({one[cidr] for one in associated if one.get(cidr)})


def _associate_shared(estate: Estate, facts: FactsByKind) -> None:
    """Add to the main table of a shared VPC the subnets shared with us that follow it.

    A participant sees the tables of the subnets shared with it, and only those: for them a complete
    answer without an association means the main table; for the owner's other subnets it means nothing.
    """
    tables, subnets = facts["route_tables"].values(), facts["subnets"]
    settled = {subnet_id for table in tables for subnet_id in table["subnet_ids"]}
    if ROUTE_TABLES.key in estate.torn:
        settled |= contradictions(estate, ROUTE_TABLES).keys()
    main: dict[str, list[Json]] = {}
    for table in tables:
        if table["is_main"]:
            main.setdefault(table["vpc_id"], []).append(table)
    shared_with_us = set(fields_of(items(estate.own.reads, SUBNETS), "SubnetId")) & subnets.keys()
    for subnet_id in sorted(shared_with_us - settled):
        vpc_id = subnets[subnet_id]["vpc_id"]
        if len(main.get(vpc_id, ())) == 1 and estate.owner_of.get(vpc_id) != estate.own.id:
            (table,) = main[vpc_id]
            table["subnet_ids"] = sorted([*table["subnet_ids"], subnet_id])


def _table(item: Json) -> Json:
    associations = [
        one
        for one in item["Associations"]
        if lower(one, "AssociationState", "State", default="associated") == "associated"
    ]
    return {
        "id": item["RouteTableId"],
        "vpc_id": item["VpcId"],
        "is_main": any(one.get("Main") for one in associations),
        "subnet_ids": fields_of(associations, "SubnetId"),
        "routes": sorted(each(item, "Routes", _route), key=_ORDER),
    }


def _route(item: Json) -> Json:
    """Return the facts of one route; what one does that names no target is as unknown as in a new state."""
    destination = next(field for field in _DESTINATIONS if text(item, field))
    family = _DESTINATIONS[destination]
    if family != "prefix_list":
        network(item, destination)
    kind, target = _target(item)
    return known(
        {
            "family": family,
            "destination": item[destination],
            "target_kind": kind,
            "target_id": target,
            "instance_id": text(item, "InstanceId"),
            "state": item["State"].lower() if target else "unknown",
            "firewall_id": text(item, "IgwFirewall", "FirewallArn"),
            "firewall_status": text(item, "IgwFirewall", "Status"),
            "origin": "local" if kind == "local" else _ORIGINS.get(item["Origin"].lower(), "static"),
        }
    )


def _target(item: Json) -> tuple[str, str]:
    gateway = text(item, "GatewayId")
    if gateway is not None:
        kinds = (kind for prefix, kind in _GATEWAYS.items() if gateway.startswith(prefix))
        return ("local" if gateway == "local" else next(kinds, "unknown")), gateway
    for field, kind in _TARGETS.items():
        target = text(item, field)
        if target is not None:
            return kind, target
    interface = text(item, "NetworkInterfaceId") or text(item, "InstanceId")  # AWS names both
    if interface is not None:
        return "network_interface", interface
    others = (key for key in sorted(item) if key.endswith(("Id", "Arn")) and key not in _NO_TARGET)
    return "unknown", next((str(item[key]) for key in others if item[key]), "")
