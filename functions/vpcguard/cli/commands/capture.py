"""`vpcguard capture`: keep what AWS answers as a file that can be judged anywhere, any time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vpcguard.cli import exits, options
from vpcguard.cli.formats import closing
from vpcguard.cli.guarded import guarded, say
from vpcguard.cli.report import Unread
from vpcguard.errors import ConfigurationError


def add_to(commands: options.Commands) -> None:
    """Add this command."""
    command = options.new_command(commands, capture)
    words = "file to write, .json or .json.gz"
    command.add_argument("--out", type=options.path, metavar="FILE", required=True, help=words)
    options.region(command)
    options.credentials(command)
    options.functions(command)
    options.states(command)


@guarded
def capture(
    *,
    out: Path,
    region: str | None,
    profile: str | None,
    role_arn: str | None,
    function: Sequence[str] | None,
    states: bool,
) -> int:
    """Write a snapshot of one account and region: what AWS answered, without environment values or code.

    Exit codes: 0 done; 2 usage or configuration error; 3 a read failed: the snapshot says which, and
    verdicts that need it will be undetermined.
    """
    from vpcguard.audit.judging import failed_reads  # noqa: PLC0415
    from vpcguard.cli.files import write_snapshot  # noqa: PLC0415
    from vpcguard.cli.judged import unread_of  # noqa: PLC0415
    from vpcguard.cli.live import Target, live_snapshots  # noqa: PLC0415
    from vpcguard.cli.naming import check_place, named  # noqa: PLC0415
    from vpcguard.cli.progress import shown  # noqa: PLC0415

    if not out.name.endswith((".json", ".json.gz")):
        raise ConfigurationError(f"--out must end in .json or .json.gz, not {out.name!r}")
    target = Target(
        regions=[region] if region else (),
        profile=profile,
        role_arn=role_arn,
        functions=[named(one) for one in function or ()],
        states=states,
    )
    with shown("Reading AWS") as progress:
        snapshot = next(live_snapshots(target, progress))
    if isinstance(snapshot, Unread):
        say(f"vpcguard: nothing written: {snapshot.message}")
        return exits.READ_FAILED
    for spelling in function or ():
        check_place(spelling, snapshot.account_id, snapshot.region)
    write_snapshot(snapshot, out)
    say(f"written: {out}")
    unread = list(unread_of(failed_reads(snapshot), snapshot.region))
    for line in closing.unread_lines(unread):
        say(line)
    return exits.READ_FAILED if unread else exits.DONE
