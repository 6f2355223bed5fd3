"""The example in a rule's metadata is a message that it gives about a golden case."""

from __future__ import annotations

from tests.contract.make_cases import CASES_FOLDER
from vpcguard.facts import build_facts
from vpcguard.policy.catalogue import shipped_rules
from vpcguard.policy.configuration import load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.snapshot import load_snapshot


def _messages(policy: Policy) -> set[tuple[str, str]]:
    """Return every message of every rule about every case."""
    found: set[tuple[str, str]] = set()
    for case in CASES_FOLDER.iterdir():
        config = case / "config.yaml"
        facts = build_facts(load_snapshot(case / "snapshot.json"))
        decision = policy.decide(facts, load_configuration(config if config.exists() else None))
        found.update((rule.id, one.message) for rule in decision.rules for one in rule.violations)
    return found


def test_examples_are_messages_that_the_rules_give(policy: Policy) -> None:
    """An invented one would go on promising what the rule stopped saying long ago."""
    messages = _messages(policy)

    invented = {rule.id: rule.example for rule in shipped_rules() if (rule.id, rule.example) not in messages}

    assert invented == {}
