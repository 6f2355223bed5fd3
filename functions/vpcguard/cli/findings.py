"""`vpcguard findings`: what the hub recorded, from its table or from its deployed API."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from shlex import quote
from typing import Any, Literal, TextIO, get_args

from vpcguard.cli import options, places
from vpcguard.cli.hub import Hub, Json, Query
from vpcguard.cli.output import DONE, say
from vpcguard.cli.recorded import (
    FINDING_FIELDS,
    STATUSES,
    csv_rows,
    jsonl,
    write_causes,
    write_coverage,
    write_finding,
    write_history,
    write_listing,
    write_summary,
)
from vpcguard.cli.render import progress, write_json
from vpcguard.cli.report import SEVERITIES

FormatName = Literal["table", "json", "jsonl", "csv"]
LIMIT = 1_000
VERDICTS = ("violation", "unknown", "pass")
LIVE = tuple(status for status in STATUSES if status != "resolved")
# of each kind what a row of CSV has: all that the API says but advice and evidence, which `show` has
COLUMNS = (*(name for name in FINDING_FIELDS if name not in {"advice", "evidence"}), "cause_id")
CHANGE_COLUMNS = (
    *("change_id", "changed_at", "change", "status_before", "status", "status_reason", "verdict", "severity"),
    *("stage", "title", "message", "cause_id", "root_cause", "owner", "actor", "exemption_id"),
    *("remediation_id", "trigger", "opened_at", "confirmed_at", "policy_revision", "config_digest"),
    "snapshot_digest",
)
CAUSE_COLUMNS = (
    *("cause_id", "owner_id", "region", "root_cause", "root_cause_kind", "root_cause_name", "rule_id"),
    *("title", "accounts", "open", "exempt"),
)
COVERAGE_COLUMNS = ("account_id", "region", "operation", "verdicts", "functions", "changed_at")
_PLACE = ("table", "api", "hub_region", "profile")
_ANY = "any"
_SEES = """\
Asks the findings table, or with --api a deployed API; both by your own credentials, and reads only. The table
takes dynamodb:Query (on its indexes too), GetItem and BatchGetItem; an API takes execute-api:Invoke."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the commands below this one."""
    commands = command.add_subparsers(title="commands", metavar="COMMAND")

    def add(name: str, run: Callable[..., int], words: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=words, description=words, allow_abbrev=False)
        options.describe(one, _SEES)
        one.set_defaults(run=run, used=one)
        places.add_options(one)
        return one

    words = "List findings, worst first: what is not resolved, unless --status asks."
    listing = add("list", list_findings, words)
    _add_filters(listing)
    showing = add("show", show_finding, "Show one finding with its advice and evidence.")
    changes = add("history", show_history, "List what happened to a finding, newest first.")
    for one in (showing, changes):
        one.add_argument("finding_id", metavar="ID", help="vg-..., as `list` names it")
    causes = add("causes", list_causes, "List what is at fault, worst first, with how many findings it has.")
    coverage = add(
        "coverage", list_coverage, "List the reads that failed, with how many verdicts wait for each."
    )
    summary = add("summary", show_summary, "Count what is not resolved, by status, severity and rule.")
    for one in (showing, changes, causes, coverage, summary):
        _add_account(one, "only of this account; an API that lets you see one account alone needs it")
    for one in (listing, changes, causes, coverage):
        _add_format(one, get_args(FormatName))
        words = f"as many at most; default: {LIMIT:,}"
        one.add_argument("--limit", type=_limit, default=LIMIT, metavar="NUMBER", help=words)
    for one in (showing, summary):
        _add_format(one, ("table", "json"))


