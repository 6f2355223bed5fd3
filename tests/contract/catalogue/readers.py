"""Answers that an old botocore parsed: a field that it does not know was not read, which is not absent."""

from __future__ import annotations

from tests.contract.builder import NAT, OWNER, PUBLIC, Estate, shared, working
from tests.contract.catalogue.registry import Case, case, orders
from tests.contract.expectations import PASS, unknown, violation

_NATS, _DEMANDED = "ec2:DescribeNatGateways", {"placement.vpc_required": {"enabled": True}}


def _regional_nat(botocore: str) -> Estate:
    estate = working()
    nat = estate.regional_nat(NAT, "euw1-az1", automatic=True)
    for field in ("AvailabilityMode", "AutoProvisionZones"):
        del nat[field]
    estate.reader = {"botocore": botocore}
    return estate


@case
def regional_nat_that_its_reader_cannot_tell() -> Case:
    """It looks like a zonal one that has lost its subnet."""
    waiting = unknown(_NATS, is_failed_read=True)
    return orders(_regional_nat("1.40.76"), nat__no_internet_egress=waiting, nat__cross_az=waiting)


@case
def zonal_nat_of_an_old_reader() -> Case:
    """Whoever has a subnet is zonal, whatever was not read beside it."""
    estate = working()
    estate.reader = {"botocore": "1.40.76"}
    return orders(estate, nat__no_internet_egress=PASS)


@case
def block_of_a_subnet_that_its_reader_cannot_tell() -> Case:
    """A subnet has its own mode, which nobody read: it may be excluded from its account's block."""
    return _foreign_subnet("block-bidirectional", unknown(PUBLIC, is_failed_read=False))


@case
def subnet_of_an_account_without_a_block_of_an_old_reader() -> Case:
    """Where there is no block, nothing is blocked, whatever was not read."""
    return _foreign_subnet("off", PASS)


def _foreign_subnet(option: str, verdict: object) -> Case:
    estate = shared(owner_was_read=True)
    owner = estate.owners[OWNER]
    owner.of("DescribeSubnets", PUBLIC).pop("BlockPublicAccessStates")
    owner.block_public_access(option)
    estate.reader = {"botocore": "1.35.64"}
    return orders(estate, nat__no_internet_egress=verdict)  # type: ignore[arg-type]


def _outside(botocore: str, **verdict: object) -> Case:
    estate = working()
    del estate.functions["orders"]["VpcConfig"]
    estate.reader = {"botocore": botocore}
    return orders(estate, {"version": 1, "rules": _DEMANDED}, **verdict)  # type: ignore[arg-type]


@case
def managed_instances_that_their_reader_cannot_tell() -> Case:
    """Without a VPC of its own it may have that of a capacity provider."""
    return _outside("1.41.5", placement__vpc_required=unknown("lambda:ListFunctions", is_failed_read=True))


@case
def outside_a_vpc_by_a_reader_who_can_tell() -> Case:
    """The release that brought the field tells that there is none."""
    return _outside("1.41.6", placement__vpc_required=violation("medium"))
