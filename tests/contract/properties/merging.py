"""Many small documents of facts in a few large ones: a question to OPA costs more than what it asks about.

Every id and name gets a suffix of its document. What holds for a whole account (default coverage, quotas,
Block Public Access, lists that AWS owns) is not renamed: only documents that agree in it are put together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.contract.expectations import verdicts
from vpcguard.model import Decision
from vpcguard.policy.configuration import Configuration
from vpcguard.policy.deciding import Policy

Json = dict[str, Any]
Verdicts = dict[
    tuple[str, str], Json
]  # (function, rule id) -> verdict as tests.contract.expectations says it

MOST_FUNCTIONS = 150  # in one question
SUFFIX = "-q{:05d}"  # found again in whatever a verdict says
_ID = re.compile(r"(tgw-attach|vpc|subnet|rtb|nat|igw|eigw|sg|acl|eni|i|vpce|pl|fsap|fsmt)-[\w-]+")
_ACCOUNT_WIDE = (
    "schema_version",
    "evaluated_at",
    "account",
    "quotas",
    "block_public_access",
    "availability_zones",
    "endpoint_services",
)
_SHARED_COVERAGE = {"quotas", "block_public_access"}


def rename(facts: Mapping[str, Any], suffix: str) -> Json:
    """Return facts with the suffix at every id of a resource and every name of a function or role."""
    names = {function["name"] for function in facts["functions"]}
    names |= {function["role_name"] for function in facts["functions"] if "role_name" in function}
    names |= {name for role in facts["roles"] for name in role["names"]}
    of_aws = {one["id"] for one in facts["prefix_lists"] if _is_of_aws(one)}
    ends = tuple(f"{separator}{name}" for name in names for separator in ":/")

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: renamed(one) for key, one in value.items()}
        if isinstance(value, list):
            return [renamed(one) for one in value]
        if not isinstance(value, str) or value in of_aws:
            return value
        is_named = value in names or _ID.fullmatch(value) or (value[:4] == "arn:" and value.endswith(ends))
        return value + suffix if is_named else value

    kept = {key: facts[key] for key in _ACCOUNT_WIDE}
    return {**{key: renamed(value) for key, value in facts.items() if key not in kept}, **kept}


def merge(many: Sequence[Mapping[str, Any]]) -> Json:
    """Return one document of renamed facts that agree in what is account-wide."""
    first = many[0]
    lists = [key for key in first if key not in _ACCOUNT_WIDE]
    merged: Json = {key: first[key] for key in _ACCOUNT_WIDE}
    merged |= {key: [item for facts in many for item in facts[key]] for key in lists}
    merged["coverage"] = _once(merged["coverage"])
    merged["prefix_lists"] = _once(merged["prefix_lists"])
    return merged


def ask(
    policy: Policy, documents: Mapping[str, Mapping[str, Any]], configuration: Configuration
) -> dict[str, Verdicts]:
    """Return the verdicts of many documents asked at once: label -> (function, rule id) -> verdict."""
    questions = list(_questions(documents))
    with ThreadPoolExecutor(2) as pool:
        answers = pool.map(lambda labels: _ask(policy, labels, configuration), questions)
        return {label: found for answer in answers for label, found in answer.items()}


def _questions(documents: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, tuple[str, Json]]]:
    groups: dict[str, dict[str, tuple[str, Json]]] = {}
    for number, (label, facts) in enumerate(documents.items()):
        suffix = SUFFIX.format(number)
        renamed = rename(facts, suffix)
        key = _account_wide(renamed)
        group = groups.setdefault(key, {})
        group[label] = suffix, renamed
        if sum(len(one["functions"]) for _, one in group.values()) >= MOST_FUNCTIONS:
            yield groups.pop(key)
    yield from groups.values()


def _ask(
    policy: Policy, labels: Mapping[str, tuple[str, Json]], configuration: Configuration
) -> dict[str, Verdicts]:
    merged = merge([facts for _, facts in labels.values()])
    found = verdicts_of(policy.decide(merged, configuration), merged)
    label_of = {
        function["name"]: label for label, (_, facts) in labels.items() for function in facts["functions"]
    }
    answers: dict[str, Verdicts] = {label: {} for label in labels}
    for (name, rule_id), verdict in found.items():
        suffix = labels[label_of[name]][0]
        answers[label_of[name]][name.removesuffix(suffix), rule_id] = _without(suffix, verdict)
    return answers


def verdicts_of(decision: Decision, facts: Mapping[str, Any]) -> Verdicts:
    """Return what a decision says about every function of the facts by every rule."""
    names = [function["name"] for function in facts["functions"]]
    return {
        (name, rule.id): verdict
        for rule in decision.rules
        for name, verdict in verdicts(decision, rule.id, names).items()
    }


def _without(suffix: str, verdict: Json) -> Json:
    if len(verdict) == 1:
        return verdict  # nothing is said beside it
    plain: Json = json.loads(json.dumps(verdict).replace(suffix, ""))
    return plain


def _account_wide(facts: Mapping[str, Any]) -> str:
    coverage = [one for one in facts["coverage"] if "subject" not in one or one["kind"] in _SHARED_COVERAGE]
    lists = [one for one in facts["prefix_lists"] if _is_of_aws(one)]
    return json.dumps([[facts[key] for key in _ACCOUNT_WIDE], coverage, lists], sort_keys=True)


def _is_of_aws(prefix_list: Json) -> bool:
    return str(prefix_list.get("name", "")).startswith("com.amazonaws.")


def _once(items: list[Json]) -> list[Json]:
    return list({json.dumps(item, sort_keys=True): item for item in items}.values())
