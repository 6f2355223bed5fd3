"""`vpcguard exemptions`: what is exempt, who said so, and until when."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Protocol, get_args

from botocore.exceptions import NoCredentialsError
from botocore.session import Session

from vpcguard.audit.exemptions import Coverage, ExemptionReport, ShownExemption, TableExemptions
from vpcguard.cli import options, places
from vpcguard.cli.api_exemptions import ApiExemptions
from vpcguard.cli.exemption_files import Entry, plan_import, read_exemptions
from vpcguard.cli.output import DONE, USAGE, say, visible
from vpcguard.cli.render import Line, one_line, write_json, write_lines
from vpcguard.clock import rfc3339, system_clock
from vpcguard.errors import ConfigurationError
from vpcguard.findings.exemption_store import ExemptionStore
from vpcguard.findings.exemptions import Covers, Exemption, State
from vpcguard.findings.store import CLIENT_CONFIG, FindingStore
from vpcguard.policy.configuration import shipped_rule_ids

_NEEDS = """\
Works on the findings table, or with --api by a deployed API; both with your own credentials. The table takes
dynamodb:Query (on its index by_exemption too), GetItem and BatchGetItem; what makes and revokes needs PutItem
and UpdateItem, and is recorded as done by who you are, as STS says. An API takes execute-api:Invoke."""
_GLOBS = "a glob as in the configuration: * any text, ? one character, [ab] or [a-z] one of these, {a,b}"
# option -> field of a match
_MATCH = {
    "rule": ("rule_id", "findings of this rule, e.g. nat.no_internet_egress"),
    "family": ("family", "findings of this family of rules, e.g. nat"),
    "root-cause": ("root_cause", "findings for which this resource is at fault, e.g. nat-0a1b2c3d"),
    "account": ("account_id", "findings in these accounts; a glob"),
    "unit": ("organization_unit", "findings in accounts of these organization units; a glob: 'root/dev/*'"),
    "region": ("region", "findings in these regions; a glob"),
    "function": ("function", "findings of these functions; a glob"),
}


class ExemptionBackend(Protocol):
    """Where exemptions are kept: a table (vpcguard.audit.exemptions.TableExemptions), or a deployed API."""

    def all(self, *, state: State | None = None) -> Iterator[ShownExemption]:
        """Yield all of them, or those of one state."""

    def show(self, exemption_id: str, /) -> ShownExemption:
        """Return one with what it covers; raises NoExemptionError."""

    def create(
        self, given: Mapping[str, Any], /, *, exemption_id: str | None = None, source: str = ""
    ) -> Exemption:
        """Make the one that is asked for; raises ExemptionError that names the field."""

    def revoke(self, exemption_id: str, /, *, revision: int | None = None) -> ShownExemption:
        """End one now; raises NoExemptionError, and RevisionError where its revision is another."""

    def report(self) -> ExemptionReport:
        """Say which of them deserve a look."""


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the commands below this one."""
    commands = command.add_subparsers(title="commands", metavar="COMMAND")

    def add(name: str, run: Callable[..., int], words: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=words, description=words, allow_abbrev=False)
        options.describe(one, _NEEDS)
        one.set_defaults(run=run, used=one)
        places.add_options(one, api=name != "import")
        if name != "import":
            words = "table for people (the default), json for programs"
            one.add_argument(
                "--format", choices=("table", "json"), default="table", dest="format_name", help=words
            )
        return one

    listing = add("list", list_exemptions, "List exemptions and attestations.")
    listing.add_argument("--state", choices=get_args(State), help="only of this state")
    showing = add("show", show_exemption, "Show one, with what it covers.")
    making = add("create", create_exemption, "Exempt what matches all that is given, until a day.")
    _add_matcher(making)
    revoking = add("revoke", revoke_exemption, "End one now: what it covers comes back.")
    words = "only while it has this revision, as `show` names it"
    revoking.add_argument("--revision", type=int, metavar="NUMBER", help=words)
    for one in (showing, revoking):
        one.add_argument("exemption_id", metavar="ID", help="vx-..., as `list` names it")
    words = "Make the exemptions of a file under version control (docs/exemptions.md), once."
    importing = add("import", import_exemptions, words)
    importing.add_argument("file", type=options.path, metavar="FILE", help="YAML or JSON")
    words = "revoke those that came from this file and are gone from it"
    importing.add_argument("--prune", action="store_true", help=words)
    importing.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    words = "Say which deserve a look: those that cover nothing, end soon, have lapsed, or are malformed."
    reporting = add("report", report_exemptions, words)
    words = "with --api: only what names this account by its id, below that account's path"
    for one in (listing, showing, revoking, reporting):
        one.add_argument("--account", type=places.account, metavar="ID", help=words)


