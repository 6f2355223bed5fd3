"""Ways out of a VPC and into AWS, by zone: NAT, internet, egress-only and transit gateways, VPC endpoints.

A NAT gateway is zonal or regional. Service names are kept as AWS writes them, policies know how to read them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from operator import itemgetter
from typing import Any

from vpcguard.aws.answers import (
    Estate,
    InUse,
    Json,
    fields_of,
    items,
    known,
    lower,
    text,
    texts_of,
    value,
)
from vpcguard.aws.operations import (
    FLAG,
    NAMED,
    TEXT,
    Call,
    Operation,
    Sent,
    Shape,
    Young,
    calls_by_id,
    texts,
)
from vpcguard.coverage import FactsByKind, Family, VpcKind, entries, of_list
from vpcguard.resources.networks import SUBNETS

AVAILABILITY_ZONES = Operation(
    service="ec2",
    name="DescribeAvailabilityZones",
    shape={"AvailabilityZones": [texts("ZoneId ZoneName ZoneType State")]},
    is_late=True,
    sent=(Sent("ZoneId ZoneType State"),),
)
_ATTACHMENTS: list[Shape] = [texts("VpcId State")]
_ATTACHED = Sent("VpcId State", at="Attachments")
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
            | NAMED
        ]
    },
    paged=True,
    page_size=1000,
    vpc_filter="vpc-id",
    filters="Filter",
    young={"AvailabilityMode": Young((1, 41, 0), unless="SubnetId")},  # a zonal one has a subnet
    sent=(
        Sent("NatGatewayId VpcId"),
        Sent("SubnetId", where=("AvailabilityMode", {None, "", "zonal"})),
    ),
)
INTERNET_GATEWAYS = Operation(
    service="ec2",
    name="DescribeInternetGateways",
    shape={"InternetGateways": [texts("InternetGatewayId OwnerId") | {"Attachments": _ATTACHMENTS} | NAMED]},
    paged=True,
    page_size=1000,
    vpc_filter="attachment.vpc-id",
    sent=(Sent("InternetGatewayId Attachments"), _ATTACHED),
)
EGRESS_ONLY_GATEWAYS = Operation(
    service="ec2",
    name="DescribeEgressOnlyInternetGateways",
    shape={
        "EgressOnlyInternetGateways": [
            {"EgressOnlyInternetGatewayId": TEXT, "Attachments": _ATTACHMENTS} | NAMED
        ]
    },
    paged=True,
    page_size=255,  # the most that this one takes
    sent=(Sent("EgressOnlyInternetGatewayId Attachments"), _ATTACHED),
)
TRANSIT_GATEWAY_ATTACHMENTS = Operation(
    service="ec2",
    name="DescribeTransitGatewayVpcAttachments",
    shape={
        "TransitGatewayVpcAttachments": [
            texts("TransitGatewayAttachmentId TransitGatewayId VpcId VpcOwnerId State")
            | {"SubnetIds": [TEXT]}
        ]
    },
    paged=True,
    page_size=1000,
    vpc_filter="vpc-id",
    sent=(Sent("TransitGatewayAttachmentId TransitGatewayId VpcId State SubnetIds"),),
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
            | NAMED
        ]
    },
    paged=True,
    page_size=1000,
    vpc_filter="vpc-id",
    # others lead to no service: to a resource configuration, or to a service network of VPC Lattice
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html
    sent=(
        Sent("VpcEndpointId VpcId VpcEndpointType"),
        Sent("ServiceName RouteTableIds", where=("VpcEndpointType", {"Gateway"})),
        Sent("ServiceName SubnetIds", where=("VpcEndpointType", {"Interface", "GatewayLoadBalancer"})),
        Sent("Groups", where=("VpcEndpointType", {"Interface"})),
        Sent("GroupId", at="Groups"),
    ),
)
ENDPOINT_SERVICES = Operation(
    service="ec2",
    name="DescribeVpcEndpointServices",
    shape={
        "ServiceDetails": [
            {"ServiceName": TEXT, "AvailabilityZones": [TEXT], "AvailabilityZoneIds": [TEXT]},
        ]
    },
    paged=True,
    page_size=1000,
    is_late=True,
    sent=(Sent("ServiceName AvailabilityZones|AvailabilityZoneIds"),),
)

_ZONE_NAMES = (
    (SUBNETS, "AvailabilityZone", "AvailabilityZoneId"),
    (AVAILABILITY_ZONES, "ZoneName", "ZoneId"),
)


def named_calls(in_use: InUse) -> Iterator[Call]:
    """Return the reads of the services that interface endpoints are for: in which zones they are offered."""
    endpoints = (one for one in in_use.items(VPC_ENDPOINTS) if one.get("VpcEndpointType") == "Interface")
    return calls_by_id(ENDPOINT_SERVICES, "service-name", fields_of(endpoints, "ServiceName"))


def add_facts(estate: Estate, facts: FactsByKind) -> list[Json]:
    """Add the zones, and the gateways and endpoints that we or the VPC's owner see."""
    facts["availability_zones"] = {
        zone["id"]: zone
        for account in estate.accounts[::-1]
        for zone in account.documents(AVAILABILITY_ZONES, _availability_zone)
    }
    # by account: the names of zones mean other zones in another
    zone_ids = {
        account: {
            one[name]: one[zone_id]
            for operation, name, zone_id in _ZONE_NAMES
            for one in items(account.reads, operation)
            if text(one, name) and text(one, zone_id)
        }
        for account in estate.accounts
    }
    facts["nat_gateways"] = estate.merged(
        NAT_GATEWAYS,
        {
            account: account.documents(NAT_GATEWAYS, partial(_nat_gateway, zone_ids=zone_ids[account]))
            for account in estate.accounts
        },
    )
    facts["internet_gateways"] = estate.union(INTERNET_GATEWAYS, partial(_gateway, key="InternetGatewayId"))
    facts["egress_only_internet_gateways"] = estate.union(
        EGRESS_ONLY_GATEWAYS, partial(_gateway, key="EgressOnlyInternetGatewayId")
    )
    facts["transit_gateway_attachments"] = estate.union(TRANSIT_GATEWAY_ATTACHMENTS, _attachment_to_transit)
    facts["vpc_endpoints"] = estate.union(VPC_ENDPOINTS, _endpoint)
    facts["endpoint_services"] = {}
    for account in estate.accounts[::-1]:
        for one in account.documents(ENDPOINT_SERVICES, dict):
            names = texts_of(one, "AvailabilityZones")  # this account's own
            found = texts_of(one, "AvailabilityZoneIds") or [
                zone_ids[account].get(name, "") for name in names
            ]
            if all(found) and text(one, "ServiceName"):
                service = {"id": one["ServiceName"], "zone_ids": sorted(found)}
                facts["endpoint_services"][service["id"]] = service
    asked = next((one for one in estate.accounts if one.has_answered(ENDPOINT_SERVICES)), estate.own)
    return [
        *entries("availability_zones", {}, default=of_list(estate.own, AVAILABILITY_ZONES)),
        *entries("endpoint_services", {}, default=of_list(asked, ENDPOINT_SERVICES)),
    ]


