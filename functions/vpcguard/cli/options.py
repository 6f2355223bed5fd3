"""Options that several commands share, so that they read and mean the same everywhere."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from inspect import cleandoc
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  argparse names it no other way


def new_command(
    commands: Commands, run: Callable[..., None], *, name: str | None = None
) -> argparse.ArgumentParser:
    """Add the command that calls `run` with its options as keywords; its docstring is the help.

    name: by default that of the function.
    """
    words = cleandoc(run.__doc__ or "")
    command = commands.add_parser(
        name or run.__name__,
        help=words.splitlines()[0],
        description=words,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.set_defaults(run=run, used=command)
    return command


def path(text: str) -> Path:
    """Return the path of an option; an empty one, which a shell makes of an unset variable, is refused."""
    if not text:
        raise argparse.ArgumentTypeError("it is empty; give a path, e.g. . for the current folder")
    return Path(text)


def snapshot(command: argparse.ArgumentParser, words: str) -> None:
    """Add --snapshot FILE."""
    command.add_argument("--snapshot", type=path, metavar="FILE", help=words)


def config(command: argparse.ArgumentParser) -> None:
    """Add --config FILE."""
    words = "configuration laid over the defaults, YAML or JSON"
    command.add_argument("--config", type=path, metavar="FILE", help=words)


def region(command: argparse.ArgumentParser, *, is_repeatable: bool = False) -> None:
    """Add --region REGION."""
    several: dict[str, Any] = {"action": "append"} if is_repeatable else {}
    words = "region to read; repeatable" if is_repeatable else "region to read"
    command.add_argument("--region", help=f"{words}; default: the profile's", **several)


def credentials(command: argparse.ArgumentParser) -> None:
    """Add --profile and --role-arn."""
    command.add_argument("--profile", help="AWS profile to read with")
    command.add_argument("--role-arn", metavar="ARN", help="role to assume; its account is read")


def functions(command: argparse.ArgumentParser) -> None:
    """Add --function NAME, repeatable; an ARN is a name as well."""
    words = "only this function, by name or ARN; repeatable; default: every function"
    command.add_argument("--function", action="append", metavar="NAME", help=words)


def states(command: argparse.ArgumentParser) -> None:
    """Add --states."""
    words = "read each function's State too: one call a function"
    command.add_argument("--states", action="store_true", help=words)
