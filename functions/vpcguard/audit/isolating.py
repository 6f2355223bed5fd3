"""A function that breaks a contract must not keep its neighbours from being judged, at every retry anew."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from vpcguard.audit.judging import Judge, Judgement, judge
from vpcguard.errors import (
    FactsError,
    InvalidDecisionError,
    PolicyEvaluationError,
    SnapshotError,
)
from vpcguard.findings.looks import Origin
from vpcguard.model import Answers, Look, Snapshot
from vpcguard.policy.configuration import Configuration

# What a single function can cause. An OPA that is dead, slow or without policies is nobody's in particular.
OF_A_FUNCTION = (SnapshotError, FactsError, InvalidDecisionError, PolicyEvaluationError)
MOST_PARTS = 64  # questions asked to find the guilty: three of five hundred take that many

_LISTING, _BY_NAME = "lambda:ListFunctions", "lambda:GetFunctionConfiguration"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedApart:
    """What a snapshot says, part by part. refused: functions without a verdict, and why."""

    parts: tuple[Judgement, ...]
    refused: Mapping[str, Exception] = field(default_factory=dict)

    @property
    def looks(self) -> tuple[Look, ...]:
        """One for every function that was judged, by name."""
        return tuple(
            sorted((look for part in self.parts for look in part.looks), key=lambda look: look.function_name)
        )

    @property
    def unsettled(self) -> frozenset[str]:
        """Functions that AWS is still changing, or whose network it is."""
        return frozenset(name for part in self.parts for name in part.unsettled)


def judge_apart(
    snapshot: Snapshot,
    *,
    policy: Judge,
    configuration: Configuration,
    trigger: str,
    origins: Mapping[str, Origin] | None = None,
) -> JudgedApart:
    """Judge a snapshot as `judge` does; where that breaks a contract, find the functions that do, by halves.

    A verdict is the same whichever others are asked about with it. Raises OpaUnavailableError and
    UndefinedDecisionError at once, and what broke if no function at all can be judged.
    """
    digest = snapshot.digest()

    def judged(part: Snapshot) -> Judgement:
        return judge(
            part,
            policy=policy,
            configuration=configuration,
            trigger=trigger,
            origins=origins,
            digest=digest,
        )

    try:
        return JudgedApart(parts=(judged(snapshot),))
    except OF_A_FUNCTION as error:
        names = _names(snapshot)
        if len(names) < 2:  # noqa: PLR2004  nobody to spare
            raise
        parts: list[Judgement] = []
        refused: dict[str, Exception] = {}
        waiting, asked = deque(_halves(names)), 0
        while waiting:
            some = waiting.popleft()
            asked += 1
            if asked > MOST_PARTS:
                refused.update(dict.fromkeys(some, error))
                continue
            try:
                parts.append(judged(_part(snapshot, frozenset(some))))
            except OF_A_FUNCTION as fault:
                if len(some) == 1:
                    refused[some[0]] = _about(some[0], fault)
                else:
                    waiting.extend(_halves(some))
        if not parts:
            raise
        return JudgedApart(parts=tuple(parts), refused=refused)


def _names(snapshot: Snapshot) -> list[str]:
    answers = snapshot.own.answers
    listed = answers.get(_LISTING, {}).get("Functions", ())
    named = {each["FunctionName"] for each in listed if isinstance(each.get("FunctionName"), str)}
    return sorted(named | set(answers.get(_BY_NAME, ())))


def _halves(names: Sequence[str]) -> list[Sequence[str]]:
    middle = len(names) // 2
    return [names[:middle], names[middle:]]


def _part(snapshot: Snapshot, names: frozenset[str]) -> Snapshot:
    """Return the snapshot with these functions alone, and everything around them."""
    answers = dict(snapshot.own.answers)
    if _LISTING in answers:
        listed = answers[_LISTING]["Functions"]
        answers[_LISTING] = {"Functions": [each for each in listed if each.get("FunctionName") in names]}
    if _BY_NAME in answers:
        answers[_BY_NAME] = {name: one for name, one in answers[_BY_NAME].items() if name in names}
    return replace(snapshot, own=Answers(answers, snapshot.own.failures))


def _about(name: str, fault: Exception) -> Exception:
    named = type(fault)(f"{name}: {fault}")
    named.__cause__ = fault
    return named
