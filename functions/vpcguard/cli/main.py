"""`vpcguard`: the command line's entry. A new command is a file under `commands` and a row here."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from vpcguard.cli.commands import audit, capture, explain, rules
from vpcguard.cli.exits import USAGE
from vpcguard.cli.interrupts import listen
from vpcguard.cli.memory import spare_memory

COMMANDS = (audit, capture, explain, rules)


def app(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command that the arguments name, by default those of the process, and exit with its code.

    argparse ends with 2 for arguments it does not take, as usage errors must.
    """
    listen()
    spare_memory()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names can hold what a terminal cannot show
    parser = _parser()
    found, unrecognized = parser.parse_known_args(arguments)
    options = vars(found)
    used: argparse.ArgumentParser = options.pop("used", parser)
    run: Callable[..., None] | None = options.pop("run", None)
    if unrecognized:  # told by the command's own parser, with its own usage
        used.error(f"unrecognized arguments: {' '.join(unrecognized)}")
    if run is None:  # a command is missing
        used.print_help(sys.stderr)
        sys.exit(USAGE)
    run(**options)
    sys.exit()


def _parser() -> argparse.ArgumentParser:
    words = "Finds Lambda functions whose VPC network cannot do what they need. Read-only."
    parser = argparse.ArgumentParser(prog="vpcguard", description=words, allow_abbrev=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in COMMANDS:
        command.add_to(commands)
    return parser
