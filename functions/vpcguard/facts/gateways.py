"""Internet gateways and egress-only internet gateways."""

from __future__ import annotations

from vpcguard.facts.estate import Estate
from vpcguard.facts.reading import Json, each, lower, required_text

INTERNET = "ec2:DescribeInternetGateways"
EGRESS_ONLY = "ec2:DescribeEgressOnlyInternetGateways"


def read_internet_gateways(estate: Estate) -> dict[str, Json]:
    """Return the internet gateways that any account sees, by id."""
    return estate.union(INTERNET, "InternetGateways", lambda item: _gateway(item, "InternetGatewayId"))


def read_egress_only_internet_gateways(estate: Estate) -> dict[str, Json]:
    """Return the egress-only internet gateways that any account sees, by id."""
    return estate.union(
        EGRESS_ONLY,
        "EgressOnlyInternetGateways",
        lambda item: _gateway(item, "EgressOnlyInternetGatewayId"),
    )


def _gateway(item: Json, key: str) -> Json:
    attachments = each(item, "Attachments", convert=_attachment)
    return {
        "id": required_text(item, key),
        "attachments": sorted(attachments, key=lambda one: str(one["vpc_id"])),
    }


def _attachment(item: Json) -> Json:
    return {"vpc_id": required_text(item, "VpcId"), "state": lower(item, "State")}
