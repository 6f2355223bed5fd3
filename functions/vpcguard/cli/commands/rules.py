"""`vpcguard rules`: what the policies judge, as they say it themselves."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from vpcguard.cli import exits, options
from vpcguard.cli.guarded import guarded
from vpcguard.cli.visible import visible
from vpcguard.errors import ConfigurationError

if TYPE_CHECKING:
    from vpcguard.policy.catalogue import Rule

_HEAD = ("rule", "severity", "stage", "enabled", "fault")


def add_to(commands: options.Commands) -> None:
    """Add this command and its two."""
    words = "The rules: what they judge, and how they are shipped."
    group = commands.add_parser("rules", help=words, description=words, allow_abbrev=False)
    group.set_defaults(used=group)
    below = group.add_subparsers(title="commands", metavar="COMMAND")
    listing = options.new_command(below, list_rules, name="list")
    showing = options.new_command(below, show_rule, name="show")
    showing.add_argument("rule_id", metavar="ID", help="e.g. nat.no_internet_egress")
    for command in (listing, showing):
        words = "as JSON, with everything that is known"
        command.add_argument("--json", action="store_true", dest="as_json", help=words)


@guarded
def list_rules(*, as_json: bool) -> int:
    """List the rules: id, severity, stage, whether enabled, and the fault."""
    from vpcguard.policy.catalogue import shipped_rules  # noqa: PLC0415

    rules = shipped_rules()
    if as_json:
        _show([json.dumps([rule.as_document() for rule in rules], indent=2)])
        return exits.DONE
    _show(_table([_HEAD, *map(_row, rules)]))
    return exits.DONE


@guarded
def show_rule(*, rule_id: str, as_json: bool) -> int:
    """Show one rule: what it finds, why that matters, what to do about it."""
    from vpcguard.policy.catalogue import shipped_rules  # noqa: PLC0415

    rule = next((one for one in shipped_rules() if one.id == rule_id), None)
    if rule is None:
        raise ConfigurationError(f"there is no rule {rule_id!r}; `vpcguard rules list` names them")
    _show([json.dumps(rule.as_document(), indent=2)] if as_json else _described(rule))
    return exits.DONE


def _show(lines: Iterable[str]) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


def _row(rule: Rule) -> tuple[str, ...]:
    return rule.id, rule.severity, rule.stage, "yes" if rule.enabled else "no", rule.title


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Yield the rows in columns; only the last column is wrapped, below itself."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD) - 1)]
    left = sum(widths) + 2 * len(widths)
    for *cells, fault in rows:
        start = "".join(f"{cell:<{width}}  " for cell, width in zip(cells, widths, strict=True))
        wrapped = textwrap.wrap(visible(fault), max(_width() - left, 12)) or [""]
        yield start + wrapped[0]
        yield from (" " * left + line for line in wrapped[1:])


def _described(rule: Rule) -> Iterator[str]:
    state = "" if rule.enabled else ", off unless configured"
    yield f"{rule.id}: {rule.title}"
    yield f"severity {rule.severity}, stage {rule.stage}, remediation {rule.remediation}{state}"
    told = {
        "why": rule.description,
        "for": rule.applies_to,
        "how": rule.judged,
        "e.g.": rule.example,
        "do": rule.advice,
        "conf": ", ".join(rule.configuration),
        "but": rule.limits,
    }
    for label, text in told.items():
        indent = f"{label:<5}"
        yield textwrap.fill(
            visible(text), _width(), initial_indent=indent, subsequent_indent=" " * len(indent)
        )
    yield from (f"see  {link}" for link in rule.related_resources)


def _width() -> int:
    return shutil.get_terminal_size((100, 24)).columns
