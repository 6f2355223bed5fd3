"""Pieces of a snapshot put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vpcguard.model import Answers, Failure

PARTIAL = "Partial"  # failure code of an answer that we ourselves kept in part


def merge(pieces: Iterable[Answers]) -> Answers:
    """Return everything that the pieces hold, in their order.

    Answers to the same operation join: lists one after the other, objects key by key. A failure of the
    whole operation outweighs failures of single resources.
    """
    answers: dict[str, Any] = {}
    failures: dict[str, Failure | Mapping[str, Failure]] = {}
    for piece in pieces:
        for key, answer in piece.answers.items():
            answers[key] = join(answers[key], answer) if key in answers else answer
        for key, failure in piece.failures.items():
            failures[key] = _join_failures(failures.get(key), failure)
    return Answers(answers, failures)


def join(first: Any, second: Any) -> Any:
    """Return two answers, or two pages of one, as one: the second counts where they cannot be joined."""
    if isinstance(first, list) and isinstance(second, list):
        return first + second
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return {
            key: join(first[key], second[key]) if key in first and key in second else value
            for key, value in {**first, **second}.items()
        }
    return second


def _join_failures(
    first: Failure | Mapping[str, Failure] | None, second: Failure | Mapping[str, Failure]
) -> Failure | Mapping[str, Failure]:
    if isinstance(first, Failure):
        return first
    if first is None or isinstance(second, Failure):
        return second
    return {**first, **second}
