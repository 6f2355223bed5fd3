"""What an event reports: one AWS call that may have altered a function's network."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

ManagedBy = Literal["cloudformation", "terraform", "pulumi", "console", "sdk", "aws_service"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One successful call that names the function to look at.

    The event is a trigger, never the evidence: everything that is judged is read again.
    `vpc_id` and `role_name` are hints from the answer in the event. They let the reader ask for
    the network early; what it then finds in the function itself counts.
    """

    event_id: str
    event_name: str
    event_time: datetime
    account_id: str
    region: str
    function_name: str
    actor: str | None = None
    managed_by: ManagedBy | None = None
    vpc_id: str | None = None
    role_name: str | None = None
    attempt: int = 0  # how often a delayed message has brought this change back


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event that needs no look: the call is not ours, or it failed."""

    outcome: Literal["not_ours", "failed_call"]
    event_id: str
    event_name: str
