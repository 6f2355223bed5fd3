"""What was read about a role, in the two ways IAM can be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vpcguard.facts.account import KNOWN, Account, Status, unknown
from vpcguard.facts.reading import Json, boolean, each, mapping, objects, required_text, text, texts

DETAILS = "iam:GetAccountAuthorizationDetails"
GET_ROLE = "iam:GetRole"
LIST_ATTACHED = "iam:ListAttachedRolePolicies"
LIST_INLINE = "iam:ListRolePolicies"
GET_INLINE = "iam:GetRolePolicy"
GET_POLICY = "iam:GetPolicy"
GET_POLICY_VERSION = "iam:GetPolicyVersion"


@dataclass(frozen=True, slots=True)
class RoleRead:
    """What an answer says about one role.

    inline: policy name -> document. attached: ARNs of managed policies. boundary: ARN.
    missing: the reads that left something open.
    """

    inline: Mapping[str, Any]
    attached: tuple[str, ...]
    boundary: str | None
    missing: tuple[Status, ...] = ()


def detailed_roles(own: Account) -> dict[str, RoleRead]:
    """Return the roles of GetAccountAuthorizationDetails by name."""
    return dict(own.documents(DETAILS, "RoleDetailList", _detailed))


def is_gone(own: Account, name: str) -> bool:
    """Return True if the reads per role say that a role does not exist."""
    return any(own.has_not_found(operation, name) for operation in (GET_ROLE, LIST_ATTACHED, LIST_INLINE))


def read_role(own: Account, name: str) -> RoleRead | None:
    """Return a role from the reads per role; None where none of them answered."""
    role = own.entry(GET_ROLE, name, lambda answer: mapping(answer, "Role"))
    attached = own.entry(LIST_ATTACHED, name, _attached("AttachedPolicies"))
    names = own.entry(LIST_INLINE, name, lambda answer: texts(answer, "PolicyNames"))
    inline = own.entry(GET_INLINE, name, _inline_answers) or {}
    answers = ((GET_ROLE, role), (LIST_ATTACHED, attached), (LIST_INLINE, names))
    if all(answer is None for _, answer in answers):
        return None
    missing = [own.entry_status(operation, name) for operation, answer in answers if answer is None]
    if any(policy not in inline for policy in names or ()) and not own.has_not_found(GET_INLINE, name):
        status = own.entry_status(GET_INLINE, name)
        missing.append(own.unread(GET_INLINE) if status.is_known else status)
    boundary = own.entry(GET_ROLE, name, lambda answer: _boundary(mapping(answer, "Role")))
    return RoleRead(inline, tuple(attached or ()), boundary, tuple(missing))


def managed_policies(own: Account) -> dict[str, Any]:
    """Return the default version's document of every managed policy that was read, by ARN."""
    policies = dict(own.documents(DETAILS, "Policies", _managed))
    for arn in own.subjects(GET_POLICY_VERSION):
        document = own.entry(GET_POLICY_VERSION, arn, _default_version)
        if document is not None:
            policies[arn] = document
    return {arn: document for arn, document in policies.items() if document is not None}


def managed_status(own: Account, arn: str) -> Status:
    """Return what the absence of a managed policy's document means; a deleted policy grants nothing."""
    if own.has_not_found(GET_POLICY, arn) or own.has_not_found(GET_POLICY_VERSION, arn):
        return KNOWN
    if own.has_tried(DETAILS) and not own.has_tried(GET_POLICY_VERSION):
        return unknown(DETAILS, reason=f"policy {arn} was not read")
    return unknown(GET_POLICY_VERSION, reason=f"policy {arn} was not read")


def _detailed(item: Json) -> tuple[str, RoleRead]:
    inline = each(item, "RolePolicyList", convert=lambda one: (required_text(one, "PolicyName"), one))
    return required_text(item, "RoleName"), RoleRead(
        inline={name: policy.get("PolicyDocument") for name, policy in inline},
        attached=tuple(_attached("AttachedManagedPolicies")(item)),
        boundary=_boundary(item),
    )


def _boundary(item: Json) -> str | None:
    return text(item, "PermissionsBoundary", "PermissionsBoundaryArn")


def _attached(key: str) -> Callable[[Json], list[str]]:
    return lambda item: sorted(each(item, key, convert=lambda one: required_text(one, "PolicyArn")))


def _inline_answers(answer: Json) -> dict[str, Any]:
    return {name: mapping(answer, name).get("PolicyDocument") for name in answer}


def _managed(item: Json) -> tuple[str, Any]:
    default = text(item, "DefaultVersionId")
    versions = objects(item, "PolicyVersionList")
    documents = [
        version.get("Document")
        for version in versions
        if boolean(version, "IsDefaultVersion") or (default and text(version, "VersionId") == default)
    ]
    return required_text(item, "Arn"), documents[0] if documents else None


def _default_version(answer: Json) -> Any:
    version = mapping(answer, "PolicyVersion")
    return None if boolean(version, "IsDefaultVersion") is False else version.get("Document")
