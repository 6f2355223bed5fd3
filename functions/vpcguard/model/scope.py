"""What to look at because of a change: one function, one VPC or one account-region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The extent of one snapshot.

    kind "function": `function_names` (one or several that share a VPC, from one batch of events);
    kind "vpc": `vpc_id`; kind "account": everything in the account and region.
    """

    kind: Literal["function", "vpc", "account"]
    account_id: str
    region: str
    function_names: tuple[str, ...] = ()
    vpc_id: str | None = None
