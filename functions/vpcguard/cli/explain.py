"""`vpcguard explain`: why the rules say what they say of one function, or of what an alias serves."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from vpcguard.changes import qualifier as qualifier_of
from vpcguard.cli import options
from vpcguard.cli.explanation import Explained, Version
from vpcguard.cli.output import DONE, READ_FAILED, say
from vpcguard.cli.picture import marks_for
from vpcguard.cli.reading import (
    Selection,
    list_function_names,
    list_versions,
    read_file,
    read_regions,
    tell_unknown_unit,
)
from vpcguard.cli.render import progress, write_json, write_lines
from vpcguard.cli.report import Unread, failed_rule_lines, missing_reads, operations_of, refused_reads
from vpcguard.cli.served import Share, as_latest, in_place, is_same_network, near, shares, unknown
from vpcguard.errors import ConfigurationError, ReadError
from vpcguard.facts import build_facts
from vpcguard.model import Snapshot
from vpcguard.policy.configuration import Configuration, load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.policy.packs import read_packs
from vpcguard.policy.server import running_opa
from vpcguard.resources.functions import LATEST, functions_in
from vpcguard.settings import load_settings

_LISTS = ("lambda:GetFunctionConfiguration", "lambda:ListFunctions")
_OF_VERSIONS = (
    "A published version cannot be changed: what is to be repaired in its configuration is repaired in "
    "$LATEST, which vpcguard audit judges; then publish that, and point the alias at it."
)
_KEPT = "Role, file systems and event sources are those of $LATEST: snapshots keep a version's network alone."
_EXIT_CODES = """\
Exit codes: 0 done, whatever the verdicts; 2 usage or configuration error, an unknown function, alias or
version too; 3 a read failed, and what was read is still explained."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A version to be explained: a snapshot in which it is the function, and what that was made of."""

    share: Share
    snapshot: Snapshot
    stored: Snapshot
    is_latest_network: bool = True
    remarks: tuple[str, ...] = ()


