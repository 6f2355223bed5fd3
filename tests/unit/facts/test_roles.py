"""Roles: one set of facts from both ways to read IAM, and nothing that was not read taken for nothing."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.unit.facts.snapshots import DENIED, KNOWN, ROLE_ARN, coverage, facts, functions, lacking, unknown
from vpcguard.model import Failure

DETAILS = "iam:GetAccountAuthorizationDetails"
GET_ROLE = "iam:GetRole"
MANAGED = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
BOUNDARY = "arn:aws:iam::111122223333:policy/boundary"
ALLOW = {"Effect": "Allow", "Action": "ec2:CreateNetworkInterface", "Resource": "*"}
INLINE_DOCUMENT = {"Version": "2012-10-17", "Statement": ALLOW}
MANAGED_DOCUMENT = {
    "Statement": [
        {
            "Effect": "Deny",
            "NotAction": ["s3:*", "logs:*"],
            "NotResource": "arn:aws:s3:::x",
            "Condition": {
                "ArnEquals": {"lambda:SourceFunctionArn": "x"},
                "Bool": {"aws:SecureTransport": "true"},
            },
        }
    ]
}
BOUNDARY_DOCUMENT = {"Statement": [ALLOW | {"Action": ["ec2:*"]}]}
ROLE: dict[str, Any] = {
    "names": ["orders"],
    "statements": [
        {
            "effect": "Allow",
            "actions": ["ec2:CreateNetworkInterface"],
            "not_actions": [],
            "resources": ["*"],
            "not_resources": [],
            "condition_keys": [],
        },
        {
            "effect": "Deny",
            "actions": [],
            "not_actions": ["logs:*", "s3:*"],
            "resources": [],
            "not_resources": ["arn:aws:s3:::x"],
            "condition_keys": ["aws:securetransport", "lambda:sourcefunctionarn"],
        },
    ],
    "has_boundary": True,
    "boundary_statements": [
        {
            "effect": "Allow",
            "actions": ["ec2:*"],
            "not_actions": [],
            "resources": ["*"],
            "not_resources": [],
            "condition_keys": [],
        }
    ],
}


def _function() -> dict[str, Any]:
    return functions({"Role": f"{ROLE_ARN}orders"})


def _in_bulk(inline: object = INLINE_DOCUMENT) -> dict[str, Any]:
    return {
        DETAILS: {
            "RoleDetailList": [
                {
                    "RoleName": "orders",
                    "Arn": f"{ROLE_ARN}orders",
                    "RolePolicyList": [{"PolicyName": "inline", "PolicyDocument": inline}],
                    "AttachedManagedPolicies": [{"PolicyName": "managed", "PolicyArn": MANAGED}],
                    "PermissionsBoundary": {"PermissionsBoundaryArn": BOUNDARY},
                },
                {"RoleName": "of-nobody", "Arn": f"{ROLE_ARN}of-nobody"},
            ],
            "Policies": [
                {
                    "Arn": MANAGED,
                    "DefaultVersionId": "v2",
                    "PolicyVersionList": [
                        {"VersionId": "v3", "IsDefaultVersion": False, "Document": INLINE_DOCUMENT},
                        {"VersionId": "v2", "IsDefaultVersion": True, "Document": MANAGED_DOCUMENT},
                    ],
                },
                {
                    "Arn": BOUNDARY,
                    "DefaultVersionId": "v1",
                    "PolicyVersionList": [{"VersionId": "v1", "Document": BOUNDARY_DOCUMENT}],
                },
            ],
        }
    }


def _one_by_one() -> dict[str, Any]:
    return {
        GET_ROLE: {
            "orders": {
                "Role": {
                    "RoleName": "orders",
                    "Arn": f"{ROLE_ARN}orders",
                    "PermissionsBoundary": {"PermissionsBoundaryArn": BOUNDARY},
                }
            }
        },
        "iam:ListAttachedRolePolicies": {"orders": {"AttachedPolicies": [{"PolicyArn": MANAGED}]}},
        "iam:ListRolePolicies": {"orders": {"PolicyNames": ["inline"]}},
        "iam:GetRolePolicy": {"orders": {"inline": {"PolicyDocument": INLINE_DOCUMENT}}},
        "iam:GetPolicy": {MANAGED: {"Policy": {"DefaultVersionId": "v2"}}},
        "iam:GetPolicyVersion": {
            MANAGED: {"PolicyVersion": {"VersionId": "v2", "Document": MANAGED_DOCUMENT}},
            BOUNDARY: {"PolicyVersion": {"IsDefaultVersion": True, "Document": BOUNDARY_DOCUMENT}},
        },
    }


@pytest.mark.parametrize("answers", [_in_bulk(), _one_by_one()], ids=["in bulk", "one by one"])
def test_both_ways_to_read_a_role_give_the_same_facts(answers: Any) -> None:
    """A sweep reads in bulk and an event one by one; the verdict must be the same."""
    found = facts(_function() | answers)

    assert found["roles"] == [ROLE]
    assert coverage(found, "roles", "orders") == KNOWN


def test_roles_that_say_the_same_are_one_entry() -> None:
    """What their policies are called makes no difference, and what they say does."""
    details = [
        {
            "RoleName": name,
            "RolePolicyList": [{"PolicyName": f"policy-of-{name}", "PolicyDocument": {"Statement": said}}],
            "AttachedManagedPolicies": [],
        }
        for name, said in (("c", ALLOW), ("a", ALLOW), ("b", ALLOW | {"Effect": "Deny"}))
    ]
    listed = functions(
        *({"FunctionName": name, "Role": f"{ROLE_ARN}{name}"} for name in ("a", "b", "c")),
    )

    found = facts(listed | {DETAILS: {"RoleDetailList": details, "Policies": []}})

    assert [(one["names"], one["statements"][0]["effect"]) for one in found["roles"]] == [
        (["a", "c"], "Allow"),
        (["b"], "Deny"),
    ]


@pytest.mark.parametrize(
    "document",
    [json.dumps(INLINE_DOCUMENT), quote(json.dumps(INLINE_DOCUMENT)), " " + json.dumps(INLINE_DOCUMENT)],
)
def test_a_policy_document_may_be_text(document: Any) -> None:
    """IAM sends it URL-encoded; a stored percent sign must survive where it is not."""
    assert facts(_function() | _in_bulk(document))["roles"] == [ROLE]


def test_a_percent_sign_in_plain_json_stays() -> None:
    document = json.dumps({"Statement": [ALLOW | {"Resource": "arn:aws:s3:::a%2Fb"}]})

    found = facts(_function() | _in_bulk(document))

    assert found["roles"][0]["statements"][0]["resources"] == ["arn:aws:s3:::a%2Fb"]


@pytest.mark.parametrize(
    "document",
    [
        "{broken",
        "[" * 100_000,
        "[]",
        None,
        {"Version": "2012-10-17"},
        {"Statement": ["x"]},
        {"Statement": [{"Effect": "Permit", "Action": "*", "Resource": "*"}]},
        {"Statement": [ALLOW | {"Action": 7}]},
        {"Statement": [{"Effect": "Allow", "Resource": "*"}]},
        {"Statement": [ALLOW | {"Condition": "never"}]},
        {"Statement": [ALLOW | {"Condition": {"Bool": "x"}}]},
    ],
)
def test_a_policy_that_cannot_be_read_leaves_the_role_unknown(document: Any) -> None:
    """It may hold the statement that decides; what the other policies say stays known."""
    found = facts(_function() | _in_bulk(document))

    assert found["roles"] == [ROLE | {"statements": ROLE["statements"][1:]}]
    assert coverage(found, "roles", "orders") == {
        "status": "unknown",
        "waits_for": ["inline"],
        "reason": "policy inline is no policy document",
        "is_failed_read": False,
    }


@pytest.mark.parametrize(
    ("lacking", "operation"),
    [
        ("iam:GetRole", "iam:GetRole"),
        ("iam:ListAttachedRolePolicies", "iam:ListAttachedRolePolicies"),
        ("iam:ListRolePolicies", "iam:ListRolePolicies"),
        ("iam:GetRolePolicy", "iam:GetRolePolicy"),
    ],
)
def test_each_read_of_a_role_is_needed(lacking: str, operation: str) -> None:
    answers = {key: value for key, value in _one_by_one().items() if key != lacking}

    unread = facts(_function() | answers)
    refused = facts(_function() | answers, {lacking: {"orders": Failure("AccessDenied", "no")}})

    assert coverage(unread, "roles", "orders") == unknown(operation)
    assert coverage(refused, "roles", "orders") == unknown(operation, "refused: AccessDenied")


def test_a_managed_policy_that_was_not_read_leaves_the_role_unknown() -> None:
    one_by_one = _one_by_one()
    del one_by_one["iam:GetPolicyVersion"][BOUNDARY]
    in_bulk = _in_bulk()
    in_bulk[DETAILS]["Policies"].pop()

    unread = f"policy {BOUNDARY} was not read"
    cut_off = {DETAILS: Failure("InternalFailure", "a page is missing")}
    for answers, failures, operation, reason in (
        (one_by_one, {}, "iam:GetPolicyVersion", unread),
        (in_bulk, cut_off, DETAILS, unread),
        (in_bulk, {}, DETAILS, f"{DETAILS} answered without policy {BOUNDARY}"),
    ):
        found = facts(_function() | answers, failures)
        assert found["roles"] == [ROLE | {"boundary_statements": []}]
        assert coverage(found, "roles", "orders") == {
            "status": "unknown",
            "waits_for": [operation],
            "reason": reason,
            "is_failed_read": reason == unread,
        }


@pytest.mark.parametrize("operation", ["iam:GetPolicy", "iam:GetPolicyVersion"])
def test_a_managed_policy_waits_for_the_read_that_failed(operation: str) -> None:
    """Of the two that it takes: granting the other would help nobody."""
    answers = _one_by_one()
    del answers["iam:GetPolicyVersion"][BOUNDARY]

    found = facts(_function() | answers, {operation: {BOUNDARY: Failure("AccessDenied", "no")}})

    assert coverage(found, "roles", "orders") == unknown(operation, "refused: AccessDenied")


def test_a_managed_policy_without_its_document_is_told_as_that() -> None:
    answers = _one_by_one()
    answers["iam:GetPolicyVersion"][BOUNDARY] = {}

    said = coverage(facts(_function() | answers), "roles", "orders")

    assert said == lacking("iam:GetPolicyVersion", f"the default version of {BOUNDARY}")


def test_a_version_that_is_not_the_default_says_nothing() -> None:
    answers = _one_by_one()
    answers["iam:GetPolicyVersion"][MANAGED]["PolicyVersion"]["IsDefaultVersion"] = False

    assert coverage(facts(_function() | answers), "roles", "orders")["status"] == "unknown"


def test_a_deleted_policy_grants_nothing() -> None:
    answers = _one_by_one()
    del answers["iam:GetPolicyVersion"][MANAGED]

    found = facts(_function() | answers, {"iam:GetPolicy": {MANAGED: Failure("NoSuchEntity", "gone")}})

    assert found["roles"] == [ROLE | {"statements": ROLE["statements"][:1]}]
    assert coverage(found, "roles", "orders") == KNOWN


@pytest.mark.parametrize(
    ("answers", "failures"),
    [
        ({DETAILS: {"RoleDetailList": [], "Policies": []}}, {}),
        ({}, {GET_ROLE: {"orders": Failure("NoSuchEntity", "gone")}}),
        ({}, {GET_ROLE: Failure("NoSuchEntityException", "gone")}),
        ({GET_ROLE: {}}, {}),
    ],
)
def test_a_role_that_is_gone_is_known_to_be_gone(answers: Any, failures: Any) -> None:
    found = facts(_function() | answers, failures)

    assert found["roles"] == []
    assert coverage(found, "roles", "orders") == KNOWN


@pytest.mark.parametrize(
    ("answers", "failures", "expected"),
    [
        (
            {},
            {},
            unknown(DETAILS)
            | {
                "waits_for": [DETAILS, GET_ROLE],
                "reason": f"{DETAILS} was not read; {GET_ROLE} was not read",
            },
        ),
        ({}, {DETAILS: DENIED}, unknown(DETAILS, "refused: UnauthorizedOperation")),
        (
            {DETAILS: {"RoleDetailList": []}},
            {DETAILS: DENIED},
            unknown(DETAILS, "answered in part: UnauthorizedOperation"),
        ),
        ({}, {GET_ROLE: DENIED}, unknown(GET_ROLE, "refused: UnauthorizedOperation")),
    ],
)
def test_a_role_that_nobody_saw_is_not_gone(answers: Any, failures: Any, expected: Any) -> None:
    found = facts(_function() | answers, failures)

    assert found["roles"] == []
    assert coverage(found, "roles", "orders") == expected


def test_roles_left_out_on_purpose() -> None:
    found = facts(_function(), not_requested=(DETAILS, GET_ROLE))
    one_of_them = facts(_function(), not_requested=(GET_ROLE,))

    assert coverage(found, "roles", "orders")["status"] == "not_requested"
    assert coverage(one_of_them, "roles", "orders")["status"] == "unknown"
