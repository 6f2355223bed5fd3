"""Single functions, read by name: judged and recorded if they exist, resolved if they do not."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from vpcguard.audit.dependencies import Dependencies
from vpcguard.audit.isolating import JudgedApart, judge_apart
from vpcguard.audit.recording import Summary, record, summarized
from vpcguard.errors import FactsError, ReadError
from vpcguard.findings.looks import Origin
from vpcguard.model import Failure, Scope, Snapshot
from vpcguard.snapshot import CaptureOptions, Hints

CONFIGURATION_READ = "lambda:GetFunctionConfiguration"
READS_AT_ONCE = 24  # the first round of reads around one function, so that none waits for another
_NO_HINTS = Hints()


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionsAudited:
    """What became of functions that were read by name.

    deleted: they do not exist. failed: not read, or not to be judged, and why; nothing was recorded.
    """

    judgement: JudgedApart
    deleted: frozenset[str]
    failed: Mapping[str, Exception]
    summary: Summary


def audit_functions(
    scope: Scope,
    triggers: Mapping[str, str],
    *,
    deps: Dependencies,
    origins: Mapping[str, Origin] | None = None,
    hints: Hints = _NO_HINTS,
) -> FunctionsAudited:
    """Read, judge and record the functions of a scope in one snapshot.

    triggers: function name -> what asks for the look at it. Raises ReadError, FactsError, DecisionError,
    FindingStoreError and what AWS refuses: all of them are to be tried again, which does no harm
    where something was recorded already.
    """
    aws = deps.reader_of(scope.account_id, scope.region)
    functions = {(scope.account_id, scope.region, name) for name in scope.function_names}
    with ThreadPoolExecutor(2, thread_name_prefix="beside") as beside:  # both answer while AWS is read
        seen = beside.submit(deps.store.states, functions)
        configuration = beside.submit(deps.configuration)
        options = CaptureOptions(hints=hints, threads=READS_AT_ONCE)
        snapshot = deps.capture(scope, aws, options=options).snapshot
        judgement = judge_apart(
            snapshot,
            policy=deps.policy,
            configuration=configuration.result(),
            trigger="event",
            origins=origins,
        )
    failed, deleted = _not_judged(scope, snapshot, judgement)
    looks = [replace(look, trigger=triggers[look.function_name]) for look in judgement.looks]
    summary = record(looks, deps.store, seen=seen.result())
    for name in sorted(deleted):
        summary += _resolve(name, snapshot, deps, trigger=triggers[name])
    return FunctionsAudited(judgement=judgement, deleted=deleted, failed=failed, summary=summary)


def _not_judged(
    scope: Scope, snapshot: Snapshot, judgement: JudgedApart
) -> tuple[dict[str, Exception], frozenset[str]]:
    names = frozenset(scope.function_names) - {look.function_name for look in judgement.looks}
    refusals = {name: judgement.refused.get(name) or _refusal(snapshot, name) for name in names}
    failed = {name: error for name, error in refusals.items() if error is not None}
    return failed, names - failed.keys()


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


def _resolve(name: str, snapshot: Snapshot, deps: Dependencies, *, trigger: str) -> Summary:
    recorded = deps.store.resolve_deleted(
        account_id=snapshot.account_id,
        region=snapshot.region,
        function_name=name,
        judged_at=snapshot.captured_at,
        trigger=trigger,
    )
    return summarized([recorded])
