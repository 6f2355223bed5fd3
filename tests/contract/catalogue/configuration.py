"""The function's own configuration: what it names that is gone, refused, closed or different elsewhere."""

from __future__ import annotations

from typing import Any

from tests.contract.builder import (
    ACL,
    ANYWHERE,
    ENI_ACTIONS,
    GROUP,
    PUBLIC,
    VPC,
    A,
    B,
    Estate,
    role,
    working,
)
from tests.contract.catalogue.registry import Case, case, orders
from tests.contract.expectations import NOT_APPLICABLE, PASS, SILENT, unknown, violation

STATES = "lambda:GetFunctionConfiguration"


@case
def subnet_gone() -> Case:
    """A deleted subnet is reported once, and left out of everything else."""
    estate = working()
    estate.function("orders", A, "subnet-gone")
    return orders(
        estate,
        config__missing_subnet=violation("critical", root_cause="subnet-gone"),
        nat__no_internet_egress=PASS,
        nat__mixed_egress=PASS,
        az__single_az=violation("medium"),
    )


@case
def every_subnet_gone() -> Case:
    """Where nothing remains, the other rules have nothing to judge."""
    estate = working()
    estate.function("orders", "subnet-gone", "subnet-gone2")
    return orders(
        estate,
        config__missing_subnet=violation("critical"),
        nat__no_internet_egress=NOT_APPLICABLE,
        az__single_az=NOT_APPLICABLE,
        ip__low_headroom=NOT_APPLICABLE,
    )


@case
def subnets_denied() -> Case:
    """A refusal proves nothing missing."""
    estate = working()
    estate.deny("ec2:DescribeSubnets")
    waiting = unknown("ec2:DescribeSubnets", is_failed_read=True)
    return orders(estate, config__missing_subnet=waiting, az__single_az=waiting)


@case
def subnets_in_part() -> Case:
    """What is there is there; what is not may be."""
    estate = working()
    estate.function("orders", A, "subnet-gone")
    estate.function("fine", A, B)
    estate.read_in_part("ec2:DescribeSubnets")
    waiting = unknown("ec2:DescribeSubnets", is_failed_read=True)
    return Case(estate, {"config.missing_subnet": {"orders": waiting, "fine": PASS}})


@case
def group_gone() -> Case:
    """A deleted security group."""
    estate = working()
    estate.function("orders", A, B, groups=(GROUP, "sg-gone"))
    found = violation("critical", root_cause="sg-gone")
    return orders(estate, config__missing_security_group=found, config__missing_subnet=PASS)


@case
def groups_denied() -> Case:
    """Nobody knows whether the groups exist."""
    estate = working()
    estate.deny("ec2:DescribeSecurityGroups")
    waiting = unknown("ec2:DescribeSecurityGroups", is_failed_read=True)
    return orders(estate, config__missing_security_group=waiting)


@case
def dedicated_tenancy() -> Case:
    """Lambda cannot attach to a VPC with dedicated tenancy."""
    estate = working()
    estate.vpc(VPC)["InstanceTenancy"] = "dedicated"
    found = violation("critical", root_cause=VPC) | {"eligible_for_remediation": False}
    return orders(estate, config__dedicated_tenancy=found)


@case
def tenancy_unread() -> Case:
    """The subnets show the VPC, and not its tenancy."""
    estate = working()
    estate.deny("ec2:DescribeVpcs")
    waiting = unknown("ec2:DescribeVpcs", is_failed_read=True)
    return orders(estate, config__dedicated_tenancy=waiting, nat__no_internet_egress=PASS)


@case
def tenancy_unread_beside_dns_attributes() -> Case:
    """Knowing one thing about a VPC is not knowing the other."""
    estate = working()
    estate.interface_endpoint("vpce-sqs", "sqs", A, group=GROUP)
    estate.deny("ec2:DescribeVpcs")
    waiting = unknown("ec2:DescribeVpcs", is_failed_read=True)
    return orders(estate, config__dedicated_tenancy=waiting)


@case
def update_failed() -> Case:
    """The last update failed for a reason of the network."""
    estate = working()
    estate.state(
        "orders", State="Active", LastUpdateStatus="Failed", LastUpdateStatusReasonCode="EniLimitExceeded"
    )
    return orders(estate, config__update_failed=violation("critical"))


@case
def update_failed_while_another_configuration_serves() -> Case:
    """Detaching would change what works."""
    estate = working()
    estate.state(
        "orders", State="Active", LastUpdateStatus="Failed", LastUpdateStatusReasonCode="InvalidSubnet"
    )
    found = violation("critical") | {"eligible_for_remediation": False}
    return orders(estate, config__update_failed=found)


@case
def update_failed_for_another_reason() -> Case:
    """A code that nobody knows to be about the network is no violation."""
    estate = working()
    estate.state(
        "orders", State="Active", LastUpdateStatus="Failed", LastUpdateStatusReasonCode="InvalidImage"
    )
    return orders(estate, config__update_failed=PASS)