def add_options(command: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    options.describe(command, _EXIT_CODES)
    words = "name or ARN; with :ALIAS or :VERSION behind it what that serves, else $LATEST"
    command.add_argument("function", metavar="FUNCTION", help=words)
    options.snapshot(command, "explain from this snapshot file: no AWS access")
    options.config(command)
    options.policies(command)
    options.region(command)
    options.credentials(command)
    words = "also what passes, does not apply or is off, with the reasons, and every endpoint"
    command.add_argument("--all", action="store_true", dest="everything", help=words)
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
    everything: bool,
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
    selection.function_names()  # refuses what is none
    if snapshot and (region or profile or role_arn):
        raise ConfigurationError("--snapshot reads no AWS: leave out --region, --profile, --role-arn")
    packs = read_packs(policies)
    configuration = load_configuration(config, packs.rules)
    with progress("Judging" if snapshot else "Reading AWS") as note:
        if snapshot:
            standings = list(of_file(read_file(snapshot), selection))
        else:
            standings = list(of_account(selection, partial(_read, note=note, configuration=configuration)))
        with (
            running_opa(opa=load_settings().opa_path, packs=packs) as url,
            Policy(url, timeout_seconds=options.TIMEOUT_SECONDS, own_rules=packs.rules) as policy,
        ):
            explained = explain(standings, selection, configuration, policy)
    if format_name == "json":
        write_json(explained.as_document(), sys.stdout)
    else:
        write_lines(explained.as_lines(marks_for(sys.stdout), everything=everything), sys.stdout)
    return DONE if explained.is_complete else READ_FAILED


def _read(selection: Selection, *, note: Callable[[str], None], configuration: Configuration) -> Snapshot:
    needs_unit = configuration.names_units
    [read] = read_regions(selection, note, reads=configuration.reads, needs_unit=needs_unit)
    if isinstance(read, Unread):
        raise ReadError(f"{read.region} could not be read: {read.message}")
    return read


# ---- which versions ----


def of_file(snapshot: Snapshot, selection: Selection) -> Iterator[Standing]:
    """Yield what a file holds of the versions that were asked for.

    Raises ConfigurationError for a function, alias or version that does not exist, and ReadError where what
    tells was not read.
    """
    [name], [spelling] = selection.function_names(), selection.functions
    selection.check_place(snapshot.account_id, snapshot.region)
    _check_there(name, snapshot, others=list)
    for share in shares(snapshot, name, qualifier_of(spelling) or LATEST):
        if share.version == LATEST:
            yield Standing(share, snapshot, snapshot)
            continue
        placed = in_place(snapshot, name, share.version)
        is_same = is_same_network(snapshot, placed, name)
        yield Standing(share, placed, snapshot, is_same, (_OF_VERSIONS, _KEPT))


def of_account(selection: Selection, read: Callable[[Selection], Snapshot]) -> Iterator[Standing]:
    """Yield what AWS answers about the versions that were asked for, raising as of_file does.

    read: reads what is selected; $LATEST, which tells of the aliases, is read first.
    """
    [name], [spelling] = selection.function_names(), selection.functions
    latest = read(selection)
    selection.check_place(latest.account_id, latest.region)
    _check_there(name, latest, others=partial(list_function_names, selection))
    for share in shares(latest, name, qualifier_of(spelling) or LATEST):
        if share.version == LATEST:
            yield Standing(share, latest, latest)
            continue
        stored = read(replace(selection, version=share.version))
        if name not in functions_in(stored.own):
            _check_refused(name, stored)
            raise unknown(name, "version", share.version, list_versions(selection))
        placed = as_latest(stored, name)
        yield Standing(share, placed, stored, is_same_network(latest, placed, name), (_OF_VERSIONS,))


def _check_there(name: str, snapshot: Snapshot, *, others: Callable[[], Iterable[str]]) -> None:
    """Raise for a function that was not read; others: what else there may be, asked only then."""
    names = functions_in(snapshot.own)
    if name in names:
        return
    _check_refused(name, snapshot)
    raise _not_there(name, snapshot, [*names, *others()])


def _not_there(name: str, snapshot: Snapshot, names: Iterable[str]) -> ConfigurationError:
    message = f"no function {name!r} in {snapshot.account_id} {snapshot.region}"
    return ConfigurationError(message + near(name, names))


def _check_refused(name: str, snapshot: Snapshot) -> None:
    for unread in refused_reads(snapshot):
        if unread.operation in _LISTS and unread.subject in (None, name):
            raise ReadError(f"{name} could not be read: {unread.operation}: {unread.code}")


# ---- what is said of them ----


def explain(
    standings: Sequence[Standing], selection: Selection, configuration: Configuration, policy: Policy
) -> Explained:
    """Return what is said of the function that was selected, as it stands."""
    [name], [spelling] = selection.function_names(), selection.functions
    tell_unknown_unit(standings[0].stored, needs_unit=configuration.names_units)
    return Explained(
        account_id=standings[0].stored.account_id,
        region=standings[0].stored.region,
        qualifier=qualifier_of(spelling),
        versions=tuple(_version(standing, name, configuration, policy) for standing in standings),
    )


def _version(standing: Standing, name: str, configuration: Configuration, policy: Policy) -> Version:
    facts = build_facts(standing.snapshot, tags=configuration.document.get("tags", ()))
    judged = [one["name"] for one in facts["functions"]]
    if name not in judged:  # configured by one answer, and in the list of none: it went between two reads
        raise _not_there(name, standing.snapshot, judged)
    explanation = policy.explain(facts, configuration, name)
    for line in failed_rule_lines(explanation.failed_rules):
        say(line)
    awaited: set[str] = set()
    for rule in explanation.document["rules"]:
        if rule.get("failed_reads"):
            awaited.update(operations_of(rule["waits_for"]))
    refused = refused_reads(standing.snapshot)
    return Version(
        version=standing.share.version,
        weight=standing.share.weight,
        captured_at=standing.stored.captured_at,
        snapshot_digest=standing.stored.digest(),
        explanation=explanation,
        is_latest_network=standing.is_latest_network,
        remarks=standing.remarks,
        unread=(*refused, *missing_reads(awaited, refused, standing.snapshot)),
    )
