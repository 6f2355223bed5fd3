"""The families of resources: what is read of each, how it is collected, and the facts made of it.

A new fact is an operation and its conversion in the file of its family; everything below is put together
of what the families say.
"""

from __future__ import annotations

from collections.abc import Mapping

from vpcguard.aws.operations import Operation
from vpcguard.coverage import VpcKind
from vpcguard.resources import (
    filters,
    function_details,
    functions,
    gateways,
    interfaces,
    networks,
    roles,
)

# in the order in which they are read, and in which their facts rest on each other
FAMILIES = (
    functions.FAMILY,
    function_details.FAMILY,
    networks.FAMILY,
    gateways.FAMILY,
    interfaces.FAMILY,
    filters.FAMILY,
    roles.FAMILY,
)
OPERATIONS: Mapping[str, Operation] = {one.key: one for family in FAMILIES for one in family.operations}
VPC_KINDS: Mapping[str, VpcKind] = {
    kind: told for family in FAMILIES for kind, told in family.vpc_kinds.items()
}
