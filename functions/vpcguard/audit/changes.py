"""The event path: messages of the queue judged together, each change with a result of its own.

From a batch of messages to groups of changes that share a network, and for each group from one snapshot to
recorded looks (`audit_functions`, which the sweep uses too for functions that it reads by name).
"""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from operator import attrgetter
from threading import Lock

from vpcguard.audit.dependencies import DeadLetters, Dependencies
from vpcguard.audit.judging import judge_or_bisect
from vpcguard.audit.queues import reason_of
from vpcguard.aws.answers import LeftOut
from vpcguard.changes import Message, parse_change, unversioned
from vpcguard.errors import (
    ConfigurationError,
    EventError,
    FactsError,
    FindingStoreError,
    OutOfTimeError,
    QueueError,
    ReadError,
    ThrottledError,
    VpcGuardError,
)
from vpcguard.findings.store import counts_of
from vpcguard.model import Change, Failure, Ignored, Scope, Snapshot
from vpcguard.snapshot import AccountRoles, CaptureOptions, Hints

GROUPS_AT_ONCE = 4  # each reads AWS on threads of its own
FUNCTIONS_AT_ONCE = 500  # of one snapshot: as many as OPA is asked about at once
CALLS_OF_A_FUNCTION = 5  # of Lambda's rate: configuration, tags, aliases, event sources, one for versions
MOST_TIMES_AS_MANY = 4  # such calls at a later try: aliases of functions with hundreds of versions take many
READS_AT_ONCE = 24  # the first round of reads for one function, so that none waits for another

# No batch is ended by being killed, whatever hangs (a test adds it up). Seconds: what a group needs at least,
# to be begun; OPA's timeout; and what is kept back for OPA, S3, DynamoDB and SQS, while nobody waits for AWS.
READING_SECONDS = 30
JUDGING_SECONDS = 10
FINISHING_SECONDS = 95
LAST_CALLS_SECONDS = 20  # of those: a call to SQS under way, and the receipts that are brought back
CALL_SECONDS = 10  # one call to SQS at most: none is begun later than this before the end

# when to look again at what AWS is still changing, or at what contradicts the event
FIRST_DELAY_SECONDS = 30
LONGEST_DELAY_SECONDS = 900  # of one SQS message
MAX_ATTEMPTS = 8  # a little over an hour in all; what takes longer is left to the sweep

SWEEP = "sweep"  # the trigger of looks that no change led to

_FUNCTION = attrgetter("account_id", "region", "function_name")  # of a change
_AGE = attrgetter("event_time", "attempt", "event_id")  # orders the changes of one function

