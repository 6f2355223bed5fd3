"""Joins what the command line needs to judge: a local OPA, the configuration, and what is to be judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from vpcguard.audit.judging import judge
from vpcguard.cli.judged import report_of
from vpcguard.cli.live import Target, live_snapshots
from vpcguard.cli.progress import shown
from vpcguard.cli.report import Report, Unread, merged
from vpcguard.errors import SnapshotError
from vpcguard.model.decision import Decision
from vpcguard.model.snapshot import Snapshot
from vpcguard.policy import Configuration, Policy, load_configuration, starting_opa
from vpcguard.settings import load_settings
from vpcguard.snapshot import load_snapshot

T = TypeVar("T")
TRIGGER = "cli"
TIMEOUT_SECONDS = 60.0  # of one question; nobody waits for an answer but the person at the terminal
FUNCTIONS_AT_ONCE = 150  # fewer than where OPA has a machine to itself: its memory grows with a question


def judged_file(path: Path, config: Path | None, *, only: Sequence[str]) -> Report:
    """Return the report of a snapshot file; only: functions, none: all of them."""
    configuration = load_configuration(config)
    snapshot = stored_snapshot(path)
    with shown("Judging"):
        return _judged(iter([snapshot]), configuration, only)


def stored_snapshot(path: Path) -> Snapshot:
    """Return the snapshot of a file; raises SnapshotError that names the file."""
    try:
        return load_snapshot(path)
    except OSError as error:
        raise SnapshotError(f"{path}: cannot be read: {error.strerror}") from error
    except SnapshotError as error:
        raise SnapshotError(f"{path}: {error}") from error


def judged_live(target: Target, config: Path | None) -> Report:
    """Return the report of a live account, one part for each region."""
    configuration = load_configuration(config)
    with shown("Reading AWS") as progress:
        return _judged(live_snapshots(target, progress), configuration, target.functions)


def _judged(
    snapshots: Iterator[Snapshot | Unread], configuration: Configuration, only: Sequence[str]
) -> Report:
    reports = []
    with starting_opa(opa=load_settings().opa_path) as ready:
        reading = _read_ahead(snapshots)
        with Policy(ready(), timeout_seconds=TIMEOUT_SECONDS) as policy:
            for snapshot in reading:
                if isinstance(snapshot, Unread):
                    reports.append(Report(looked=(), findings=(), unread=(snapshot,)))
                    continue
                judgement = judge(
                    snapshot, policy=_Sparing(policy), configuration=configuration, trigger=TRIGGER
                )
                reports.append(report_of(judgement, only=only))
    return merged(reports)


@dataclass(frozen=True, slots=True)
class _Sparing:
    """A policy asked in smaller questions; how functions are cut changes no verdict."""

    policy: Policy

    def decide(self, facts: Mapping[str, Any], configuration: Configuration, /) -> Decision:
        return self.policy.decide(facts, configuration, at_most=FUNCTIONS_AT_ONCE)


def _read_ahead(items: Iterator[T]) -> Iterator[T]:
    """Begin to read at once, on a thread, and go on while what was read is judged."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="snapshots")
    begun = pool.submit(next, items, None)

    def rest() -> Iterator[T]:
        reading = begun
        try:
            while (item := reading.result()) is not None:
                reading = pool.submit(next, items, None)
                yield item
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # an interrupt waits for nobody

    return rest()
