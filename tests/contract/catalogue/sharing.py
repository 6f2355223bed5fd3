"""Shared VPCs: what a participant sees proves, and what the owner alone sees waits for the owner."""

from __future__ import annotations

from tests.contract.builder import (
    NAT,
    OWNER,
    PRIVATE_TABLE,
    PUBLIC,
    PUBLIC_TABLE,
    A,
    B,
    C,
    shared,
    working,
)
from tests.contract.catalogue.registry import Case, case, orders
from tests.contract.expectations import NOT_APPLICABLE, PASS, unknown, violation

NATS = "ec2:DescribeNatGateways"


@case
def shared_owner_not_read() -> Case:
    """An empty list of NAT gateways is no evidence for a participant; nobody was asked, so nothing failed.

    It waits for the gateway that the route names, and for the account that sees it.
    """
    estate = shared(owner_was_read=False)
    waiting = unknown(OWNER, NAT, is_failed_read=False)
    return orders(estate, nat__no_internet_egress=waiting, nat__cross_az=waiting, az__single_az=PASS)


@case
def shared_owner_read() -> Case:
    """With the owner's answer the path is as clear as in a VPC of our own."""
    return orders(shared(owner_was_read=True), nat__no_internet_egress=PASS, az__single_az=PASS)


@case
def shared_owner_read_and_broken() -> Case:
    """And so is a fault."""
    estate = shared(owner_was_read=True)
    estate.owners[OWNER].remove("DescribeNatGateways", NAT)
    return orders(estate, nat__no_internet_egress=violation("high", root_cause=NAT, account=OWNER))


@case
def shared_owner_refused() -> Case:
    """A read that somebody could allow is a failed one."""
    estate = shared(owner_was_read=True)
    estate.owners[OWNER].deny(NATS)
    return orders(estate, nat__no_internet_egress=unknown(NATS, is_failed_read=True))


@case
def shared_owner_read_without_nat_gateways() -> Case:
    """An operation that the owner's answers lack was not read."""
    estate = shared(owner_was_read=True)
    estate.owners[OWNER].leave_unread(NATS)
    return orders(estate, nat__no_internet_egress=unknown(NATS, is_failed_read=True))


@case
def shared_public_subnet_owner_not_read() -> Case:
    """A participant sees the route table: a public subnet is proven without the owner."""
    estate = shared(owner_was_read=False)
    subnet = estate.subnet(PUBLIC)
    table = estate.table(PUBLIC_TABLE, PUBLIC)
    estate.route(PUBLIC_TABLE, "igw-0a")
    subnet["OwnerId"] = table["OwnerId"] = OWNER
    estate.function("orders", PUBLIC)
    return orders(estate, nat__no_internet_egress=violation("medium", root_cause=PUBLIC_TABLE))


@case
def shared_subnet_not_shared_any_more() -> Case:
    """A subnet that we do not see may exist and work: unknown, not missing."""
    estate = shared(owner_was_read=False)
    estate.function("orders", A, "subnet-unshared")
    waiting = unknown(OWNER, is_failed_read=False)
    return orders(estate, config__missing_subnet=waiting)


@case
def shared_subnet_deleted() -> Case:
    """The owner's complete answer proves it missing."""
    estate = shared(owner_was_read=True)
    estate.function("orders", A, "subnet-gone")
    return orders(estate, config__missing_subnet=violation("critical", root_cause="subnet-gone"))


@case
def shared_block_public_access_of_the_account() -> Case:
    """Our account's option says nothing about a subnet that somebody else owns."""
    estate = shared(owner_was_read=True)
    estate.block_public_access("block-bidirectional")
    del estate.owners[OWNER].of("DescribeSubnets", PUBLIC)["BlockPublicAccessStates"]
    return orders(estate, nat__no_internet_egress=PASS)


@case
def vpc_in_no_answer() -> Case:
    """Deleted, or not shared any more: either way no interface can be made there, whoever owned it."""
    estate = shared(owner_was_read=False)
    for operation in ("DescribeVpcs", "DescribeSubnets", "DescribeRouteTables", "DescribeNetworkAcls"):
        estate.remove(operation, *list(estate.resources[f"ec2:{operation}"]))
    found = violation("high", root_cause="vpc-0a", cause="vpc_not_visible")
    found |= {"eligible_for_remediation": False}
    return orders(
        estate,
        config__missing_subnet=found,
        config__missing_security_group=found,
        config__idle_on_broken_network=NOT_APPLICABLE,
        config__dedicated_tenancy=NOT_APPLICABLE,
        config__network_acl_blocks_https=NOT_APPLICABLE,
        config__security_groups_block_egress=NOT_APPLICABLE,
        nat__no_internet_egress=NOT_APPLICABLE,
        az__single_az=NOT_APPLICABLE,
        az__missing_az=NOT_APPLICABLE,
        ip__eni_quota=NOT_APPLICABLE,
        endpoints__service_unreachable=NOT_APPLICABLE,
    )