CONFIGURATION_READ = "lambda:GetFunctionConfiguration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """What became of one change, or of the message that brought it.

    change: None where the message could not be read. is_deleted: the function does not exist.
    again_in_seconds: when the change comes back, since AWS is not done. is_given_up: it is not done and came
    back often enough; the sweep remains. error: there is no verdict, the message comes back. reason: why the
    message went to the dead-letter queue instead. is_put_back: it was not begun for want of time, and is in
    the queue as a new message, since that was no try. left_out: resources near it that cannot be used.
    failed_rules: as of Decision.
    """

    change: Change | Ignored | None
    message_id: str = ""
    is_deleted: bool = False
    again_in_seconds: int | None = None
    is_given_up: bool = False
    error: Exception | None = None
    reason: str | None = None
    is_put_back: bool = False
    left_out: Sequence[LeftOut] = ()
    failed_rules: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionsAudited:
    """What became of functions that were read by name; the others were judged and recorded.

    changing: judged, and AWS is not done with them. deleted: they do not exist. failed: not read, or not to
    be judged, and why; nothing was recorded. counts: as of counts_of. left_out: as of Judgement.
    failed_rules: as of Decision.
    """

    changing: frozenset[str]
    deleted: frozenset[str]
    failed: Mapping[str, Exception]
    counts: Counter[str]
    left_out: Sequence[LeftOut] = ()
    failed_rules: Mapping[str, str] = field(default_factory=dict)


def audit_changes(
    changes: Sequence[Change],
    *,
    deps: Dependencies,
    tries: Sequence[int] = (),
    until: float = math.inf,
) -> tuple[list[Handled], Counter[str]]:
    """Read, judge and record the functions that changes name, each function once, the newest change of it.

    Return what became of each change, in their order, and the counts of all. Functions of one VPC share a
    snapshot. What fails, fails the changes of its group alone, or of the functions that are the cause: this
    never raises for them, the error is in what became of them.

    tries: how often each was handed out, this time included. Of those that would not come back, what AWS
    fails to tell otherwise than by throttling is unknown to the verdict. until: a moment of time.monotonic()
    after which AWS is not waited for; what cannot be read by then at our share of Lambda's rate is not begun
    (OutOfTimeError), and after a try that failed more calls are expected, so that fewer are begun. Where it
    is too near from the start, the function's Timeout is too short (ConfigurationError).
    """
    calls = CALLS_OF_A_FUNCTION * min(MOST_TIMES_AS_MANY, max(tries, default=1))
    seconds = calls / deps.lambda_calls_per_second
    last = {_FUNCTION(change) for change, n in zip(changes, tries, strict=False) if n >= deps.max_receives}
    groups = _groups(changes, last)
    not_begun: VpcGuardError = OutOfTimeError("not begun: too little time was left")
    if time.monotonic() > until - READING_SECONDS:  # no invocation would ever begin one
        least = READING_SECONDS + FINISHING_SECONDS
        not_begun = ConfigurationError(f"not begun: the function's Timeout must be at least {least} seconds")
    # account and region -> when all that has begun there is read, each at the same rate
    read_at: dict[tuple[str, str], float] = {}
    turn = Lock()

    def audit(group: Group) -> tuple[list[Handled], Counter[str]]:
        place = (group.changes[0].account_id, group.changes[0].region)
        with turn:
            now = time.monotonic()
            begin = max(now, read_at.get(place, now))
            # rounded: the moments since the batch was received must not cost it its last function
            fit = round(min(len(group.changes), (until - begin) / seconds))
            fit = 0 if now > until - READING_SECONDS else max(fit, int(begin == now))
            read_at[place] = begin + fit * seconds
        late = [Handled(change=change, error=not_begun) for change in group.changes[fit:]]
        if not fit:
            return late, Counter()
        begun = replace(group, changes=group.changes[:fit])
        try:
            handled, counts = _audit_group(begun, deps, until)
        except Exception as error:  # noqa: BLE001 - no fault of one group may take the others along; it is retried
            handled, counts = [Handled(change=change, error=error) for change in begun.changes], Counter()
        return handled + late, counts

    if len(groups) == 1:  # an event by itself: no thread is worth it
        audited = [audit(groups[0])]
    else:
        with ThreadPoolExecutor(GROUPS_AT_ONCE, thread_name_prefix="group") as pool:
            audited = list(pool.map(audit, groups))
    handled: dict[tuple[str, str, str], Handled] = {}
    counts: Counter[str] = Counter()
    for group, (results, counted) in zip(groups, audited, strict=True):
        handled.update(zip(map(_FUNCTION, group.changes), results, strict=True))
        counts.update(counted)
    return [replace(handled[_FUNCTION(change)], change=change) for change in changes], counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Changes that are read together. is_last_try: they would not come back."""

    changes: Sequence[Change]
    is_last_try: bool


def _groups(changes: Sequence[Change], last_tries: Collection[tuple[str, str, str]]) -> list[Group]:
    """Return the newest change of each function, by account, region and, as far as the events tell, VPC.

    last_tries: functions whose messages would not come back; they are read apart.
    """
    newest: dict[tuple[str, str, str], Change] = {}
    for change in changes:
        known = newest.get(_FUNCTION(change))
        if known is None or _AGE(known) < _AGE(change):
            newest[_FUNCTION(change)] = change
    by_network: dict[tuple[str, str, str, bool], list[Change]] = {}
    for key, change in newest.items():
        network = (change.account_id, change.region, change.vpc_id or "", key in last_tries)
        by_network.setdefault(network, []).append(change)
    return [
        Group(changes=of_network[at : at + FUNCTIONS_AT_ONCE], is_last_try=is_last_try)
        for (_, _, _, is_last_try), of_network in by_network.items()
        for at in range(0, len(of_network), FUNCTIONS_AT_ONCE)
    ]


