"""`vpcguard rules`: what the policies judge, as they say it themselves."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from vpcguard.cli import options
from vpcguard.cli.output import DONE, FINDINGS, say
from vpcguard.cli.render import Line, columns, one_line, write_json, write_lines
from vpcguard.errors import ConfigurationError
from vpcguard.policy.bundle import build_bundle
from vpcguard.policy.catalogue import Rule, own_rules, shipped_rules
from vpcguard.policy.packs import check_bundle, read_packs
from vpcguard.policy.schemas import find_policies
from vpcguard.policy.server import find_opa
from vpcguard.settings import load_settings

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
    words = "Run the tests of a folder with rules of your own, with our fixtures (docs/own-rules.md)."
    testing = commands.add_parser("test", help=words, description=words, allow_abbrev=False)
    testing.set_defaults(run=test_rules, used=testing)
    testing.add_argument("folder", type=options.path, metavar="DIR", help="its *_test.rego are run")
    for one in (listing, showing):
        options.policies(one)
        words = "as JSON, with everything that is known"
        one.add_argument("--json", action="store_true", dest="as_json", help=words)


def test_rules(*, folder: Path) -> int:
    """Run a pack's tests, once it compiles; 1 where one fails, or where there is none."""
    packs, opa = read_packs([folder]), find_opa(load_settings().opa_path)
    with tempfile.TemporaryDirectory(prefix="vpcguard-") as temporary:
        bundle = Path(temporary) / "bundle.tar.gz"
        build_bundle(find_policies(), bundle, packs)
        check_bundle(bundle, opa, packs)
    tested = subprocess.run(  # noqa: S603  a pinned binary; the folder is an argument of its own
        [
            *(str(opa), "test", str(find_policies()), str(folder)),
            *("--ignore", "schemas", "--run", r"^data\.custom\.", "--verbose"),
        ],
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )
    sys.stdout.write(tested.stdout)
    if not tested.stdout.strip():
        say(f"vpcguard: {folder} holds no tests: rules test_... in *_test.rego, of packages below custom")
        return FINDINGS
    return FINDINGS if tested.returncode else DONE


def list_rules(*, policies: Sequence[Path], as_json: bool) -> int:
    """Show every rule in a line; those of one's own say so."""
    rules = _rules(policies)
    if as_json:
        write_json([rule.as_document() for rule in rules], sys.stdout)
    else:
        rows = [
            (rule.id, rule.severity, rule.stage, "yes" if rule.enabled else "no", _fault(rule))
            for rule in rules
        ]
        write_lines(columns([_HEAD, *rows]), sys.stdout)
    return DONE


def _rules(policies: Sequence[Path]) -> list[Rule]:
    """Return the shipped rules, then those of the packs."""
    return shipped_rules() + own_rules(read_packs(policies).described)


def _fault(rule: Rule) -> str:
    return one_line(f"{rule.title} (your own)" if rule.pack else rule.title)


def show_rule(*, rule_id: str, policies: Sequence[Path], as_json: bool) -> int:
    """Show everything that is known of one rule."""
    rules = {rule.id: rule for rule in _rules(policies)}
    rule = rules.get(rule_id)
    if rule is None:
        near = get_close_matches(rule_id, rules, n=3)
        hint = (
            f"did you mean {', '.join(near)}?"
            if near
            else "`vpcguard rules list` names them, with --policies DIR your own too"
        )
        raise ConfigurationError(f"there is no rule {rule_id!r}; {hint}")
    if as_json:
        write_json(rule.as_document(), sys.stdout)
        return DONE
    state = "" if rule.enabled else ", off unless configured"
    sys.stdout.write(f"{rule.id}: {_fault(rule)}\n")
    sys.stdout.write(f"severity {rule.severity}, stage {rule.stage}, remediation {rule.remediation}{state}\n")
    write_lines(_described(rule), sys.stdout)
    sys.stdout.writelines(f"see  {one_line(link)}\n" for link in rule.related_resources)
    return DONE


def _described(rule: Rule) -> Iterator[Line]:
    told = {
        "why": rule.description,
        "for": rule.applies_to,
        "how": rule.judged,
        "do": rule.advice,
        "conf": ", ".join(rule.configuration),
        "pack": rule.pack,
    }
    for label, text in told.items():
        if text:
            yield Line(one_line(text), start=f"{label:<5}", hang=5)
