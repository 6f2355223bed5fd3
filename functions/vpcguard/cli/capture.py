"""`vpcguard capture`: keep what AWS answers as a file that can be judged anywhere, any time."""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Sequence
from pathlib import Path

from vpcguard.cli import options
from vpcguard.cli.output import DONE, READ_FAILED, say, write_file
from vpcguard.cli.reading import Selection, read_regions
from vpcguard.cli.render import progress
from vpcguard.cli.report import Unread, not_read, refused_reads
from vpcguard.errors import ConfigurationError
from vpcguard.model import Snapshot
from vpcguard.policy.configuration import load_configuration

_EXIT_CODES = """\
Exit codes: 0 done; 2 usage or configuration error; 3 a read failed: the snapshot says which, and
verdicts that need it will be undetermined."""


def add_options(command: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    options.describe(command, _EXIT_CODES)
    words = "file to write, .json or .json.gz"
    command.add_argument("--out", type=options.path, metavar="FILE", required=True, help=words)
    options.config(command)
    options.region(command)
    options.credentials(command)
    options.functions(command)
    options.states(command)
    command.set_defaults(run=run)


def run(
    *,
    out: Path,
    config: Path | None,
    region: str | None,
    profile: str | None,
    role_arn: str | None,
    functions: Sequence[str],
    states: bool,
) -> int:
    """Read, write, and return the exit code."""
    if not out.name.endswith((".json", ".json.gz")):
        raise ConfigurationError(f"--out must end in .json or .json.gz, not {out.name!r}")
    selection = Selection(
        regions=[region] if region else (),
        profile=profile,
        role_arn=role_arn,
        functions=functions,
        states=states,
    )
    reads = load_configuration(config).reads
    with progress("Reading AWS") as note:
        [snapshot] = read_regions(selection, note, reads=reads)
    if isinstance(snapshot, Unread):
        say(f"vpcguard: nothing written: {snapshot.message}")
        return READ_FAILED
    selection.check_place(snapshot.account_id, snapshot.region)
    _write_snapshot(snapshot, out)
    say(f"written: {out}")
    unread = refused_reads(snapshot)
    for one in unread:
        say(not_read(one))
    return READ_FAILED if unread else DONE


def _write_snapshot(snapshot: Snapshot, path: Path) -> None:
    """Write a snapshot, gzip if the name ends in .gz; equal snapshots give equal files."""
    content = json.dumps(snapshot.as_document(), separators=(",", ":")).encode()
    write_file(path, gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
