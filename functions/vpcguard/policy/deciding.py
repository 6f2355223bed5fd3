"""From facts to a decision: asked in batches, checked on both sides, merged; every doubt is an error.

A verdict must not depend on how the functions are cut into questions, and a question must not grow with what
stands beside its functions: each holds what leads on from them, name by name, and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import repeat
from operator import attrgetter, itemgetter
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self

from vpcguard.errors import FactsError, InvalidDecisionError, UndefinedDecisionError
from vpcguard.model import Decision, Explanation, RuleDecision, Unknown, Violation
from vpcguard.policy.configuration import Configuration
from vpcguard.policy.opa import DECISION, EXPLANATION, Opa
from vpcguard.policy.own import OwnRulesJudge
from vpcguard.policy.schemas import check

Json = dict[str, Any]
# every question costs what its networks cost, so that few large ones are faster; OPA's memory grows with them
MOST_FUNCTIONS = 250

# What leads to the facts of a kind: their ids and their VPCs, or what stands here. One VPC can hold thousands
# of groups and interfaces, of which its functions name a few.
_PLACE = ("id", "vpc_id", "attachments")
_FOUND_BY: Mapping[str, tuple[str, ...]] = {
    "vpcs": ("id",),
    "nat_gateways": ("id", "vpc_id", "appliances", "endpoint_id"),
    "security_groups": ("id",),
    "network_acls": ("vpc_id", "subnet_ids"),
    "network_interfaces": ("id", "instance_id"),
    "instances": ("id",),
    "mount_targets": ("access_point_id",),
    "prefix_lists": ("id",),
    "endpoint_services": ("id",),
    "roles": ("names",),
}
# ... and where they lead on. What the rules of a group say of other groups is compared with ids alone.
_NAMING: Mapping[str, tuple[str, ...]] = {
    "functions": (
        *("name", "role_name", "vpc_id", "subnet_ids", "security_group_ids"),
        *("file_systems", "access_point_id"),
    ),
    "subnets": ("vpc_id",),
    "route_tables": ("routes", "destination", "target_id", "instance_id"),
    "nat_gateways": ("vpc_id", "subnet_id", "route_table_id"),
    "network_interfaces": ("vpc_id", "subnet_id", "security_group_ids", "instance_id"),
    "security_groups": ("ingress", "egress", "prefix_list_ids"),
    "network_acls": (),
    "vpc_endpoints": ("vpc_id", "subnet_ids", "security_group_ids", "service_name"),
}
_NAMING_OTHERWISE = ("vpc_id", "subnet_id", "subnet_ids", "security_group_ids")
_EVERYBODY = ""  # leads to what goes with every question
_OF_EVERYBODY = frozenset({"block_public_access", "quotas"})  # coverage, few
_OF_AWS = "com.amazonaws."  # no customer's list is called so: AWS's API reference, CreateManagedPrefixList

_FUNCTION = attrgetter("function")
_OF_EVERY_ANSWER = attrgetter("id", "title", "doubt", "severity", "advice", "remediation", "statement")


class Policy:
    """Questions to the policies behind one OPA server; a context manager, safe to share between threads.

    timeout_seconds: how long OPA may take for one batch. retries: of refused connections, per batch.
    parallel: batches under way at once. own_rules: ids of the rules of an organization's own in the bundle.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_seconds: float = 10.0,
        retries: int = 2,
        parallel: int = 2,
        own_rules: Collection[str] = (),
    ) -> None:
        self._own = OwnRulesJudge(url, own_rules, read_rules=read_rules) if own_rules else None
        self._connections: SimpleQueue[Opa] = SimpleQueue()
        self._all = [Opa(url, timeout_seconds=timeout_seconds, retries=retries) for _ in range(parallel)]
        for connection in self._all:
            self._connections.put(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        for connection in self._all:
            connection.close()

    def decide(
        self, facts: Mapping[str, Any], configuration: Configuration, *, at_most: int = MOST_FUNCTIONS
    ) -> Decision:
        """Return the verdicts of all rules over all functions of the facts.

        Raises FactsError where the facts break policies/schemas/input.json, and a DecisionError where
        any batch has no answer that may be trusted: there is no decision in part.
        """
        batches = split(facts, at_most)
        if len(batches) == 1:
            answers = [self._answer(batches[0], configuration)]
        else:
            answers = self._answers(batches, configuration)
        revisions = sorted({answer.policy_revision for answer in answers})
        if len(revisions) > 1:
            raise InvalidDecisionError(f"batches were judged by different revisions: {', '.join(revisions)}")
        return replace(
            answers[0],
            rules=merge_rules([answer.rules for answer in answers]),
            failed_rules={rule_id: why for one in answers for rule_id, why in one.failed_rules.items()},
            declared={name: digest for one in answers for name, digest in one.declared.items()},
        )

    def explain(self, facts: Mapping[str, Any], configuration: Configuration, function: str) -> Explanation:
        """Return what leads to the verdicts about one function, which the facts must hold.

        Raises LookupError for a function that they do not hold, FactsError, and DecisionError, as decide
        does: an explanation that may not be trusted is none.
        """
        question = about(facts, function)
        body = self._body(question, configuration, EXPLANATION)
        check("explanation", body["result"], error=InvalidDecisionError, root="explanation")
        explained = body["result"]["functions"]
        if [one["function"] for one in explained] != [function]:
            raise InvalidDecisionError(f"the explanation is not about {function!r} alone")
        failed: Mapping[str, str] = {}
        if self._own is not None:
            asked = {**question, "config": configuration.document}
            own, failed = self._own.explain(asked, function)
            explained[0]["rules"] += own
            check("explanation", body["result"], error=InvalidDecisionError, root="explanation")
        return Explanation(
            policy_revision=_revision(body),
            config_digest=configuration.digest,
            document=explained[0],
            failed_rules=failed,
        )

    def _answers(self, batches: Sequence[Mapping[str, Any]], configuration: Configuration) -> list[Decision]:
        pool = ThreadPoolExecutor(len(self._all), thread_name_prefix="opa")
        try:
            return list(pool.map(self._answer, batches, repeat(configuration)))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # Ctrl-C and a first error wait for nobody

    def _answer(self, batch: Mapping[str, Any], configuration: Configuration) -> Decision:
        """Return what answered a batch."""
        body = self._body(batch, configuration, DECISION)
        asked = [function["name"] for function in batch["functions"]]
        rules = read_rules(body["result"], asked=asked)
        failed: Mapping[str, str] = {}
        if self._own is not None:
            own, failed = self._own.judge({**batch, "config": configuration.document})
            rules = tuple(sorted((*rules, *own), key=attrgetter("id")))
        return Decision(
            policy_revision=_revision(body),
            config_digest=configuration.digest,
            rules=rules,
            retired=frozenset(body["result"].get("retired", ())),
            failed_rules=failed,
            declared={
                name: digest for digest, names in body["result"].get("declared", {}).items() for name in names
            },
        )

    def _body(
        self, batch: Mapping[str, Any], configuration: Configuration, entrypoint: str
    ) -> dict[str, Any]:
        document = {**batch, "config": configuration.document}
        check("input", document, error=FactsError, root="facts")
        for kind, of_kind in batch.items():
            if isinstance(of_kind, list):
                ids = [one.get("id") or one.get("name") for one in of_kind]
                if twice := _repeated([one for one in ids if one]):
                    raise FactsError(f"facts.{kind} holds {twice!r} more than once")
        connection = self._connections.get()
        try:
            body = connection.ask(document, entrypoint)
        finally:
            self._connections.put(connection)
        if "result" not in body:
            raise UndefinedDecisionError(
                f"OPA gave no result for data.{entrypoint}: no policies are loaded, or not all"
            )
        return body


def _revision(body: Mapping[str, Any]) -> str:
    """Return the revision of the bundle that answered; without one nobody can explain the verdict later."""
    provenance = body.get("provenance")
    bundles = provenance.get("bundles") if isinstance(provenance, dict) else None
    revisions = [one.get("revision") for one in bundles.values()] if isinstance(bundles, dict) else []
    if len(revisions) != 1 or not isinstance(revisions[0], str) or not revisions[0]:
        raise InvalidDecisionError("OPA does not say which revision of the policies answered")
    return revisions[0]


def read_rules(result: Mapping[str, Any], *, asked: Collection[str]) -> tuple[RuleDecision, ...]:
    """Return the rules of one answer, by id; asked: the functions the question was about.

    Raises InvalidDecisionError for an answer that breaks policies/schemas/decision.json, speaks of other
    functions, or gives a rule or a verdict twice. Nobody behind this has to ask that again.
    """
    check("decision", result, error=InvalidDecisionError, root="decision")
    rules = tuple(sorted((_rule(rule) for rule in result["rules"]), key=attrgetter("id")))
    if twice := _repeated(rule.id for rule in rules):
        raise InvalidDecisionError(f"the rule {twice} answers more than once")
    names = frozenset(asked)
    for rule in rules:
        judged = [*map(_FUNCTION, rule.violations), *map(_FUNCTION, rule.unknowns)]
        if strangers := {*rule.applies, *rule.silent, *rule.off, *judged} - names:
            raise InvalidDecisionError(
                f"the rule {rule.id} speaks of {min(strangers)!r}, which nobody asked about"
            )
        if twice := _repeated([*judged, *rule.silent, *rule.off, *(rule.applies & rule.off)]):
            raise InvalidDecisionError(f"the rule {rule.id} gives {twice!r} more than one verdict")
    return rules


def merge_rules(answers: Sequence[tuple[RuleDecision, ...]]) -> tuple[RuleDecision, ...]:
    """Return the rules of several answers as those of one.

    Raises InvalidDecisionError where they are not the same rules: OPA changed its policies in between.
    """
    if len(answers) == 1:
        return answers[0]
    if len({tuple(map(_OF_EVERY_ANSWER, rules)) for rules in answers}) > 1:
        raise InvalidDecisionError("two batches of one question were judged by different rules")
    return tuple(
        replace(
            parts[0],
            applies=frozenset().union(*(part.applies for part in parts)),
            violations=tuple(sorted((v for part in parts for v in part.violations), key=_FUNCTION)),
            unknowns=tuple(sorted((u for part in parts for u in part.unknowns), key=_FUNCTION)),
            silent=frozenset().union(*(part.silent for part in parts)),
            off=frozenset().union(*(part.off for part in parts)),
        )
        for parts in zip(*answers, strict=True)
    )


def _rule(rule: Mapping[str, Any]) -> RuleDecision:
    """Return a rule whose keys the schema has checked: they are those of the classes."""
    violations = [Violation(**{"root_cause": None, "basis": None, **one}) for one in rule["violations"]]
    unknowns = [
        Unknown(**{**one, **{key: tuple(sorted(one[key])) for key in ("waits_for", "failed_reads")}})
        for one in rule["unknowns"]
    ]
    lists = {
        "applies": frozenset(rule["applies"]),
        "violations": tuple(sorted(violations, key=_FUNCTION)),
        "unknowns": tuple(sorted(unknowns, key=_FUNCTION)),
        "silent": frozenset(rule["silent"]),
        "off": frozenset(rule.get("off", ())),
        "statement": tuple(rule.get("statement", ())),
    }
    return RuleDecision(**{**rule, **lists})


def _repeated(names: Iterable[str]) -> str | None:
    """Return the first name that comes a second time."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def split(facts: Mapping[str, Any], at_most: int = MOST_FUNCTIONS) -> list[Json]:
    """Return the facts in questions of at most so many functions; without functions it is one question.

    A question ends where a VPC ends, if it can: a VPC in two of them is judged twice.
    """
    index, functions = _Index(facts), facts["functions"]
    parts = [functions] if len(functions) <= at_most else _cut(functions, at_most)
    return [index.question(part) for part in parts]


def _cut(functions: Iterable[Json], at_most: int) -> Iterator[list[Json]]:
    by_vpc: dict[str, list[Json]] = {}
    for function in sorted(functions, key=itemgetter("name")):
        by_vpc.setdefault(function.get("vpc_id", ""), []).append(function)
    begun: list[Json] = []
    for _, of_vpc in sorted(by_vpc.items()):
        if begun and len(begun) + len(of_vpc) > at_most:
            yield begun
            begun = []
        begun = begun + of_vpc
        while len(begun) > at_most:
            yield begun[:at_most]
            begun = begun[at_most:]
    yield begun


def about(facts: Mapping[str, Any], name: str) -> Json:
    """Return the facts that verdicts about one function can rest on; raises LookupError for a stranger."""
    functions = [function for function in facts["functions"] if function["name"] == name]
    if not functions:
        raise LookupError(name)
    return _Index(facts).question(functions)


class _Index:
    """All facts by the names that lead to them, made once for all questions."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self._facts = facts
        self._by_name: dict[str, list[tuple[str, int]]] = {}
        for kind in facts.keys() - {"functions"}:
            for place, entry in enumerate(facts[kind] if isinstance(facts[kind], list) else ()):
                for name in _leading_to(kind, entry):
                    self._by_name.setdefault(name, []).append((kind, place))

    def question(self, functions: Sequence[Json]) -> Json:
        """Return what these functions name, what that names, and so on: all that verdicts can rest on."""
        found: dict[str, set[int]] = {
            kind: set() for kind, of_kind in self._facts.items() if isinstance(of_kind, list)
        }
        names = {_EVERYBODY, *(name for one in functions for name in _texts(one, _NAMING["functions"]))}
        to_follow = list(names)
        while to_follow:
            for kind, place in self._by_name.get(to_follow.pop(), ()):
                if place not in found[kind]:
                    found[kind].add(place)
                    entry = self._facts[kind][place]
                    naming = () if entry.get("is_lambda") else _NAMING.get(kind, _NAMING_OTHERWISE)
                    new = {*_texts(entry, naming)} - names
                    names |= new
                    to_follow += new
        document = dict(self._facts) | {
            kind: [self._facts[kind][place] for place in sorted(places)] for kind, places in found.items()
        }
        roles = [
            one | {"names": [name for name in one["names"] if name in names]} for one in document["roles"]
        ]
        return document | {"functions": list(functions), "roles": roles}


def _leading_to(kind: str, entry: Json) -> Collection[str]:
    """Return the names by which an entry is found."""
    if kind == "coverage":
        return [_EVERYBODY if entry["kind"] in _OF_EVERYBODY else entry.get("subject", _EVERYBODY)]
    if kind == "prefix_lists" and entry.get("name", "").startswith(_OF_AWS):
        return [_EVERYBODY]
    if kind in _FOUND_BY and not entry.get("is_lambda"):
        return {*_texts(entry, _FOUND_BY[kind])}
    # Lambda's interfaces count against the quota of their VPC; what has no place concerns everybody
    has_place = "vpc_id" in entry or "attachments" in entry
    return {*_texts(entry, _PLACE)} if has_place else [_EVERYBODY]


def _texts(entry: Json, fields: Collection[str]) -> Iterator[str]:
    """Yield the texts in these fields, and in these fields of the objects in them."""
    for field in fields:
        value = entry.get(field, ())
        for one in (value,) if isinstance(value, str) else value:
            if isinstance(one, str):
                yield one
            else:
                yield from _texts(one, fields)
