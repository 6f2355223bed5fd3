"""All roles of an account at once: iam:GetAccountAuthorizationDetails, of which those in scope are kept."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from vpcguard.model import Answers
from vpcguard.snapshot.collectors.roles import ATTACHED, BOUNDARY
from vpcguard.snapshot.operation import Operation
from vpcguard.snapshot.reading import Reads
from vpcguard.snapshot.shapes import ANY, FLAG, TEXT, texts

GET_ALL = Operation(
    service="iam",
    name="GetAccountAuthorizationDetails",
    shape={
        "RoleDetailList": [
            texts("RoleName RoleId Arn")
            | {
                "RolePolicyList": [{"PolicyName": TEXT, "PolicyDocument": ANY}],
                "AttachedManagedPolicies": ATTACHED,
                "PermissionsBoundary": BOUNDARY,
            }
        ],
        "Policies": [
            texts("PolicyName PolicyId Arn DefaultVersionId")
            | {"PolicyVersionList": [{"VersionId": TEXT, "IsDefaultVersion": FLAG, "Document": ANY}]}
        ],
    },
    paged=True,
    page_size=1000,
)
ACTIONS = (GET_ALL.key,)

# One role takes three calls and those of its policies, the whole account about one per thousand roles and
# policies: most accounts are read in fewer calls than six roles of their own.
FEW = 5


def collect_all_roles(reads: Reads) -> Answers:
    """Read every role and every policy in use; megabytes in large accounts, so cut it with only_roles."""
    return reads.gather([reads.once(GET_ALL, Filter=["Role", "LocalManagedPolicy", "AWSManagedPolicy"])])


def only_roles(everything: Answers, names: Collection[str]) -> Answers:
    """Return the named roles and the default versions of the policies they use, boundaries included."""
    answer = everything.answers.get(GET_ALL.key)
    if answer is None:
        return everything
    roles = [role for role in answer["RoleDetailList"] if role.get("RoleName") in names]
    used = {arn for role in roles for arn in _policies_of(role)}
    policies = [
        {**policy, "PolicyVersionList": _default_version(policy)}
        for policy in answer["Policies"]
        if policy.get("Arn") in used
    ]
    return Answers({GET_ALL.key: {"RoleDetailList": roles, "Policies": policies}}, everything.failures)


def _policies_of(role: dict[str, Any]) -> list[str]:
    attached = [policy.get("PolicyArn", "") for policy in role.get("AttachedManagedPolicies", [])]
    return [*attached, role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "")]


def _default_version(policy: dict[str, Any]) -> list[Any]:
    return [
        version
        for version in policy.get("PolicyVersionList", [])
        if version.get("VersionId") == policy.get("DefaultVersionId")
    ]
