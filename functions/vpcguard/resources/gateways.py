"""Ways out of a VPC: NAT gateways, zonal and regional, internet and egress-only internet gateways."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from vpcguard.aws.answers import Account, Estate, Json, each, items, known, lower, required_text, text
from vpcguard.aws.operations import TEXT, Operation, Shape, texts
from vpcguard.coverage import VpcKind
from vpcguard.resources.family import Facts, Family
from vpcguard.resources.networks import SUBNETS

_ATTACHMENTS: list[Shape] = [texts("VpcId State")]
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
        ]
    },
    paged=True,
    page_size=1000,
    vpc_filter="vpc-id",
    filters="Filter",
)
INTERNET_GATEWAYS = Operation(
    service="ec2",
    name="DescribeInternetGateways",
    shape={"InternetGateways": [{"InternetGatewayId": TEXT, "OwnerId": TEXT, "Attachments": _ATTACHMENTS}]},
    paged=True,
    page_size=1000,
    vpc_filter="attachment.vpc-id",
)
EGRESS_ONLY_GATEWAYS = Operation(
    service="ec2",
    name="DescribeEgressOnlyInternetGateways",
    shape={
        "EgressOnlyInternetGateways": [{"EgressOnlyInternetGatewayId": TEXT, "Attachments": _ATTACHMENTS}]
    },
    paged=True,
    page_size=255,  # the most that this one takes
)


def add_facts(estate: Estate, facts: Facts) -> list[Json]:
    """Add the gateways that we or the VPC's owner see."""
    facts["nat_gateways"] = estate.merged({account: _nat_gateways(account) for account in estate.accounts})
    facts["internet_gateways"] = estate.union(INTERNET_GATEWAYS, partial(_gateway, key="InternetGatewayId"))
    facts["egress_only_internet_gateways"] = estate.union(
        EGRESS_ONLY_GATEWAYS, partial(_gateway, key="EgressOnlyInternetGatewayId")
    )
    return []


FAMILY = Family(
    operations=(NAT_GATEWAYS, INTERNET_GATEWAYS, EGRESS_ONLY_GATEWAYS),
    lists=(NAT_GATEWAYS, INTERNET_GATEWAYS, EGRESS_ONLY_GATEWAYS),
    add_facts=add_facts,
    vpc_kinds={
        "nat_gateways": VpcKind(NAT_GATEWAYS, "owner", names_subnets=True, is_shown_to_owner_only=True),
        "internet_gateways": VpcKind(INTERNET_GATEWAYS, "owner"),
        "egress_only_internet_gateways": VpcKind(EGRESS_ONLY_GATEWAYS, "owner"),
    },
)


def _nat_gateways(account: Account) -> list[Json]:
    # zone names mean different zones in different accounts: this table is one account's own
    zone_ids = {
        subnet["AvailabilityZone"]: subnet["AvailabilityZoneId"]
        for subnet in items(account.reads, SUBNETS)
        if text(subnet, "AvailabilityZone") and text(subnet, "AvailabilityZoneId")
    }
    return account.documents(NAT_GATEWAYS, partial(_nat_gateway, zone_ids=zone_ids))


def _nat_gateway(item: Json, zone_ids: Mapping[str, str]) -> Json:
    """Return the facts of one NAT gateway.

    ConnectivityType is public where absent, AWS's default; a regional gateway has addresses per
    zone instead of a subnet: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NatGateway.html
    """
    is_regional = lower(item, "AvailabilityMode", default="zonal") == "regional"
    zones = [_zone(address, zone_ids) for address in item.get("NatGatewayAddresses", ())]
    return known(
        {
            "id": required_text(item, "NatGatewayId"),
            "vpc_id": text(item, "VpcId"),
            "state": lower(item, "State"),
            "connectivity_type": lower(item, "ConnectivityType", default="public"),
            "is_regional": is_regional,
            "is_automatic": is_regional and lower(item, "AutoProvisionZones") == "enabled",
            "subnet_id": text(item, "SubnetId"),
            "route_table_id": text(item, "RouteTableId"),
            "zone_ids": sorted({zone for zone in zones if zone}) if is_regional else [],
            "failure_message": text(item, "FailureMessage"),
        }
    )


def _zone(address: Json, zone_ids: Mapping[str, str]) -> str | None:
    if lower(address, "Status", default="succeeded") == "failed":
        return None
    return text(address, "AvailabilityZoneId") or zone_ids.get(text(address, "AvailabilityZone") or "")


def _gateway(item: Json, key: str) -> Json:
    attachments = each(item, "Attachments", _attachment)
    return {
        "id": required_text(item, key),
        "attachments": sorted(attachments, key=lambda one: str(one["vpc_id"])),
    }


def _attachment(item: Json) -> Json:
    return {"vpc_id": required_text(item, "VpcId"), "state": lower(item, "State")}
