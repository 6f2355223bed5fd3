"""The yardstick for `vpcguard audit`: what somebody would write in an afternoon, and it judges nothing.

Plain boto3, one call after another: the functions are listed, their networks described. Tags, roles
and quotas, which an audit reads too, are not even asked for.
"""

from __future__ import annotations

import boto3

READS = {
    "lambda": ("list_functions",),
    "ec2": (
        "describe_vpcs",
        "describe_subnets",
        "describe_route_tables",
        "describe_nat_gateways",
        "describe_internet_gateways",
        "describe_egress_only_internet_gateways",
        "describe_vpc_endpoints",
        "describe_security_groups",
        "describe_network_acls",
        "describe_network_interfaces",
        "describe_instances",
        "describe_managed_prefix_lists",
    ),
}


def main() -> None:
    """Read everything and say how much it was."""
    found = 0
    for service, operations in READS.items():
        client = boto3.client(service)  # type: ignore[call-overload]
        for operation in operations:
            for page in client.get_paginator(operation).paginate():
                found += sum(len(value) for value in page.values() if isinstance(value, list))
    print(found)


if __name__ == "__main__":
    main()
