"""From facts to a decision: asked in batches, checked on both sides, merged; every doubt is an error."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self

from vpcguard.errors import FactsError, InvalidDecisionError, UndefinedDecisionError
from vpcguard.model import Decision, Explanation, RuleDecision
from vpcguard.policy.answers import merge_rules, read_rules
from vpcguard.policy.batches import MOST_FUNCTIONS, about, split
from vpcguard.policy.configuration import Configuration
from vpcguard.policy.opa import DECISION, EXPLANATION, Opa
from vpcguard.policy.schemas import check

_Answer = tuple[str, tuple[RuleDecision, ...]]


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
        batches = split(facts, at_most)
        answers = self._answers(batches, configuration)
        revisions = sorted({revision for revision, _ in answers})
        if len(revisions) > 1:
            raise InvalidDecisionError(f"batches were judged by different revisions: {', '.join(revisions)}")
        return Decision(
            policy_revision=revisions[0],
            config_digest=configuration.digest,
            rules=merge_rules([rules for _, rules in answers]),
        )

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

    def _answers(self, batches: list[dict[str, Any]], configuration: Configuration) -> list[_Answer]:
        if len(batches) == 1:
            return [self._ask(batches[0], configuration)]
        pool = ThreadPoolExecutor(len(self._all), thread_name_prefix="opa")
        try:
            return list(pool.map(lambda batch: self._ask(batch, configuration), batches))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # Ctrl-C and a first error wait for nobody

    def _ask(self, batch: Mapping[str, Any], configuration: Configuration) -> _Answer:
        body = self._body(batch, configuration, DECISION)
        return _revision(body), read_rules(body["result"], asked=[one["name"] for one in batch["functions"]])

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
