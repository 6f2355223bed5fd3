"""Options that several commands share, so that they read and mean the same everywhere."""

from __future__ import annotations

import argparse
from pathlib import Path

TIMEOUT_SECONDS = 60.0  # of one question to OPA; nobody waits for the answer but the person at the terminal


def describe(command: argparse.ArgumentParser, words: str) -> None:
    """Add to what a command's help says, as it stands."""
    command.description = f"{command.description}\n\n{words}"
    command.formatter_class = argparse.RawDescriptionHelpFormatter


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


def policies(command: argparse.ArgumentParser) -> None:
    """Add --policies DIR, repeatable."""
    words = "folder with rules of your own (docs/own-rules.md), judged beside the shipped ones; repeatable"
    command.add_argument("--policies", type=path, action="append", default=[], metavar="DIR", help=words)


def region(command: argparse._ActionsContainer) -> None:
    """Add --region REGION."""
    command.add_argument("--region", help="region to read; default: the profile's")


def regions(command: argparse.ArgumentParser) -> None:
    """Add --region REGION, repeatable, or several with commas between them, or --all-regions."""
    words = "region to read, or several: eu-west-1,us-east-1; repeatable; default: the profile's"
    either = command.add_mutually_exclusive_group()
    either.add_argument(
        "--region",
        action="extend",
        type=lambda text: text.split(","),
        default=[],
        dest="regions",
        metavar="REGION",
        help=words,
    )
    all_regions(either)


def all_regions(command: argparse._ActionsContainer) -> None:
    """Add --all-regions."""
    words = "read every region that the account has enabled; needs ec2:DescribeRegions"
    command.add_argument("--all-regions", action="store_true", help=words)


def credentials(command: argparse.ArgumentParser) -> None:
    """Add --profile and --role-arn."""
    command.add_argument("--profile", help="AWS profile to read with")
    command.add_argument("--role-arn", metavar="ARN", help="role to assume; its account is read")


def functions(command: argparse.ArgumentParser) -> None:
    """Add --function NAME, repeatable; an ARN is a name as well."""
    words = "only this function, by name or ARN; repeatable; default: every function"
    command.add_argument(
        "--function", action="append", default=[], dest="functions", metavar="NAME", help=words
    )


def states(command: argparse.ArgumentParser) -> None:
    """Add --states."""
    words = "read the State of every function, not only of those in a full or missing subnet: one call each"
    command.add_argument("--states", action="store_true", help=words)
