"""`vpcguard explain`: why the rules say what they say about one function."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vpcguard.cli import exits, options
from vpcguard.cli.guarded import guarded
from vpcguard.errors import ConfigurationError

if TYPE_CHECKING:
    from vpcguard.cli.explaining import Explained


def add_to(commands: options.Commands) -> None:
    """Add this command."""
    command = options.new_command(commands, explain)
    command.add_argument("function", metavar="FUNCTION", help="name or ARN")
    options.snapshot(command, "explain from this snapshot file: no AWS access")
    options.config(command)
    options.region(command)
    options.credentials(command)
    words = "text for people (the default), json for one document"
    command.add_argument("--format", choices=("text", "json"), default="text", help=words)


@guarded
def explain(
    *,
    function: str,
    snapshot: Path | None,
    config: Path | None,
    region: str | None,
    profile: str | None,
    role_arn: str | None,
    format: Literal["text", "json"],  # noqa: A002  the option's name
) -> int:
    """Show one function's way out hop by hop, its endpoints and addresses, and what each rule says and why.

    Exit codes: 0 done, whatever the verdicts; 2 usage or configuration error, an unknown function too; 3 a
    read failed, and what was read is still explained.
    """
    from vpcguard.cli.explaining import explained_file, explained_live  # noqa: PLC0415
    from vpcguard.cli.live import Target  # noqa: PLC0415
    from vpcguard.cli.naming import check_place, named  # noqa: PLC0415

    name = named(function)
    if snapshot and (region or profile or role_arn):
        raise ConfigurationError("--snapshot reads no AWS: leave out --region, --profile, --role-arn")
    if snapshot:
        explained = explained_file(snapshot, config, name)
    else:
        target = Target(regions=[region] if region else (), profile=profile, role_arn=role_arn)
        explained = explained_live(target, config, name)
    check_place(function, explained.account_id, explained.region)
    _show(explained, format)
    return exits.READ_FAILED if explained.unread else exits.DONE


def _show(explained: Explained, name: Literal["text", "json"]) -> None:
    from vpcguard.cli.formats import explanation  # noqa: PLC0415

    write = {"text": explanation.write_text, "json": explanation.write_json}[name]
    write(explained, sys.stdout)
