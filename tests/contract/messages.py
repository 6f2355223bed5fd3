"""Networks to read messages by: each fault once, twice and twenty times, and what nobody could see.

No verdict is pinned here; the golden cases do that. docs/messages.md shows what is said about "orders".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.contract.builder import (
    ACL,
    ENI_ACTIONS,
    GROUP,
    IGW,
    NAT,
    PRIVATE_TABLE,
    PUBLIC,
    PUBLIC_TABLE,
    QUOTA,
    VPC,
    A,
    Estate,
    role,
    working,
)

Json = dict[str, Any]
Make = Callable[[int], Estate]
COUNTS = {1: "one", 2: "two", 20: "twenty"}
CONFIGURATION: Json = {
    "version": 1,
    "rules": {
        name: {"enabled": True}
        for name in ("ip.legacy_eni_estimate", "placement.vpc_required", "placement.vpc_unneeded")
    },
    "thresholds": {"peak_concurrency": 100_000},
}
SERVICES = (
    *("sqs", "sns", "kms", "ssm", "sts", "logs", "events", "lambda", "states", "secretsmanager"),
    *("xray", "batch", "athena", "glue", "rds", "codebuild", "ecs", "eks", "elasticache", "textract"),
)
_ZONES = ("euw1-az1", "euw1-az2", "euw1-az3")
_HTTPS = {"Protocol": "6", "PortRange": {"From": 443, "To": 443}, "CidrBlock": "0.0.0.0/0"}
VIOLATIONS: dict[str, dict[str, Make]] = {}


def _shows(rule_id: str, shown: str) -> Callable[[Make], Make]:
    """Register a network under the rule that finds a fault in it, with what it shows."""

    def registered(make: Make) -> Make:
        VIOLATIONS.setdefault(rule_id, {})[shown] = make
        return make

    return registered


def _estate(count: int, *zones: str, tables: bool = False, **more: Any) -> Estate:
    """Return a network that works, and "orders" in so many subnets; tables: each with one of its own."""
    estate = working()
    ids = [f"subnet-{number:02}" for number in range(1, count + 1)]
    for number, subnet_id in enumerate(ids):
        zone = (zones or _ZONES)[number % len(zones or _ZONES)]
        estate.subnet(
            subnet_id, zone=zone, network=f"10.0.{number + 10}.0/24", Tags=_named(f"app-{number + 1}")
        )
        table = f"rtb-{number + 1:02}" if tables else "rtb-app"
        if tables or not number:
            estate.table(table)["Tags"] = _named("private")
            estate.route(table, NAT)
        associated = {"RouteTableId": table, "SubnetId": subnet_id, "Main": False}
        estate.of("DescribeRouteTables", table)["Associations"].append(associated)
        estate.of("DescribeNetworkAcls", ACL)["Associations"].append({"SubnetId": subnet_id})
    estate.of("DescribeNatGateways", NAT)["Tags"] = _named("egress-a")
    estate.of("DescribeVpcs", VPC)["Tags"] = _named("prod")
    estate.of("DescribeSubnets", PUBLIC)["Tags"] = _named("public-a")
    estate.function("orders", *ids, **more)
    return estate


def _named(name: str) -> list[Json]:
    return [{"Key": "Name", "Value": name}]


def _subnets(estate: Estate) -> list[str]:
    ids: list[str] = estate.functions["orders"]["VpcConfig"]["SubnetIds"]
    return ids


def _isolated(estate: Estate) -> Estate:
    for table_id in estate.resources["ec2:DescribeRouteTables"]:
        if table_id not in (PUBLIC_TABLE, PRIVATE_TABLE):
            estate.drop_route(table_id)
    return estate


def _needing(count: int, *, subnets: int = 2) -> Estate:
    return _estate(subnets, tags={"vpcguard:services": ",".join(SERVICES[:count])})


def _endpoints(estate: Estate, count: int, *subnet_ids: str, is_open: bool = True, **more: Any) -> None:
    estate.group("sg-endpoint")
    if is_open:
        admitted = {
            "IpProtocol": "tcp",
            "FromPort": 443,
            "ToPort": 443,
            "UserIdGroupPairs": [{"GroupId": GROUP}],
        }
        estate.of("DescribeSecurityGroups", "sg-endpoint")["IpPermissions"] = [admitted]
    for service in SERVICES[:count]:
        estate.interface_endpoint(f"vpce-{service}", service, *subnet_ids, group="sg-endpoint", **more)


@_shows("az.missing_az", "subnets of other zones are left out")
def _missing_az(count: int) -> Estate:
    estate = _estate(1, "euw1-az1")
    estate.function("orders", "subnet-01")
    for number in range(count):
        subnet_id = f"subnet-b{number + 1:02}"
        estate.subnet(subnet_id, zone=_ZONES[1 + number % 2], network=f"10.0.{number + 50}.0/24")
        associated = {"RouteTableId": "rtb-app", "SubnetId": subnet_id, "Main": False}
        estate.of("DescribeRouteTables", "rtb-app")["Associations"].append(associated)
    estate.remove("DescribeSubnets", "subnet-b", "subnet-c")
    return estate


@_shows("az.single_az", "subnets of one zone")
def _single_az(count: int) -> Estate:
    return _estate(count, "euw1-az1")


@_shows("az.single_usable_az", "subnets of other zones without a free address")
def _full_zones(count: int) -> Estate:
    estate = _estate(count + 1, "euw1-az2", "euw1-az3")
    estate.function("orders", A, *_subnets(estate)[1:])
    for subnet_id in _subnets(estate)[1:]:
        estate.of("DescribeSubnets", subnet_id)["AvailableIpAddressCount"] = 0
    return estate


@_shows("az.single_usable_az", "subnets of other zones without a way out")
def _shut_zones(count: int) -> Estate:
    estate = _isolated(_estate(count + 1, "euw1-az2", "euw1-az3"))
    estate.function("orders", A, *_subnets(estate)[1:])
    return estate


@_shows("config.alias_serves_other_network", "aliases of other networks")
def _aliases(count: int) -> Estate:
    estate = _estate(2)
    network = {"VpcId": VPC, "SubnetIds": [A], "SecurityGroupIds": [GROUP]}
    versions = [
        {"FunctionName": "orders", "Version": str(number + 1), "VpcConfig": network}
        for number in range(count)
    ]
    aliases = [{"Name": f"stage-{one['Version']}", "FunctionVersion": one["Version"]} for one in versions]
    estate.entries["lambda:ListVersionsByFunction"]["orders"] = {"Versions": versions}
    estate.entries["lambda:ListAliases"]["orders"] = {"Aliases": aliases}
    return estate


@_shows("config.dedicated_tenancy", "a VPC of dedicated tenancy")
def _dedicated(_: int) -> Estate:
    estate = _estate(2)
    estate.of("DescribeVpcs", VPC)["InstanceTenancy"] = "dedicated"
    return estate


@_shows("config.dual_stack_mismatch", "subnets without an IPv6 network")
def _single_stack(count: int) -> Estate:
    estate = _estate(count)
    estate.functions["orders"]["VpcConfig"]["Ipv6AllowedForDualStack"] = True
    return estate


@_shows("config.idle_on_broken_network", "subnets that are gone or full")
def _idle(count: int) -> Estate:
    estate = _estate(count + 1)
    first, *others = _subnets(estate)
    estate.of("DescribeSubnets", first)["AvailableIpAddressCount"] = 0
    estate.remove("DescribeSubnets", *others)
    estate.state("orders", State="Inactive", StateReasonCode="Idle")
    return estate


@_shows("config.missing_security_group", "groups that are gone")
def _missing_groups(count: int) -> Estate:
    estate = _estate(2)
    groups = [GROUP, *(f"sg-gone{number + 1}" for number in range(count))]
    estate.functions["orders"]["VpcConfig"]["SecurityGroupIds"] = groups
    return estate


@_shows("config.missing_subnet", "subnets that are gone")
def _missing_subnets(count: int) -> Estate:
    estate = _estate(count + 1)
    estate.remove("DescribeSubnets", *_subnets(estate)[1:])
    return estate


@_shows("config.network_acl_blocks_https", "one ACL of several subnets")
def _acl(count: int) -> Estate:
    estate = _estate(count)
    estate.of("DescribeNetworkAcls", ACL)["Tags"] = _named("strict")
    deny = {"Egress": True, "RuleNumber": 50, "RuleAction": "deny", **_HTTPS}
    estate.of("DescribeNetworkAcls", ACL)["Entries"].append(deny)
    return estate


@_shows("config.network_acl_blocks_https", "an ACL for each subnet")
def _acls(count: int) -> Estate:
    estate = _estate(count)
    for number, subnet_id in enumerate(_subnets(estate)):
        acl = estate.acl(f"acl-{number + 1:02}", subnet_id)
        acl["Entries"] = [one for one in acl["Entries"] if one["Egress"]]
    estate.of("DescribeNetworkAcls", ACL)["Associations"] = [{"SubnetId": PUBLIC}, {"SubnetId": A}]
    return estate


@_shows("config.role_lacks_eni_permissions", "actions that a role lacks (all six for twenty)")
def _role(count: int) -> Estate:
    estate = _estate(2)
    estate.roles["orders"] = role("orders", ENI_ACTIONS[min(count, len(ENI_ACTIONS)) :] or ["s3:GetObject"])
    return estate


@_shows("config.role_lacks_eni_permissions", "a role that is gone")
def _no_role(_: int) -> Estate:
    estate = _estate(2)
    del estate.roles["orders"]
    return estate


@_shows("config.security_groups_block_egress", "groups that let nothing out")
def _shut_groups(count: int) -> Estate:
    groups = [f"sg-{number + 1:02}" for number in range(count)]
    estate = _estate(2, groups=tuple(groups))
    for group_id in groups:
        estate.group(group_id, egress=[])["Tags"] = _named("closed")
    return estate


@_shows("config.security_groups_block_egress", "needed services that groups do not let out to")
def _groups_off_services(count: int) -> Estate:
    estate = _needing(count)
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "IpRanges": [{"CidrIp": "10.9.0.0/16"}],
    }
    estate.group(GROUP, egress=[permission])
    estate.tags["orders"]["vpcguard:egress"] = "aws"
    return estate


@_shows("config.update_failed", "an update that failed")
def _update(_: int) -> Estate:
    estate = _estate(2)
    why = {"LastUpdateStatusReasonCode": "InvalidSubnet", "LastUpdateStatusReason": "The subnet is gone."}
    estate.state("orders", State="Active", LastUpdateStatus="Failed", **why)
    return estate


@_shows("config.update_failed", "a function that cannot wake")
def _inactive(_: int) -> Estate:
    estate = _estate(2)
    why = {"StateReasonCode": "EniLimitExceeded", "StateReason": "Too many interfaces."}
    estate.state("orders", State="Inactive", **why)
    return estate


@_shows("endpoints.endpoint_blocked", "services behind closed endpoints")
def _blocked(count: int) -> Estate:
    estate = _needing(count)
    _endpoints(estate, count, *_subnets(estate), is_open=False)
    return estate


@_shows("endpoints.endpoint_blocked", "subnets that an endpoint does not admit")
def _blocked_from(count: int) -> Estate:
    estate = _needing(1, subnets=count)
    _endpoints(estate, 1, *_subnets(estate), is_open=False)
    return estate


@_shows("endpoints.gateway_route_missing", "route tables without the gateway endpoints of two services")
def _s3_over_nat(count: int) -> Estate:
    return _estate(count, tables=True, tags={"vpcguard:services": "s3,dynamodb"})


@_shows("endpoints.interface_single_az", "services whose endpoints lie in one zone")
def _one_zone_endpoints(count: int) -> Estate:
    estate = _needing(count)
    _endpoints(estate, count, _subnets(estate)[0])
    return estate


@_shows("endpoints.private_dns_off", "services whose endpoints do not take over the name")
def _private_dns(count: int) -> Estate:
    estate = _isolated(_needing(count))
    _endpoints(estate, count, *_subnets(estate), PrivateDnsEnabled=False)
    return estate


@_shows("endpoints.service_unreachable", "services out of reach")
def _unreachable(count: int) -> Estate:
    return _isolated(_needing(count))


@_shows("endpoints.service_unreachable", "subnets that reach no service")
def _unreachable_from(count: int) -> Estate:
    return _isolated(_needing(2, subnets=count))


@_shows("ip.eni_quota", "subnets that need an interface")
def _quota(count: int) -> Estate:
    estate = _estate(count)
    estate.entries["servicequotas:GetServiceQuota"][QUOTA]["Quota"]["Value"] = float(count)
    return estate


@_shows("ip.insufficient_addresses", "subnets without a free address")
@_shows("ip.low_headroom", "subnets without a free address")
@_shows("ip.legacy_eni_estimate", "subnets without a free address")
def _addresses(count: int) -> Estate:
    estate = _estate(count)
    for subnet_id in _subnets(estate):
        estate.of("DescribeSubnets", subnet_id)["AvailableIpAddressCount"] = 0
    return estate


@_shows("nat.cross_az", "subnets of other zones than the NAT gateway's")
def _cross_az(count: int) -> Estate:
    return _estate(count, "euw1-az2", "euw1-az3")


@_shows("nat.mixed_egress", "subnets without a default route beside one that leads out")
def _mixed(count: int) -> Estate:
    estate = _isolated(_estate(count))
    estate.function("orders", A, *_subnets(estate))
    return estate


@_shows("nat.no_internet_egress", "subnets without a default route, each with its own table")
def _no_route(count: int) -> Estate:
    return _isolated(_estate(count, tables=True))


@_shows("nat.no_internet_egress", "a NAT gateway that failed")
def _nat_gone(count: int) -> Estate:
    estate = _estate(count)
    estate.of("DescribeNatGateways", NAT)["State"] = "failed"
    return estate


@_shows("nat.no_internet_egress", "an internet gateway that is not attached")
def _gateway_detached(count: int) -> Estate:
    estate = _estate(count)
    estate.internet_gateway(IGW, vpc=None)["Tags"] = _named("edge")
    return estate


@_shows("nat.no_internet_egress", "subnets that lead to an internet gateway, with the internet declared")
def _public(count: int) -> Estate:
    estate = _estate(count, tags={"vpcguard:egress": "internet"})
    estate.route("rtb-app", IGW)
    return estate


@_shows("placement.vpc_required", "a function outside a VPC")
def _outside(_: int) -> Estate:
    estate = _estate(1)
    estate.function("orders")
    return estate


@_shows("placement.vpc_unneeded", "a function that is declared to need nothing private")
def _unneeded(_: int) -> Estate:
    return _estate(2, tags={"vpcguard:egress": "internet", "vpcguard:private-targets": "no"})


def _refused(count: int) -> Estate:
    estate = _needing(count, subnets=count)
    estate.deny(*estate.document()["answers"], "tag:GetResources", "iam:GetAccountAuthorizationDetails")
    return estate


def _untold(count: int) -> Estate:
    estate = _needing(count, subnets=count)
    for subnet in estate.resources["ec2:DescribeSubnets"].values():
        for field in ("AvailabilityZone", "AvailabilityZoneId", "AvailableIpAddressCount"):
            subnet.pop(field, None)
    estate.of("DescribeVpcs", VPC).pop("InstanceTenancy")
    return estate


def _transit(count: int) -> Estate:
    estate = _estate(count, tables=True, tags={"vpcguard:services": ",".join(SERVICES[:count])})
    for number in range(count):
        table = f"rtb-{number + 1:02}"
        estate.route(table, f"tgw-{number % 2 + 1:02}")
        estate.of("DescribeRouteTables", table)["Tags"] = _named("hub")
    return estate


def _central(count: int) -> Estate:
    estate = _isolated(_needing(count, subnets=count))
    estate.route("rtb-app", "tgw-01", "10.0.0.0/8")
    return estate


def _torn(count: int) -> Estate:
    estate = _needing(count, subnets=count)
    estate.table("rtb-other", *_subnets(estate))
    estate.acl("acl-other", *_subnets(estate))
    return estate


def _conditional(count: int) -> Estate:
    estate = _estate(count, tags={"vpcguard:services": "bedrock,appconfig"})
    statement = estate.roles["orders"]["RolePolicyList"][0]["PolicyDocument"]["Statement"][0]
    statement["Condition"] = {"StringEquals": {"aws:SourceVpc": VPC}}
    _isolated(estate)
    for name in ("bedrock", "appconfigdata"):
        _endpoints(estate, 0)
        estate.interface_endpoint(f"vpce-{name}", name, *_subnets(estate), group="sg-endpoint")
    return estate


UNKNOWNS: dict[str, Make] = {
    "every read refused": _refused,
    "subnets and the VPC told in part": _untold,
    "the ways out lead to transit gateways": _transit,
    "there may be central endpoints": _central,
    "subnets in two route tables and two ACLs": _torn,
    "a role under a condition, services of several endpoints": _conditional,
}


def scenarios() -> Iterator[tuple[str | None, str, Make]]:
    """Yield the rule that finds a fault in a network (None: each in doubt), what it shows, its maker."""
    for rule_id, networks in VIOLATIONS.items():
        for name, make in networks.items():
            yield rule_id, name, make
    for name, make in UNKNOWNS.items():
        yield None, name, make