_LISTS = (
    AVAILABILITY_ZONES,
    NAT_GATEWAYS,
    INTERNET_GATEWAYS,
    EGRESS_ONLY_GATEWAYS,
    TRANSIT_GATEWAY_ATTACHMENTS,
    VPC_ENDPOINTS,
)
FAMILY = Family(
    operations=(*_LISTS, ENDPOINT_SERVICES),
    lists=_LISTS,
    named_calls=named_calls,
    add_facts=add_facts,
    vpc_kinds={
        "nat_gateways": VpcKind(NAT_GATEWAYS, "owner", names_subnets=True, is_shown_to_owner_only=True),
        "internet_gateways": VpcKind(INTERNET_GATEWAYS, "owner"),
        "egress_only_internet_gateways": VpcKind(EGRESS_ONLY_GATEWAYS, "owner"),
        "transit_gateway_attachments": VpcKind(TRANSIT_GATEWAY_ATTACHMENTS, "owner", names_subnets=True),
        "vpc_endpoints": VpcKind(VPC_ENDPOINTS, "owner", names_subnets=True, names_owner=True),
    },
)


def _availability_zone(item: Json) -> Json:
    name = text(item, "ZoneName")
    return known({"id": item["ZoneId"], "name": name, "type": item["ZoneType"], "state": item["State"]})


