"""From a function's name to everything that leads to its verdicts: read, ask the policies, show."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from vpcguard.audit.judging import failed_reads
from vpcguard.cli.judged import operations_of, unread_of
from vpcguard.cli.judging import TIMEOUT_SECONDS, stored_snapshot
from vpcguard.cli.live import Target, function_names, live_snapshots
from vpcguard.cli.progress import shown
from vpcguard.cli.report import Unread
from vpcguard.errors import ConfigurationError, ReadError
from vpcguard.facts import build_facts
from vpcguard.model import Explanation, Snapshot
from vpcguard.policy.configuration import Configuration, load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.policy.server import running_opa
from vpcguard.settings import load_settings

_LISTS = ("lambda:GetFunctionConfiguration", "lambda:ListFunctions")
_MOST_NAMES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """The explanation of one function and where it comes from. unread: as of a Report."""

    account_id: str
    region: str
    captured_at: str
    snapshot_digest: str
    explanation: Explanation
    unread: tuple[Unread, ...]

    @property
    def function(self) -> Mapping[str, Any]:
        """One of the functions of policies/schemas/explanation.json."""
        return self.explanation.document

    def as_document(self) -> dict[str, Any]:
        """Return all of it as one JSON object."""
        return {
            "account_id": self.account_id,
            "region": self.region,
            "captured_at": self.captured_at,
            "snapshot_digest": self.snapshot_digest,
            "policy_revision": self.explanation.policy_revision,
            "config_digest": self.explanation.config_digest,
            **self.function,
            "unread": [asdict(one) for one in self.unread],
        }


def explained_file(path: Path, config: Path | None, function: str) -> Explained:
    """Return what a snapshot file says about one function."""
    configuration = load_configuration(config)
    snapshot = stored_snapshot(path)
    with shown("Judging"):
        return _explained(snapshot, configuration, function, others=list)


def explained_live(target: Target, config: Path | None, function: str) -> Explained:
    """Return what AWS says now about one function, its State and aliases included."""
    configuration = load_configuration(config)
    with shown("Reading AWS") as progress:
        alone = replace(target, functions=(function,), states=True)
        snapshot = next(live_snapshots(alone, progress))
        if isinstance(snapshot, Unread):
            raise ReadError(f"{snapshot.region} could not be read: {snapshot.message}")
        return _explained(snapshot, configuration, function, others=lambda: function_names(target))


def _explained(
    snapshot: Snapshot, configuration: Configuration, function: str, *, others: Callable[[], Iterable[str]]
) -> Explained:
    facts = build_facts(snapshot)
    refused = tuple(unread_of(failed_reads(snapshot), snapshot.region))
    names = [one["name"] for one in facts["functions"]]
    if function not in names:
        raise _stranger(function, snapshot, refused, others=lambda: [*names, *others()])
    opa = load_settings().opa_path
    with running_opa(opa=opa) as url, Policy(url, timeout_seconds=TIMEOUT_SECONDS) as policy:
        explanation = policy.explain(facts, configuration, function)
    return Explained(
        account_id=snapshot.account_id,
        region=snapshot.region,
        captured_at=snapshot.captured_at,
        snapshot_digest=snapshot.digest(),
        explanation=explanation,
        unread=(*refused, *_waited_for(explanation, snapshot, {one.operation for one in refused})),
    )


def _stranger(
    function: str, snapshot: Snapshot, refused: Iterable[Unread], *, others: Callable[[], Iterable[str]]
) -> ConfigurationError | ReadError:
    """Return the error for a function that was not read: because it could not be, or is not there."""
    for unread in refused:
        if unread.operation in _LISTS and unread.subject in (None, function):
            return ReadError(f"{function} could not be read: {unread.operation}: {unread.code}")
    message = f"no function {function!r} in {snapshot.account_id} {snapshot.region}"
    near = _near(function, others())
    return ConfigurationError(f"{message}; did you mean {', '.join(near)}?" if near else message)


def _near(name: str, names: Iterable[str]) -> list[str]:
    by_folded = {one.casefold(): one for one in sorted(names)}
    return [by_folded[one] for one in difflib.get_close_matches(name.casefold(), by_folded, _MOST_NAMES)]


def _waited_for(explanation: Explanation, snapshot: Snapshot, refused: set[str]) -> Iterator[Unread]:
    """Yield what was neither answered nor refused, although a verdict waits for it."""
    missing: set[str] = set()
    for rule in explanation.document["rules"]:
        if rule.get("is_failed_read"):
            missing.update(operations_of(rule["waits_for"]))
    for operation in sorted(missing - refused):
        yield Unread(account_id=snapshot.account_id, region=snapshot.region, operation=operation)
