"""Who made a call and by what means, for the identities that no event file shows."""

from __future__ import annotations

from typing import Any

import pytest

from vpcguard.changes.events import actor, managed_by

ROLE_ARN = "arn:aws:iam::111122223333:role/delivery/ci"
SESSION_ARN = "arn:aws:sts::111122223333:assumed-role/ci/run-1"


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        ({"type": "Root", "arn": "arn:aws:iam::111122223333:root"}, "arn:aws:iam::111122223333:root"),
        (
            {
                "type": "AssumedRole",
                "arn": SESSION_ARN,
                "sessionContext": {"sessionIssuer": {"arn": ROLE_ARN}},
            },
            ROLE_ARN,
        ),
        ({"type": "AssumedRole", "arn": SESSION_ARN, "sessionContext": {}}, SESSION_ARN),
        ({"arn": SESSION_ARN, "sessionContext": {"sessionIssuer": {"arn": ROLE_ARN}}}, ROLE_ARN),
        (
            {
                "type": "FederatedUser",
                "arn": "arn:aws:sts::111122223333:federated-user/eve",
                "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::111122223333:user/broker"}},
            },
            "arn:aws:sts::111122223333:federated-user/eve",
        ),
        ({"type": "AWSService", "invokedBy": "lambda.amazonaws.com"}, "lambda.amazonaws.com"),
        ({"invokedBy": "lambda.amazonaws.com"}, "lambda.amazonaws.com"),
        ({"type": "AWSAccount", "accountId": "444455556666"}, None),
        ({"type": "IAMUser", "arn": {"not": "text"}}, None),
        ({"type": "IAMUser", "arn": "two\nlines"}, None),
        (None, None),
        ("carol", None),
    ],
)
def test_the_actor_is_the_role_the_user_or_the_service(identity: object, expected: str | None) -> None:
    """Never a session's name: it is gone when somebody asks."""
    assert actor({"userIdentity": identity}) == expected


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ({"userAgent": "Boto3/1.44.5"}, "sdk"),
        ({"userAgent": "APN/1.0 HashiCorp/1.0 Terraform/1.9.0"}, "terraform"),
        ({"userAgent": "APN/1.0 HashiCorp/1.0 OpenTofu/1.9.0"}, "terraform"),
        ({"userAgent": "Pulumi/3.0 terraform-provider-aws"}, "pulumi"),
        ({"userAgent": "console.amazonaws.com"}, "console"),
        ({"userAgent": "[console.amazonaws.com]"}, "console"),
        ({"userAgent": "Mozilla/5.0", "sessionCredentialFromConsole": "true"}, "console"),
        ({"userAgent": "Mozilla/5.0", "sessionCredentialFromConsole": True}, "console"),
        ({"userAgent": "Mozilla/5.0", "sessionCredentialFromConsole": "false"}, "sdk"),
        ({"userAgent": "console.ec2.amazonaws.com"}, "console"),
        ({"userAgent": "signin.amazonaws.com"}, "console"),
        ({"userAgent": "aws-internal/3 aws-sdk-java/1.11.1009 cfg/legacy, AWSLambdaConsole/1.1"}, "console"),
        ({"userIdentity": {"invokedBy": "signin.amazonaws.com"}}, "console"),
        ({"userIdentity": {"invokedBy": "console.lambda.amazonaws.com"}}, "console"),
        ({"userIdentity": {"invokedBy": "AWSLambdaConsole"}}, "console"),
        (
            {"userIdentity": {"invokedBy": "lambda.amazonaws.com"}, "userAgent": "signin.amazonaws.com"},
            "aws_service",
        ),
        ({"userAgent": "Terraform/1.9.0", "sessionCredentialFromConsole": "true"}, "console"),
        ({"userAgent": "cloudformation.amazonaws.com", "sessionCredentialFromConsole": "true"}, "console"),
        ({"userAgent": "cloudformation.amazonaws.com"}, "cloudformation"),
        ({"userIdentity": {"invokedBy": "cloudformation.amazonaws.com"}}, "cloudformation"),
        ({"userIdentity": {"invokedBy": "codedeploy.amazonaws.com"}}, "aws_service"),
        (
            {
                "userIdentity": {"invokedBy": "cloudformation.amazonaws.com"},
                "sessionCredentialFromConsole": "true",
            },
            "cloudformation",
        ),
        ({"userAgent": 7}, None),
        ({}, None),
    ],
)
def test_the_means_come_from_what_aws_writes_then_from_the_user_agent(
    detail: dict[str, Any], expected: str | None
) -> None:
    """A stack deployed from the console is the stack's: the stack sets the configuration again."""
    assert managed_by(detail) == expected