def _nat_gateway(item: Json, zone_ids: Mapping[str, str]) -> Json:
    """Return the facts of one NAT gateway.

    ConnectivityType is public where absent, AWS's default; a regional gateway has addresses per
    zone instead of a subnet: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NatGateway.html
    """
    is_regional = lower(item, "AvailabilityMode", default="zonal") == "regional"
    zones = [_zone(address, zone_ids) for address in item.get("NatGatewayAddresses", ())]
    return known(
        {
            "id": item["NatGatewayId"],
            "vpc_id": text(item, "VpcId"),
            "state": lower(item, "State"),
            "connectivity_type": lower(item, "ConnectivityType", default="public"),
            "is_regional": is_regional,
            "is_automatic": is_regional and lower(item, "AutoProvisionZones") == "enabled",
            "subnet_id": text(item, "SubnetId"),
            "route_table_id": text(item, "RouteTableId"),
            "zone_ids": sorted({zone for zone in zones if zone}) if is_regional else [],
            "failure_code": text(item, "FailureCode"),
            "failure_message": text(item, "FailureMessage"),
            "appliances": [_appliance(one) for one in item.get("AttachedAppliances", ())],
        }
    )


def _appliance(item: Json) -> Json:
    """Return what is attached to a NAT gateway: a firewall, and the endpoint that leads to it."""
    return known(
        {
            "type": text(item, "Type"),
            "endpoint_id": text(item, "VpcEndpointId"),
            "state": lower(item, "AttachmentState"),
        }
    )


def _zone(address: Json, zone_ids: Mapping[str, str]) -> str | None:
    if lower(address, "Status", default="succeeded") == "failed":
        return None
    return text(address, "AvailabilityZoneId") or zone_ids.get(text(address, "AvailabilityZone") or "")


def _gateway(item: Json, key: str) -> Json:
    attachments = [{"vpc_id": one["VpcId"], "state": one["State"].lower()} for one in item["Attachments"]]
    return {"id": item[key], "attachments": sorted(attachments, key=itemgetter("vpc_id"))}


def _attachment_to_transit(item: Json) -> Json:
    return {
        "id": item["TransitGatewayAttachmentId"],
        "transit_gateway_id": item["TransitGatewayId"],
        "vpc_id": item["VpcId"],
        "state": item["State"].lower(),
        "subnet_ids": texts_of(item, "SubnetIds"),
    }


def _endpoint(item: Json) -> Json:
    """Return the facts of one endpoint; its state, and whether it takes names over, may not be told."""
    document = {
        "id": item["VpcEndpointId"],
        "vpc_id": item["VpcId"],
        "type": item["VpcEndpointType"],
        "service_name": text(item, "ServiceName"),
        "service_region": text(item, "ServiceRegion"),
        "state": lower(item, "State", default="") or None,
        "ip_address_type": lower(item, "IpAddressType", default="") or None,
        "dns_record_ip_type": lower(item, "DnsOptions", "DnsRecordIpType", default="") or None,
        "private_dns_enabled": item.get("PrivateDnsEnabled"),
        "private_dns_only_for_inbound_resolver": (
            value(item, "DnsOptions", "PrivateDnsOnlyForInboundResolverEndpoint") or False
        ),
        "route_table_ids": texts_of(item, "RouteTableIds"),
        "subnet_ids": texts_of(item, "SubnetIds"),
        "security_group_ids": fields_of(item.get("Groups", ()), "GroupId"),
        "has_default_policy": _is_full_access(item.get("PolicyDocument")),
    }
    return known(document)


def _is_full_access(policy: str | None) -> bool:
    """Return True for the policy that AWS attaches by default, or none: everything allowed to everybody.

    https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
    """
    if not policy:
        return True
    try:
        statements = json.loads(policy)["Statement"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    statements = statements if isinstance(statements, list) else [statements]
    return len(statements) == 1 and _allows_everything(statements[0])


def _allows_everything(statement: Any) -> bool:
    if not isinstance(statement, dict) or statement.get("Condition"):
        return False
    if statement.get("Effect") != "Allow" or statement.get("Principal") not in ("*", {"AWS": "*"}):
        return False
    return all(statement.get(key) in ("*", ["*"]) for key in ("Action", "Resource"))