def _add_filters(command: argparse.ArgumentParser) -> None:
    """Add the API's filters; all that are given must hold."""
    filters = command.add_argument_group("filters", "all that are given must hold")
    _add_account(filters, "only of this account")
    filters.add_argument(
        "--unit", metavar="UNIT", help="only of this organization unit and those below: root/prod"
    )
    filters.add_argument("--region", help="only of functions in this region")
    filters.add_argument("--function", metavar="NAME", help="only of this function")
    filters.add_argument("--rule", metavar="ID", help="only of this rule")
    filters.add_argument("--family", help="only of this family of rules: nat")
    filters.add_argument("--vpc", metavar="ID", help="only of functions in this VPC")
    filters.add_argument("--root-cause", metavar="ID", help="only where this resource is at fault: nat-0a")
    filters.add_argument("--cause", metavar="ID", help="only of this cause, vc-..., as `causes` names it")
    filters.add_argument("--owner", help="only of this owner")
    for option, choices in (("--severity", SEVERITIES), ("--verdict", VERDICTS)):
        words = "one of these; repeatable"
        filters.add_argument(option, action="append", choices=choices, default=[], help=words)
    words = "one of these, or any; repeatable; default: all but resolved"
    filters.add_argument("--status", action="append", choices=(*STATUSES, _ANY), default=[], help=words)
    words = "only what has changed since: a day, or a time such as 2026-11-29T06:00:00Z"
    filters.add_argument("--changed-since", type=_since, metavar="TIME", help=words)


def _add_account(command: argparse._ActionsContainer, words: str) -> None:
    command.add_argument("--account", type=places.account, metavar="ID", help=words)


def _add_format(command: argparse.ArgumentParser, names: Sequence[str]) -> None:
    words = "table for people (the default), the others for programs"
    command.add_argument("--format", choices=names, default="table", dest="format_name", help=words)


# ---- commands ----


def list_findings(*, account: str | None, limit: int, format_name: FormatName, **given: Any) -> int:
    """Show the findings that the filters leave."""
    listing = Listing("findings", COLUMNS, limit, _path("findings", account), _query(given))
    again = f"vpcguard findings show{_again(given, account)}"
    return _show(listing, format_name, given, partial(write_listing, again=again))


def show_finding(*, finding_id: str, account: str | None, format_name: FormatName, **given: Any) -> int:
    """Show everything that is known of one finding."""
    return _show_one(_hub(given).get(*_path("findings", account), finding_id), format_name, write_finding)


def show_history(
    *, finding_id: str, account: str | None, limit: int, format_name: FormatName, **given: Any
) -> int:
    """Show what happened to one finding."""
    path = (*_path("findings", account), finding_id, "history")
    return _show(Listing("history", CHANGE_COLUMNS, limit, path), format_name, given, write_history)


def list_causes(*, account: str | None, limit: int, format_name: FormatName, **given: Any) -> int:
    """Show what is at fault, and how many findings rest on it."""
    listing = Listing("causes", CAUSE_COLUMNS, limit, _path("causes", account))
    again = f"vpcguard findings list{_again(given, account)} --cause"
    return _show(listing, format_name, given, partial(write_causes, again=again))


def list_coverage(*, account: str | None, limit: int, format_name: FormatName, **given: Any) -> int:
    """Show the reads that failed, and what waits for them."""
    listing = Listing("coverage", COVERAGE_COLUMNS, limit, _path("coverage", account))
    return _show(listing, format_name, given, write_coverage)


def show_summary(*, account: str | None, format_name: FormatName, **given: Any) -> int:
    """Count what is not resolved; the API counts part by part, and they add up."""
    hub, path = _hub(given), _path("summary", account)
    whole: Json = {}
    cursor: str | None = None
    with progress("Counting") as note:
        while True:
            part = hub.get(*path, query={"cursor": cursor} if cursor else {})
            cursor = part.pop("cursor", None)
            whole = added(whole, part)
            note(f"{whole.get('findings', 0):,} findings")
            if cursor is None:
                return _show_one(whole, format_name, write_summary)


def added(one: Json, other: Json) -> Json:
    """Return the sum of two summaries: numbers added, name by name; a text is the later one's."""
    total = dict(one)
    for name, value in other.items():
        if isinstance(value, dict):
            total[name] = added(total.get(name, {}), value)
        elif isinstance(value, int):
            total[name] = total.get(name, 0) + value
        else:
            total[name] = value
    return total