def _add_matcher(command: argparse.ArgumentParser) -> None:
    matcher = command.add_argument_group("what is exempt", f"all that is given must match; {_GLOBS}")
    for option, (field, words) in _MATCH.items():
        matcher.add_argument(f"--{option}", dest=f"match_{field}", metavar=option.upper(), help=words)
    words = "violation, or unknown: an attestation that somebody verified what no read can tell"
    command.add_argument("--covers", choices=get_args(Covers), default="violation", help=words)
    command.add_argument("--reason", required=True, help="why this is right")
    command.add_argument("--owner", required=True, help="who answers for it")
    command.add_argument("--ticket", help="where it was decided")
    words = "its last day, or an RFC 3339 time; within 365 days"
    command.add_argument("--expires", required=True, metavar="TIME", help=words)


# ---- commands ----


def list_exemptions(*, state: State | None, format_name: str, **place: Any) -> int:
    """Show exemptions, those that end first first."""
    found = sorted(_backend(**place).all(state=state), key=lambda one: one.exemption.expires_at)
    if format_name == "json":
        write_json({"exemptions": [one.as_document() for one in found]}, sys.stdout)
    else:
        _write_table(found, "There are no exemptions.")
    return DONE


def show_exemption(*, exemption_id: str, format_name: str, **place: Any) -> int:
    """Show everything that is known of one."""
    _write_one(_backend(**place).show(exemption_id), format_name)
    return DONE


def create_exemption(
    *,
    covers: Covers,
    reason: str,
    owner: str,
    ticket: str | None,
    expires: str,
    format_name: str,
    **given: Any,
) -> int:
    """Make one, and show it."""
    match = {
        field: value for field, _ in _MATCH.values() if (value := given.pop(f"match_{field}")) is not None
    }
    asked = {"match": match, "covers": covers, "reason": reason, "owner": owner, "expires_at": expires}
    made = _backend(**given).create(asked if ticket is None else {**asked, "ticket": ticket})
    _warn_of_names(match)
    _write_one(ShownExemption(made, made.state(rfc3339(system_clock()))), format_name)
    _say_when(format_name)
    return DONE


def revoke_exemption(*, exemption_id: str, revision: int | None, format_name: str, **place: Any) -> int:
    """End one, and show it."""
    revoked = _backend(**place).revoke(exemption_id, revision=revision)
    if revoked.state == "expired":
        say(f"vpcguard: {exemption_id} has expired already")
    elif revoked.exemption.source:
        source = visible(revoked.exemption.source)
        say(f"vpcguard: it came from {source}: an import does not bring it back, take its entry out of there")
    _write_one(revoked, format_name)
    _say_when(format_name)
    return DONE


def import_exemptions(*, file: Path, prune: bool, dry_run: bool, **place: Any) -> int:
    """Make and revoke what a file asks for; nothing, where anything is wrong with it."""
    read = read_exemptions(file)
    backend = _backend(**place)
    kept = () if read.faults else [one.exemption for one in backend.all()]
    plan = plan_import(read, kept, system_clock(), prune=prune)
    if plan.faults:
        for fault in plan.faults:
            say(f"vpcguard: {visible(fault)}")
        say("vpcguard: nothing was changed")
        return USAGE
    would = "would be " if dry_run else ""
    for entry in plan.create:
        if not dry_run:
            backend.create(entry.given, exemption_id=entry.exemption_id, source=entry.source)
        _warn_of_names(entry.given["match"])
        _tell(f"{would}created", entry.exemption_id, entry)
    for one in plan.revoke:
        if not dry_run:
            backend.revoke(one.exemption_id)
        _tell(f"{would}revoked", one.exemption_id, one)
    for entry, one in plan.over:
        why = f"revoked by {one.revoked_by}" if one.revoked_at else f"expired {one.expires_at}"
        _tell("over", one.exemption_id, entry, f": {why}; take the entry out, or change it to exempt anew")
    for one in plan.left:
        _tell(
            "left",
            one.exemption_id,
            one,
            ": gone from the file, in force until it expires; --prune revokes it",
        )
    counts = f"{len(plan.create)} created, {len(plan.revoke)} revoked, {plan.unchanged} unchanged"
    sys.stdout.write(f"{counts}{', had it been done' if dry_run else ''}\n")
    return DONE


def report_exemptions(*, format_name: str, **place: Any) -> int:
    """Show which exemptions deserve a look."""
    report = _backend(**place).report()
    if format_name == "json":
        write_json(report.as_document(), sys.stdout)
        return DONE
    sys.stdout.write(f"{report.in_force} in force\n")
    parts = (
        ("Cover nothing now", report.unused),
        ("End within 14 days", report.expiring),
        ("Lapsed within 90 days", report.lapsed),
    )
    for title, found in parts:
        if found:
            sys.stdout.write(f"\n{title}: {len(found)}\n")
            _write_table(found, "")
    if report.malformed:
        sys.stdout.write(f"\nMalformed, exempt nothing: {len(report.malformed)}\n")
        write_lines([Line(one_line(one), "  ") for one in report.malformed], sys.stdout)
    return DONE


