"""Round one of a network: everything that hangs on VPCs, in parallel."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from vpcguard.model import Answers
from vpcguard.snapshot.collectors import filters, gateways, interfaces, networks, quotas
from vpcguard.snapshot.operation import Operation
from vpcguard.snapshot.reading import Reads
from vpcguard.snapshot.threads import Task

FILTER_VALUES = 200  # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html

# operation -> (name of its filter parameter, name of the filter that takes VPC ids)
_BY_VPC: Mapping[Operation, tuple[str, str]] = {
    networks.VPCS: ("Filters", "vpc-id"),
    networks.SUBNETS: ("Filters", "vpc-id"),
    networks.ROUTE_TABLES: ("Filters", "vpc-id"),
    gateways.NAT_GATEWAYS: ("Filter", "vpc-id"),
    gateways.INTERNET_GATEWAYS: ("Filters", "attachment.vpc-id"),
    gateways.VPC_ENDPOINTS: ("Filters", "vpc-id"),
    filters.SECURITY_GROUPS: ("Filters", "vpc-id"),
    filters.NETWORK_ACLS: ("Filters", "vpc-id"),
}
# small lists without a filter by VPC
_BY_REGION = (gateways.EGRESS_ONLY_GATEWAYS, filters.PREFIX_LISTS, gateways.BLOCK_PUBLIC_ACCESS)
VpcIds = Collection[str] | None  # None: every VPC of the account and region


def describe_networks(reads: Reads, vpc_ids: VpcIds, *, of_owner: bool = False) -> Answers:
    """Read the VPCs and all that hangs on them, in one round; in our own account Lambda's interfaces too."""
    vpc_filter = None if vpc_ids is None or len(vpc_ids) > FILTER_VALUES else sorted(vpc_ids)
    tasks: list[Task] = []
    for operation, (parameter, name) in _BY_VPC.items():
        wanted = {} if vpc_filter is None else {parameter: [{"Name": name, "Values": vpc_filter}]}
        tasks.append(reads.once(operation, **wanted))
    tasks.extend(reads.once(operation) for operation in _BY_REGION)
    if not of_owner:
        by_vpc = [] if vpc_filter is None else [{"Name": "vpc-id", "Values": vpc_filter}]
        tasks.append(
            reads.once(interfaces.NETWORK_INTERFACES, Filters=[interfaces.LAMBDA_INTERFACES, *by_vpc])
        )
        tasks.append(lambda: quotas.collect_quotas(reads))
    return reads.gather(tasks)
