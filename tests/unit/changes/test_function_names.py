"""Every spelling of a function that the API takes, and some that it does not."""

from __future__ import annotations

import pytest

from vpcguard.changes.events import function_name, is_other_resource

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:orders-api"


@pytest.mark.parametrize(
    "spelling",
    [
        "orders-api",
        "orders-api:live",
        "orders-api:$LATEST",
        "function:orders-api",
        "111122223333:function:orders-api",
        "111122223333:function:orders-api:7",
        "111122223333:orders-api",
        "eu-west-1:111122223333:function:orders-api",
        ARN,
        f"{ARN}:7",
        f"{ARN}:live",
        f"{ARN}:$LATEST",
        f"{ARN}:$LATEST.PUBLISHED",
        "arn:aws-cn:lambda:cn-north-1:111122223333:function:orders-api",
        "arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:orders-api:live",
        "arn:aws-iso-b:lambda:us-isob-east-1:111122223333:function:orders-api",
        "arn:aws-eusc:lambda:eusc-de-east-1:111122223333:function:orders-api",
    ],
)
def test_every_spelling_gives_the_unqualified_name(spelling: str) -> None:
    assert function_name(spelling) == "orders-api"


@pytest.mark.parametrize("name", ["us-east-1.resize", "_", "-a", "A" * 140, "function", "arn"])
def test_unusual_names_are_names(name: str) -> None:
    """A replica of Lambda@Edge has a dot; a function may be called "function"."""
    assert function_name(name) == name


@pytest.mark.parametrize(
    "spelling",
    [
        "",
        ".",
        "..",
        "../orders-api",
        "orders/api",
        "orders api",
        "orders-api\n",
        "orders..api",
        "orders-api:",
        "orders-api:live:more",
        "ördërs",
        "A" * 141,
        f"orders-api:{'a' * 400}",
        f"{ARN}/x",
        "arn:aws:lambda:eu-west-1:111122223333:layer:orders-api:3",
        "arn:aws:lambda:eu-west-1:111122223333:event-source-mapping:5d1f",
        "arn:aws:s3:::orders-api",
        None,
        7,
        ["orders-api"],
        {"functionName": "orders-api"},
    ],
)
def test_what_is_no_function_is_none(spelling: object) -> None:
    """The name becomes part of a request path: nothing that could change the path gets through."""
    assert function_name(spelling) is None


@pytest.mark.parametrize(
    ("spelling", "is_other"),
    [
        ("arn:aws:lambda:eu-west-1:111122223333:event-source-mapping:5d1f", True),
        ("arn:aws-cn:lambda:cn-north-1:111122223333:code-signing-config:csc-0a", True),
        (ARN, False),
        ("orders-api", False),
        ("arn:aws:s3:::a:b:c", False),
        (None, False),
    ],
)
def test_other_resources_of_lambda_are_told_apart_from_nonsense(spelling: object, *, is_other: bool) -> None:
    assert is_other_resource(spelling) is is_other
