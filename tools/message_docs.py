"""Write docs/messages.md: what each rule says about one, two and twenty of a kind, asked of the real OPA."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from tests.contract.messages import CONFIGURATION, COUNTS, scenarios
from vpcguard.facts import build_facts
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
after "Do" the advice. The networks stand in `tests/contract/messages.py`, and the policies answered. Read it
after every change of words: is each sentence true, said once, doable and harmless?
"""
Said = dict[
    str, dict[str, dict[str, tuple[str, str]]]
]  # rule -> what is shown -> how many -> message, advice


def page() -> str:
    """Return the text of docs/messages.md."""
    said = _said()
    parts = [_HEAD.strip()]
    for rule in shipped_rules():
        parts.append(f"## {rule.id}")
        for shown, by_count in said.get(rule.id, {}).items():
            title = rule.doubt if shown.startswith("unknown: ") else rule.title
            parts.append(textwrap.fill(f"**{title}** ({shown})", 118, break_on_hyphens=False))
            parts.append("\n".join(_lines(by_count)))
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), "utf-8")


def _lines(by_count: dict[str, tuple[str, str]]) -> Iterator[str]:
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
                    verdicts = rule.unknowns if rule_id is None else rule.violations
                    for one in verdicts if rule_id in (None, rule.id) else ():
                        shown = f"unknown: {name}" if rule_id is None else name
                        by_count = found.setdefault(rule.id, {}).setdefault(shown, {})
                        text = (one.message, one.advice or rule.advice)
                        if text not in by_count.values():
                            by_count[count] = text
    return found


if __name__ == "__main__":
    main()