@dataclass(frozen=True, slots=True)
class Listing:
    """What is listed: the field that holds it, its columns as CSV, how many at most, where, filters."""

    name: str
    columns: Sequence[str]
    limit: int
    path: tuple[str, ...]
    query: Query = field(default_factory=dict)


def _show(
    listing: Listing,
    format_name: FormatName,
    given: Mapping[str, Any],
    write: Callable[[Sequence[Json], TextIO], None],
) -> int:
    """Write a listing; for programs that take it line by line, part by part."""
    # a spinner between lines that are written as they come would garble both
    is_told = not (format_name in {"jsonl", "csv"} and sys.stdout.isatty())
    parts = _parts(_hub(given), listing, is_told=is_told)
    if format_name == "jsonl":
        for items in parts:
            jsonl(items, sys.stdout)
    elif format_name == "csv":
        for part, items in enumerate(parts):
            csv_rows(items, listing.columns, sys.stdout, has_head=part == 0)
    else:
        found = [one for items in parts for one in items]
        if format_name == "json":
            write_json({listing.name: found}, sys.stdout)
        else:
            write(found, sys.stdout)
    return DONE


def _show_one(document: Json, format_name: FormatName, write: Callable[[Json, TextIO], None]) -> int:
    if format_name == "json":
        write_json(document, sys.stdout)
    else:
        write(document, sys.stdout)
    return DONE


# ---- asking ----


def _hub(given: Mapping[str, Any]) -> Hub:
    return places.open_hub(**{name: given[name] for name in _PLACE})


def _path(name: str, account: str | None) -> tuple[str, ...]:
    """Return where a listing is; with an account below it, so that IAM can grant one alone."""
    return ("accounts", account, name) if account else (name,)


def _query(given: Mapping[str, Any]) -> Query:
    """Return the filters in the API's words."""
    asked: dict[str, str | list[str]] = {
        parameter: given[option] for option, parameter in _PARAMETERS.items() if given[option]
    }
    status = given["status"] or LIVE
    if _ANY not in status:
        asked["status"] = list(dict.fromkeys(status))
    return asked


# option -> parameter of the API
_PARAMETERS = {
    "unit": "organization_unit",
    "region": "region",
    "function": "function",
    "rule": "rule_id",
    "family": "family",
    "vpc": "vpc_id",
    "root_cause": "root_cause",
    "cause": "cause_id",
    "owner": "owner",
    "severity": "severity",
    "verdict": "verdict",
    "changed_since": "changed_since",
}


def _parts(hub: Hub, listing: Listing, *, is_told: bool) -> Iterator[tuple[Json, ...]]:
    """Yield a listing part by part, and say if it goes on behind the limit. is_told: show how far it is."""
    name, read, is_last = listing.name, 0, True
    with progress(f"Reading {name}") if is_told else nullcontext(lambda _: None) as note:
        for part in hub.pages(*listing.path, query=listing.query, name=name, limit=listing.limit):
            read, is_last = read + len(part.items), part.is_last
            note(f"{read:,} of {name}")
            yield part.items
    if not is_last:
        say(f"vpcguard: {name}: these are the first {read:,}, as --limit says; there may be more")


def _again(given: Mapping[str, Any], account: str | None) -> str:
    """Return the options by which another command asks the same place, ready to be pasted."""
    words = {f"--{name.replace('_', '-')}": given[name] for name in _PLACE} | {"--account": account}
    return "".join(f" {option} {quote(value)}" for option, value in words.items() if value)


# ---- values of options ----


def _limit(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) == 0:
        raise argparse.ArgumentTypeError(f"a number from 1 on, not {text[:40]!r}")
    return int(text)


def _since(text: str) -> str:
    return f"{text}T00:00:00Z" if _DAY.fullmatch(text) else text