@case
def inactive_with_a_network_reason() -> Case:
    """Inactive with such a code counts as failed."""
    estate = working()
    estate.state("orders", State="Inactive", StateReasonCode="SubnetOutOfIPAddresses")
    return orders(estate, config__update_failed=violation("critical"))


@case
def inactive_with_an_invalid_subnet() -> Case:
    """Nothing serves, and detaching ends it."""
    estate = working()
    estate.state("orders", State="Inactive", StateReasonCode="InvalidSubnet")
    found = violation("critical") | {"eligible_for_remediation": True}
    return orders(estate, config__update_failed=found)


@case
def inactive_because_idle() -> Case:
    """Idle is no fault."""
    estate = working()
    estate.state("orders", State="Inactive", StateReasonCode="Idle")
    return orders(estate, config__update_failed=PASS, config__idle_on_broken_network=PASS)


@case
def states_left_out_on_purpose() -> Case:
    """A sweep without states says nothing about them, and touches no finding."""
    estate = working()
    estate.leave_unread(STATES)
    estate.not_requested = [STATES]
    estate.of("DescribeSubnets", B)["AvailableIpAddressCount"] = 0
    return orders(estate, config__update_failed=SILENT, config__idle_on_broken_network=SILENT)


@case
def states_unread() -> Case:
    """Nobody said that they should be left out."""
    estate = working()
    estate.leave_unread(STATES)
    return orders(estate, config__update_failed=unknown(STATES, is_failed_read=True))


@case
def idle_on_a_full_subnet() -> Case:
    """Its interface was reclaimed, and there is no address for a new one."""
    estate = working()
    estate.state("orders", State="Inactive", StateReasonCode="Idle")
    estate.of("DescribeSubnets", B)["AvailableIpAddressCount"] = 0
    return orders(estate, config__idle_on_broken_network=violation("high", root_cause=B))


@case
def idle_on_a_missing_subnet() -> Case:
    """The next invoke will fail."""
    estate = working()
    estate.function("orders", A, "subnet-gone")
    estate.state("orders", State="Inactive", StateReasonCode="Idle")
    return orders(estate, config__idle_on_broken_network=violation("high", root_cause="subnet-gone"))


@case
def role_without_eni_permissions() -> Case:
    """Low while the function is active: nothing fails yet."""
    estate = working()
    estate.roles["orders"] = role("orders", ENI_ACTIONS[:5])
    found = violation("low", root_cause="orders")
    found.pop("root_cause")
    return orders(estate, config__role_lacks_eni_permissions=found)


@case
def role_without_eni_permissions_pending() -> Case:
    """High while Lambda needs them."""
    estate = working()
    estate.roles["orders"] = role("orders", ["s3:*"])
    estate.state("orders", State="Pending", StateReasonCode="Creating")
    return orders(estate, config__role_lacks_eni_permissions=violation("high"))


@case
def role_gone() -> Case:
    """A role that a complete answer lacks is gone."""
    estate = working()
    del estate.roles["orders"]
    return orders(estate, config__role_lacks_eni_permissions=violation("high"))


@case
def role_with_wildcards() -> Case:
    """Actions match by wildcard, without regard to case."""
    estate = working()
    estate.roles["orders"] = role(
        "orders", ["EC2:*NetworkInterface*", "ec2:DescribeSub?ets", "ec2:*Private*"]
    )
    return orders(estate, config__role_lacks_eni_permissions=PASS)


@case
def role_denied_for_the_functions_code() -> Case:
    """AWS's own example: a Deny under lambda:SourceFunctionArn binds the code, not the service."""
    estate = working()
    policy = estate.roles["orders"]["RolePolicyList"][0]["PolicyDocument"]
    condition = {
        "ArnEquals": {"lambda:SourceFunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:orders"}
    }
    policy["Statement"].append({"Effect": "Deny", "Action": "ec2:*", "Resource": "*", "Condition": condition})
    return orders(estate, config__role_lacks_eni_permissions=PASS)


@case
def role_under_another_condition() -> Case:
    """Any other condition may hold or not."""
    estate = working()
    policy = estate.roles["orders"]["RolePolicyList"][0]["PolicyDocument"]
    policy["Statement"][0]["Condition"] = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    return orders(estate, config__role_lacks_eni_permissions={"verdict": "unknown"})


@case
def role_within_a_boundary() -> Case:
    """A boundary must allow too."""
    estate = working()
    estate.roles["orders"]["PermissionsBoundary"] = {
        "PermissionsBoundaryArn": "arn:aws:iam::1:policy/boundary"
    }
    return orders(
        estate,
        config__role_lacks_eni_permissions=unknown(
            "iam:GetAccountAuthorizationDetails", is_failed_read=False
        ),
    )


@case
def roles_denied() -> Case:
    """Nobody knows what the role may do."""
    estate = working()
    estate.deny("iam:GetAccountAuthorizationDetails", code="AccessDenied")
    waiting = unknown("iam:GetAccountAuthorizationDetails", is_failed_read=True)
    return orders(estate, config__role_lacks_eni_permissions=waiting)


