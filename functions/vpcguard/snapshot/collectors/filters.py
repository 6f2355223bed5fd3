"""What lets traffic through: security groups, network ACLs, and the prefix lists they and routes name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vpcguard.snapshot.operation import Operation
from vpcguard.snapshot.reading import Reads
from vpcguard.snapshot.shapes import FLAG, TEXT, WHOLE, Shape, texts
from vpcguard.snapshot.threads import Task

_PERMISSIONS: list[Shape] = [
    {
        "IpProtocol": TEXT,
        "FromPort": WHOLE,
        "ToPort": WHOLE,
        "IpRanges": [texts("CidrIp")],
        "Ipv6Ranges": [texts("CidrIpv6")],
        "PrefixListIds": [texts("PrefixListId")],
        "UserIdGroupPairs": [texts("GroupId UserId VpcId VpcPeeringConnectionId PeeringStatus")],
    }
]
SECURITY_GROUPS = Operation(
    service="ec2",
    name="DescribeSecurityGroups",
    shape={
        "SecurityGroups": [
            texts("GroupId GroupName VpcId OwnerId")
            | {"IpPermissions": _PERMISSIONS, "IpPermissionsEgress": _PERMISSIONS}
        ]
    },
    paged=True,
    page_size=1000,
)
NETWORK_ACLS = Operation(
    service="ec2",
    name="DescribeNetworkAcls",
    shape={
        "NetworkAcls": [
            texts("NetworkAclId VpcId OwnerId")
            | {
                "IsDefault": FLAG,
                "Associations": [texts("NetworkAclAssociationId NetworkAclId SubnetId")],
                "Entries": [
                    texts("CidrBlock Ipv6CidrBlock Protocol RuleAction")
                    | {"Egress": FLAG, "RuleNumber": WHOLE, "PortRange": {"From": WHOLE, "To": WHOLE}}
                    | {"IcmpTypeCode": {"Code": WHOLE, "Type": WHOLE}}
                ],
            }
        ]
    },
    paged=True,
    page_size=1000,
)
PREFIX_LISTS = Operation(
    service="ec2",
    name="DescribeManagedPrefixLists",
    shape={
        "PrefixLists": [
            texts("PrefixListId PrefixListName PrefixListArn AddressFamily State OwnerId")
            | {"MaxEntries": WHOLE, "Version": WHOLE}
        ]
    },
    paged=True,
    page_size=100,
)
PREFIX_LIST_ENTRIES = Operation(
    service="ec2",
    name="GetManagedPrefixListEntries",
    shape={"Entries": [texts("Cidr")]},
    keys=1,
    paged=True,
    page_size=100,
)
ACTIONS = tuple(
    operation.key for operation in (SECURITY_GROUPS, NETWORK_ACLS, PREFIX_LISTS, PREFIX_LIST_ENTRIES)
)


def prefix_list_reads(reads: Reads, prefix_list_ids: Iterable[str]) -> Iterator[Task]:
    """Yield the reads of the networks in single prefix lists; a list that does not exist has no entry."""
    for each in prefix_list_ids:
        yield reads.each(PREFIX_LIST_ENTRIES, each, PrefixListId=each)
