"""The second opinion's verdicts, by themselves: small networks, with what the semantics say of each."""

from __future__ import annotations

import pytest

from tests.contract.builder import (
    GROUP,
    NAT,
    PRIVATE_TABLE,
    A,
    B,
    Estate,
    working,
)
from tests.contract.crosscheck.by_hand import (
    TGW,
    isolate,
    judged,
    lambda_interface,
)
from tests.contract.crosscheck.judgements import CROSS_AZ, NO_EGRESS, SINGLE_AZ, severity_of


@pytest.mark.parametrize(
    ("causes", "severity"),
    [
        (["no_default_route", "no_default_route"], "info"),
        (["no_default_route", "public_subnet"], "medium"),
        (["peering"], "medium"),
        (["public_subnet", "blackhole"], "high"),
        (["nat_unavailable"], "high"),
        (["transit_gateway_zone"], "high"),
    ],
)
def test_undeclared_the_worst_cause_decides_the_severity(causes: list[str], severity: str) -> None:
    assert severity_of(causes, is_declared=False) == severity
    assert severity_of(causes, is_declared=True) == "critical"


@pytest.mark.parametrize(("is_declared", "expected"), [(True, "violation"), (False, "pass")])
def test_isolation_by_design_needs_an_endpoint_and_no_declaration(
    is_declared: bool,  # noqa: FBT001
    expected: str,
) -> None:
    estate = working()
    isolate(estate)
    assert judged(estate, is_declared=is_declared).verdicts[NO_EGRESS] == "violation"

    estate.gateway_endpoint("vpce-s3", "s3", PRIVATE_TABLE, prefix_list="pl-s3")
    assert judged(estate, is_declared=is_declared).verdicts[NO_EGRESS] == expected


def test_half_a_default_route_is_a_fault_beside_an_endpoint() -> None:
    estate = working()
    isolate(estate)
    estate.route(PRIVATE_TABLE, NAT, "0.0.0.0/1")
    estate.gateway_endpoint("vpce-s3", "s3", PRIVATE_TABLE, prefix_list="pl-s3")

    assert judged(estate, is_declared=False).verdicts[NO_EGRESS] == "violation"


def _crossing(estate: Estate) -> str:
    return str(judged(estate).verdicts[CROSS_AZ])


def test_only_nat_gateways_are_crossed_to() -> None:
    estate = working()
    assert _crossing(estate) == "violation"

    estate.route(PRIVATE_TABLE, TGW)
    assert _crossing(estate) == "pass"

    estate.route(PRIVATE_TABLE, NAT)
    estate.nat(State="failed")
    assert _crossing(estate) == "pass"

    estate.deny("ec2:DescribeNatGateways")
    assert _crossing(estate) == "unknown"


def _full(estate: Estate, *subnet_ids: str) -> None:
    for subnet_id in subnet_ids:
        estate.of("DescribeSubnets", subnet_id)["AvailableIpAddressCount"] = 0


def test_a_single_usable_zone() -> None:
    estate = working()
    _full(estate, B)
    assert judged(estate).verdicts[SINGLE_AZ] == "violation"

    lambda_interface(estate, GROUP, subnet=B)
    assert judged(estate).verdicts[SINGLE_AZ] == "pass"

    _full(estate, A)
    assert judged(estate).verdicts[SINGLE_AZ] == "violation"


def test_undeclared_a_way_out_counts_where_another_subnet_has_one() -> None:
    estate = working()
    isolate(estate)
    assert judged(estate, is_declared=False).verdicts[SINGLE_AZ] == "pass"

    estate.table(PRIVATE_TABLE, A)
    estate.route(PRIVATE_TABLE, NAT)
    assert judged(estate, is_declared=False).verdicts[SINGLE_AZ] == "violation"

    estate.deny("ec2:DescribeNatGateways")
    assert judged(estate, is_declared=False).verdicts[SINGLE_AZ] == "unknown"