def _alias(version_subnets: list[str], weight_to: str | None = None) -> Estate:
    estate = working()
    alias: dict[str, Any] = {"Name": "live", "FunctionVersion": "3"}
    if weight_to is not None:
        alias |= {
            "FunctionVersion": "$LATEST",
            "RoutingConfig": {"AdditionalVersionWeights": {weight_to: 0.1}},
        }
    estate.entries["lambda:ListAliases"] = {"orders": {"Aliases": [alias]}}
    network = {"VpcId": VPC, "SubnetIds": version_subnets, "SecurityGroupIds": [GROUP]}
    estate.entries["lambda:ListVersionsByFunction"] = {
        "orders": {"Versions": [{"Version": "$LATEST"}, {"Version": "3", "VpcConfig": network}]}
    }
    return estate


@case
def alias_of_another_network() -> Case:
    """Who calls the alias gets the old network."""
    return orders(_alias([PUBLIC]), config__alias_serves_other_network=violation("medium"))


@case
def alias_of_the_same_network() -> Case:
    """Sets are compared, not lists."""
    return orders(_alias([B, A]), config__alias_serves_other_network=PASS)


@case
def alias_with_a_weighted_version() -> Case:
    """A share of the traffic counts."""
    return orders(_alias([PUBLIC], "3"), config__alias_serves_other_network=violation("medium"))


@case
def alias_not_requested() -> Case:
    """Judged where aliases were requested."""
    estate = working()
    operations = ["lambda:ListAliases", "lambda:ListVersionsByFunction"]
    estate.leave_unread(*operations)
    estate.not_requested = operations
    return orders(estate, config__alias_serves_other_network=SILENT)


@case
def dual_stack_in_a_subnet_of_ipv4() -> Case:
    """IPv6 needs every subnet to be dual-stack."""
    estate = working()
    estate.functions["orders"]["VpcConfig"]["Ipv6AllowedForDualStack"] = True
    return orders(estate, config__dual_stack_mismatch=violation("medium"))


def _egress(*permissions: dict[str, Any], **tags: str) -> Estate:
    estate = working()
    estate.group(egress=list(permissions))
    estate.tags["orders"] = {f"vpcguard:{key}": value for key, value in tags.items()}
    return estate


_HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": ANYWHERE}]}


@case
def groups_without_egress() -> Case:
    """Without any rule not even names resolve, whatever the routes say."""
    return orders(_egress(), config__security_groups_block_egress=violation("high"))


@case
def groups_with_egress_to_one_network() -> Case:
    """Declared to need the internet, and let out to one network only."""
    permission = {**_HTTPS, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    estate = _egress(permission, egress="internet")
    return orders(estate, config__security_groups_block_egress=violation("high"))


@case
def groups_with_egress_in_two_halves() -> Case:
    """The union of all groups' networks must cover everything."""
    halves = {**_HTTPS, "IpRanges": [{"CidrIp": "0.0.0.0/1"}, {"CidrIp": "128.0.0.0/1"}]}
    return orders(_egress(halves, egress="internet"), config__security_groups_block_egress=PASS)


@case
def groups_of_a_function_for_nothing() -> Case:
    """A function that reaches nothing needs no egress."""
    return orders(_egress(egress="none"), config__security_groups_block_egress=NOT_APPLICABLE)


@case
def acl_that_denies_https() -> Case:
    """The lower number counts, not the position."""
    estate = working()
    acl = estate.of("DescribeNetworkAcls", ACL)
    acl["Entries"].append(
        {
            "Egress": True,
            "RuleNumber": 50,
            "Protocol": "6",
            "RuleAction": "deny",
            "CidrBlock": ANYWHERE,
            "PortRange": {"From": 443, "To": 443},
        }
    )
    return orders(estate, config__network_acl_blocks_https=violation("high"))


@case
def acl_that_denies_the_answers() -> Case:
    """ACLs keep no state: the ephemeral ports must come back."""
    estate = working()
    acl = estate.of("DescribeNetworkAcls", ACL)
    for entry in acl["Entries"]:
        if not entry["Egress"] and entry["RuleAction"] == "allow":
            entry |= {"Protocol": "6", "PortRange": {"From": 1024, "To": 60000}}
    return orders(estate, config__network_acl_blocks_https=violation("high"))


@case
def acl_that_denies_a_small_network() -> Case:
    """A network that is kept out on purpose is no fault."""
    estate = working()
    acl = estate.of("DescribeNetworkAcls", ACL)
    acl["Entries"].append(
        {
            "Egress": True,
            "RuleNumber": 50,
            "Protocol": "-1",
            "RuleAction": "deny",
            "CidrBlock": "203.0.113.0/24",
        }
    )
    return orders(estate, config__network_acl_blocks_https=PASS)


@case
def acls_denied() -> Case:
    """Nobody knows what the ACLs let through."""
    estate = working()
    estate.deny("ec2:DescribeNetworkAcls")
    waiting = unknown("ec2:DescribeNetworkAcls", is_failed_read=True)
    return orders(estate, config__network_acl_blocks_https=waiting, nat__no_internet_egress=PASS)
