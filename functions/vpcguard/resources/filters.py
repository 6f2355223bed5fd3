"""What lets traffic through: security groups, network ACLs, prefix lists, VPC Block Public Access."""

from __future__ import annotations

from collections.abc import Iterator

from vpcguard.aws.answers import (
    Estate,
    InUse,
    Json,
    fields_of,
    known,
    text,
    value,
)
from vpcguard.aws.operations import FLAG, NAMED, TEXT, WHOLE, Call, Operation, Sent, Shape, calls_by_id, texts
from vpcguard.coverage import (
    KNOWN,
    FactsByKind,
    Family,
    VpcKind,
    entries,
    leave_torn_subnets,
    of_entry,
    of_lacking,
    of_list,
)
from vpcguard.resources.networks import SUBNETS, routes_in_use

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
# AWS names the ports of TCP and UDP, which groups call by name and ACLs by number, and of nothing else:
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html and API_NetworkAclEntry.html
_WITH_PORTS = frozenset({"tcp", "udp", "6", "17"})
SECURITY_GROUPS = Operation(
    service="ec2",
    name="DescribeSecurityGroups",
    shape={
        "SecurityGroups": [
            texts("GroupId GroupName VpcId OwnerId")
            | {"IpPermissions": _PERMISSIONS, "IpPermissionsEgress": _PERMISSIONS}
            | NAMED
        ]
    },
    paged=True,
    page_size=1000,
    vpc_filter="vpc-id",
    sent=(
        Sent("GroupId VpcId IpPermissions IpPermissionsEgress"),
        *(
            one
            for rules in ("IpPermissions", "IpPermissionsEgress")
            for one in (
                Sent("IpProtocol IpRanges IpRanges|Ipv6Ranges|PrefixListIds|UserIdGroupPairs", at=rules),
                Sent("FromPort ToPort", at=rules, where=("IpProtocol", _WITH_PORTS)),
                Sent("CidrIp", at=f"{rules}.IpRanges"),
                Sent("CidrIpv6", at=f"{rules}.Ipv6Ranges"),
                Sent("PrefixListId", at=f"{rules}.PrefixListIds"),
                Sent("GroupId", at=f"{rules}.UserIdGroupPairs"),
            )
        ),
    ),
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
            | NAMED
        ]
    },
    paged=True,
    page_size=1000,
    vpc_filter="vpc-id",
    sent=(
        Sent("NetworkAclId VpcId Associations Entries"),
        Sent("SubnetId", at="Associations"),
        Sent("Egress RuleNumber Protocol RuleAction CidrBlock|Ipv6CidrBlock", at="Entries"),
        Sent("PortRange.From PortRange.To", at="Entries", where=("Protocol", _WITH_PORTS)),
    ),
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
    sent=(Sent("PrefixListId OwnerId"),),
)
PREFIX_LIST_ENTRIES = Operation(
    service="ec2",
    name="GetManagedPrefixListEntries",
    shape={"Entries": [texts("Cidr")]},
    keys=1,
    paged=True,
    page_size=100,
    sent=(Sent("Entries"), Sent("Cidr", at="Entries")),
)
BLOCK_PUBLIC_ACCESS = Operation(
    service="ec2",
    name="DescribeVpcBlockPublicAccessOptions",
    shape={
        "VpcBlockPublicAccessOptions": texts(
            "AwsAccountId AwsRegion State InternetGatewayBlockMode ManagedBy ExclusionsAllowed"
        )
    },
)


def named_calls(in_use: InUse) -> Iterator[Call]:
    """Yield the reads of prefix lists that routes and groups name, and of groups the list does not show."""
    permissions = (
        permission
        for group in in_use.items(SECURITY_GROUPS)
        for permission in (*group.get("IpPermissions", []), *group.get("IpPermissionsEgress", []))
    )
    by_groups = (named for permission in permissions for named in permission.get("PrefixListIds", []))
    by_routes = fields_of(routes_in_use(in_use), "DestinationPrefixListId")
    for list_id in sorted({*by_routes, *fields_of(by_groups, "PrefixListId")}):
        yield Call(PREFIX_LIST_ENTRIES, (list_id,), {"PrefixListId": list_id})
    unseen = in_use.unseen(SECURITY_GROUPS, "GroupId", in_use.security_group_ids)
    yield from calls_by_id(SECURITY_GROUPS, "group-id", unseen)


def add_facts(estate: Estate, facts: FactsByKind) -> list[Json]:
    """Add groups and ACLs that we or the VPC's owner see, prefix lists, and the mode of every account.

    Of the thousands of groups of a VPC those decide that a fact so far has, a function or an endpoint say.
    """
    holders = [one for of_kind in facts.values() for one in of_kind.values() if not one.get("is_lambda")]
    named = {group_id for one in holders for group_id in one.get("security_group_ids", ())}
    facts["security_groups"] = estate.union(SECURITY_GROUPS, _group, only=named)
    facts["network_acls"] = estate.union(NETWORK_ACLS, _acl)
    if NETWORK_ACLS.key in estate.torn:
        leave_torn_subnets(estate, NETWORK_ACLS, facts["network_acls"])
    return _add_prefix_lists(estate, facts) + _add_block_public_access(estate, facts)


