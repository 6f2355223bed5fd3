"""What a caller may choose about a capture, and what one leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vpcguard.model import Answers, Snapshot
from vpcguard.snapshot.reading import Progress


@dataclass(frozen=True, slots=True)
class Hints:
    """What events say about VPCs and roles: read early, and used only where the functions say the same."""

    vpc_ids: frozenset[str] = frozenset()
    role_names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureOptions:
    """Choices; the defaults read what the scope's rules need.

    states: in account scope, lambda:GetFunctionConfiguration of each function, one call each in a bucket
    of 15 a second. aliases: aliases and the versions they serve, one call for each function and more; None:
    in function scope only. concurrency: reserved concurrency, one call for each function.
    marker, max_pages: account scope begins at this page of ListFunctions and stops after so many.
    account: name, organization_unit and tags of the account, kept in the snapshot as they are.
    account_roles: what read_account_roles gave for this account, when several regions are captured.
    progress: called with "<service>:<Operation>" after each answer, from several threads.
    threads: calls at once.
    """

    hints: Hints = field(default_factory=Hints)
    states: bool = False
    aliases: bool | None = None
    concurrency: bool = False
    marker: str | None = None
    max_pages: int | None = None
    account: Mapping[str, Any] | None = None
    account_roles: Answers | None = None
    progress: Progress | None = None
    threads: int = 16


@dataclass(frozen=True, slots=True)
class Captured:
    """A snapshot, and the marker to go on with where max_pages ended it."""

    snapshot: Snapshot
    next_marker: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a plan read."""

    own: Answers
    owners: Mapping[str, Answers] = field(default_factory=dict)
    not_requested: tuple[str, ...] = ()
    next_marker: str | None = None
