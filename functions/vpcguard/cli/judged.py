"""From judgements to the report: pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from vpcguard.cli.report import Looked, Report, Unread
from vpcguard.model import Decision, Snapshot

if TYPE_CHECKING:  # importing it for real brings AWS's and OPA's clients along
    from vpcguard.audit.judging import FailedRead, Judgement

# What AWS says of a resource that does not exist, and what we say of an answer kept in part on purpose:
# neither is a read that failed.
_NO_FAILURE = re.compile(r"^NoSuch|NotFound(Exception)?$|^Partial$")
_LIST, _ONE = "lambda:ListFunctions", "lambda:GetFunctionConfiguration"
_OPERATION = re.compile(r"[a-z0-9-]+:[A-Z]\w+")


def report_of(judgement: Judgement, *, only: Iterable[str] = ()) -> Report:
    """Return the report of one account and region; only: function names, none: all of them.

    unread: what AWS refused, and what was neither answered nor refused although a verdict waits for it.
    """
    decision, snapshot = judgement.decision, judgement.snapshot
    wanted = frozenset(only) or frozenset(judgement.functions)
    functions = [name for name in judgement.functions if name in wanted]
    spoken_of = _spoken_of(decision)
    looked = Looked(
        account_id=snapshot.account_id,
        region=snapshot.region,
        captured_at=snapshot.captured_at,
        snapshot_digest=judgement.digest,
        policy_revision=decision.policy_revision,
        config_digest=decision.config_digest,
        functions=tuple(functions),
        rules=len(decision.rules),
        not_applicable=tuple(name for name in functions if name not in spoken_of),
    )
    findings = [
        finding for look in judgement.looks if look.function_name in wanted for finding in look.findings
    ]
    return Report(looked=(looked,), findings=tuple(findings), unread=tuple(_unread(judgement, wanted)))


def _spoken_of(decision: Decision) -> frozenset[str]:
    found: set[str] = set()
    for rule in decision.rules:
        found.update(rule.applies, rule.silent, (one.function for one in rule.violations))
        found.update(one.function for one in rule.unknowns)
    return frozenset(found)


def unread_of(reads: Iterable[FailedRead], region: str) -> Iterator[Unread]:
    """Yield what AWS refused to a snapshot."""
    for read in reads:
        if not _NO_FAILURE.search(read.failure.code):
            yield Unread(
                account_id=read.account_id,
                region=region,
                operation=read.operation,
                subject=read.subject,
                code=read.failure.code,
                message=read.failure.message,
            )


def _unread(judgement: Judgement, wanted: frozenset[str]) -> Iterator[Unread]:
    snapshot = judgement.snapshot
    refused = list(unread_of(judgement.failed_reads, snapshot.region))
    yield from refused
    awaited = _waited_for(judgement.decision, wanted) | _unlisted(snapshot)
    for operation in sorted(awaited - {one.operation for one in refused}):
        yield Unread(account_id=snapshot.account_id, region=snapshot.region, operation=operation)


def _unlisted(snapshot: Snapshot) -> set[str]:
    """Nobody was judged because nobody was listed: no verdict can say so, and it must not look like peace."""
    reads = snapshot.own
    is_told = _LIST in {*reads.answers, *reads.failures, *snapshot.not_requested}
    return set() if is_told or reads.answers.get(_ONE) else {_LIST}


def _waited_for(decision: Decision, wanted: frozenset[str]) -> set[str]:
    """What undetermined verdicts wait for where a read failed: operations, not opaque targets beside them."""
    found: set[str] = set()
    for rule in decision.rules:
        for unknown in rule.unknowns:
            if unknown.is_failed_read and unknown.function in wanted:
                found.update(operations_of(unknown.waits_for))
    return found


def operations_of(waits_for: Sequence[str]) -> Sequence[str]:
    """Return the AWS operations among what an undetermined verdict waits for; all of it if there is none."""
    return [name for name in waits_for if _OPERATION.fullmatch(name)] or waits_for
