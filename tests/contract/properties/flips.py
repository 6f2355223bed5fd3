"""Documents that tell the same with less facts, and the verdicts that say more on them than they may.

Documents are labelled "name|what is hidden"; "name|" is the whole one.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any

from tests.contract.properties.merging import Verdicts
from vpcguard.facts import build_facts
from vpcguard.snapshot import parse_snapshot

Json = dict[str, Any]

# neither is a fault, and which of them it is may hang on a fact that no violation hangs on
_CLEAN = {"pass", "not_applicable"}


def variants(name: str, snapshots: Iterable[tuple[str, Json]]) -> dict[str, Json]:
    """Return the facts of snapshots by "name|what is hidden", each once."""
    made = {f"{name}|{how}": build_facts(parse_snapshot(less)) for how, less in snapshots}
    return {label: made[label] for label in {_told(facts): label for label, facts in made.items()}.values()}


def _told(facts: Json) -> str:
    """Return facts as text, without the words that say why something is unknown."""
    coverage = [{key: one[key] for key in one if key != "reason"} for one in facts["coverage"]]
    return json.dumps({**facts, "coverage": coverage}, sort_keys=True)


def flips(
    documents: dict[str, Json], found: dict[str, Verdicts], *, expected: Collection[str] = ()
) -> list[str]:
    """Return every verdict that says with less facts what it does not say with all of them.

    expected: beginnings of the labels that may.
    """
    return [
        f"{label}: {rule_id} of {function} was {whole['verdict']} and became {verdict['verdict']}"
        for label, verdicts in found.items()
        if not label.startswith(tuple(expected))
        for whole_label in [label.partition("|")[0] + "|"]
        for (function, rule_id), verdict in verdicts.items()
        for whole in [found[whole_label][function, rule_id]]
        if not _is_less(verdict["verdict"], whole["verdict"], documents[label])
        and function not in _deleting(documents[whole_label])
    ]


def _is_less(less: str, whole: str, facts: Json) -> bool:
    """Return True if a verdict on these facts says at most what the one on all of them said."""
    if less in {"unknown", whole} or {less, whole} <= _CLEAN:
        return True
    return less == "silent" and any(one["status"] == "not_requested" for one in facts["coverage"])


def _deleting(facts: Json) -> set[str]:
    """Return functions that are judged only while nobody knows that they are going."""
    return {one["name"] for one in facts["functions"] if one.get("state") == "Deleting"}
