"""Execution roles with the statements of their identity policies and boundary.

Read one by one, three calls a role and those of its policies, or all at once from
iam:GetAccountAuthorizationDetails; both give the same facts.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from vpcguard.aws.answers import Account, Estate, Json, each, merge, required_text, text
from vpcguard.aws.operations import ANY, FLAG, TEXT, Call, Operation, Shape, texts
from vpcguard.coverage import (
    KNOWN,
    Coverage,
    FactsByKind,
    Family,
    contradictory,
    entries,
    of_entry,
    of_lacking,
    of_list,
    of_unread,
    unknown,
    worst,
)
from vpcguard.model import Answers, Failure

if TYPE_CHECKING:  # judging a stored snapshot needs no AWS client
    from vpcguard.aws.reading import Reads
    from vpcguard.resources.account_roles import AccountRoles

_BOUNDARY: Shape = texts("PermissionsBoundaryType PermissionsBoundaryArn")
_ATTACHED: Shape = [texts("PolicyName PolicyArn")]
_DOCUMENT: dict[str, Shape] = {"VersionId": TEXT, "IsDefaultVersion": FLAG, "Document": ANY}

GET_ROLE = Operation(
    service="iam",
    name="GetRole",
    shape={"Role": texts("RoleName RoleId Arn") | {"PermissionsBoundary": _BOUNDARY}},
    keys=1,
)
LIST_ATTACHED = Operation(
    service="iam",
    name="ListAttachedRolePolicies",
    shape={"AttachedPolicies": _ATTACHED},
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
GET_ALL = Operation(
    service="iam",
    name="GetAccountAuthorizationDetails",
    shape={
        "RoleDetailList": [
            texts("RoleName RoleId Arn")
            | {
                "RolePolicyList": [{"PolicyName": TEXT, "PolicyDocument": ANY}],
                "AttachedManagedPolicies": _ATTACHED,
                "PermissionsBoundary": _BOUNDARY,
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

# The whole account takes about one call per thousand roles and policies: most accounts are read in fewer
# calls than six roles of their own.
FEW = 5

# A version of a policy never changes, so one process reads it once. The policy's own id is part of the
# key: a policy that was deleted and made again starts at v1 again, under the same ARN.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
Documents = MutableMapping[tuple[str, str], Mapping[str, Any]]
_DOCUMENTS: Documents = {}
_MOST_DOCUMENTS = 2000


def collect_roles(reads: Reads, names: Collection[str], account_roles: AccountRoles | None = None) -> Answers:
    """Read roles in the way that takes fewer calls, or take them from account_roles.

    Few are read one by one where the list of all is refused, or is a part.
    """
    if account_roles is not None or len(names) > FEW:
        everything = (
            collect_all_roles(reads) if account_roles is None else account_roles.holding(reads, names)
        )
        if not everything.failures or len(names) > FEW:
            return only_roles(everything, names)
    return collect_single_roles(reads, names)


def collect_all_roles(reads: Reads) -> Answers:
    """Read every role and every policy in use; megabytes in large accounts, so cut it with only_roles."""
    return reads.run(
        [Call(GET_ALL, parameters={"Filter": ["Role", "LocalManagedPolicy", "AWSManagedPolicy"]})]
    )


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


def collect_single_roles(
    reads: Reads, names: Iterable[str], *, documents: Documents | None = None
) -> Answers:
    """Read single roles and everything they are allowed; a role that does not exist has no entries.

    GetRole, ListAttachedRolePolicies and ListRolePolicies at once, then GetRolePolicy and GetPolicy at once,
    then GetPolicyVersion for what this process has not read before.

    documents: (policy id, version id) -> GetPolicyVersion's answer, kept from earlier reads.
    """
    roles = reads.run(
        Call(operation, (name,), {"RoleName": name})
        for name in sorted(names)
        for operation in (GET_ROLE, LIST_ATTACHED, LIST_INLINE)
    )
    inline = roles.answers.get(LIST_INLINE.key, {})
    policies = reads.run(
        [
            *(
                Call(GET_INLINE, (name, policy), {"RoleName": name, "PolicyName": policy})
                for name, answer in inline.items()
                for policy in answer["PolicyNames"]
            ),
            *(Call(GET_POLICY, (arn,), {"PolicyArn": arn}) for arn in _managed_policies(roles)),
        ]
    )
    versions = _collect_documents(reads, policies, _DOCUMENTS if documents is None else documents)
    return merge((roles, policies, versions))


def add_facts(estate: Estate, facts: FactsByKind) -> list[Json]:
    """Add the roles that exist among those of functions, each under the first of its names.

    Roles that say the same are one entry with all their names: an account has thousands of roles and
    few kinds of them. A role that is known and not returned is gone. An unread policy or boundary
    leaves the role unknown, with the statements that were read.
    """
    own = estate.own
    listed = own.documents(GET_ALL, _detailed, name="RoleDetailList")
    detailed = dict(listed)
    torn = {name for name, role in listed if detailed[name] != role}
    managed = {arn: _parse(document, arn) for arn, document in _managed_documents(own).items()}
    default = _default_coverage(own)
    by_content: dict[str, Json] = {}
    coverage = {}
    for name in sorted({one["role_name"] for one in facts["functions"].values() if "role_name" in one}):
        role = detailed.get(name) or _read_role(own, name)
        if name in torn:
            coverage[name] = contradictory(name)
        elif role is None:
            coverage[name] = KNOWN if _is_gone(own, name) else default
        else:
            content, coverage[name] = _content(role, own, managed)
            by_content.setdefault(json.dumps(content), {"names": [], **content})["names"].append(name)
    facts["roles"] = {one["names"][0]: one for one in by_content.values()}
    return entries("roles", coverage, default=default)


FAMILY = Family(
    operations=(
        GET_ROLE,
        LIST_ATTACHED,
        LIST_INLINE,
        GET_INLINE,
        GET_POLICY,
        GET_POLICY_VERSION,
        GET_ALL,
    ),
    add_facts=add_facts,
)


def _policies_of(role: Json) -> list[str]:
    attached = [policy.get("PolicyArn", "") for policy in role.get("AttachedManagedPolicies", [])]
    return [*attached, _boundary(role) or ""]


def _default_version(policy: Json) -> list[Any]:
    return [
        version
        for version in policy.get("PolicyVersionList", [])
        if version.get("VersionId") == policy.get("DefaultVersionId")
    ]


def _managed_policies(roles: Answers) -> list[str]:
    attached = roles.answers.get(LIST_ATTACHED.key, {}).values()
    arns = {policy.get("PolicyArn") for answer in attached for policy in answer["AttachedPolicies"]}
    for answer in roles.answers.get(GET_ROLE.key, {}).values():
        arns.add(_boundary(answer.get("Role", {})))
    return sorted(arns - {None})


def _collect_documents(reads: Reads, policies: Answers, documents: Documents) -> Answers:
    if len(documents) > _MOST_DOCUMENTS:
        documents.clear()
    remembered: dict[str, Any] = {}
    wanted: dict[str, tuple[str, str]] = {}
    for arn, answer in policies.answers.get(GET_POLICY.key, {}).items():
        policy = answer.get("Policy", {})
        key = (policy.get("PolicyId", ""), policy.get("DefaultVersionId", ""))
        if key in documents:
            remembered[arn] = documents[key]
        elif key[1]:
            wanted[arn] = key
    read = reads.run(
        Call(GET_POLICY_VERSION, (arn,), {"PolicyArn": arn, "VersionId": version})
        for arn, (_, version) in wanted.items()
    )
    documents.update(
        (wanted[arn], answer)
        for arn, answer in read.answers.get(GET_POLICY_VERSION.key, {}).items()
        if wanted[arn][0]  # without an id of its own, a policy made anew could not be told apart
    )
    return merge((Answers({GET_POLICY_VERSION.key: remembered} if remembered else {}), read))


_Statements = tuple[list[Json], Coverage]  # of one policy, and whether they are all of it


@dataclass(frozen=True, slots=True)
class _Role:
    """What an answer says about one role.

    inline: policy name -> document. attached: ARNs of managed policies. boundary: ARN.
    missing: the reads that left something open.
    """

    inline: Mapping[str, Any]
    attached: Collection[str]
    boundary: str | None
    missing: tuple[Coverage, ...] = ()


def _content(role: _Role, own: Account, managed: Mapping[str, _Statements]) -> tuple[Json, Coverage]:
    policies = [_parse(document, name) for name, document in sorted(role.inline.items())]
    policies += [managed.get(arn) or ([], _of_managed(own, arn)) for arn in sorted(set(role.attached))]
    boundary: _Statements = ([], KNOWN)
    if role.boundary is not None:
        boundary = managed.get(role.boundary) or ([], _of_managed(own, role.boundary))
    content: Json = {
        "statements": [statement for statements, _ in policies for statement in statements],
        "has_boundary": role.boundary is not None,
        "boundary_statements": boundary[0],
    }
    return content, worst(*role.missing, *(coverage for _, coverage in policies), boundary[1])


def _default_coverage(own: Account) -> Coverage:
    """Return what a role's absence from every answer means: gone only if the list of all is complete."""
    details = of_list(own, GET_ALL)
    per_role = of_entry(own, GET_ROLE, is_asked_for_all=True)
    if own.has_tried(GET_ALL):
        return details
    if own.has_tried(GET_ROLE):
        return per_role
    return worst(details, per_role)  # silence only where both were left out on purpose


