"""From facts to a decision: asked in batches, checked on both sides, merged; every doubt is an error.

A verdict must not depend on how the functions are cut into batches: each holds everything that hangs on its
VPCs, and whatever its functions, routes and endpoints name beyond them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from operator import attrgetter, itemgetter
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self

from vpcguard.errors import FactsError, InvalidDecisionError, UndefinedDecisionError
from vpcguard.model import Decision, Explanation, RuleDecision, Unknown, Violation
from vpcguard.policy.configuration import Configuration
from vpcguard.policy.opa import DECISION, EXPLANATION, Opa
from vpcguard.policy.schemas import check, kinds_with

Json = dict[str, Any]
# every question costs what its networks cost, so that few large ones are faster; OPA's memory grows with them
MOST_FUNCTIONS = 250

# few, and not about one VPC, function or role
_SHARED_COVERAGE = frozenset({"subnets", "prefix_list_entries", "block_public_access", "quotas"})
_OF_AWS = "com.amazonaws."

_FUNCTION = attrgetter("function")
_OF_EVERY_ANSWER = attrgetter("id", "title", "severity", "advice", "remediation", "statement")


class Policy:
    """Questions to the policies behind one OPA server; a context manager, safe to share between threads.

    timeout_seconds: how long OPA may take for one batch. retries: of refused connections, per batch.
    parallel: batches under way at once.
    """

    def __init__(
        self, url: str, *, timeout_seconds: float = 10.0, retries: int = 2, parallel: int = 2
    ) -> None:
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
        answers = self._answers(split(facts, at_most), configuration)
        revisions = sorted({answer.policy_revision for answer in answers})
        if len(revisions) > 1:
            raise InvalidDecisionError(f"batches were judged by different revisions: {', '.join(revisions)}")
        return replace(answers[0], rules=merge_rules([answer.rules for answer in answers]))

    def explain(self, facts: Mapping[str, Any], configuration: Configuration, function: str) -> Explanation:
        """Return what leads to the verdicts about one function, which the facts must hold.

        Raises LookupError for a function that they do not hold, FactsError, and DecisionError, as decide
        does: an explanation that may not be trusted is none.
        """
        body = self._body(about(facts, function), configuration, EXPLANATION)
        check("explanation", body["result"], error=InvalidDecisionError, root="explanation")
        explained = body["result"]["functions"]
        if [one["function"] for one in explained] != [function]:
            raise InvalidDecisionError(f"the explanation is not about {function!r} alone")
        return Explanation(
            policy_revision=_revision(body), config_digest=configuration.digest, document=explained[0]
        )

    def _answers(self, batches: Sequence[Mapping[str, Any]], configuration: Configuration) -> list[Decision]:
        """Return what answered each batch."""

        def ask(batch: Mapping[str, Any]) -> Decision:
            body = self._body(batch, configuration, DECISION)
            asked = [function["name"] for function in batch["functions"]]
            return Decision(
                policy_revision=_revision(body),
                config_digest=configuration.digest,
                rules=read_rules(body["result"], asked=asked),
                retired=frozenset(body["result"].get("retired", ())),
            )

        if len(batches) == 1:
            return [ask(batches[0])]
        pool = ThreadPoolExecutor(len(self._all), thread_name_prefix="opa")
        try:
            return list(pool.map(ask, batches))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # Ctrl-C and a first error wait for nobody

    def _body(
        self, batch: Mapping[str, Any], configuration: Configuration, entrypoint: str
    ) -> dict[str, Any]:
        document = {**batch, "config": configuration.document}
        check("input", document, error=FactsError, root="facts")
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
    unknowns = [Unknown(**{**one, "waits_for": tuple(sorted(one["waits_for"]))}) for one in rule["unknowns"]]
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
    """Return the facts in documents of at most so many functions; one without functions stays one.

    A document ends where a VPC ends, if it can: a VPC in two of them is judged twice.
    """
    if len(facts["functions"]) <= at_most:
        return [dict(facts)]
    index = _Index(facts)
    return [index.document(functions) for functions in _cut(facts["functions"], at_most)]


def _cut(functions: Iterable[Json], at_most: int) -> Iterator[list[Json]]:
    by_vpc = _grouped(sorted(functions, key=itemgetter("name")), lambda one: one.get("vpc_id", ""))
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
    return _Index(facts).document(functions)


class _Index:
    """All facts by what leads to them, made once for all batches."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self._facts = facts
        self._of_vpcs, self._of_attachments = kinds_with("id", "vpc_id"), kinds_with("id", "attachments")
        self._by_vpc = {kind: _grouped(facts[kind], lambda one: one.get("vpc_id")) for kind in self._of_vpcs}
        self._by_id = {
            kind: {one["id"]: one for one in facts[kind]}
            for kind in ("vpcs", *self._of_vpcs, *self._of_attachments)
        }
        self._roles = {name: role for role in facts["roles"] for name in role["names"]}
        self._coverage = _grouped(facts["coverage"], _coverage_key)

    def document(self, functions: Sequence[Json]) -> Json:
        """Return the facts that verdicts about these functions can rest on."""
        vpc_ids = self._vpc_ids(functions)
        named = self._named(functions, vpc_ids)
        roles = {function["role_name"] for function in functions if "role_name" in function}
        document = dict(self._facts) | {
            "functions": list(functions),
            "vpcs": [self._by_id["vpcs"][vpc_id] for vpc_id in vpc_ids if vpc_id in self._by_id["vpcs"]],
            **{kind: self._in_vpcs(kind, vpc_ids, named) for kind in self._of_vpcs},
            **{kind: self._attached(kind, vpc_ids, named) for kind in self._of_attachments},
            "roles": self._named_roles(roles),
        }
        document["prefix_lists"] = self._prefix_lists(document)
        subjects = [None, *vpc_ids, *(function["name"] for function in functions), *sorted(roles)]
        document["coverage"] = [
            entry for subject in dict.fromkeys(subjects) for entry in self._coverage.get(subject, ())
        ]
        return document

    def _named_roles(self, names: Iterable[str]) -> list[Json]:
        alike: dict[int, list[str]] = {}
        for name in sorted(names):
            if name in self._roles:
                alike.setdefault(id(self._roles[name]), []).append(name)
        return [self._roles[same[0]] | {"names": same} for same in alike.values()]

    def _vpc_ids(self, functions: Sequence[Json]) -> list[str]:
        subnets = self._by_id["subnets"]
        vpc_ids = {function["vpc_id"] for function in functions if "vpc_id" in function}
        seen = {subnet_id for function in functions for subnet_id in function["subnet_ids"]} & subnets.keys()
        return sorted(vpc_ids | {subnets[subnet_id]["vpc_id"] for subnet_id in seen})

    def _named(self, functions: Sequence[Json], vpc_ids: Iterable[str]) -> set[str]:
        named = {group_id for function in functions for group_id in function["security_group_ids"]}
        for vpc_id in vpc_ids:
            for endpoint in self._by_vpc["vpc_endpoints"].get(vpc_id, ()):
                named.update(endpoint["security_group_ids"])
            for table in self._by_vpc["route_tables"].get(vpc_id, ()):
                for route in table["routes"]:
                    named.update((route["target_id"], route.get("instance_id", "")))
        return named

    def _in_vpcs(self, kind: str, vpc_ids: Iterable[str], named: set[str]) -> list[Json]:
        found = {one["id"]: one for vpc_id in vpc_ids for one in self._by_vpc[kind].get(vpc_id, ())}
        by_id = self._by_id[kind]
        found.update((one, by_id[one]) for one in sorted(named & by_id.keys()))
        return list(found.values())

    def _attached(self, kind: str, vpc_ids: Iterable[str], named: set[str]) -> list[Json]:
        wanted = set(vpc_ids)
        return [
            gateway
            for gateway in self._facts[kind]
            if gateway["id"] in named or any(one["vpc_id"] in wanted for one in gateway["attachments"])
        ]

    def _prefix_lists(self, document: Mapping[str, Any]) -> list[Json]:
        named = {
            route["destination"]
            for table in document["route_tables"]
            for route in table["routes"]
            if route["family"] == "prefix_list"
        }
        for group in document["security_groups"]:
            for permission in (*group["ingress"], *group["egress"]):
                named.update(permission["prefix_list_ids"])
        return [
            one
            for one in self._facts["prefix_lists"]
            if one["id"] in named or one.get("name", "").startswith(_OF_AWS)
        ]


def _coverage_key(entry: Json) -> str | None:
    return None if entry["kind"] in _SHARED_COVERAGE else entry.get("subject")


def _grouped(items: Iterable[Json], key: Callable[[Json], Hashable]) -> dict[Any, list[Json]]:
    groups: dict[Any, list[Json]] = {}
    for one in items:
        groups.setdefault(key(one), []).append(one)
    return groups
