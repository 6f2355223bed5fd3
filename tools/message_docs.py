"""Write docs/messages.md: what each rule says about one, two and twenty of a kind, asked of the real OPA."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from tests.contract.messages import CONFIGURATION, COUNTS, scenarios
from vpcguard.facts import build_facts
from vpcguard.model import RuleDecision, Unknown, Violation
from vpcguard.policy.catalogue import shipped_rules
from vpcguard.policy.configuration import load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.policy.server import running_opa
from vpcguard.snapshot import parse_snapshot

PAGE = Path(__file__).resolve().parents[1] / "docs" / "messages.md"
_HEAD = """\
# Messages

<!-- Written by `make docs`; do not edit. -->

What each rule says about one, two and twenty subnets, services, groups or whatever it names: the message, and
after "Do" the advice. The networks stand in `tests/contract/message*.py`, and the policies answered. Read it
after every change of words: is each sentence true, said once, doable and harmless?
"""
Texts = tuple[str, str]  # message, advice
Said = dict[str, dict[Texts, dict[str, Texts]]]  # rule -> title, what is shown -> how many -> what is said


def page() -> str:
    """Return the text of docs/messages.md."""
    said = _said()
    parts = [_HEAD.strip()]
    for rule in shipped_rules():
        parts.append(f"## {rule.id}")
        for (title, shown), by_count in said.get(rule.id, {}).items():
            parts.append(textwrap.fill(f"**{title}** ({shown})", 118, break_on_hyphens=False))
            parts.append("\n".join(_lines(by_count)))
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), "utf-8")


def _lines(by_count: dict[str, Texts]) -> Iterator[str]:
    for count, (message, advice) in by_count.items():
        for start, text in ((f"- {count}: ", message), ("  Do: ", advice)):
            yield textwrap.fill(
                start + text, 118, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
            )


def _said() -> Said:
    """Ask about every network; what is said alike of fewer is not shown again."""
    found: Said = {}
    configuration = load_configuration(CONFIGURATION)
    with running_opa() as url, Policy(url) as policy:
        for rule_id, name, make in scenarios():
            for number, count in COUNTS.items():
                facts = build_facts(parse_snapshot(make(number).snapshot()))
                for rule in policy.decide(facts, configuration).rules:
                    for texts, one in _verdicts(rule, rule_id, name):
                        by_count = found.setdefault(rule.id, {}).setdefault(texts, {})
                        text = (one.message, one.advice or rule.advice)
                        if text not in by_count.values():
                            by_count[count] = text
    return found


def _verdicts(
    rule: RuleDecision, rule_id: str | None, name: str
) -> Iterator[tuple[Texts, Violation | Unknown]]:
    """Yield what is said of a network, with its title and what it shows."""
    if rule_id is None:
        for doubt in rule.unknowns:
            yield (rule.doubt, f"unknown: {name}"), doubt
    elif rule_id == rule.id:
        for fault in rule.violations:
            yield (fault.title or rule.title, name), fault


if __name__ == "__main__":
    main()