def _audit_group(group: Group, deps: Dependencies, until: float) -> tuple[list[Handled], Counter[str]]:
    changes = {change.function_name: change for change in group.changes}
    scope = Scope(
        kind="function",
        account_id=group.changes[0].account_id,
        region=group.changes[0].region,
        function_names=tuple(sorted(changes)),
    )
    raises = ThrottledError if group.is_last_try else ReadError
    audited = audit_functions(scope, deps=deps, changes=changes, raises=raises, until=until)
    handled = [_handled(change, audited, may_come_back=deps.queue is not None) for change in group.changes]
    delayed = [
        (replace(change, attempt=change.attempt + 1), one.again_in_seconds)
        for change, one in zip(group.changes, handled, strict=True)
        if one.again_in_seconds is not None
    ]
    if delayed and deps.queue is not None:
        deps.queue.send(delayed, until=until + FINISHING_SECONDS - LAST_CALLS_SECONDS - CALL_SECONDS)
    if audited.left_out or audited.failed_rules:
        handled = [
            replace(one, left_out=audited.left_out, failed_rules=audited.failed_rules) for one in handled
        ]
    return handled, audited.counts


def _handled(change: Change, audited: FunctionsAudited, *, may_come_back: bool) -> Handled:
    name = change.function_name
    if name in audited.failed:
        return Handled(change=change, error=audited.failed[name])
    is_deleted = name in audited.deleted
    # Missing, or there though deleted: AWS may answer from before the call, or somebody was faster.
    is_deletion = unversioned(change.event_name) == "DeleteFunction"
    contradicts_the_event = change.attempt == 0 and is_deleted is not is_deletion
    if not may_come_back or not (name in audited.changing or contradicts_the_event):
        return Handled(change=change, is_deleted=is_deleted)
    if change.attempt >= MAX_ATTEMPTS:
        return Handled(change=change, is_deleted=is_deleted, is_given_up=True)
    seconds = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2**change.attempt)
    return Handled(change=change, is_deleted=is_deleted, again_in_seconds=seconds)


