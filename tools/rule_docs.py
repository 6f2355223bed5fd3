"""Write docs/rules.md and policies/reads.json from the rules' metadata, or check that they are current."""

import argparse
import json
import sys
import textwrap
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from vpcguard.policy.catalogue import Rule, shipped_rules

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "rules.md"
READS = ROOT / "policies" / "reads.json"
_DEFAULTS = ROOT / "policies" / "vpcguard" / "config" / "defaults" / "data.yaml"
_WIDTH = 118
_HEAD = """\
# Rules

<!-- Written by `make docs` from the metadata of policies/vpcguard/rules; do not edit. -->

Each rule names one fault. About a function it says one of: *violation*, *unknown* (it rests on something
that was not seen; that never passes), *pass*, *not applicable*, *silent* (a fact was left out on purpose) or
*off*. `vpcguard explain FUNCTION --all` shows them all with their reasons. Severity, stage and whether a
rule is on are [configured](configuration.md) by organization unit, account and function name; what is shipped
stands below. "In a VPC" means attached, not on Managed Instances, and not being deleted.
"""
_REMEDIATION = {
    "none": "none",
    "detach_vpc_config": "the function may be detached from its VPC, where stage and safeguards allow it",
}


def page(rules: list[Rule], thresholds: Mapping[str, Any]) -> str:
    """Return the text of docs/rules.md."""
    parts = [_HEAD, "| rule | fault | severity | shipped |\n|---|---|---|---|"]
    parts[-1] += "".join(
        f"\n| [{rule.id}](#{_anchor(rule)}) | {rule.title} | {rule.severity} | {_state(rule)} |"
        for rule in rules
    )
    for family, members in groupby(rules, key=lambda rule: rule.family):
        parts.append(f"## {family}")
        for rule in members:
            parts += _section(rule, thresholds)
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def reads(rules: list[Rule]) -> str:
    """Return the text of policies/reads.json: what has to be read for some rules alone."""
    found = {rule.id: {"enabled": rule.enabled, "reads": rule.reads} for rule in rules if rule.reads}
    return json.dumps(found, indent=2) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.rule_docs", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit with 1 if the page is stale"
    )
    parser.add_argument("page", type=Path, nargs="?", default=PAGE, help="default: docs/rules.md")
    asked = parser.parse_args(arguments)
    thresholds = yaml.safe_load(_DEFAULTS.read_text("utf-8"))["thresholds"]
    rules = shipped_rules()
    texts = {asked.page: page(rules, thresholds), READS: reads(rules)}
    stale = [file for file, text in texts.items() if not file.exists() or file.read_text("utf-8") != text]
    if asked.check:
        for file in texts:
            print(f"{file.name} is stale: run make docs" if file in stale else f"{file.name} is current")
        return 1 if stale else 0
    for file in stale:
        file.write_text(texts[file], "utf-8")
        print(f"written: {file.name}")
    return 0


def _section(rule: Rule, thresholds: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {rule.id}"
    yield textwrap.fill(f"**{rule.title}.** {rule.description}", _WIDTH, break_on_hyphens=False)
    items = {
        "Applies to": f"{rule.applies_to}.",
        "Judged": rule.judged,
        "Passes": rule.passes,
        "Advice": rule.advice,
        "Configuration": _configuration(rule, thresholds),
        "Remediation": f"{_REMEDIATION[rule.remediation]}.",
        "See": ", ".join(f"<{link}>" for link in rule.related_resources),
    }
    yield "\n".join(
        textwrap.fill(
            f"- **{label}:** {text}",
            _WIDTH,
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for label, text in items.items()
    )


def _configuration(rule: Rule, thresholds: Mapping[str, Any]) -> str:
    shipped = f"severity {rule.severity}, stage {rule.stage}, {_state(rule)}."
    reads = [_setting(name, thresholds) for name in rule.configuration]
    return f"{shipped} Reads {', '.join(reads)}." if reads else shipped


def _setting(name: str, thresholds: Mapping[str, Any]) -> str:
    section, _, key = name.partition(".")
    if section != "thresholds":
        return f"`{name}`"
    return f"`{name}` ({thresholds[key]})" if key in thresholds else f"`{name}` (not set)"


def _state(rule: Rule) -> str:
    return "on" if rule.enabled else "off"


def _anchor(rule: Rule) -> str:
    return rule.id.replace(".", "")  # as GitHub makes it of the heading


if __name__ == "__main__":
    sys.exit(main())
