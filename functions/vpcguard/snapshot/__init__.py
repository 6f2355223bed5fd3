"""Step two of the flow: read AWS for a scope, or read a stored snapshot, without judging anything."""

from vpcguard.snapshot.capturing import capture, capture_pages, read_account_roles
from vpcguard.snapshot.document import load_snapshot, parse_snapshot
from vpcguard.snapshot.merging import PARTIAL
from vpcguard.snapshot.operations import ACTIONS, IAM_ACTIONS, OPERATIONS, SCOPE_ACTIONS
from vpcguard.snapshot.options import Captured, CaptureOptions, Hints
from vpcguard.snapshot.reading import Aws, Progress

__all__ = [
    "ACTIONS",
    "IAM_ACTIONS",
    "OPERATIONS",
    "PARTIAL",
    "SCOPE_ACTIONS",
    "Aws",
    "CaptureOptions",
    "Captured",
    "Hints",
    "Progress",
    "capture",
    "capture_pages",
    "load_snapshot",
    "parse_snapshot",
    "read_account_roles",
]
