"""Execution roles one by one: their policies, attached and inline, and their boundary.

Which calls they take: iam:GetRole, ListAttachedRolePolicies and ListRolePolicies at once, then GetRolePolicy
and GetPolicy at once, then GetPolicyVersion for what this process has not read before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

from vpcguard.model import Answers
from vpcguard.snapshot.merging import merge
from vpcguard.snapshot.operation import Operation
from vpcguard.snapshot.reading import Reads
from vpcguard.snapshot.shapes import ANY, FLAG, TEXT, Shape, texts
from vpcguard.snapshot.threads import Task

BOUNDARY: Shape = texts("PermissionsBoundaryType PermissionsBoundaryArn")
ATTACHED: Shape = [texts("PolicyName PolicyArn")]
_DOCUMENT: dict[str, Shape] = {"VersionId": TEXT, "IsDefaultVersion": FLAG, "Document": ANY}

GET_ROLE = Operation(
    service="iam",
    name="GetRole",
    shape={"Role": texts("RoleName RoleId Arn") | {"PermissionsBoundary": BOUNDARY}},
    keys=1,
)
LIST_ATTACHED = Operation(
    service="iam",
    name="ListAttachedRolePolicies",
    shape={"AttachedPolicies": ATTACHED},
    keys=1,
    paged=True,
    page_size=1000,
)
LIST_INLINE = Operation(
    service="iam",
    name="ListRolePolicies",
    shape={"PolicyNames": [TEXT]},
    keys=1,
    paged=True,
    page_size=1000,
)
GET_INLINE = Operation(
    service="iam",
    name="GetRolePolicy",
    shape=texts("RoleName PolicyName") | {"PolicyDocument": ANY},
    keys=2,
)
GET_POLICY = Operation(
    service="iam",
    name="GetPolicy",
    shape={"Policy": texts("PolicyName PolicyId Arn DefaultVersionId")},
    keys=1,
)
GET_POLICY_VERSION = Operation(
    service="iam", name="GetPolicyVersion", shape={"PolicyVersion": _DOCUMENT}, keys=1
)
ACTIONS = tuple(
    operation.key
    for operation in (GET_ROLE, LIST_ATTACHED, LIST_INLINE, GET_INLINE, GET_POLICY, GET_POLICY_VERSION)
)

# A version of a policy never changes, so one process reads it once. The policy's own id is part of the
# key: a policy that was deleted and made again starts at v1 again, under the same ARN.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
Documents = MutableMapping[tuple[str, str], Mapping[str, Any]]
_DOCUMENTS: Documents = {}
_MOST_DOCUMENTS = 2000


def collect_roles(reads: Reads, names: Iterable[str], *, documents: Documents | None = None) -> Answers:
    """Read single roles and everything they are allowed; a role that does not exist has no entries.

    documents: (policy id, version id) -> GetPolicyVersion's answer, kept from earlier reads.
    """
    roles = reads.gather(
        task
        for name in sorted(names)
        for task in (
            reads.each(GET_ROLE, name, RoleName=name),
            reads.each(LIST_ATTACHED, name, RoleName=name),
            reads.each(LIST_INLINE, name, RoleName=name),
        )
    )
    inline = roles.answers.get(LIST_INLINE.key, {})
    policies = reads.gather(
        [
            *(
                _inline_policy(reads, name, policy)
                for name, answer in inline.items()
                for policy in answer["PolicyNames"]
            ),
            *(reads.each(GET_POLICY, arn, PolicyArn=arn) for arn in _managed_policies(roles)),
        ]
    )
    versions = _collect_documents(reads, policies, _DOCUMENTS if documents is None else documents)
    return merge((roles, policies, versions))


def _inline_policy(reads: Reads, role: str, policy: str) -> Task:
    parameters = {"RoleName": role, "PolicyName": policy}
    return lambda: reads.read(GET_INLINE, parameters).under(GET_INLINE, role, policy)


def _managed_policies(roles: Answers) -> list[str]:
    attached = roles.answers.get(LIST_ATTACHED.key, {}).values()
    arns = {policy["PolicyArn"] for answer in attached for policy in answer["AttachedPolicies"]}
    for answer in roles.answers.get(GET_ROLE.key, {}).values():
        arns.add(answer.get("Role", {}).get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"))
    return sorted(arns - {None})


def _collect_documents(reads: Reads, policies: Answers, documents: Documents) -> Answers:
    if len(documents) > _MOST_DOCUMENTS:
        documents.clear()
    remembered: dict[str, Any] = {}
    wanted: dict[str, tuple[str, str]] = {}
    for arn, answer in policies.answers.get(GET_POLICY.key, {}).items():
        policy = answer["Policy"]
        key = (policy.get("PolicyId", ""), policy["DefaultVersionId"])
        if key in documents:
            remembered[arn] = documents[key]
        else:
            wanted[arn] = key
    read = reads.gather(
        reads.each(GET_POLICY_VERSION, arn, PolicyArn=arn, VersionId=version)
        for arn, (_, version) in wanted.items()
    )
    documents.update(
        (wanted[arn], answer)
        for arn, answer in read.answers.get(GET_POLICY_VERSION.key, {}).items()
        if wanted[arn][0]  # without an id of its own, a policy made anew could not be told apart
    )
    return merge((Answers({GET_POLICY_VERSION.key: remembered} if remembered else {}), read))
