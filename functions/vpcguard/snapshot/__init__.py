"""Step two of the flow: read AWS for a scope, or read a stored snapshot, without judging anything."""

from __future__ import annotations

from collections.abc import Mapping

from vpcguard.aws.codes import PARTIAL
from vpcguard.aws.reading import Aws, Progress
from vpcguard.resources import OPERATIONS
from vpcguard.resources.account_roles import AccountRoles
from vpcguard.snapshot.document import load_snapshot, parse_snapshot
from vpcguard.snapshot.scopes import (
    ON_REQUEST,
    Captured,
    CaptureOptions,
    Hints,
    Page,
    capture,
    capture_pages,
)

__all__ = [
    "ACTIONS",
    "IAM_ACTIONS",
    "ON_REQUEST",
    "OPERATIONS",
    "PARTIAL",
    "SCOPE_ACTIONS",
    "AccountRoles",
    "Aws",
    "CaptureOptions",
    "Captured",
    "Hints",
    "Page",
    "Progress",
    "capture",
    "capture_pages",
    "load_snapshot",
    "parse_snapshot",
]

ACTIONS = frozenset(OPERATIONS)
# operation -> every IAM action that AWS checks on the caller. None of these reads checks another action too.
IAM_ACTIONS: Mapping[str, tuple[str, ...]] = {key: (key,) for key in OPERATIONS}
# scope kind -> actions; "owner" is what is read from the owner of a shared VPC
SCOPE_ACTIONS: Mapping[str, frozenset[str]] = {
    "function": ACTIONS - {"lambda:ListFunctions"},
    "vpc": ACTIONS,
    "account": ACTIONS,
    "owner": frozenset(key for key, operation in OPERATIONS.items() if operation.service == "ec2"),
}
