"""The gaps of the stand-in are filled as AWS would answer: a verdict on an invented fact shows nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dev.networks import Builder
from dev.processes import ministack
from tests.support.ministack import ACCOUNT, REGION, Account


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with ministack(account_id=ACCOUNT, region=REGION) as url:
        yield Account(url)


@pytest.fixture
def ec2(account: Account) -> Any:
    return account.client("ec2")


def test_free_addresses_follow_the_size_and_what_is_taken(ec2: Any) -> None:
    """A network of 16 has 11 for us; each interface and NAT gateway takes one."""
    net = Builder(ec2, REGION, "tiny", 1)
    subnet = net.subnet("small", "a", 200, 28)
    ec2.create_network_interface(SubnetId=subnet)
    ec2.create_network_interface(SubnetId=subnet)

    (answer,) = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]

    assert answer["AvailableIpAddressCount"] == 9


def test_the_default_acl_has_the_subnets_that_still_exist(ec2: Any) -> None:
    net = Builder(ec2, REGION, "acls", 2)
    gone = net.subnet("gone", "a", 200, 28)
    ec2.delete_subnet(SubnetId=gone)

    acls = ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [net.vpc]}])["NetworkAcls"]

    assert [(acl["IsDefault"], {one["SubnetId"] for one in acl["Associations"]}) for acl in acls] == [
        (True, set(net.private.values()))
    ]


def test_public_access_is_not_blocked_and_the_quota_is_awss_own(account: Account, ec2: Any) -> None:
    options = ec2.describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"]
    quota = account.client("service-quotas").get_service_quota(ServiceCode="lambda", QuotaCode="L-9FEE3D26")

    assert options["InternetGatewayBlockMode"] == "off"
    assert quota["Quota"]["Value"] == 500
