"""`vpcguard audit`: read an account, or a snapshot of one, and show what is wrong with its networks."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vpcguard.cli import exits, options
from vpcguard.cli.formats import FORMATS, FormatName, write_report
from vpcguard.cli.formats.closing import unread_lines
from vpcguard.cli.guarded import guarded, say
from vpcguard.cli.report import SEVERITIES, Report
from vpcguard.errors import ConfigurationError
from vpcguard.model import Severity
from vpcguard.settings import load_settings

if TYPE_CHECKING:
    from vpcguard.cli.live import Target


def add_to(commands: options.Commands) -> None:
    """Add this command."""
    command = options.new_command(commands, audit)
    options.snapshot(command, "judge this snapshot file, not a live account: no AWS access")
    options.config(command)
    options.region(command, is_repeatable=True)
    options.credentials(command)
    options.functions(command)
    options.states(command)
    words = "table for people (the default), json for one document, jsonl for a finding a line"
    command.add_argument("--format", choices=tuple(FORMATS), default="table", help=words)
    words = "write findings.<txt|json|jsonl> into this folder, not to stdout"
    command.add_argument("--out", type=options.path, metavar="DIR", help=words)
    words = "exit with 1 if a finding this severe, or worse, is open"
    command.add_argument("--fail-on", choices=SEVERITIES, help=words)


@guarded
def audit(
    *,
    snapshot: Path | None,
    config: Path | None,
    region: Sequence[str] | None,
    profile: str | None,
    role_arn: str | None,
    function: Sequence[str] | None,
    states: bool,
    format: FormatName,  # noqa: A002  the option's name
    out: Path | None,
    fail_on: Severity | None,
) -> int:
    """Judge the networks of a live account's functions, or of a snapshot. Read-only.

    Exit codes: 0 done; 1 open findings at or above --fail-on; 2 usage or configuration error; 3 a read
    failed, and what was read is still reported. 2 comes before 3, 3 before 1.
    """
    from vpcguard.cli.live import Target  # noqa: PLC0415
    from vpcguard.cli.naming import check_place, named  # noqa: PLC0415

    if snapshot and (region or profile or role_arn or states):
        raise ConfigurationError(
            "--snapshot reads no AWS: leave out --region, --profile, --role-arn, --states"
        )
    if out and out.exists() and not out.is_dir():
        raise ConfigurationError(f"{out}: cannot be written: --out takes a folder, and this is a file")
    target = Target(
        regions=region or (),
        profile=profile,
        role_arn=role_arn,
        functions=[named(one) for one in function or ()],
        states=states,
    )
    report = _report(snapshot, target, config)
    for spelling in function or ():
        for looked in report.looked:
            check_place(spelling, looked.account_id, looked.region)
    if not report.unread and (missing := report.missing_functions(target.functions)):
        raise ConfigurationError(f"no such function: {', '.join(missing)}")  # else a typo would pass
    _show(report, format, out)
    if format == "jsonl":  # which has no room for it: nothing but findings on stdout
        for line in unread_lines(report.unread):
            say(line)
    return exits.status_of(report, fail_on)


def _report(snapshot: Path | None, target: Target, config: Path | None) -> Report:
    from vpcguard.policy.server import starting_opa  # noqa: PLC0415

    with starting_opa(opa=load_settings().opa_path) as opa:
        # imported while OPA comes up, which takes as long
        from vpcguard.cli.judging import judged_file, judged_live  # noqa: PLC0415

        if snapshot:
            return judged_file(snapshot, config, opa, only=target.functions)
        return judged_live(target, config, opa)


def _show(report: Report, name: FormatName, out: Path | None) -> None:
    if out is None:
        write_report(report, name, sys.stdout)
        return
    from vpcguard.cli.files import write_whole  # noqa: PLC0415

    text = io.StringIO()
    write_report(report, name, text)
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"findings.{FORMATS[name].extension}"
    write_whole(path, text.getvalue().encode(errors="backslashreplace"))
    say(f"written: {path}")
