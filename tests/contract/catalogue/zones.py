"""Zones: how many there are, and how many of them can be used."""

from __future__ import annotations

from tests.contract.builder import GROUP, NAT, PRIVATE_TABLE, PUBLIC, VPC, A, B, C, Estate, working
from tests.contract.catalogue.registry import Case, case, orders
from tests.contract.expectations import NOT_APPLICABLE, PASS, unknown, violation

SUBNETS = "ec2:DescribeSubnets"


def _lambda_interface(estate: Estate, subnet_id: str, *groups: str) -> None:
    estate.add(
        "DescribeNetworkInterfaces",
        f"eni-{subnet_id}",
        NetworkInterfaceId=f"eni-{subnet_id}",
        VpcId=VPC,
        SubnetId=subnet_id,
        OwnerId=estate.id,
        InterfaceType="lambda",
        Description="AWS Lambda VPC ENI-orders",
        Groups=[{"GroupId": group} for group in groups or (GROUP,)],
    )


@case
def one_zone() -> Case:
    """One subnet, one zone."""
    estate = working()
    estate.function("orders", A)
    return orders(estate, az__single_az=violation("medium"))


@case
def two_subnets_in_one_zone() -> Case:
    """Zones count, not subnets; and by id, because names differ between accounts."""
    estate = working()
    subnet = estate.subnet("subnet-a2", zone="euw1-az1", network="10.0.3.0/24")
    subnet["AvailabilityZone"] = "eu-west-1z"
    estate.function("orders", A, "subnet-a2")
    return orders(estate, az__single_az=violation("medium"))


@case
def hidden_subnet_decides() -> Case:
    """The subnet that was not read may be in another zone."""
    estate = working()
    estate.remove("DescribeSubnets", B)
    estate.read_in_part(SUBNETS)
    return orders(estate, az__single_az=unknown(SUBNETS, is_failed_read=True))


@case
def hidden_subnet_does_not_decide() -> Case:
    """Two zones seen settle the matter."""
    estate = working()
    estate.function("orders", A, B, C)
    estate.remove("DescribeSubnets", C)
    estate.read_in_part(SUBNETS)
    return orders(estate, az__single_az=PASS)


@case
def two_usable_zones() -> Case:
    """Free addresses and a way out in both."""
    return orders(working(), az__single_usable_az=PASS)


@case
def full_subnet() -> Case:
    """A zone without a free address and without the function's interface cannot be used."""
    estate = working()
    estate.of("DescribeSubnets", B)["AvailableIpAddressCount"] = 0
    return orders(estate, az__single_usable_az=violation("high"))


@case
def full_subnet_with_our_interface() -> Case:
    """The interface that is already there needs no address."""
    estate = working()
    estate.of("DescribeSubnets", B)["AvailableIpAddressCount"] = 0
    _lambda_interface(estate, B)
    return orders(estate, az__single_usable_az=PASS)


@case
def full_subnet_with_the_interface_of_other_groups() -> Case:
    """An interface belongs to one set of groups."""
    estate = working()
    estate.of("DescribeSubnets", B)["AvailableIpAddressCount"] = 0
    _lambda_interface(estate, B, GROUP, "sg-other")
    return orders(estate, az__single_usable_az=violation("high"))


@case
def full_subnet_with_interfaces_unread() -> Case:
    """Whether our interface is there, nobody knows."""
    estate = working()
    estate.of("DescribeSubnets", B)["AvailableIpAddressCount"] = 0
    estate.deny("ec2:DescribeNetworkInterfaces")
    waiting = unknown("ec2:DescribeNetworkInterfaces", is_failed_read=True)
    return orders(estate, az__single_usable_az=waiting)


@case
def one_zone_with_a_path() -> Case:
    """The path that the function's other subnets have."""
    estate = working()
    estate.table(PRIVATE_TABLE, A)
    estate.route(PRIVATE_TABLE, NAT)
    estate.table("rtb-b", B)
    return orders(estate, az__single_usable_az=violation("high"))


@case
def no_zone_usable() -> Case:
    """None at all belongs to the rule that names the reason."""
    estate = working()
    for subnet_id in (A, B):
        estate.of("DescribeSubnets", subnet_id)["AvailableIpAddressCount"] = 0
    return orders(estate, az__single_usable_az=PASS)


@case
def zone_not_used() -> Case:
    """A subnet of the same kind in a third zone is there for the taking."""
    return orders(working(), az__missing_az=violation("info"))


@case
def zone_not_used_in_one_zone() -> Case:
    """What a function in one zone could use, az.single_az says."""
    estate = working()
    estate.function("orders", A)
    found = violation("medium", candidate_subnet_ids=[B, C])
    return orders(estate, az__missing_az=NOT_APPLICABLE, az__single_az=found)


@case
def zone_that_is_a_local_one() -> Case:
    """Lambda places nothing in a Local Zone."""
    estate = working()
    estate.zone("euw1-az3", "eu-west-1-lon-1a", ZoneType="local-zone")
    return orders(estate, az__missing_az=PASS)


@case
def zone_that_is_constrained() -> Case:
    """No zone to recommend."""
    estate = working()
    estate.zone("euw1-az3", "eu-west-1c", State="constrained")
    return orders(estate, az__missing_az=PASS)


@case
def zone_of_an_outpost() -> Case:
    """The subnet is on an Outpost."""
    estate = working()
    estate.of("DescribeSubnets", C)["OutpostArn"] = "arn:aws:outposts:eu-west-1:111122223333:outpost/op-0a"
    return orders(estate, az__missing_az=PASS)


@case
def zones_denied() -> Case:
    """Whether the third zone is an ordinary one, nobody knows."""
    estate = working()
    estate.deny("ec2:DescribeAvailabilityZones")
    waiting = unknown("ec2:DescribeAvailabilityZones", is_failed_read=True)
    return orders(estate, az__missing_az=waiting, az__single_az=PASS)


@case
def zones_that_an_older_reader_did_not_ask_for() -> Case:
    """The file names no reader and may be older than that read: the zone's id is that of an ordinary one."""
    estate = working()
    estate.reader = None
    estate.leave_unread("ec2:DescribeAvailabilityZones")
    return orders(estate, az__missing_az=violation("info"))


@case
def every_zone_used() -> Case:
    """Nothing is left to use."""
    estate = working()
    estate.function("orders", A, B, C)
    return orders(estate, az__missing_az=PASS)


@case
def zone_of_another_kind() -> Case:
    """A public subnet in the third zone is no candidate for private functions."""
    estate = working()
    estate.remove("DescribeSubnets", C)
    estate.of("DescribeSubnets", PUBLIC)["AvailabilityZoneId"] = "euw1-az3"
    return orders(estate, az__missing_az=PASS)


@case
def zone_whose_table_was_not_read() -> Case:
    """The one candidate's kind is unknown."""
    estate = working()
    estate.table(PRIVATE_TABLE, A, B)
    estate.route(PRIVATE_TABLE, NAT)
    estate.remove("DescribeRouteTables", "rtb-main")
    estate.read_in_part("ec2:DescribeRouteTables")
    waiting = unknown("ec2:DescribeRouteTables", is_failed_read=True)
    return orders(estate, az__missing_az=waiting)
