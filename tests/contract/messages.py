"""Networks to read messages by: each fault once, twice and twenty times, and what nobody could see.

No verdict is pinned here; the golden cases do that. docs/messages.md shows what is said about "orders".
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.contract.builder import (
    ACCOUNT,
    ACL,
    ENI_ACTIONS,
    GROUP,
    IGW,
    NAT,
    PUBLIC,
    QUOTA,
    REGION,
    VPC,
    A,
    C,
    Estate,
    role,
)
from tests.contract.message_doubts import UNKNOWNS
from tests.contract.message_networks import (
    HTTPS,
    NFS,
    VIOLATIONS,
    ZONES,
    Json,
    Make,
    endpoints,
    estate_of,
    isolated,
    mounting,
    named,
    needing,
    shows,
    subnets_of,
)
from tests.contract.message_variants import VARIANTS

COUNTS = {1: "one", 2: "two", 20: "twenty"}
CONFIGURATION: Json = {
    "version": 1,
    "rules": {
        name: {"enabled": True}
        for name in (
            *("ip.legacy_eni_estimate", "nat.around_inspection"),
            *("placement.vpc_required", "placement.vpc_unneeded"),
        )
    },
    "inspection": [{"firewall_endpoint": "vpce-fw"}],
    "thresholds": {"peak_concurrency": 100_000},
}
_DNS = {"Protocol": "-1", "CidrBlock": "10.0.9.0/24"}
_HTTPS = {"Protocol": "6", "PortRange": {"From": 443, "To": 443}, "CidrBlock": "0.0.0.0/0"}


@shows("az.missing_az", "subnets of another zone are left out")
def _missing_az(count: int) -> Estate:
    estate = estate_of(2, *ZONES[:2])
    for number in range(count):
        subnet_id = f"subnet-c{number + 1:02}"
        estate.subnet(subnet_id, zone=ZONES[2], network=f"10.0.{number + 50}.0/24")
        associated = {"RouteTableId": "rtb-app", "SubnetId": subnet_id, "Main": False}
        estate.of("DescribeRouteTables", "rtb-app")["Associations"].append(associated)
    estate.remove("DescribeSubnets", C)
    return estate


@shows("az.single_az", "subnets of one zone")
def _single_az(count: int) -> Estate:
    return estate_of(count, "euw1-az1")


@shows("az.single_usable_az", "subnets of other zones without a free address")
def _full_zones(count: int) -> Estate:
    estate = estate_of(count + 1, "euw1-az2", "euw1-az3")
    estate.function("orders", A, *subnets_of(estate)[1:])
    for subnet_id in subnets_of(estate)[1:]:
        estate.of("DescribeSubnets", subnet_id)["AvailableIpAddressCount"] = 0
    return estate


@shows("az.single_usable_az", "subnets of other zones without a way out")
def _shut_zones(count: int) -> Estate:
    estate = isolated(estate_of(count + 1, "euw1-az2", "euw1-az3"))
    estate.function("orders", A, *subnets_of(estate)[1:])
    return estate


@shows("config.alias_serves_other_network", "aliases of other networks")
def _aliases(count: int) -> Estate:
    estate = estate_of(2)
    network = {"VpcId": VPC, "SubnetIds": [A], "SecurityGroupIds": [GROUP]}
    versions = [
        {"FunctionName": "orders", "Version": str(number + 1), "VpcConfig": network}
        for number in range(count)
    ]
    aliases = [{"Name": f"stage-{one['Version']}", "FunctionVersion": one["Version"]} for one in versions]
    estate.entries["lambda:ListVersionsByFunction"]["orders"] = {"Versions": versions}
    estate.entries["lambda:ListAliases"]["orders"] = {"Aliases": aliases}
    return estate


@shows("config.dedicated_tenancy", "a VPC of dedicated tenancy")
def _dedicated(_: int) -> Estate:
    estate = estate_of(2)
    estate.of("DescribeVpcs", VPC)["InstanceTenancy"] = "dedicated"
    return estate


@shows("config.dual_stack_mismatch", "subnets without an IPv6 network")
def _single_stack(count: int) -> Estate:
    estate = estate_of(count)
    estate.functions["orders"]["VpcConfig"]["Ipv6AllowedForDualStack"] = True
    return estate


@shows("config.event_source_unreachable", "sources that the poller cannot connect to")
def _sources(count: int) -> Estate:
    estate = estate_of(2)
    mappings = [
        {
            "UUID": f"0d9b2f9c-0000-4000-8000-{number + 1:012}",
            "EventSourceArn": f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/clicks-{number + 1}/1",
            "State": "Enabled",
            "LastProcessingResult": "PROBLEM: Connection error.",
        }
        for number in range(count)
    ]
    estate.entries["lambda:ListEventSourceMappings"]["orders"] = {"EventSourceMappings": mappings}
    return estate


@shows("config.file_system_unreachable", "groups that keep NFS in")
def _nfs_kept_in(count: int) -> Estate:
    https = {**HTTPS, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    admitted = {**NFS, "UserIdGroupPairs": [{"GroupId": GROUP}]}
    return mounting(estate_of(count), *ZONES, egress=https, ingress=admitted)


@shows("config.file_system_unreachable", "mount targets that admit nobody, and a zone without one")
def _nfs_not_admitted(count: int) -> Estate:
    out = {**NFS, "UserIdGroupPairs": [{"GroupId": "sg-mount"}]}
    elsewhere = {**HTTPS, "IpRanges": [{"CidrIp": "192.168.0.0/24"}]}
    return mounting(estate_of(count), *ZONES[:2], egress=out, ingress=elsewhere)


@shows("config.idle_on_broken_network", "subnets that are gone or full")
def _idle(count: int) -> Estate:
    estate = estate_of(count + 1)
    first, *others = subnets_of(estate)
    estate.of("DescribeSubnets", first)["AvailableIpAddressCount"] = 0
    estate.remove("DescribeSubnets", *others)
    estate.state("orders", State="Inactive", StateReasonCode="Idle")
    return estate


@shows("config.missing_security_group", "groups that are gone")
def _missing_groups(count: int) -> Estate:
    estate = estate_of(2)
    groups = [GROUP, *(f"sg-gone{number + 1}" for number in range(count))]
    estate.functions["orders"]["VpcConfig"]["SecurityGroupIds"] = groups
    return estate


@shows("config.missing_subnet", "subnets that are gone")
def _missing_subnets(count: int) -> Estate:
    estate = estate_of(count + 1)
    estate.remove("DescribeSubnets", *subnets_of(estate)[1:])
    return estate


@shows("config.name_resolution_blocked", "DNS support that is off")
def _no_names(_: int) -> Estate:
    estate = estate_of(2)
    estate.dns(support=False)
    return estate


@shows("config.name_resolution_blocked", "name servers that groups do not let out to")
def _servers_shut_off(count: int) -> Estate:
    estate = estate_of(count)
    estate.name_servers(*(f"10.0.9.{number + 1}" for number in range(count)))
    estate.group(GROUP, egress=[{**HTTPS, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])["Tags"] = named("app")
    return estate


@shows("config.name_resolution_blocked", "name servers behind an ACL for each subnet")
def _servers_behind_acls(count: int) -> Estate:
    estate = estate_of(count)
    estate.name_servers("10.0.9.1")
    for number, subnet_id in enumerate(subnets_of(estate)):
        acl = estate.acl(f"acl-{number + 1:02}", subnet_id)
        acl.update(IsDefault=False, Tags=named(f"app-{number + 1}"))
        acl["Entries"].append({"Egress": True, "RuleNumber": 50, "RuleAction": "deny", **_DNS})
    estate.of("DescribeNetworkAcls", ACL)["Associations"] = [{"SubnetId": PUBLIC}, {"SubnetId": A}]
    return estate


@shows("config.network_acl_blocks_https", "one ACL of several subnets")
def _acl(count: int) -> Estate:
    estate = estate_of(count)
    estate.of("DescribeNetworkAcls", ACL)["Tags"] = named("strict")
    deny = {"Egress": True, "RuleNumber": 50, "RuleAction": "deny", **_HTTPS}
    estate.of("DescribeNetworkAcls", ACL)["Entries"].append(deny)
    return estate


@shows("config.network_acl_blocks_https", "an ACL for each subnet")
def _acls(count: int) -> Estate:
    estate = estate_of(count)
    for number, subnet_id in enumerate(subnets_of(estate)):
        acl = estate.acl(f"acl-{number + 1:02}", subnet_id)
        acl.update(IsDefault=False, Tags=named(f"app-{number + 1}"))
        acl["Entries"] = [one for one in acl["Entries"] if one["Egress"]]
    estate.of("DescribeNetworkAcls", ACL)["Associations"] = [{"SubnetId": PUBLIC}, {"SubnetId": A}]
    return estate


@shows("config.role_lacks_eni_permissions", "actions that a role lacks (all six for twenty)")
def _role(count: int) -> Estate:
    estate = estate_of(2)
    estate.roles["orders"] = role("orders", ENI_ACTIONS[min(count, len(ENI_ACTIONS)) :] or ["s3:GetObject"])
    return estate


@shows("config.role_lacks_eni_permissions", "a role that is gone")
def _no_role(_: int) -> Estate:
    estate = estate_of(2)
    del estate.roles["orders"]
    return estate


@shows("config.security_groups_block_egress", "groups that let nothing out")
def _shut_groups(count: int) -> Estate:
    groups = [f"sg-{number + 1:02}" for number in range(count)]
    estate = estate_of(2, groups=tuple(groups))
    for group_id in groups:
        estate.group(group_id, egress=[])["Tags"] = named("closed")
    return estate


@shows("config.security_groups_block_egress", "needed services that groups do not let out to")
def _groups_off_services(count: int) -> Estate:
    estate = needing(count)
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "IpRanges": [{"CidrIp": "10.9.0.0/16"}],
    }
    estate.group(GROUP, egress=[permission])
    estate.tags["orders"]["vpcguard:egress"] = "aws"
    return estate


@shows("config.update_failed", "an update that failed")
def _update(_: int) -> Estate:
    estate = estate_of(2)
    why = {"LastUpdateStatusReasonCode": "InvalidSubnet", "LastUpdateStatusReason": "The subnet is gone."}
    estate.state("orders", State="Active", LastUpdateStatus="Failed", **why)
    return estate


@shows("config.update_failed", "a function that cannot wake")
def _inactive(_: int) -> Estate:
    estate = estate_of(2)
    why = {"StateReasonCode": "EniLimitExceeded", "StateReason": "Too many interfaces."}
    estate.state("orders", State="Inactive", **why)
    return estate


@shows("endpoints.endpoint_blocked", "services behind closed endpoints")
def _blocked(count: int) -> Estate:
    estate = needing(count)
    endpoints(estate, count, *subnets_of(estate), is_open=False)
    return estate


@shows("endpoints.endpoint_blocked", "subnets that an endpoint does not admit")
def _blocked_from(count: int) -> Estate:
    estate = needing(1, subnets=count)
    endpoints(estate, 1, *subnets_of(estate), is_open=False)
    return estate


@shows("endpoints.endpoint_blocked", "services behind endpoints that failed, in subnets that lead out")
def _failed_endpoints(count: int) -> Estate:
    estate = needing(count)
    endpoints(estate, count, *subnets_of(estate), State="failed")
    return estate


@shows("endpoints.endpoint_blocked", "services behind endpoints that failed, in subnets without a way out")
def _failed_endpoints_alone(count: int) -> Estate:
    return isolated(_failed_endpoints(count))


@shows("endpoints.execute_api_takes_public_names", "an endpoint for private APIs")
def _private_apis(count: int) -> Estate:
    estate = estate_of(count)
    endpoints(estate, 0)
    estate.interface_endpoint("vpce-api", "execute-api", *subnets_of(estate), group="sg-endpoint")
    return estate


@shows("endpoints.gateway_route_missing", "route tables without the gateway endpoints of two services")
def _s3_over_nat(count: int) -> Estate:
    return estate_of(count, tables=True, tags={"vpcguard:services": "s3,dynamodb"})


@shows("endpoints.interface_single_az", "services whose endpoints lie in one zone")
def _one_zone_endpoints(count: int) -> Estate:
    estate = needing(count)
    endpoints(estate, count, subnets_of(estate)[0])
    return estate


@shows("endpoints.private_dns_off", "services whose endpoints do not take over the name")
def _private_dns(count: int) -> Estate:
    estate = isolated(needing(count))
    endpoints(estate, count, *subnets_of(estate), PrivateDnsEnabled=False)
    return estate


@shows("endpoints.service_unreachable", "services out of reach")
def _unreachable(count: int) -> Estate:
    return isolated(needing(count))


@shows("endpoints.service_unreachable", "subnets that reach no service")
def _unreachable_from(count: int) -> Estate:
    return isolated(needing(2, subnets=count))


@shows("ip.eni_quota", "subnets that need an interface")
def _quota(count: int) -> Estate:
    estate = estate_of(count)
    estate.entries["servicequotas:GetServiceQuota"][QUOTA]["Quota"]["Value"] = float(count)
    return estate


@shows("ip.insufficient_addresses", "subnets without a free address")
@shows("ip.low_headroom", "subnets without a free address")
@shows("ip.legacy_eni_estimate", "subnets without a free address")
def _addresses(count: int) -> Estate:
    estate = estate_of(count)
    for subnet_id in subnets_of(estate):
        estate.of("DescribeSubnets", subnet_id)["AvailableIpAddressCount"] = 0
    return estate


@shows("nat.around_inspection", "subnets whose way out has no inspection point on it")
def _around(count: int) -> Estate:
    return estate_of(count, tables=True)


@shows("nat.cross_az", "subnets of other zones than the NAT gateway's")
def _cross_az(count: int) -> Estate:
    return estate_of(count, "euw1-az2", "euw1-az3")


@shows("nat.mixed_egress", "subnets without a default route beside one that leads out")
def _mixed(count: int) -> Estate:
    estate = isolated(estate_of(count))
    estate.function("orders", A, *subnets_of(estate))
    return estate


@shows("nat.no_internet_egress", "subnets without a default route, each with its own table")
def _no_route(count: int) -> Estate:
    return isolated(estate_of(count, tables=True))


@shows("nat.no_internet_egress", "a NAT gateway that failed")
def _nat_gone(count: int) -> Estate:
    estate = estate_of(count)
    estate.of("DescribeNatGateways", NAT).update(
        State="failed",
        FailureCode="InsufficientFreeAddressesInSubnet",
        FailureMessage="Subnet has insufficient free addresses to create this NAT gateway",
    )
    return estate


@shows("nat.no_internet_egress", "an internet gateway that is not attached")
def _gateway_detached(count: int) -> Estate:
    estate = estate_of(count)
    estate.internet_gateway(IGW, vpc=None)["Tags"] = named("edge")
    return estate


@shows("nat.no_internet_egress", "subnets that lead to an internet gateway, with the internet declared")
def _public(count: int) -> Estate:
    estate = estate_of(count, tags={"vpcguard:egress": "internet"})
    estate.route("rtb-app", IGW)
    return estate


@shows("placement.vpc_required", "a function outside a VPC")
def _outside(_: int) -> Estate:
    estate = estate_of(1)
    estate.function("orders")
    return estate


@shows("placement.vpc_unneeded", "a function that is declared to need nothing private")
def _unneeded(_: int) -> Estate:
    return estate_of(2, tags={"vpcguard:egress": "internet", "vpcguard:private-targets": "no"})


def scenarios() -> Iterator[tuple[str | None, str, Make]]:
    """Yield the rule that finds a fault in a network (None: each in doubt), what it shows, its maker."""
    for by_rule in (VIOLATIONS, VARIANTS):
        for rule_id, networks in by_rule.items():
            for name, make in networks.items():
                yield rule_id, name, make
    for name, make in UNKNOWNS.items():
        yield None, name, make
