"""`vpcguard audit`: read an account, or a snapshot of one, and show what is wrong with its networks."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from vpcguard.audit.judging import judge
from vpcguard.cli import options
from vpcguard.cli.formats import FORMATS, FormatName, write_report
from vpcguard.cli.output import say, write_file
from vpcguard.cli.overview import View
from vpcguard.cli.reading import Selection, read_file, read_regions, tell_unknown_unit
from vpcguard.cli.render import progress
from vpcguard.cli.report import (
    SEVERITIES,
    Report,
    Unread,
    failed_rule_lines,
    left_out_lines,
    merged,
    not_read,
    report_of,
)
from vpcguard.errors import ConfigurationError
from vpcguard.model import Severity, Snapshot
from vpcguard.policy.configuration import Configuration, load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.policy.packs import Packs, read_packs
from vpcguard.policy.server import StartingOpa, starting_opa
from vpcguard.settings import load_settings

T = TypeVar("T")
_EXIT_CODES = """\
Exit codes: 0 done; 1 open findings at or above --fail-on; 2 usage or configuration error; 3 a read
failed, and what was read is still reported. 2 comes before 3, 3 before 1."""


def add_options(command: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    options.describe(command, _EXIT_CODES)
    options.snapshot(command, "judge this snapshot file, not a live account: no AWS access")
    options.config(command)
    options.policies(command)
    options.regions(command)
    options.credentials(command)
    options.functions(command)
    options.states(command)
    words = "table for people (the default), json for one document, jsonl for a finding a line"
    command.add_argument("--format", choices=tuple(FORMATS), default="table", dest="format_name", help=words)
    words = "write findings.<txt|json|jsonl> into this folder, not to stdout"
    command.add_argument("--out", type=options.path, metavar="DIR", help=words)
    words = "every finding too, and every cause; without it what to repair first (of --format table)"
    command.add_argument("--details", action="store_true", help=words)
    words = "exit with 1 if a finding this severe, or worse, is open"
    command.add_argument("--fail-on", choices=SEVERITIES, help=words)
    command.set_defaults(run=run)


def run(
    *,
    snapshot: Path | None,
    config: Path | None,
    policies: Sequence[Path],
    regions: Sequence[str],
    all_regions: bool,
    profile: str | None,
    role_arn: str | None,
    functions: Sequence[str],
    states: bool,
    format_name: FormatName,
    out: Path | None,
    details: bool,
    fail_on: Severity | None,
) -> int:
    """Judge, show, and return the exit code."""
    if snapshot and (regions or all_regions or profile or role_arn or states):
        raise ConfigurationError(
            "--snapshot reads no AWS: leave out --region, --all-regions, --profile, --role-arn, --states"
        )
    if out and out.exists() and not out.is_dir():
        raise ConfigurationError(f"{out}: cannot be written: --out takes a folder, and this is a file")
    selection = Selection(
        regions=regions,
        all_regions=all_regions,
        profile=profile,
        role_arn=role_arn,
        functions=functions,
        states=states,
    )
    names = selection.function_names()
    report = _audit(snapshot, selection, config, read_packs(policies))
    for looked in report.looked:
        selection.check_place(looked.account_id, looked.region)
    if not report.unread and (missing := report.missing_functions(names)):
        raise ConfigurationError(f"no such function: {', '.join(missing)}")  # else a typo would pass
    view = View(
        is_detailed=details,
        is_live=snapshot is None,
        again=_again(snapshot=snapshot, config=config, policies=policies, profile=profile, role_arn=role_arn),
    )
    _show(report, format_name, out, view)
    if format_name == "jsonl":  # which has no room for it: nothing but findings on stdout
        for line in (*left_out_lines(report.left_out), *map(not_read, report.unread)):
            say(line)
    for line in failed_rule_lines(report.failed_rules):
        say(line)
    return report.exit_code(fail_on)


def _audit(snapshot: Path | None, selection: Selection, config: Path | None, packs: Packs) -> Report:
    """Return the report of a snapshot file, or of a live account, while whose reading OPA comes up."""
    only = selection.function_names()
    with starting_opa(opa=load_settings().opa_path, packs=packs) as opa:
        configuration = load_configuration(config, packs.rules)
        if snapshot:
            stored = read_file(snapshot)
            with progress("Judging"):
                return _judge(iter([stored]), configuration, opa, only=only, packs=packs)
        with progress("Reading AWS") as note:

            def note_answer(operation: str) -> None:
                opa.check()  # nobody would judge the rest of what is read
                note(operation)

            snapshots = read_regions(
                selection, note_answer, reads=configuration.reads, needs_unit=configuration.names_units
            )
            return _judge(snapshots, configuration, opa, only=only, packs=packs)


def _judge(
    snapshots: Iterator[Snapshot | Unread],
    configuration: Configuration,
    opa: StartingOpa,
    *,
    only: Sequence[str],
    packs: Packs,
) -> Report:
    reports = []
    policy: Policy | None = None
    with ExitStack() as stack:
        for snapshot in _read_ahead(snapshots):
            if isinstance(snapshot, Unread):
                reports.append(Report(looked=(), findings=(), unread=(snapshot,)))
                continue
            tell_unknown_unit(snapshot, needs_unit=configuration.names_units)
            if policy is None:
                policy = stack.enter_context(
                    Policy(opa.url(), timeout_seconds=options.TIMEOUT_SECONDS, own_rules=packs.rules)
                )
            judgement = judge(snapshot, policy=policy, configuration=configuration, trigger="cli")
            reports.append(report_of(judgement, only=only))
    return merged(reports)


def _read_ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield the items, each read on a thread while the one before it is judged."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="snapshots")
    try:
        reading = pool.submit(next, items, None)
        while (item := reading.result()) is not None:
            reading = pool.submit(next, items, None)
            yield item
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # an interrupt waits for nobody


def _again(*, policies: Sequence[Path], **given: Path | str | None) -> tuple[str, ...]:
    """Return the options by which another command reads and judges the same, region apart."""
    options_given = [(f"--{name.replace('_', '-')}", str(value)) for name, value in given.items() if value]
    options_given += [("--policies", str(folder)) for folder in policies]
    return tuple(word for option in options_given for word in option)


def _show(report: Report, format_name: FormatName, out: Path | None, view: View) -> None:
    if out is None:
        write_report(report, format_name, sys.stdout, view)
        return
    text = io.StringIO()
    write_report(report, format_name, text, view)
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"findings.{FORMATS[format_name].extension}"
    write_file(path, text.getvalue().encode(errors="backslashreplace"))
    say(f"written: {path}")
