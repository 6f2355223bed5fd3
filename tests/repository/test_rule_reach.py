"""What one has to read to be sure of a verdict stays small: the files of policies/ below each rule."""

from __future__ import annotations

from pathlib import Path

from tools.rule_reach import reach_of_rules

POLICIES = Path(__file__).parents[2] / "policies"
# a path has NAT chains, firewalls, proxies, zones; a call rests on it, endpoints, resolvers, the need
MOST_FILES = 13
MOST_LINES = 2950


def test_what_every_rule_reaches_can_be_read() -> None:
    rules = reach_of_rules(POLICIES)

    too_far = [
        f"{rule.id} reaches {len(rule.files)} files with {rule.lines} lines"
        for rule in rules
        if len(rule.files) > MOST_FILES or rule.lines > MOST_LINES
    ]

    assert too_far == [], f"at most {MOST_FILES} files and {MOST_LINES} lines; see python -m tools.rule_reach"
    assert len(rules) > 20
