"""`vpcguard rules`: what the policies judge, as they say it themselves."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from vpcguard.cli.output import DONE
from vpcguard.cli.render import Line, columns, write_json, write_lines
from vpcguard.errors import ConfigurationError
from vpcguard.policy.catalogue import Rule, shipped_rules

_HEAD = ("rule", "severity", "stage", "enabled", "fault")


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the two commands below this one."""
    commands = command.add_subparsers(title="commands", metavar="COMMAND")
    words = "List the rules: id, severity, stage, whether enabled, and the fault."
    listing = commands.add_parser("list", help=words, description=words, allow_abbrev=False)
    listing.set_defaults(run=list_rules, used=listing)
    words = "Show one rule: what it finds, why that matters, what to do about it."
    showing = commands.add_parser("show", help=words, description=words, allow_abbrev=False)
    showing.set_defaults(run=show_rule, used=showing)
    showing.add_argument("rule_id", metavar="ID", help="e.g. nat.no_internet_egress")
    for one in (listing, showing):
        words = "as JSON, with everything that is known"
        one.add_argument("--json", action="store_true", dest="as_json", help=words)


def list_rules(*, as_json: bool) -> int:
    """Show every rule in a line."""
    rules = shipped_rules()
    if as_json:
        write_json([rule.as_document() for rule in rules], sys.stdout)
    else:
        write_lines(columns([_HEAD, *map(_row, rules)]), sys.stdout)
    return DONE


def _row(rule: Rule) -> tuple[str, ...]:
    return rule.id, rule.severity, rule.stage, "yes" if rule.enabled else "no", rule.title


def show_rule(*, rule_id: str, as_json: bool) -> int:
    """Show everything that is known of one rule."""
    rule = next((one for one in shipped_rules() if one.id == rule_id), None)
    if rule is None:
        raise ConfigurationError(f"there is no rule {rule_id!r}; `vpcguard rules list` names them")
    if as_json:
        write_json(rule.as_document(), sys.stdout)
        return DONE
    state = "" if rule.enabled else ", off unless configured"
    sys.stdout.write(f"{rule.id}: {rule.title}\n")
    sys.stdout.write(f"severity {rule.severity}, stage {rule.stage}, remediation {rule.remediation}{state}\n")
    write_lines(_described(rule), sys.stdout)
    sys.stdout.writelines(f"see  {link}\n" for link in rule.related_resources)
    return DONE


def _described(rule: Rule) -> Iterator[Line]:
    told = {
        "why": rule.description,
        "for": rule.applies_to,
        "how": rule.judged,
        "do": rule.advice,
        "conf": ", ".join(rule.configuration),
    }
    for label, text in told.items():
        yield Line(text, start=f"{label:<5}", hang=5)