FAMILY = Family(
    operations=(SECURITY_GROUPS, NETWORK_ACLS, PREFIX_LISTS, PREFIX_LIST_ENTRIES, BLOCK_PUBLIC_ACCESS),
    lists=(SECURITY_GROUPS, NETWORK_ACLS, PREFIX_LISTS, BLOCK_PUBLIC_ACCESS),
    named_calls=named_calls,
    add_facts=add_facts,
    vpc_kinds={
        "security_groups": VpcKind(SECURITY_GROUPS, "both"),  # each account sees its own
        "network_acls": VpcKind(NETWORK_ACLS, "either", names_owner=True),  # of the subnets shared with us
    },
)


def _group(item: Json) -> Json:
    return known(
        {
            "id": item["GroupId"],
            "group_name": text(item, "GroupName"),
            "vpc_id": text(item, "VpcId"),
            "owner_id": text(item, "OwnerId"),
            "ingress": sorted(map(_permission, item["IpPermissions"]), key=repr),
            "egress": sorted(map(_permission, item["IpPermissionsEgress"]), key=repr),
        }
    )


def _permission(item: Json) -> Json:
    return known(
        {
            "protocol": item["IpProtocol"],
            "from_port": item.get("FromPort"),
            "to_port": item.get("ToPort"),
            "ipv4_cidrs": fields_of(item["IpRanges"], "CidrIp"),
            "ipv6_cidrs": fields_of(item.get("Ipv6Ranges", ()), "CidrIpv6"),
            "prefix_list_ids": fields_of(item.get("PrefixListIds", ()), "PrefixListId"),
            "group_ids": fields_of(item.get("UserIdGroupPairs", ()), "GroupId"),
        }
    )


def _acl(item: Json) -> Json:
    return {
        "id": item["NetworkAclId"],
        "vpc_id": item["VpcId"],
        "is_default": item.get("IsDefault", False),
        "subnet_ids": sorted(one["SubnetId"] for one in item["Associations"]),
        "entries": sorted(map(_acl_entry, item["Entries"]), key=repr),
    }


def _acl_entry(item: Json) -> Json:
    return known(
        {
            "is_egress": item["Egress"],
            "rule_number": item["RuleNumber"],
            "protocol": item["Protocol"],
            "action": item["RuleAction"].lower(),
            "ipv4_cidr": text(item, "CidrBlock"),
            "ipv6_cidr": text(item, "Ipv6CidrBlock"),
            "from_port": value(item, "PortRange", "From"),
            "to_port": value(item, "PortRange", "To"),
        }
    )


def _add_prefix_lists(estate: Estate, facts: FactsByKind) -> list[Json]:
    """Add the prefix lists; each that routes and groups name gets an entry on whether its networks are known.

    A list of a shared VPC's owner may be one that only the owner reads.
    """
    lists = estate.union(PREFIX_LISTS, _prefix_list)
    for account in estate.accounts:
        for list_id in sorted(account.answer(PREFIX_LIST_ENTRIES)):
            one = lists.setdefault(list_id, {"id": list_id, "cidrs": []})
            cidrs = account.entry(
                PREFIX_LIST_ENTRIES, list_id, lambda item: fields_of(item["Entries"], "Cidr")
            )
            one["cidrs"] = one["cidrs"] or cidrs or []
    routes = [route for table in facts["route_tables"].values() for route in table["routes"]]
    groups = facts["security_groups"].values()
    rules = [rule for group in groups for rule in (*group["ingress"], *group["egress"])]
    by_routes = {route["destination"] for route in routes if route["family"] == "prefix_list"}
    by_rules = {list_id for rule in rules for list_id in rule["prefix_list_ids"]}
    coverage = {}
    for list_id in {*lists, *by_routes, *by_rules}:
        found = [of_entry(account, PREFIX_LIST_ENTRIES, list_id) for account in estate.accounts]
        coverage[list_id] = KNOWN if KNOWN in found else found[0]
    for list_id, of_networks in coverage.items():
        if not of_networks.is_known and list_id in lists:
            lists[list_id]["cidrs"] = []
    facts["prefix_lists"] = lists
    return [
        *entries("prefix_lists", {}, default=of_list(estate.own, PREFIX_LISTS)),
        *entries("prefix_list_entries", coverage, default=of_entry(estate.own, PREFIX_LIST_ENTRIES)),
    ]


def _prefix_list(item: Json) -> Json:
    return known(
        {
            "id": item["PrefixListId"],
            "name": text(item, "PrefixListName"),
            "owner_id": item["OwnerId"],
            "cidrs": [],
        }
    )


def _add_block_public_access(estate: Estate, facts: FactsByKind) -> list[Json]:
    modes: dict[str, Json] = {}
    coverage = {}
    for account in estate.accounts:
        answer = account.answer(BLOCK_PUBLIC_ACCESS)
        mode = text(answer, "VpcBlockPublicAccessOptions", "InternetGatewayBlockMode")
        coverage[account.id] = of_list(account, BLOCK_PUBLIC_ACCESS)
        if mode is not None:
            modes[account.id] = {"account_id": account.id, "internet_gateway_block_mode": mode.lower()}
        elif coverage[account.id].is_known:
            coverage[account.id] = of_lacking(BLOCK_PUBLIC_ACCESS, "InternetGatewayBlockMode")
    facts["block_public_access"] = modes
    if estate.own.old_reader and estate.own.drops(SUBNETS, "BlockPublicAccessStates"):
        untold = f"not read: {estate.own.reader_name}"
        for subnet in facts["subnets"].values():
            subnet.setdefault("internet_gateway_block_mode", untold)
    return entries("block_public_access", coverage)
