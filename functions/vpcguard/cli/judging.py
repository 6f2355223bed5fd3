"""Joins what the command line needs to judge: an OPA, the configuration, and what is to be judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from vpcguard.audit.judging import judge
from vpcguard.cli.judged import report_of
from vpcguard.cli.live import Target, live_snapshots
from vpcguard.cli.progress import shown
from vpcguard.cli.report import Report, Unread, merged
from vpcguard.errors import SnapshotError
from vpcguard.model import Decision, Snapshot
from vpcguard.policy.configuration import Configuration, load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.policy.server import StartingOpa
from vpcguard.snapshot import load_snapshot

T = TypeVar("T")
TRIGGER = "cli"
TIMEOUT_SECONDS = 60.0  # of one question; nobody waits for an answer but the person at the terminal


def judged_file(path: Path, config: Path | None, opa: StartingOpa, *, only: Sequence[str]) -> Report:
    """Return the report of a snapshot file; only: functions, none: all of them."""
    configuration = load_configuration(config)
    snapshot = stored_snapshot(path)
    with shown("Judging"):
        return _judged(iter([snapshot]), configuration, opa, only)


def stored_snapshot(path: Path) -> Snapshot:
    """Return the snapshot of a file; raises SnapshotError that names the file."""
    try:
        return load_snapshot(path)
    except OSError as error:
        raise SnapshotError(f"{path}: cannot be read: {error.strerror}") from error
    except SnapshotError as error:
        raise SnapshotError(f"{path}: {error}") from error


def judged_live(target: Target, config: Path | None, opa: StartingOpa) -> Report:
    """Return the report of a live account, one part for each region."""
    configuration = load_configuration(config)
    with shown("Reading AWS") as progress:

        def note(operation: str) -> None:
            opa.check()  # nobody would judge the rest of what is read
            if progress is not None:
                progress(operation)

        return _judged(live_snapshots(target, note), configuration, opa, target.functions)


def _judged(
    snapshots: Iterator[Snapshot | Unread],
    configuration: Configuration,
    opa: StartingOpa,
    only: Sequence[str],
) -> Report:
    reports = []
    with closing(_LocalPolicy(opa)) as policy:
        for snapshot in _read_ahead(snapshots):
            if isinstance(snapshot, Unread):
                reports.append(Report(looked=(), findings=(), unread=(snapshot,)))
                continue
            judgement = judge(snapshot, policy=policy, configuration=configuration, trigger=TRIGGER)
            reports.append(report_of(judgement, only=only))
    return merged(reports)


class _LocalPolicy:
    """A policy behind an OPA that is waited for when it is first asked."""

    def __init__(self, opa: StartingOpa) -> None:
        self._opa = opa
        self._policy: Policy | None = None

    def decide(self, facts: Mapping[str, Any], configuration: Configuration, /) -> Decision:
        if self._policy is None:
            self._policy = Policy(self._opa.url(), timeout_seconds=TIMEOUT_SECONDS)
        return self._policy.decide(facts, configuration)

    def close(self) -> None:
        if self._policy is not None:
            self._policy.close()


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
