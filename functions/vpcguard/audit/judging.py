"""From a snapshot to looks, without any side effect: what the handlers and the command line share."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import attrgetter
from typing import Any, Protocol

from vpcguard.errors import FactsError, InvalidDecisionError, PolicyEvaluationError, SnapshotError
from vpcguard.facts import LeftOut, read_facts
from vpcguard.findings.looks import looks
from vpcguard.model import Answers, Change, Decision, Failure, Look, Snapshot
from vpcguard.policy.configuration import Configuration

# What a single function can cause. An OPA that is dead, slow or without policies is nobody's in particular.
OF_A_FUNCTION = (SnapshotError, FactsError, InvalidDecisionError, PolicyEvaluationError)
MOST_PARTS = 64  # questions asked to find the functions at fault: three of five hundred take that many

# https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
_STATES_THAT_PASS = frozenset({"pending", "deleting", "deactivating"})
_UPDATES_THAT_PASS = frozenset({"inprogress"})
# a NAT gateway or an endpoint that becomes available raises no event
_NETWORK_KINDS = ("nat_gateways", "vpc_endpoints")
_NETWORK_STATES_THAT_PASS = frozenset({"pending", "deleting"})

_LISTING, _BY_NAME = "lambda:ListFunctions", "lambda:GetFunctionConfiguration"


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

    looks: one for every function, by name. changing: functions that AWS is changing at this moment, or whose
    network it is; they were judged as they stand. left_out: what was answered and cannot be used.
    vpc_ids: the VPC of each function that is in one.
    """

    snapshot: Snapshot
    digest: str
    decision: Decision
    looks: tuple[Look, ...]
    changing: frozenset[str]
    left_out: tuple[LeftOut, ...] = ()
    vpc_ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions that were judged, by name."""
        return tuple(look.function_name for look in self.looks)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedFunctions:
    """What `judge_or_bisect` made of a snapshot. refused: why functions were not judged, by name.

    looks, by name; changing, left_out: as of Judgement. failed_rules: as of Decision.
    """

    looks: Sequence[Look]
    changing: frozenset[str]
    refused: Mapping[str, Exception]
    left_out: tuple[LeftOut, ...]
    failed_rules: Mapping[str, str]


def judge(
    snapshot: Snapshot,
    *,
    policy: Judge,
    configuration: Configuration,
    trigger: str,
    origins: Mapping[str, Change] | None = None,
    digest: str | None = None,
) -> Judgement:
    """Return the judgement of a snapshot; nothing is written anywhere.

    origins: function name -> the change that led here; trigger: what did where there is none, e.g. "sweep".
    digest: of the snapshot that this one is a part of, which is the evidence; None: it is whole.
    Raises FactsError, DecisionError: there is no verdict then, and nothing may be recorded.
    """
    tag_keys = configuration.document.get("tags", ())
    facts, left_out = read_facts(snapshot, tags=tag_keys)
    decision = policy.decide(facts, configuration)
    digest = digest or snapshot.digest()
    answers = snapshot.own.answers
    read = [*answers.get(_LISTING, {}).get("Functions", ()), *answers.get(_BY_NAME, {}).values()]
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
                tag_keys=tag_keys,
                modified={
                    one["FunctionName"]: one["LastModified"]
                    for one in read
                    if isinstance(one.get("FunctionName"), str) and isinstance(one.get("LastModified"), str)
                },
            )
        ),
        changing=_changing(facts),
        left_out=left_out,
        vpc_ids={one["name"]: one["vpc_id"] for one in facts["functions"] if "vpc_id" in one},
    )


def judge_or_bisect(
    snapshot: Snapshot,
    *,
    policy: Judge,
    configuration: Configuration,
    trigger: str,
    origins: Mapping[str, Change] | None = None,
    digest: str | None = None,
    until: float = math.inf,
) -> JudgedFunctions:
    """Judge a snapshot as `judge` does; where that breaks a contract, find the functions that do, by halves.

    A function that breaks a contract must not keep its neighbours from being judged. A verdict is the same
    whichever others are asked about with it. until: a moment of time.monotonic() after which nothing more is
    asked. Raises OpaUnavailableError and UndefinedDecisionError at once, and what broke if no function at all
    can be judged.
    """
    judged = partial(
        judge,
        policy=policy,
        configuration=configuration,
        trigger=trigger,
        origins=origins,
        digest=digest or snapshot.digest(),
    )
    try:
        judgement = judged(snapshot)
    except OF_A_FUNCTION as error:
        names = _functions_of(snapshot)
        if len(names) <= 1:
            raise
        judgements: list[Judgement] = []
        refused: dict[str, Exception] = {}
        waiting, asked = deque(_halves(names)), 0
        while waiting:
            part = waiting.popleft()
            asked += 1
            if asked > MOST_PARTS or time.monotonic() > until:
                refused.update(dict.fromkeys(part, error))
                continue
            try:
                judgements.append(judged(part_of(snapshot, frozenset(part))))
            except OF_A_FUNCTION as fault:
                if len(part) > 1:
                    waiting.extend(_halves(part))
                else:
                    refused[part[0]] = type(fault)(f"{part[0]}: {fault}")
                    refused[part[0]].__cause__ = fault
        if not judgements:
            raise
        found = sorted((look for part in judgements for look in part.looks), key=attrgetter("function_name"))
        return JudgedFunctions(
            looks=found,
            changing=frozenset().union(*(part.changing for part in judgements)),
            refused=refused,
            left_out=judgements[0].left_out,
            failed_rules=judgements[0].decision.failed_rules,
        )
    return JudgedFunctions(
        looks=judgement.looks,
        changing=judgement.changing,
        refused={},
        left_out=judgement.left_out,
        failed_rules=judgement.decision.failed_rules,
    )


def failed_reads(snapshot: Snapshot) -> tuple[FailedRead, ...]:
    """Return every refusal of a snapshot by account, our own first, operation and subject."""
    accounts = [(snapshot.account_id, snapshot.own), *sorted(snapshot.owners.items())]
    return tuple(read for account_id, answers in accounts for read in _refused(account_id, answers))


def _refused(account_id: str, answers: Answers) -> Iterator[FailedRead]:
    for operation, failures in sorted(answers.failures.items()):
        by_subject = {None: failures} if isinstance(failures, Failure) else dict(sorted(failures.items()))
        for subject, failure in by_subject.items():
            yield FailedRead(account_id=account_id, operation=operation, subject=subject, failure=failure)


def _changing(facts: Mapping[str, Any]) -> frozenset[str]:
    """Return the functions that are being changed by AWS at this moment, or whose network is."""
    vpc_ids = {
        resource["vpc_id"]
        for kind in _NETWORK_KINDS
        for resource in facts[kind]
        if resource.get("state", "").lower() in _NETWORK_STATES_THAT_PASS and "vpc_id" in resource
    }
    return frozenset(
        function["name"]
        for function in facts["functions"]
        if function.get("state", "").lower() in _STATES_THAT_PASS
        or function.get("last_update_status", "").lower() in _UPDATES_THAT_PASS
        or function.get("vpc_id") in vpc_ids
    )


def _functions_of(snapshot: Snapshot) -> list[str]:
    answers = snapshot.own.answers
    listed = answers.get(_LISTING, {}).get("Functions", ())
    named = {each["FunctionName"] for each in listed if isinstance(each.get("FunctionName"), str)}
    return sorted(named | set(answers.get(_BY_NAME, ())))


def _halves(names: Sequence[str]) -> list[Sequence[str]]:
    middle = len(names) // 2
    return [names[:middle], names[middle:]]


def part_of(snapshot: Snapshot, names: frozenset[str]) -> Snapshot:
    """Return the snapshot with these functions alone, and the whole network."""
    answers = dict(snapshot.own.answers)
    if _LISTING in answers:
        listed = answers[_LISTING]["Functions"]
        answers[_LISTING] = {"Functions": [each for each in listed if each.get("FunctionName") in names]}
    if _BY_NAME in answers:
        answers[_BY_NAME] = {name: one for name, one in answers[_BY_NAME].items() if name in names}
    return replace(snapshot, own=Answers(answers, snapshot.own.failures))
