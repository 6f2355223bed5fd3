"""Addresses and network interfaces: is there room for what Lambda has to make."""

from __future__ import annotations

from tests.contract.builder import GROUP, QUOTA, VPC, A, B, Estate, working
from tests.contract.catalogue.registry import Case, case, orders
from tests.contract.expectations import PASS, unknown, violation


def _free(estate: Estate, subnet_id: str, count: int) -> None:
    estate.of("DescribeSubnets", subnet_id)["AvailableIpAddressCount"] = count


def _interfaces(estate: Estate, count: int, *, subnet_id: str = "subnet-c", group: str = "sg-other") -> None:
    for number in range(count):
        interface = f"eni-{subnet_id}-{group}-{number}"
        estate.add(
            "DescribeNetworkInterfaces",
            interface,
            NetworkInterfaceId=interface,
            VpcId=VPC,
            SubnetId=subnet_id,
            OwnerId=estate.id,
            InterfaceType="lambda",
            Groups=[{"GroupId": group}],
        )


def _quota(estate: Estate, value: float) -> None:
    estate.entries["servicequotas:GetServiceQuota"][QUOTA]["Quota"]["Value"] = value


@case
def room_enough() -> Case:
    """Two hundred free addresses of 251."""
    return orders(working(), ip__low_headroom=PASS, ip__insufficient_addresses=PASS, ip__eni_quota=PASS)


@case
def headroom_below_the_floor_alone_in_its_zone() -> Case:
    """Seven free addresses in the only subnet of a zone."""
    estate = working()
    _free(estate, B, 7)
    return orders(estate, ip__low_headroom=violation("high"))


@case
def headroom_below_the_floor_beside_another() -> Case:
    """The zone has a second subnet of the function."""
    estate = working()
    estate.subnet("subnet-b2", zone="euw1-az2", network="10.0.3.0/24")
    estate.function("orders", A, B, "subnet-b2")
    _free(estate, B, 7)
    return orders(estate, ip__low_headroom=violation("medium"))


@case
def headroom_below_the_percentage() -> Case:
    """Twenty of 251 are less than a tenth."""
    estate = working()
    _free(estate, B, 20)
    return orders(estate, ip__low_headroom=violation("high"))


@case
def headroom_at_the_percentage() -> Case:
    """Twenty-six of 251 are more than a tenth."""
    estate = working()
    _free(estate, B, 26)
    return orders(estate, ip__low_headroom=PASS)


@case
def headroom_of_a_tiny_subnet() -> Case:
    """A /28 has eleven usable addresses: eight free are the floor, and seven tenths."""
    estate = working()
    estate.subnet(B, network="10.0.1.0/28", AvailableIpAddressCount=8)
    return orders(estate, ip__low_headroom=PASS)


@case
def headroom_of_other_thresholds() -> Case:
    """Thresholds are configuration."""
    configuration = {"version": 1, "thresholds": {"ip_floor": 201}}
    return orders(working(), configuration, ip__low_headroom=violation("high"))


@case
def headroom_unread() -> Case:
    """A subnet that nobody saw may be full."""
    estate = working()
    estate.remove("DescribeSubnets", B)
    estate.read_in_part("ec2:DescribeSubnets")
    return orders(estate, ip__low_headroom=unknown("ec2:DescribeSubnets", is_failed_read=True))


@case
def no_address_for_a_new_interface() -> Case:
    """One free address is none with the margin, and the pair has no interface yet."""
    estate = working()
    _free(estate, B, 1)
    return orders(estate, ip__insufficient_addresses=violation("high"))


@case
def just_enough_addresses() -> Case:
    """One for the interface, one for the margin."""
    estate = working()
    _free(estate, B, 2)
    return orders(estate, ip__insufficient_addresses=PASS)


@case
def no_address_and_none_needed() -> Case:
    """The pair has its interface."""
    estate = working()
    _free(estate, B, 0)
    _interfaces(estate, 1, subnet_id=B, group=GROUP)
    return orders(estate, ip__insufficient_addresses=PASS)


@case
def no_address_and_interfaces_unread() -> Case:
    """Whether the pair has its interface, nobody knows."""
    estate = working()
    _free(estate, B, 0)
    estate.deny("ec2:DescribeNetworkInterfaces")
    waiting = unknown("ec2:DescribeNetworkInterfaces", is_failed_read=True)
    return orders(estate, ip__insufficient_addresses=waiting)


@case
def quota_nearly_used() -> Case:
    """Seven interfaces and two to come are nine of ten."""
    estate = working()
    _interfaces(estate, 7)
    _quota(estate, 10)
    return orders(estate, ip__eni_quota=violation("medium"))


@case
def quota_at_the_threshold() -> Case:
    """Eight of ten are not above eighty percent."""
    estate = working()
    _interfaces(estate, 6)
    _quota(estate, 10)
    return orders(estate, ip__eni_quota=PASS)


@case
def quota_used_up() -> Case:
    """Ten of ten."""
    estate = working()
    _interfaces(estate, 8)
    _quota(estate, 10)
    return orders(estate, ip__eni_quota=violation("high"))


@case
def quota_never_applied() -> Case:
    """AWS's default counts where the account has no value of its own."""
    estate = working()
    _interfaces(estate, 8)
    entry = estate.entries.pop("servicequotas:GetServiceQuota")
    entry[QUOTA]["Quota"]["Value"] = 10
    estate.entries["servicequotas:GetAWSDefaultServiceQuota"] = entry
    estate.failures["servicequotas:GetServiceQuota"] = {
        QUOTA: {"code": "NoSuchResourceException", "message": "none"}
    }
    return orders(estate, ip__eni_quota=violation("high"))


@case
def quota_denied() -> Case:
    """A quota that was lowered or raised is not the default."""
    estate = working()
    estate.entries["servicequotas:GetAWSDefaultServiceQuota"] = estate.entries[
        "servicequotas:GetServiceQuota"
    ]
    estate.deny("servicequotas:GetServiceQuota", code="AccessDeniedException")
    waiting = unknown("servicequotas:GetServiceQuota", is_failed_read=True)
    return orders(estate, ip__eni_quota=waiting)


LEGACY = {"version": 1, "rules": {"ip.legacy_eni_estimate": {"enabled": True}}}


@case
def legacy_estimate_above_the_free_addresses() -> Case:
    """Reserved concurrency x memory / 3 GB against the addresses of both subnets together."""
    estate = working()
    estate.function("orders", A, B, MemorySize=1024)
    estate.entries["lambda:GetFunctionConcurrency"]["orders"] = {"ReservedConcurrentExecutions": 1201}
    found = violation("info", estimate=401, peak_concurrency=1201, free_addresses=400)
    return orders(estate, LEGACY, ip__legacy_eni_estimate=found)


@case
def legacy_estimate_of_just_the_free_addresses() -> Case:
    """As many as there are is no more than there are."""
    estate = working()
    estate.function("orders", A, B, MemorySize=1024)
    estate.entries["lambda:GetFunctionConcurrency"]["orders"] = {"ReservedConcurrentExecutions": 1200}
    return orders(estate, LEGACY, ip__legacy_eni_estimate=PASS)