def audit_functions(
    scope: Scope,
    *,
    deps: Dependencies,
    changes: Mapping[str, Change] | None = None,
    trigger: str = SWEEP,
    raises: type[ReadError] = ThrottledError,
    account_roles: AccountRoles | None = None,
    until: float = math.inf,
) -> FunctionsAudited:
    """Read, judge and record the functions of a scope in one snapshot; resolve those that do not exist.

    changes: function name -> the change that leads to the look at it; trigger: what asked for it where there
    is none. raises, account_roles, until: as of CaptureOptions.
    Raises ReadError, ConfigurationError, FactsError, DecisionError, ArchiveError, FindingStoreError and what
    AWS refuses: all of them are to be tried again, which does no harm where something was recorded already.
    """
    changes = changes or {}
    aws = deps.reader_of(scope.account_id, scope.region)
    with ThreadPoolExecutor(1, thread_name_prefix="meanwhile") as pool:  # it answers while AWS is read
        seen = pool.submit(
            deps.store.states, {(scope.account_id, scope.region, name) for name in scope.function_names}
        )
        configuration = deps.configuration()
        account = pool.submit(deps.directory, scope.account_id, needs_unit=configuration.names_units)
        options = CaptureOptions(
            hints=Hints(
                vpc_ids=frozenset(change.vpc_id for change in changes.values() if change.vpc_id),
                role_names=frozenset(change.role_name for change in changes.values() if change.role_name),
            ),
            reads=configuration.reads,
            threads=READS_AT_ONCE,
            raises=raises,
            account_roles=account_roles,
            until=until,
        )
        snapshot = deps.capture(scope, aws, options=options).snapshot
        snapshot = replace(snapshot, account=account.result())
        judged = judge_or_bisect(
            snapshot,
            policy=deps.policy,
            configuration=configuration,
            trigger=trigger,
            origins=changes,
            until=until,
        )
    recorded = deps.store.record_all(
        judged.looks,
        seen=seen.result(),
        until=until + JUDGING_SECONDS,
        before_change=deps.archive.keeping(snapshot, configuration.document) if deps.archive else None,
    )
    failed: dict[str, Exception] = {}
    deleted = []
    for name in sorted(set(scope.function_names) - {look.function_name for look in judged.looks}):
        error = judged.refused.get(name) or _refusal(snapshot, name)
        if error is not None:
            failed[name] = error
            continue
        if time.monotonic() > until + JUDGING_SECONDS:
            failed[name] = FindingStoreError(f"{name}: its end was not recorded in the time there was")
            continue
        deleted.append(name)
        recorded.append(
            deps.store.resolve_deleted(
                account_id=snapshot.account_id,
                region=snapshot.region,
                function_name=name,
                judged_at=snapshot.captured_at,
                trigger=changes[name].trigger if name in changes else trigger,
            )
        )
    return FunctionsAudited(
        changing=judged.changing,
        deleted=frozenset(deleted),
        failed=failed,
        counts=counts_of(recorded),
        left_out=judged.left_out,
        failed_rules=judged.failed_rules,
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


# after the first failure, the second ...: what passes may take half an hour
RETRY_SECONDS = (60, 180, 540, 900)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesAudited:
    """Every message in the order given, and what all of them changed in the table.

    late: why messages that stay in the queue come back later than they should.
    """

    messages: tuple[Handled, ...]
    counts: Counter[str]
    late: QueueError | None = None


def audit_messages(
    messages: Sequence[Message], *, deps: Dependencies, until: float = math.inf
) -> MessagesAudited:
    """Judge what messages report; never raises for what one message, or what it is about, does.

    What cannot be read goes to the dead-letter queue at once, what failed deps.max_receives times then: with
    the reason, which SQS would not note. Without that queue, or if it refuses, SQS moves them in the end.
    What stays in the queue is brought back each time after a longer while. What was not begun for want of
    time is put back as a new message: that was no try. until: as of audit_changes.
    """
    parsed = [_parse(message.body) for message in messages]
    changes = [one for one in parsed if isinstance(one, Change)]
    tries = [
        message.receives for message, one in zip(messages, parsed, strict=True) if isinstance(one, Change)
    ]
    results, counts = audit_changes(changes, deps=deps, tries=tries, until=until)
    following = iter(results)
    became = [next(following) if isinstance(one, Change) else one for one in parsed]
    not_begun = [at for at, one in enumerate(became) if isinstance(one.error, OutOfTimeError)]
    taken = 0
    if not_begun and deps.queue is not None:
        with suppress(QueueError):  # they come back as failed, which counts
            taken = deps.queue.put_back(
                [messages[at].body for at in not_begun], until=until + FINISHING_SECONDS - LAST_CALLS_SECONDS
            )
    for at in not_begun[:taken]:
        became[at] = replace(became[at], error=None, is_put_back=True)
    handled: list[Handled] = []
    back: list[tuple[str, int]] = []
    dead_letters = deps.dead_letters
    for message, one in zip(messages, became, strict=True):
        if time.monotonic() > until + FINISHING_SECONDS - LAST_CALLS_SECONDS:
            dead_letters = None  # one that is slow a hundred times; SQS moves the rest
        if one.error is not None and (one.change is None or message.receives >= deps.max_receives):
            one = _give_up(one, one.error, message, dead_letters)  # noqa: PLW2901
            if isinstance(one.error, QueueError):
                dead_letters = None  # a queue that hangs is not waited for a hundred times
        if one.error is not None and message.receipt is not None:
            times = min(message.receives, len(RETRY_SECONDS))
            back.append((message.receipt, RETRY_SECONDS[times - 1]))
        handled.append(replace(one, message_id=message.message_id))
    late = None
    if back and deps.queue is not None:
        try:
            deps.queue.bring_back(back, until=until + FINISHING_SECONDS - CALL_SECONDS)
        except QueueError as error:  # they come back all the same
            late = error
    return MessagesAudited(messages=tuple(handled), counts=counts, late=late)


def audit_event(event: object, *, deps: Dependencies, until: float = math.inf) -> MessagesAudited:
    """Judge what one event reports, delivered without a queue; raises EventError and what failed.

    Lambda tries it twice more and then keeps it at the function's failure destination, with the error.
    """
    change = parse_change(event)
    if isinstance(change, Ignored):
        return MessagesAudited(messages=(Handled(change=change),), counts=Counter())
    (one,), counts = audit_changes([change], deps=deps, until=until)
    if one.error is not None:
        raise one.error
    return MessagesAudited(messages=(one,), counts=counts)


def _parse(body: str) -> Change | Handled:
    """Return the change that a message brings, or what became of a message that brings none."""
    try:
        found = parse_change(json.loads(body))
    except (ValueError, RecursionError) as error:
        unreadable = EventError("the message holds no JSON")
        unreadable.__cause__ = error
        return Handled(change=None, error=unreadable)
    except EventError as error:
        return Handled(change=None, error=error)
    return found if isinstance(found, Change) else Handled(change=found)


def _give_up(one: Handled, error: Exception, message: Message, dead_letters: DeadLetters | None) -> Handled:
    reason = reason_of(error)
    if dead_letters is None:
        return one
    try:
        dead_letters.send(message.body, reason=reason, message_id=message.message_id)
    except QueueError as refused:
        refused.__context__ = error
        return replace(one, error=refused)
    return replace(one, error=None, reason=reason)
