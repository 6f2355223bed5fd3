"""`vpcguard capture`: keep what AWS answers as a file that can be judged anywhere, any time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vpcguard.cli import exits, options
from vpcguard.cli.formats import closing
from vpcguard.cli.guarded import guarded
from vpcguard.cli.report import Unread
from vpcguard.errors import ConfigurationError


@guarded
def capture(
    *,
    out: Annotated[Path, typer.Option(help="File to write, .json or .json.gz.", show_default=False)],
    region: Annotated[
        str | None, typer.Option(help="Region to read. Default: the profile's.", show_default=False)
    ] = None,
    profile: options.Profile = None,
    role_arn: options.RoleArn = None,
    function: options.Functions = None,
    states: options.States = False,
) -> int:
    """Write a snapshot of one account and region: what AWS answered, without environment values or code.

    Exit codes: 0 done; 2 usage or configuration error; 3 a read failed: the snapshot says which, and
    verdicts that need it will be undetermined.
    """
    from vpcguard.audit.judging import failed_reads  # noqa: PLC0415
    from vpcguard.cli.files import write_snapshot  # noqa: PLC0415
    from vpcguard.cli.judged import unread_of  # noqa: PLC0415
    from vpcguard.cli.live import Target, live_snapshots  # noqa: PLC0415
    from vpcguard.cli.progress import shown  # noqa: PLC0415

    if not out.name.endswith((".json", ".json.gz")):
        raise ConfigurationError(f"--out must end in .json or .json.gz, not {out.name!r}")
    target = Target(
        regions=[region] if region else (),
        profile=profile,
        role_arn=role_arn,
        functions=function or (),
        states=states,
    )
    with shown("Reading AWS") as progress:
        snapshot = next(live_snapshots(target, progress))
    if isinstance(snapshot, Unread):
        typer.echo(f"vpcguard: nothing written: {snapshot.message}", err=True)
        return exits.READ_FAILED
    write_snapshot(snapshot, out)
    typer.echo(f"written: {out}", err=True)
    unread = list(unread_of(failed_reads(snapshot), snapshot.region))
    for line in closing.unread_lines(unread):
        typer.echo(line, err=True)
    return exits.READ_FAILED if unread else exits.DONE
