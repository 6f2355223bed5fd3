"""Execution roles with the statements of their identity policies and boundary.

From iam:GetAccountAuthorizationDetails, or from the reads per role; both give the same facts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from vpcguard.facts.account import KNOWN, Account, Status, unknown, worst
from vpcguard.facts.coverage import default_entry, subject_entries
from vpcguard.facts.policy_documents import statements_of
from vpcguard.facts.reading import Json
from vpcguard.facts.role_reads import (
    DETAILS,
    GET_ROLE,
    RoleRead,
    detailed_roles,
    is_gone,
    managed_policies,
    managed_status,
    read_role,
)


def read_roles(own: Account, names: Iterable[str]) -> tuple[list[Json], list[Json]]:
    """Return the roles that exist among those named, and their coverage by role name.

    Roles that say the same are one entry with all their names: an account has thousands of roles and
    few kinds of them. A role that is known and not returned is gone. An unread policy or boundary
    leaves the role unknown, with the statements that were read.
    """
    detailed, policies = detailed_roles(own), _Policies(own)
    default = _default(own)
    roles: dict[str, Json] = {}
    statuses = {}
    for name in sorted(set(names)):
        read = detailed.get(name) or read_role(own, name)
        if read is None:
            statuses[name] = KNOWN if is_gone(own, name) else default
        else:
            content, statuses[name] = _content(read, policies)
            roles.setdefault(json.dumps(content), {"names": [], **content})["names"].append(name)
    coverage = [default_entry("roles", default), *subject_entries("roles", statuses, default=default)]
    return list(roles.values()), coverage


class _Policies:
    """The managed policies that were read; each is parsed once, whatever number of roles uses it."""

    def __init__(self, own: Account) -> None:
        self._own = own
        self._documents = managed_policies(own)
        self._parsed: dict[str, tuple[list[Json], Status]] = {}

    def statements(self, arn: str) -> tuple[list[Json], Status]:
        """Return a managed policy's statements and whether they are all of it."""
        if arn not in self._parsed:
            document = self._documents.get(arn)
            self._parsed[arn] = (
                ([], managed_status(self._own, arn)) if document is None else _parse(document, arn)
            )
        return self._parsed[arn]


def _content(read: RoleRead, managed: _Policies) -> tuple[Json, Status]:
    policies = [_parse(document, policy) for policy, document in sorted(read.inline.items())]
    policies += [managed.statements(policy) for policy in sorted(set(read.attached))]
    boundary = ([], KNOWN) if read.boundary is None else managed.statements(read.boundary)
    content: Json = {
        "statements": [statement for statements, _ in policies for statement in statements],
        "has_boundary": read.boundary is not None,
        "boundary_statements": boundary[0],
    }
    return content, worst(*read.missing, *(status for _, status in policies), boundary[1])


def _parse(document: Any, source: str) -> tuple[list[Json], Status]:
    statements = statements_of(document)
    if statements is None:
        reason = f"policy {source} is no policy document"
        return [], unknown(source, reason=reason, is_failed_read=False)
    return statements, KNOWN


def _default(own: Account) -> Status:
    """Return what a role's absence from every answer means: gone only if the list of all is complete."""
    details = own.status(DETAILS)
    per_role = own.entry_status(GET_ROLE, is_asked_for_all=True)
    if own.has_tried(DETAILS):
        return details
    if own.has_tried(GET_ROLE):
        return per_role
    return worst(details, per_role)  # silence only where both were left out on purpose
