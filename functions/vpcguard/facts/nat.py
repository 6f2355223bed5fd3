"""NAT gateways, zonal and regional."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from vpcguard.facts.estate import Estate
from vpcguard.facts.reading import Json, each, known, lower, required_text, text

NAT_GATEWAYS = "ec2:DescribeNatGateways"


def read_nat_gateways(estate: Estate, owner_of: Mapping[str, str]) -> dict[str, Json]:
    """Return the NAT gateways that we or the VPC's owner see, by id."""
    found: dict[str, Json] = {}
    for account in estate.accounts:
        zone_ids = _zone_ids(account.documents("ec2:DescribeSubnets", "Subnets", dict))
        for nat in account.documents(NAT_GATEWAYS, "NatGateways", lambda item, z=zone_ids: _nat(item, z)):  # type: ignore[misc]
            if nat["id"] not in found or owner_of.get(nat.get("vpc_id", "")) == account.id:
                found[nat["id"]] = nat
    return found


def _zone_ids(subnets: Iterable[Json]) -> dict[str, str]:
    """Zone names mean different zones in different accounts: this table is one account's own."""
    pairs = ((text(subnet, "AvailabilityZone"), text(subnet, "AvailabilityZoneId")) for subnet in subnets)
    return {name: zone_id for name, zone_id in pairs if name and zone_id}


def _nat(item: Json, zone_ids: Mapping[str, str]) -> Json:
    """Return the facts of one NAT gateway.

    ConnectivityType is public where absent, AWS's default; a regional gateway has addresses per
    zone instead of a subnet: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NatGateway.html
    """
    is_regional = lower(item, "AvailabilityMode", default="zonal") == "regional"
    zones = each(item, "NatGatewayAddresses", convert=lambda address: _zone(address, zone_ids))
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
