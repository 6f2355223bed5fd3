"""The yardstick for `vpcguard audit`: what somebody would write in an afternoon, and it judges nothing.

Plain boto3, one call after another. `all` lists and describes what an audit reads; `networks` leaves out
tags, roles, quotas and event sources.
"""

from __future__ import annotations

import sys
from typing import Any

import boto3

NETWORKS = {
    "lambda": ("list_functions",),
    "ec2": (
        "describe_vpcs",
        "describe_subnets",
        "describe_route_tables",
        "describe_nat_gateways",
        "describe_internet_gateways",
        "describe_egress_only_internet_gateways",
        "describe_transit_gateway_vpc_attachments",
        "describe_vpc_endpoints",
        "describe_security_groups",
        "describe_network_acls",
        "describe_network_interfaces",
        "describe_instances",
        "describe_managed_prefix_lists",
    ),
}
ALL = {
    "sts": ("get_caller_identity",),
    "lambda": (*NETWORKS["lambda"], "list_event_source_mappings"),
    "ec2": (*NETWORKS["ec2"], "describe_vpc_block_public_access_options"),
    "resourcegroupstaggingapi": ("get_resources",),
    "iam": ("get_account_authorization_details",),
    "service-quotas": ("get_service_quota",),
}
# pages as large as an audit asks for, where AWS's own are smaller: as few calls
PARAMETERS: dict[str, dict[str, Any]] = {
    "get_resources": {
        "ResourceTypeFilters": ["lambda:function"],
        "PaginationConfig": {"PageSize": 100},
    },
    "get_account_authorization_details": {
        "Filter": ["Role", "LocalManagedPolicy", "AWSManagedPolicy"],
        "PaginationConfig": {"PageSize": 1000},
    },
    "get_service_quota": {"ServiceCode": "lambda", "QuotaCode": "L-9FEE3D26"},
}


def main() -> None:
    """Read everything and say how much it was."""
    found = 0
    for service, operations in {"all": ALL, "networks": NETWORKS}[sys.argv[1]].items():
        client = boto3.client(service)  # type: ignore[call-overload]
        for operation in operations:
            for page in _pages(client, operation, PARAMETERS.get(operation, {})):
                found += sum(len(value) for value in page.values() if isinstance(value, list))
    print(found)


def _pages(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
    if client.can_paginate(operation):
        return client.get_paginator(operation).paginate(**parameters)
    return [getattr(client, operation)(**parameters)]


if __name__ == "__main__":
    main()