def _is_gone(own: Account, name: str) -> bool:
    """Return True if the reads per role say that a role does not exist."""
    return any(own.has_not_found(operation, name) for operation in (GET_ROLE, LIST_ATTACHED, LIST_INLINE))


def _read_role(own: Account, name: str) -> _Role | None:
    """Return a role from the reads per role; None where none of them answered."""
    role = own.answer(GET_ROLE).get(name)
    attached = own.entry(LIST_ATTACHED, name, partial(_arns, key="AttachedPolicies"))
    listed = own.answer(LIST_INLINE).get(name)
    answers = ((GET_ROLE, role), (LIST_ATTACHED, attached), (LIST_INLINE, listed))
    if all(answer is None for _, answer in answers):
        return None
    documents = own.answer(GET_INLINE).get(name, {})
    inline = {policy: answer.get("PolicyDocument") for policy, answer in documents.items()}
    missing = [of_entry(own, operation, name) for operation, answer in answers if answer is None]
    unread = set((listed or {}).get("PolicyNames", ())) - inline.keys()
    if unread and not own.has_not_found(GET_INLINE, name):
        coverage = of_entry(own, GET_INLINE, name)
        missing.append(of_unread(own, GET_INLINE) if coverage.is_known else coverage)
    return _Role(inline, attached or (), _boundary((role or {}).get("Role", {})), tuple(missing))


