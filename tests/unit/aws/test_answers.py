"""Pieces of a snapshot put together: nothing lost, nothing made to look better than it is."""

from __future__ import annotations

from vpcguard.aws.answers import merge
from vpcguard.model import Answers, Failure

DENIED, OTHER = Failure("AccessDenied", "no"), Failure("AccessDenied", "neither")


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
