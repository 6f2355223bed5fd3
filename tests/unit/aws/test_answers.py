"""Pieces of a snapshot put together: nothing lost, nothing made to look better than it is."""

from __future__ import annotations

import botocore.session
import pytest
from botocore.exceptions import UnknownRegionError

from vpcguard.aws.answers import merge, partition_of
from vpcguard.model import Answers, Failure

DENIED, OTHER = Failure("AccessDenied", "no"), Failure("AccessDenied", "neither")


def test_partitions_are_those_that_botocore_knows() -> None:
    """`eu-isoe-west-1` begins like a region of Europe, and its ARNs do not."""
    session = botocore.session.Session()
    expected = {
        region: partition
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("ec2", partition_name=partition)
    }

    assert {region: partition_of(region) for region in expected} == expected
    assert {"aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"} < set(expected.values())


def test_a_region_is_known_by_its_name_before_botocore_lists_it() -> None:
    assert (partition_of("eu-west-9"), partition_of("eusc-de-west-7")) == ("aws", "aws-eusc")


@pytest.mark.parametrize("region", ["", "xx-west-1", "eu west 1", "eu-west-1.example.com", "us-isoz-east-1"])
def test_a_region_of_no_partition_is_refused(region: str) -> None:
    """A wrong partition would be a wrong ARN, under which nothing is found."""
    with pytest.raises(UnknownRegionError):
        partition_of(region)


def test_lists_join_and_objects_join_key_by_key() -> None:
    merged = merge(
        [
            Answers({"ec2:A": {"Items": [1]}, "ec2:B": {"vpc-0a": {"One": {"Value": True}}}}, {}),
            Answers(
                {"ec2:A": {"Items": [2]}, "ec2:B": {"vpc-0a": {"Two": {"Value": False}}, "vpc-0b": {}}}, {}
            ),
        ]
    )

    assert merged == Answers(
        {
            "ec2:A": {"Items": [1, 2]},
            "ec2:B": {"vpc-0a": {"One": {"Value": True}, "Two": {"Value": False}}, "vpc-0b": {}},
        },
        {},
    )


def test_a_failure_of_everything_outweighs_failures_of_single_resources() -> None:
    """The other way round, what was never asked would look complete."""
    whole, single = Answers({}, {"iam:A": DENIED}), Answers({}, {"iam:A": {"orders": OTHER}})

    assert merge([whole, single]) == whole
    assert merge([single, whole]) == whole


def test_failures_of_single_resources_join() -> None:
    merged = merge([Answers({}, {"iam:A": {"orders": DENIED}}), Answers({}, {"iam:A": {"bills": OTHER}})])

    assert merged == Answers({}, {"iam:A": {"orders": DENIED, "bills": OTHER}})
