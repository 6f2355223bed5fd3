"""`vpcguard explain`: why the rules say what they say about one function."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from vpcguard.cli import options
from vpcguard.cli.explanation import Explained
from vpcguard.cli.output import DONE, READ_FAILED, say
from vpcguard.cli.reading import Selection, list_function_names, read_file, read_regions, tell_unknown_unit
from vpcguard.cli.render import progress, write_json, write_lines
from vpcguard.cli.report import Unread, failed_rule_lines, missing_reads, operations_of, refused_reads
from vpcguard.errors import ConfigurationError, ReadError
from vpcguard.facts import build_facts
from vpcguard.model import Snapshot
from vpcguard.policy.configuration import Configuration, load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.policy.packs import Packs, read_packs
from vpcguard.policy.server import running_opa
from vpcguard.settings import load_settings

_LISTS = ("lambda:GetFunctionConfiguration", "lambda:ListFunctions")
_MOST_NAMES = 3
_EXIT_CODES = """\
Exit codes: 0 done, whatever the verdicts; 2 usage or configuration error, an unknown function too; 3 a
read failed, and what was read is still explained."""


def add_options(command: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    options.describe(command, _EXIT_CODES)
    command.add_argument("function", metavar="FUNCTION", help="name or ARN")
    options.snapshot(command, "explain from this snapshot file: no AWS access")
    options.config(command)
    options.policies(command)
    options.region(command)
    options.credentials(command)
    words = "text for people (the default), json for one document"
    command.add_argument("--format", choices=("text", "json"), default="text", dest="format_name", help=words)
    command.set_defaults(run=run)


def run(
    *,
    function: str,
    snapshot: Path | None,
    config: Path | None,
    policies: Sequence[Path],
    region: str | None,
    profile: str | None,
    role_arn: str | None,
    format_name: Literal["text", "json"],
) -> int:
    """Explain, show, and return the exit code."""
    selection = Selection(
        regions=[region] if region else (),
        profile=profile,
        role_arn=role_arn,
        functions=[function],
        states=True,
    )
    [name] = selection.function_names()
    if snapshot and (region or profile or role_arn):
        raise ConfigurationError("--snapshot reads no AWS: leave out --region, --profile, --role-arn")
    packs = read_packs(policies)
    configuration = load_configuration(config, packs.rules)
    if snapshot:
        stored = read_file(snapshot)
        with progress("Judging"):
            explained = _explain(stored, configuration, packs, name, others=list)
    else:
        with progress("Reading AWS") as note:
            [read] = read_regions(
                selection, note, reads=configuration.reads, needs_unit=configuration.names_units
            )
            if isinstance(read, Unread):
                raise ReadError(f"{read.region} could not be read: {read.message}")
            others = partial(list_function_names, selection)
            explained = _explain(read, configuration, packs, name, others=others)
    selection.check_place(explained.account_id, explained.region)
    if format_name == "json":
        write_json(explained.as_document(), sys.stdout)
    else:
        write_lines(explained.as_lines(), sys.stdout)
    return READ_FAILED if explained.unread else DONE


def _explain(
    snapshot: Snapshot,
    configuration: Configuration,
    packs: Packs,
    function: str,
    *,
    others: Callable[[], Iterable[str]],
) -> Explained:
    """Return the explanation; others: what else there may be, asked only where the function is not there."""
    tell_unknown_unit(snapshot, needs_unit=configuration.names_units)
    facts = build_facts(snapshot, tags=configuration.document.get("tags", ()))
    refused = refused_reads(snapshot)
    names = [one["name"] for one in facts["functions"]]
    if function not in names:
        raise _not_there(function, snapshot, refused, others=lambda: [*names, *others()])
    opa = load_settings().opa_path
    with (
        running_opa(opa=opa, packs=packs) as url,
        Policy(url, timeout_seconds=options.TIMEOUT_SECONDS, own_rules=packs.rules) as policy,
    ):
        explanation = policy.explain(facts, configuration, function)
    for line in failed_rule_lines(explanation.failed_rules):
        say(line)
    awaited: set[str] = set()
    for rule in explanation.document["rules"]:
        if rule.get("is_failed_read"):
            awaited.update(operations_of(rule["waits_for"]))
    return Explained(
        account_id=snapshot.account_id,
        region=snapshot.region,
        captured_at=snapshot.captured_at,
        snapshot_digest=snapshot.digest(),
        explanation=explanation,
        unread=(*refused, *missing_reads(awaited, refused, snapshot)),
    )


def _not_there(
    function: str, snapshot: Snapshot, refused: Iterable[Unread], *, others: Callable[[], Iterable[str]]
) -> ConfigurationError | ReadError:
    """Return the error for a function that was not read: because it could not be, or is not there."""
    for unread in refused:
        if unread.operation in _LISTS and unread.subject in (None, function):
            return ReadError(f"{function} could not be read: {unread.operation}: {unread.code}")
    message = f"no function {function!r} in {snapshot.account_id} {snapshot.region}"
    near = _near(function, others())
    return ConfigurationError(f"{message}; did you mean {', '.join(near)}?" if near else message)


def _near(name: str, names: Iterable[str]) -> list[str]:
    by_folded = {one.casefold(): one for one in sorted(names)}
    return [by_folded[one] for one in difflib.get_close_matches(name.casefold(), by_folded, _MOST_NAMES)]