def _managed_documents(own: Account) -> dict[str, Any]:
    """Return the default version's document of every managed policy that was read, by ARN."""
    policies = dict(own.documents(GET_ALL, _managed, name="Policies"))
    for arn, answer in own.answer(GET_POLICY_VERSION).items():
        version = answer.get("PolicyVersion", {})
        if version.get("IsDefaultVersion") is not False and version.get("Document") is not None:
            policies[arn] = version["Document"]
    return {arn: document for arn, document in policies.items() if document is not None}


def _of_managed(own: Account, arn: str) -> Coverage:
    """Return what the absence of a managed policy's document means; a deleted policy grants nothing."""
    if own.has_not_found(GET_POLICY, arn) or own.has_not_found(GET_POLICY_VERSION, arn):
        return KNOWN
    for operation in (GET_POLICY, GET_POLICY_VERSION):
        failure = own.reads.failures.get(operation.key, {})
        if isinstance(failure, Failure) or arn in failure:
            return of_entry(own, operation, arn)
    policy = own.answer(GET_POLICY).get(arn)
    is_listed = any(one.get("Arn") == arn for one in own.answer(GET_ALL).get("Policies", ()))
    is_read_singly = own.has_tried(GET_POLICY_VERSION) or not own.has_tried(GET_ALL)
    is_list_complete = not is_read_singly and GET_ALL.key not in own.reads.failures
    answered_without = (
        (is_listed, GET_ALL, "the default version of"),
        (arn in own.answer(GET_POLICY_VERSION), GET_POLICY_VERSION, "the default version of"),
        (policy and not text(policy, "Policy", "DefaultVersionId"), GET_POLICY, "DefaultVersionId of"),
        (is_list_complete, GET_ALL, "policy"),
    )
    for is_so, operation, what in answered_without:
        if is_so:
            return of_lacking(operation, f"{what} {arn}")
    operation = GET_POLICY_VERSION if is_read_singly else GET_ALL
    return unknown(operation.key, reason=f"policy {arn} was not read")


