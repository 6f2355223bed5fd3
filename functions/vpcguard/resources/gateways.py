"""Ways out of a VPC: NAT gateways, zonal and regional, internet and egress-only internet gateways."""

from __future__ import annotations

from collections.abc import Mapping

from vpcguard.aws.answers import Account, Estate, Json, each, known, lower, required_text, text
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
    facts["nat_gateways"] = estate.union(_nat_gateways)
    facts["internet_gateways"] = estate.union(
        lambda account: account.documents(INTERNET_GATEWAYS, lambda item: _gateway(item, "InternetGatewayId"))
    )
    facts["egress_only_internet_gateways"] = estate.union(
        lambda account: account.documents(
            EGRESS_ONLY_GATEWAYS, lambda item: _gateway(item, "EgressOnlyInternetGatewayId")
        )
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
    pairs = account.documents(
        SUBNETS, lambda item: (text(item, "AvailabilityZone"), text(item, "AvailabilityZoneId"))
    )
    zone_ids = {name: zone_id for name, zone_id in pairs if name and zone_id}
    return account.documents(NAT_GATEWAYS, lambda item: _nat_gateway(item, zone_ids))


def _nat_gateway(item: Json, zone_ids: Mapping[str, str]) -> Json:
    """Return the facts of one NAT gateway.

    ConnectivityType is public where absent, AWS's default; a regional gateway has addresses per
    zone instead of a subnet: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NatGateway.html
    """
    is_regional = lower(item, "AvailabilityMode", default="zonal") == "regional"
    zones = each(item, "NatGatewayAddresses", lambda address: _zone(address, zone_ids))
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