# ---- the table, or the API ----


def _backend(
    *,
    table: str | None,
    hub_region: str | None,
    profile: str | None,
    api: str | None = None,
    account: str | None = None,
) -> ExemptionBackend:
    """Return what works on a table or by an API; who we are is asked when a table is to be changed."""
    if api is not None:
        hub = places.open_hub(table=None, api=api, hub_region=hub_region, profile=profile)
        return ApiExemptions(hub, account)
    if account is not None:
        raise ConfigurationError("--account goes with --api: who may read the table sees all exemptions")
    table = table or places.TABLE
    session = Session(profile=profile)
    region = places.region_of(session, hub_region)
    if session.get_credentials() is None:
        raise NoCredentialsError
    client = session.create_client("dynamodb", region_name=region, config=CLIENT_CONFIG)

    @cache
    def caller() -> str:
        sts: Any = session.create_client("sts", region_name=region)
        arn: str = sts.get_caller_identity()["Arn"]
        return arn

    return TableExemptions(ExemptionStore(client, table), FindingStore(client, table), caller=caller)


# ---- shown ----


def _write_table(found: Sequence[ShownExemption], without: str) -> None:
    if not found:
        sys.stdout.write(f"{without}\n")
    write_lines(_blocks(found), sys.stdout)


def _blocks(found: Iterable[ShownExemption]) -> Iterator[Line]:
    for shown in found:
        one = shown.exemption
        what = "violations" if one.covers == "violation" else "unknowns"
        until = f"{shown.state.replace('_', ' ')}, {'ends' if shown.state == 'in_force' else 'ended'}"
        yield Line(one_line(f"{one.exemption_id} {until} {one.ends_at[:16]}Z, owner {one.owner}"), hang=2)
        yield Line(one_line(f"{what} of {_matched(one)}{_count(shown.covered)}"), "  what  ", 8)
        yield Line(one_line(one.reason), "  why   ", 8)


def _write_one(shown: ShownExemption, format_name: str) -> None:
    if format_name == "json":
        write_json(shown.as_document(), sys.stdout)
        return
    one = shown.exemption
    told = {
        "id": one.exemption_id,
        "state": shown.state.replace("_", " "),
        "covers": one.covers,
        "what": _matched(one),
        "why": one.reason,
        "ticket": one.ticket,
        "owner": one.owner,
        "made": f"{one.created_at} by {one.created_by}",
        "until": one.expires_at,
        "revoked": one.revoked_at and f"{one.revoked_at} by {one.revoked_by}",
        "from": one.source,
        "revision": str(one.revision),
        "exempts": _count(shown.covered).strip(" ()"),
    }
    lines = [Line(one_line(text), f"{label:<10}", 10) for label, text in told.items() if text]
    lines += [Line(one_line(text), " " * 10, 10) for text in _findings(shown.covered)]
    write_lines(lines, sys.stdout)


def _warn_of_names(match: Mapping[str, Any]) -> None:
    """Say where a rule or family is not among the shipped ones: one's own, or misspelt and of no effect."""
    rules = shipped_rule_ids()
    known = {"rule_id": rules, "family": {rule.partition(".")[0] for rule in rules}}
    for field, names in known.items():
        name = match.get(field)
        if name is not None and name not in names:
            near = get_close_matches(name, names, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            say(f"vpcguard: {field} {visible(name)} is none of the shipped ones{hint}")


def _say_when(format_name: str) -> None:
    if format_name == "table":
        sys.stdout.write("The next look at a function shows it; findings that are stored, within the hour.\n")


def _matched(one: Exemption) -> str:
    return " ".join(f"{name}={value}" for name, value in one.match.given().items())


def _count(covered: Coverage | None) -> str:
    if covered is None:
        return ""
    more, plural = " and more" if covered.is_more else "", "" if covered.findings == 1 else "s"
    return f" ({covered.findings:,}{more} finding{plural})"


def _findings(covered: Coverage | None) -> Iterable[str]:
    for one in covered.first if covered else ():
        names = (
            one.get(name, "") for name in ("account_id", "region", "function_name", "rule_id", "finding_id")
        )
        yield " ".join(names)


def _tell(done: str, exemption_id: str, what: Entry | Exemption, more: str = "") -> None:
    where = what.place if isinstance(what, Entry) else f"{what.source}, {_matched(what)}"
    write_lines([Line(one_line(f"{exemption_id} ({where}){more}"), f"{done}  ", 4)], sys.stdout)
