"""Single functions, read by name: judged and recorded if they exist, resolved if they do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from vpcguard.audit.dependencies import Dependencies
from vpcguard.audit.judging import Judgement, judge
from vpcguard.audit.recording import Summary, record, summarized
from vpcguard.errors import FactsError, ReadError
from vpcguard.findings.looks import Origin
from vpcguard.model.scope import Scope
from vpcguard.model.snapshot import Failure, Snapshot
from vpcguard.snapshot import CaptureOptions, Hints

CONFIGURATION_READ = "lambda:GetFunctionConfiguration"


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionsAudited:
    """What became of functions that were read by name.

    deleted: they do not exist. unread: whether they do is not known, and why; nothing was recorded.
    """

    judgement: Judgement
    deleted: frozenset[str]
    unread: Mapping[str, Exception]
    summary: Summary


def audit_functions(
    account_id: str,
    region: str,
    triggers: Mapping[str, str],
    *,
    deps: Dependencies,
    origins: Mapping[str, Origin] | None = None,
    hints: Hints = Hints(),  # noqa: B008 - frozen and empty
) -> FunctionsAudited:
    """Read, judge and record functions of one account and region in one snapshot.

    triggers: function name -> what asks for the look at it. Raises ReadError, FactsError, DecisionError,
    FindingStoreError and what AWS refuses: all of them are to be tried again, which does no harm
    where something was recorded already.
    """
    aws = deps.reader(account_id, region)
    if aws is None:
        raise ReadError(f"account {account_id} cannot be read: there is no role to read it with")
    scope = Scope(
        kind="function", account_id=account_id, region=region, function_names=tuple(sorted(triggers))
    )
    snapshot = deps.capture(scope, aws, options=CaptureOptions(hints=hints)).snapshot
    judgement = judge(
        snapshot, policy=deps.policy, configuration=deps.configuration(), trigger="event", origins=origins
    )
    not_judged = triggers.keys() - set(judgement.functions)
    unread = {name: error for name in not_judged if (error := _refusal(snapshot, name))}
    deleted = frozenset(not_judged - unread.keys())
    summary = record(
        [replace(look, trigger=triggers[look.function_name]) for look in judgement.looks], deps.store
    )
    gone = [
        deps.store.resolve_deleted(
            account_id=account_id,
            region=region,
            function_name=name,
            judged_at=snapshot.captured_at,
            trigger=triggers[name],
        )
        for name in sorted(deleted)
    ]
    return FunctionsAudited(
        judgement=judgement, deleted=deleted, unread=unread, summary=summary + summarized(gone)
    )


def _refusal(snapshot: Snapshot, name: str) -> Exception | None:
    """Return why there is no look at a function; None: it does not exist.

    "Not found" leaves an answer without an entry. Anything less certain is no evidence of a deletion.
    """
    answer = snapshot.own.answers.get(CONFIGURATION_READ)
    failure = snapshot.own.failures.get(CONFIGURATION_READ)
    if not isinstance(failure, Failure | None):
        failure = failure.get(name)
    if failure is not None:
        return ReadError(f"{CONFIGURATION_READ} was refused: {failure.code}")
    if answer is None:
        return ReadError(f"{CONFIGURATION_READ} was not read")
    return FactsError(f"{name} was read and not judged") if name in answer else None
