"""From a snapshot to looks, without any side effect: what the handlers and the command line share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from vpcguard.audit.settling import unsettled
from vpcguard.facts import build_facts
from vpcguard.findings.looks import Origin, looks
from vpcguard.model import Answers, Decision, Failure, Look, Snapshot
from vpcguard.policy.configuration import Configuration


class Judge(Protocol):
    """What answers questions about facts: vpcguard.policy.Policy, or a fake of it."""

    def decide(self, facts: Mapping[str, Any], configuration: Configuration, /) -> Decision:
        """Return the verdicts over all functions of the facts; raises DecisionError or FactsError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRead:
    """One read that AWS refused. subject: the resource it was about, None for the whole operation."""

    account_id: str
    operation: str
    subject: str | None
    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one snapshot says. digest: of the snapshot, or of the whole that it is a part of.

    looks: one for every function, by name. unsettled: functions that AWS is still changing, or whose
    network it is; they were judged as they stand. failed_reads: what was refused while reading, by
    account, operation and subject.
    """

    snapshot: Snapshot
    digest: str
    decision: Decision
    looks: tuple[Look, ...]
    unsettled: frozenset[str]
    failed_reads: tuple[FailedRead, ...]

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions that were judged, by name."""
        return tuple(look.function_name for look in self.looks)


def judge(
    snapshot: Snapshot,
    *,
    policy: Judge,
    configuration: Configuration,
    trigger: str,
    origins: Mapping[str, Origin] | None = None,
    digest: str | None = None,
) -> Judgement:
    """Return the judgement of a snapshot; nothing is written anywhere.

    trigger: what caused it, e.g. "sweep". origins: function name -> the change that led here. digest: of
    the snapshot that this one is a part of, which is the evidence; None: it is whole.
    Raises FactsError, DecisionError: there is no verdict then, and nothing may be recorded.
    """
    facts = build_facts(snapshot)
    decision = policy.decide(facts, configuration)
    digest = digest or snapshot.digest()
    return Judgement(
        snapshot=snapshot,
        digest=digest,
        decision=decision,
        looks=tuple(
            looks(
                decision,
                facts,
                snapshot_digest=digest,
                captured_at=snapshot.captured_at,
                origins=origins or {},
                trigger=trigger,
            )
        ),
        unsettled=unsettled(facts),
        failed_reads=failed_reads(snapshot),
    )


def failed_reads(snapshot: Snapshot) -> tuple[FailedRead, ...]:
    """Return every refusal of a snapshot, our own account's first."""
    accounts = [(snapshot.account_id, snapshot.own), *sorted(snapshot.owners.items())]
    return tuple(read for account_id, answers in accounts for read in _refused(account_id, answers))


def _refused(account_id: str, answers: Answers) -> Iterator[FailedRead]:
    for operation, failures in sorted(answers.failures.items()):
        by_subject = {None: failures} if isinstance(failures, Failure) else dict(sorted(failures.items()))
        for subject, failure in by_subject.items():
            yield FailedRead(account_id=account_id, operation=operation, subject=subject, failure=failure)
