"""`vpcguard capture`: keep what AWS answers as files that can be judged anywhere, any time."""

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
    words = "file to write, .json or .json.gz; with --all-regions a folder, for <region>.json.gz of each"
    command.add_argument("--out", type=options.path, metavar="FILE", required=True, help=words)
    options.config(command)
    either = command.add_mutually_exclusive_group()
    options.region(either)
    options.all_regions(either)
    options.credentials(command)
    options.functions(command)
    options.states(command)
    command.set_defaults(run=run)


def run(
    *,
    out: Path,
    config: Path | None,
    region: str | None,
    all_regions: bool,
    profile: str | None,
    role_arn: str | None,
    functions: Sequence[str],
    states: bool,
) -> int:
    """Read, write, and return the exit code."""
    if all_regions and out.exists() and not out.is_dir():
        raise ConfigurationError(f"{out}: with --all-regions --out takes a folder, and this is a file")
    if not all_regions and not out.name.endswith((".json", ".json.gz")):
        raise ConfigurationError(f"--out must end in .json or .json.gz, not {out.name!r}")
    selection = Selection(
        regions=[region] if region else (),
        all_regions=all_regions,
        profile=profile,
        role_arn=role_arn,
        functions=functions,
        states=states,
    )
    reads = load_configuration(config).reads
    is_complete = True
    with progress("Reading AWS") as note:
        for snapshot in read_regions(selection, note, reads=reads):
            if isinstance(snapshot, Unread):
                say(f"vpcguard: nothing written of {snapshot.region}: {snapshot.message}")
                is_complete = False
                continue
            selection.check_place(snapshot.account_id, snapshot.region)
            file = out / f"{snapshot.region}.json.gz" if all_regions else out
            if all_regions:
                out.mkdir(parents=True, exist_ok=True)
            write_snapshot(snapshot, file)
            say(f"written: {file}")
            unread = refused_reads(snapshot)
            for one in unread:
                say(not_read(one))
            is_complete = is_complete and not unread
    return DONE if is_complete else READ_FAILED


def write_snapshot(snapshot: Snapshot, path: Path) -> None:
    """Write a snapshot, gzip if the name ends in .gz; equal snapshots give equal files."""
    content = json.dumps(snapshot.as_document(), separators=(",", ":")).encode()
    write_file(path, gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