@case
def vpc_in_no_answer_but_its_attributes() -> Case:
    """They were read before it went."""
    estate = working()
    for operation in ("DescribeVpcs", "DescribeSubnets", "DescribeRouteTables", "DescribeNetworkAcls"):
        estate.remove(operation, *list(estate.resources[f"ec2:{operation}"]))
    found = violation("high", root_cause="vpc-0a", cause="vpc_not_visible")
    return orders(estate, config__missing_subnet=found, config__dedicated_tenancy=NOT_APPLICABLE)


@case
def vpc_in_no_answer_of_an_idle_function() -> Case:
    """Its interfaces cannot be rebuilt."""
    estate = shared(owner_was_read=False)
    for operation in ("DescribeVpcs", "DescribeSubnets", "DescribeRouteTables", "DescribeNetworkAcls"):
        estate.remove(operation, *list(estate.resources[f"ec2:{operation}"]))
    estate.state("orders", State="Inactive", StateReasonCode="Idle")
    found = violation("high", root_cause="vpc-0a", cause="vpc_not_visible")
    return orders(estate, config__idle_on_broken_network=found)


@case
def vpc_in_no_answer_in_part() -> Case:
    """Another page might hold it."""
    estate = shared(owner_was_read=False)
    for operation in ("DescribeVpcs", "DescribeSubnets", "DescribeRouteTables", "DescribeNetworkAcls"):
        estate.remove(operation, *list(estate.resources[f"ec2:{operation}"]))
    estate.read_in_part("ec2:DescribeVpcs")
    waiting = unknown("ec2:DescribeVpcs", is_failed_read=True)
    return orders(estate, config__missing_subnet=waiting, config__dedicated_tenancy=waiting)


@case
def shared_zone_that_the_owner_alone_sees() -> Case:
    """What is not shared with this account is nothing that it could use."""
    estate = shared(owner_was_read=True)
    estate.remove("DescribeSubnets", C)
    return orders(estate, az__missing_az=PASS)


@case
def shared_zone_that_is_shared_with_us() -> Case:
    """A subnet of the third zone is shared with this account, whoever was read."""
    return orders(shared(owner_was_read=False), az__missing_az=violation("info"))


@case
def shared_isolated_subnet_owner_not_read() -> Case:
    """Whether an endpoint serves the isolated subnet, only the owner sees."""
    estate = shared(owner_was_read=False)
    estate.drop_route(PRIVATE_TABLE)
    return orders(estate, nat__no_internet_egress=unknown(OWNER, is_failed_read=False))


@case
def shared_isolated_subnet_with_a_gateway_endpoint() -> Case:
    """An active route from a prefix list to an endpoint proves a gateway endpoint, owner or not."""
    estate = shared(owner_was_read=False)
    estate.drop_route(PRIVATE_TABLE)
    estate.prefix_list("pl-s3", "52.218.0.0/17", name="com.amazonaws.eu-west-1.s3")
    estate.route(PRIVATE_TABLE, "vpce-s3", "pl-s3")
    return orders(estate, nat__no_internet_egress=PASS)


@case
def shared_isolated_subnet_with_a_route_to_a_firewall() -> Case:
    """A route from a list of our own may lead to a firewall endpoint, and proves nothing."""
    estate = shared(owner_was_read=False)
    estate.drop_route(PRIVATE_TABLE)
    estate.prefix_list("pl-0a", "203.0.113.0/24")
    estate.route(PRIVATE_TABLE, "vpce-0a", "pl-0a")
    return orders(estate, nat__no_internet_egress=unknown(OWNER, is_failed_read=False))


@case
def shared_main_table() -> Case:
    """A subnet shared with us without an association follows the main table, which we see."""
    estate = shared(owner_was_read=False)
    for table_id, is_main in ((PRIVATE_TABLE, False), ("rtb-main", True)):
        estate.table(table_id, main=is_main)["OwnerId"] = OWNER
    estate.route("rtb-main", "igw-0a")
    found = violation("medium", root_cause="rtb-main")
    return orders(estate, nat__no_internet_egress=found)


@case
def nothing_attached_in_a_shared_vpc() -> Case:
    """A function outside every VPC is not concerned by what we cannot see."""
    estate = shared(owner_was_read=False)
    estate.function("orders")
    return orders(estate, nat__no_internet_egress=NOT_APPLICABLE, config__missing_subnet=NOT_APPLICABLE)


@case
def shared_zones() -> Case:
    """Zones need nothing but the subnets that we see."""
    estate = shared(owner_was_read=False)
    estate.function("orders", A)
    estate.function("wide", A, B)
    return Case(estate, {"az.single_az": {"orders": violation("medium"), "wide": PASS}})