def _detailed(item: Json) -> tuple[str, _Role]:
    inline = each(item, "RolePolicyList", lambda one: (required_text(one, "PolicyName"), one))
    return required_text(item, "RoleName"), _Role(
        inline={name: policy.get("PolicyDocument") for name, policy in inline},
        attached=_arns(item, "AttachedManagedPolicies"),
        boundary=_boundary(item),
    )


def _boundary(role: Json) -> str | None:
    return text(role, "PermissionsBoundary", "PermissionsBoundaryArn")


def _arns(item: Json, key: str) -> list[str]:
    return each(item, key, partial(required_text, key="PolicyArn"))


def _managed(item: Json) -> tuple[str, Any]:
    default = text(item, "DefaultVersionId")
    documents = [
        version.get("Document")
        for version in item.get("PolicyVersionList", ())
        if version.get("IsDefaultVersion") or (default and version.get("VersionId") == default)
    ]
    return required_text(item, "Arn"), documents[0] if documents else None


def _parse(document: Any, source: str) -> _Statements:
    """Return the statements of a policy document, or that it cannot be read.

    document: an object as boto3 gives it, or JSON text, URL-encoded (RFC 3986) as the API sends it.
    """
    try:
        if isinstance(document, str):
            document = json.loads(document if document.lstrip().startswith("{") else unquote(document))
    except (ValueError, RecursionError):
        document = None
    listed = document.get("Statement") if isinstance(document, dict) else None
    statements = [_statement(one) for one in (listed if isinstance(listed, list) else [listed])]
    read = [one for one in statements if one is not None]
    if len(read) < len(statements):
        reason = f"policy {source} is no policy document"
        return [], unknown(source, reason=reason, is_failed_read=False)
    return read, KNOWN


def _statement(statement: Any) -> Json | None:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        return None
    keys = _condition_keys(statement.get("Condition"))
    lists = {
        key: _texts(statement.get(name))
        for key, name in (
            ("actions", "Action"),
            ("not_actions", "NotAction"),
            ("resources", "Resource"),
            ("not_resources", "NotResource"),
        )
    }
    if keys is None or None in lists.values() or not (lists["actions"] or lists["not_actions"]):
        return None
    return {"effect": statement["Effect"], **lists, "condition_keys": keys}


def _texts(value: Any) -> list[str] | None:
    values = [] if value is None else value if isinstance(value, list) else [value]
    return sorted(set(values)) if all(isinstance(one, str) for one in values) else None


def _condition_keys(condition: Any) -> list[str] | None:
    """Return the keys of a condition in lower case: AWS compares them so."""
    if condition is None:
        return []
    if not isinstance(condition, dict) or not all(isinstance(tests, dict) for tests in condition.values()):
        return None
    return sorted({key.lower() for tests in condition.values() for key in tests})
