"""The table of operations in use, and the IAM actions that each kind of scope needs."""

from __future__ import annotations

from collections.abc import Mapping

from vpcguard.snapshot.collectors import (
    all_roles,
    filters,
    function_details,
    functions,
    gateways,
    interfaces,
    networks,
    quotas,
    roles,
    tags,
)
from vpcguard.snapshot.operation import Operation

_COLLECTORS = (
    functions,
    tags,
    function_details,
    networks,
    gateways,
    filters,
    interfaces,
    quotas,
    roles,
    all_roles,
)
OPERATIONS: Mapping[str, Operation] = {
    operation.key: operation
    for collector in _COLLECTORS
    for operation in vars(collector).values()
    if isinstance(operation, Operation)
}

# operation -> every IAM action that AWS checks on the caller. None of these reads checks another action too.
IAM_ACTIONS: Mapping[str, tuple[str, ...]] = {key: (key,) for key in OPERATIONS}

_NETWORK = {*networks.ACTIONS, *gateways.ACTIONS, *filters.ACTIONS, *interfaces.ACTIONS}
ACTIONS = frozenset(action for collector in _COLLECTORS for action in collector.ACTIONS)
# scope kind -> actions; "owner" is what is read from the owner of a shared VPC
SCOPE_ACTIONS: Mapping[str, frozenset[str]] = {
    "function": ACTIONS - {functions.LIST_FUNCTIONS.key},
    "vpc": ACTIONS,
    "account": ACTIONS,
    "owner": frozenset(_NETWORK),
}
