"""Where a command finds what the hub recorded: --table or --api, with which credentials."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from botocore.exceptions import UnknownRegionError
from botocore.session import Session

from vpcguard.aws.answers import partition_of
from vpcguard.cli.hub import Hub
from vpcguard.cli.signing import SignedApi
from vpcguard.errors import ConfigurationError

if TYPE_CHECKING:
    from vpcguard.cli.application import Application

TABLE = "vpcguard-findings"  # as template.yaml names it


def add_options(command: argparse.ArgumentParser, *, api: bool = True) -> None:
    """Add --table and --api, of which one counts, and whose credentials ask."""
    either = command.add_mutually_exclusive_group()
    words = f"the findings table to ask; default: {TABLE}"
    either.add_argument("--table", metavar="NAME", help=words)
    if api:
        words = "the deployed API to ask instead, by its URL with the stage; requests are signed (SigV4)"
        either.add_argument("--api", metavar="URL", help=words)
    words = "region of the table or the API; default: the one in the API's URL, or the profile's"
    command.add_argument("--hub-region", metavar="REGION", help=words)
    command.add_argument("--profile", help="AWS profile to ask with")


def open_hub(*, table: str | None, api: str | None, hub_region: str | None, profile: str | None) -> Hub:
    """Return what answers: the API, or the table where none is named; asks nothing yet.

    Raises ConfigurationError for a URL, a name or a region that cannot be, and botocore's own for a profile
    that does not exist and for missing credentials.
    """
    if api is not None:
        sent = SignedApi(api, Session(profile=profile), region=hub_region)
        return Hub(sent, sent.url)
    opened = open_table(table=table, hub_region=hub_region, profile=profile)
    return Hub(opened, opened.place)


def open_table(*, table: str | None, hub_region: str | None, profile: str | None) -> Application:
    """Return the API over a table; raises as open_hub does."""
    from vpcguard.cli.application import application  # noqa: PLC0415  slow to import, and an API needs none

    session = Session(profile=profile)
    return application(session, table_name=table or TABLE, region=region_of(session, hub_region))


def region_of(session: Session, hub_region: str | None) -> str:
    """Return the region of the table, the session's if none is named; ConfigurationError for what is none."""
    region = hub_region or session.get_config_variable("region")
    if not region:
        raise ConfigurationError("no region: use --hub-region, AWS_DEFAULT_REGION or a profile that has one")
    try:
        partition_of(region)
    except UnknownRegionError as error:
        raise ConfigurationError(f"there is no region {region[:40]!r}") from error
    return region


def account(text: str) -> str:
    """Return the account id of an option."""
    if not re.fullmatch(r"[0-9]{12}", text):
        raise argparse.ArgumentTypeError(f"an account id has 12 digits, not {text[:40]!r}")
    return text
