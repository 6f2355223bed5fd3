"""Questions to the rules of an organization's own: apart from the shipped ones, and bounded.

All of them are asked at once. Where that fails, each is asked alone: one that errs, takes too long, says too
much or breaks the contract is undetermined for itself, and nothing else is. Whatever made the question of all
fail is asked apart from then on, and one that took too long for a while not at all: the others are as fast as
before.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from vpcguard.errors import DecisionError, InvalidDecisionError, OpaTimeoutError, OpaUnavailableError
from vpcguard.model import RuleDecision
from vpcguard.policy.opa import Opa

SECONDS = 2.0  # that all rules of one's own may take for one question, or each of them alone
MOST_SECONDS = 10.0  # that they may take for one question in all, each alone included
PATIENT_SECONDS = 10.0  # for what our own policies make of failed rules
MOST_BYTES = 4_000_000  # of one answer
MOST_BYTES_OF_A_VIOLATION = 32_000
AGAIN_SECONDS = 300.0  # a rule that took too long is not asked before
RULES = "vpcguard.own.rules"  # entrypoints of policies/vpcguard/own, below data
FAILED = "vpcguard.own.failed"
EXPLAINED = "vpcguard.own.explained"

Json = dict[str, Any]
ReadRules = Callable[..., tuple[RuleDecision, ...]]


class OwnRulesJudge:
    """Asks for the verdicts of rules of one's own; safe to share between threads.

    rule_ids: those that the bundle holds. read_rules: vpcguard.policy.deciding.read_rules.
    """

    def __init__(self, url: str, rule_ids: Collection[str], *, read_rules: ReadRules) -> None:
        self._url = url
        self._rule_ids = frozenset(rule_ids)
        self._read_rules = read_rules
        self._apart: dict[str, float] = {}  # id of one that fails -> moment from which it is asked again
        self._each_until = 0.0  # moment up to which all are asked alone: together they take too long

    def judge(self, document: Mapping[str, Any]) -> tuple[tuple[RuleDecision, ...], Mapping[str, str]]:
        """Return what each rule says of the functions of a question, and by id why a rule failed.

        One that failed is in doubt of all functions. Raises DecisionError where OPA itself is out of reach.
        """
        asked = [function["name"] for function in document["functions"]]
        found, failed = self._asked(document, asked)
        if failed:
            answer = self._ask({**document, "failed_rules": failed}, FAILED)
            if lacking := failed.keys() - answer.keys():
                raise InvalidDecisionError(
                    f"OPA's bundle does not hold the rules {', '.join(sorted(lacking))}"
                )
            for rule_id in failed:
                found[rule_id] = self._read(answer[rule_id], asked)
        return tuple(found.values()), failed

    def explain(self, document: Mapping[str, Any], function: str) -> tuple[list[Json], Mapping[str, str]]:
        """Return what each rule says of one function, as policies/schemas/explanation.json has rules.

        Beside it stands by id why a rule failed. Raises as `judge` does.
        """
        _, failed = self._asked(document, [function])
        explained: list[Json] = self._ask({**document, "failed_rules": failed}, EXPLAINED)[function]
        return explained, failed

    def _asked(
        self, document: Mapping[str, Any], asked: Collection[str]
    ) -> tuple[dict[str, RuleDecision], dict[str, str]]:
        """Return what the rules say, by id, and of the others why they failed."""
        found: dict[str, RuleDecision] = {}
        failed: dict[str, str] = {}
        for rule_id, said in self._answers(document):
            if isinstance(said, str):
                failed[rule_id] = said
                continue
            try:
                found[rule_id] = self._read(said, asked)
            except InvalidDecisionError as error:
                failed[rule_id] = str(error)
        return found, failed

    def _answers(self, document: Mapping[str, Any]) -> Iterator[tuple[str, Json | str]]:
        """Yield each rule with its answer, or with why there is none."""
        began, apart = time.monotonic(), dict(self._apart)
        waiting = {rule_id for rule_id, again in apart.items() if began < again}
        yield from ((rule_id, _too_slow()) for rule_id in waiting)
        together, alone = sorted(self._rule_ids - apart.keys()), sorted(apart.keys() - waiting)
        if together and began >= self._each_until:
            try:
                answer = self._ask({**document, "failed_rules": dict.fromkeys(apart, "")}, RULES)
            except DecisionError as error:
                _raise_if_unreachable(error)
                self._each_until = began + AGAIN_SECONDS
            else:
                yield from ((rule_id, answer.get(rule_id, _NO_ANSWER)) for rule_id in together)
                together = []
        for rule_id in (*together, *alone):
            yield rule_id, self._answer_alone(document, rule_id, until=began + MOST_SECONDS)
        if self._apart.keys() & set(together):
            self._each_until = 0.0  # those were it: the others can be asked at once again

    def _answer_alone(self, document: Mapping[str, Any], rule_id: str, *, until: float) -> Json | str:
        if time.monotonic() + SECONDS > until:
            return "was not asked, since other rules took too long"
        try:
            answer = self._ask(document, RULES, rule_id)
        except DecisionError as error:
            _raise_if_unreachable(error)
            is_slow = isinstance(error, OpaTimeoutError)
            self._apart[rule_id] = time.monotonic() + AGAIN_SECONDS if is_slow else 0.0
            return _too_slow() if is_slow else str(error)
        self._apart.pop(rule_id, None)
        return answer or _NO_ANSWER

    def _ask(self, document: Mapping[str, Any], entrypoint: str, key: str | None = None) -> Json:
        # what a slow rule left running must not keep it from being said that it failed
        seconds = SECONDS if entrypoint == RULES else PATIENT_SECONDS
        opa = Opa(self._url, timeout_seconds=seconds, retries=0, most_bytes=MOST_BYTES)
        try:
            found: Json = opa.ask(document, entrypoint, key).get("result", {})
            return found
        finally:
            opa.close()  # what still runs there ends with the connection

    def _read(self, rule: Json, asked: Collection[str]) -> RuleDecision:
        for one in rule["violations"]:
            if len(json.dumps(one)) > MOST_BYTES_OF_A_VIOLATION:
                most = f"{MOST_BYTES_OF_A_VIOLATION:,} characters"
                raise InvalidDecisionError(f"what it says of {one['function']} has more than {most}")
        [found] = self._read_rules({"rules": [rule], "retired": []}, asked=asked)
        return found


_NO_ANSWER = (
    'its deny is missing, or holds something else than {"function": name, "message": text} '
    "about functions of the input, or its unknown something without function and waits"
)


def _too_slow() -> str:
    return f"takes longer than {SECONDS:g} s"


def _raise_if_unreachable(error: DecisionError) -> None:
    if isinstance(error, OpaUnavailableError) and not isinstance(error, OpaTimeoutError):
        raise error
