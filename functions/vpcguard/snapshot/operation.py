"""One AWS operation as a snapshot knows it: its name, what is kept of its answer, how it is paged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from vpcguard.snapshot.shapes import Each, Shape

# the snapshot's prefix is the IAM prefix; botocore calls two of these services otherwise
_CLIENTS = {"tag": "resourcegroupstaggingapi", "servicequotas": "service-quotas"}
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Operation:
    """A row of the table of operations.

    service: IAM prefix, e.g. "ec2". shape: what is kept of one answer.
    keys: how many levels of resource keys stand above an answer in the snapshot; 0: called once.
    paged: read with the paginator of that name. page_size: what to ask for; None: as many as AWS gives.
    """

    service: str
    name: str
    shape: Mapping[str, Shape]
    keys: int = 0
    paged: bool = False
    page_size: int | None = None

    @property
    def key(self) -> str:
        """The operation's key in a snapshot, which is also the IAM action it needs: "ec2:DescribeSubnets"."""
        return f"{self.service}:{self.name}"

    @property
    def client(self) -> str:
        """The name of the client that makes the call."""
        return _CLIENTS.get(self.service, self.service)

    @property
    def method(self) -> str:
        """The client's method: "describe_subnets"."""
        return _WORD_START.sub("_", self.name).lower()

    @property
    def lists(self) -> tuple[str, ...]:
        """The lists an answer consists of, if it consists of lists: "Subnets" for ec2:DescribeSubnets."""
        lists = tuple(key for key, shape in self.shape.items() if isinstance(shape, list))
        return lists if len(lists) == len(self.shape) else ()

    def stored_shape(self) -> Shape:
        """The shape of everything that a snapshot holds under this operation's key."""
        shape: Shape = self.shape
        for _ in range(self.keys):
            shape = Each(shape)
        return shape
