"""Execution roles one by one: absent, denied, bounded, and documents that are read only once."""

from __future__ import annotations

from typing import Any

from tests.support.recorded_aws import Answer, RecordedAws, always, by, document, refused
from vpcguard.aws.reading import Reads, Threads
from vpcguard.model import Answers, Failure
from vpcguard.resources.roles import Documents, collect_single_roles

ENI, BOUNDARY = "arn:aws:iam::aws:policy/eni", "arn:aws:iam::111122223333:policy/boundary"
ATTACHED = {"AttachedPolicies": [{"PolicyName": "eni", "PolicyArn": ENI}]}
POLICIES: dict[str, Answer] = {
    "iam:GetPolicy": lambda asked: {
        "Policy": {
            "Arn": asked["PolicyArn"],
            "PolicyId": f"id-{asked['PolicyArn']}",
            "DefaultVersionId": "v1",
        }
    },
    "iam:GetPolicyVersion": always({"PolicyVersion": {"VersionId": "v1", "Document": document("ec2:*")}}),
}


def _aws(**more: Answer) -> RecordedAws:
    boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": BOUNDARY}
    answers: dict[str, Answer] = {
        "iam:GetRole": by(
            "RoleName",
            {"orders": {"Role": {"RoleName": "orders", "PermissionsBoundary": boundary}}},
            missing="NoSuchEntity",
        ),
        "iam:ListAttachedRolePolicies": by("RoleName", {"orders": ATTACHED}, missing="NoSuchEntity"),
        "iam:ListRolePolicies": by("RoleName", {"orders": {"PolicyNames": []}}, missing="NoSuchEntity"),
        **POLICIES,
    }
    return RecordedAws(answers | more)


def _collect(aws: RecordedAws, *names: str, documents: Documents | None = None) -> Answers:
    with Threads(4) as threads:
        return collect_single_roles(
            Reads(aws, threads), names, documents={} if documents is None else documents
        )


def test_attached_policies_and_the_boundary_are_read() -> None:
    answers = _collect(_aws(), "orders").answers

    assert sorted(answers["iam:GetPolicyVersion"]) == sorted([ENI, BOUNDARY])
    assert answers["iam:GetPolicyVersion"][ENI] == {
        "PolicyVersion": {
            "VersionId": "v1",
            "Document": {"Statement": [{"Effect": "Allow", "Action": ["ec2:*"], "Resource": "*"}]},
        }
    }


def test_a_role_that_is_gone_has_no_entries_and_no_failures() -> None:
    gone: dict[str, Any] = {
        "iam:GetRole": {},
        "iam:ListAttachedRolePolicies": {},
        "iam:ListRolePolicies": {},
    }

    assert _collect(_aws(), "gone") == Answers(gone, {})


def test_one_denied_policy_leaves_the_others_known() -> None:
    denied = by("PolicyArn", {ENI: POLICIES["iam:GetPolicy"]({"PolicyArn": ENI})}, missing="AccessDenied")

    answers = _collect(_aws(**{"iam:GetPolicy": denied}), "orders")

    assert list(answers.answers["iam:GetPolicyVersion"]) == [ENI]
    assert dict(answers.failures) == {"iam:GetPolicy": {BOUNDARY: Failure("AccessDenied", "refused")}}


def test_a_denied_inline_policy_is_a_failure_of_its_role() -> None:
    answers = _collect(
        _aws(
            **{
                "iam:ListRolePolicies": always({"PolicyNames": ["a", "b"]}),
                "iam:GetRolePolicy": by(
                    "PolicyName",
                    {"a": {"RoleName": "orders", "PolicyName": "a", "PolicyDocument": document("s3:*")}},
                    missing="AccessDenied",
                ),
            }
        ),
        "orders",
    )

    assert list(answers.answers["iam:GetRolePolicy"]["orders"]) == ["a"]
    assert answers.failures["iam:GetRolePolicy"] == {"orders": Failure("AccessDenied", "refused")}


def test_a_document_is_read_once_per_process() -> None:
    documents: Documents = {}
    aws = _aws()

    first, second = (_collect(aws, "orders", documents=documents) for _ in range(2))

    assert aws.counts()["iam:GetPolicyVersion"] == 2
    assert first == second


def test_a_policy_made_anew_under_the_same_name_is_read_again() -> None:
    """Deleted and created again it starts at v1, with other contents."""
    documents: Documents = {}
    _collect(_aws(), "orders", documents=documents)
    anew = _aws(
        **{
            "iam:GetPolicy": lambda asked: {
                "Policy": {"Arn": asked["PolicyArn"], "PolicyId": "another", "DefaultVersionId": "v1"}
            }
        }
    )

    _collect(anew, "orders", documents=documents)

    assert anew.counts()["iam:GetPolicyVersion"] == 2


def test_a_refusal_is_not_remembered() -> None:
    documents: Documents = {}
    _collect(_aws(**{"iam:GetPolicyVersion": refused("AccessDenied")}), "orders", documents=documents)

    answers = _collect(_aws(), "orders", documents=documents)

    assert sorted(answers.answers["iam:GetPolicyVersion"]) == sorted([ENI, BOUNDARY])
    assert dict(answers.failures) == {}
