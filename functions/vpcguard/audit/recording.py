"""From looks to stored findings: every look of a judgement, several at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from vpcguard.findings.state import FunctionState
from vpcguard.findings.store import Recorded
from vpcguard.model import Look

Function = tuple[str, str, str]  # account id, region, name


class Store(Protocol):
    """Where looks are recorded: vpcguard.findings.store.FindingStore, or a fake of it."""

    def states(self, functions: Collection[Function], /) -> Mapping[Function, FunctionState]:
        """Return what is remembered about functions; raises FindingStoreError."""

    def record_all(
        self, looks: Sequence[Look], /, *, seen: Mapping[Function, FunctionState] | None = None
    ) -> list[Recorded]:
        """Record looks and return what each changed; raises FindingStoreError, repeating is safe.

        seen: what `states` said while AWS was read; what it lacks is read now.
        """

    def resolve_deleted(
        self, *, account_id: str, region: str, function_name: str, judged_at: str, trigger: str
    ) -> Recorded:
        """Resolve the findings of a function that does not exist; raises FindingStoreError."""

    def functions_not_seen_since(self, account_id: str, region: str, moment: str, /) -> Sequence[str]:
        """Return the functions whose latest look is older than a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a judgement changed in the table: numbers of looks, then of findings by what became of them.

    outdated: looks that a newer one, or the same one, was recorded before.
    """

    looks: int = 0
    outdated: int = 0
    opened: int = 0
    reopened: int = 0
    resolved: int = 0
    undetermined: int = 0

    def __add__(self, other: Summary) -> Summary:
        """Return the sums."""
        return Summary(**(Counter(asdict(self)) + Counter(asdict(other))))


def record(
    looks: Sequence[Look], store: Store, *, seen: Mapping[Function, FunctionState] | None = None
) -> Summary:
    """Record every look and return what that changed; raises FindingStoreError once all were attempted."""
    return summarized(store.record_all(looks, seen=seen))


def summarized(recorded: Sequence[Recorded]) -> Summary:
    """Return what several looks changed."""
    return Summary(
        looks=len(recorded),
        outdated=sum(one.outcome != "recorded" for one in recorded),
        opened=sum(len(one.opened) for one in recorded),
        reopened=sum(len(one.reopened) for one in recorded),
        resolved=sum(len(one.resolved) for one in recorded),
        undetermined=sum(len(one.undetermined) for one in recorded),
    )
