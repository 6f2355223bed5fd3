"""What a command reads: live accounts with the user's own credentials, or a snapshot file."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import botocore.session
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    SSLError,
)

from vpcguard.aws.accounts import AwsAccounts, AwsReader, connect
from vpcguard.changes import function_name
from vpcguard.cli.report import Unread
from vpcguard.clock import system_clock
from vpcguard.errors import ConfigurationError, ReadError, SnapshotError
from vpcguard.model import Scope, Snapshot
from vpcguard.settings import load_settings
from vpcguard.snapshot import CaptureOptions, Progress, capture, load_snapshot

_ROLE_ARN = re.compile(r"arn:[\w-]+:iam::(\d{12}):role/[\w+=,.@/-]+", re.ASCII)
_OUT_OF_REACH = (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError, SSLError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What to read: regions (none: the profile's own), by which profile or role, which functions (none: all).

    functions: as the caller spells them, names or ARNs. states: State and LastUpdateStatus of each function
    too, one call each.
    """

    regions: Sequence[str] = ()
    profile: str | None = None
    role_arn: str | None = None
    functions: Sequence[str] = ()
    states: bool = False

    def function_names(self) -> list[str]:
        """Return the names of the functions; raises ConfigurationError for what is no name and no ARN."""
        return [_function_name(spelling) for spelling in self.functions]

    def check_place(self, account_id: str, region: str) -> None:
        """Refuse the ARN of another account's or region's function: its namesake here is another function."""
        for spelling in self.functions:
            if spelling.startswith("arn:") and spelling.split(":")[3:5] != [region, account_id]:
                where = f"{account_id} {region}"
                raise ConfigurationError(f"what was read is {where}, and {spelling[:200]!r} is elsewhere")


def _function_name(spelling: str) -> str:
    name = function_name(spelling)
    if name is None:
        raise ConfigurationError(f"{spelling[:200]!r} is neither the name nor the ARN of a function")
    return name


def read_file(path: Path) -> Snapshot:
    """Return the snapshot of a file; raises SnapshotError that names the file."""
    gc.disable()  # of the millions of objects of a large account none is garbage, and looking takes longer
    try:
        return load_snapshot(path)
    except OSError as error:
        raise SnapshotError(f"{path}: cannot be read: {error.strerror}") from error
    except SnapshotError as error:
        raise SnapshotError(f"{path}: {error}") from error
    finally:
        gc.freeze()
        gc.enable()


def read_regions(
    selection: Selection, progress: Progress | None = None, *, reads: frozenset[str] = frozenset()
) -> Iterator[Snapshot | Unread]:
    """Yield for each region its snapshot, or what kept us from reading it: throttling, a fault, out of reach.

    progress: called with "<service>:<Operation>" after each answer, from several threads. reads: as of the
    Configuration. Raises ConfigurationError and botocore's errors for credentials and role, and for the only
    region out of reach.
    """
    names = tuple(dict.fromkeys(selection.function_names()))
    for reader in _readers(selection):
        scope = Scope(
            kind="function" if names else "account",
            account_id=reader.account_id,
            region=reader.region,
            function_names=names,
        )
        options = CaptureOptions(states=selection.states, reads=reads, progress=progress)
        try:
            yield capture(scope, reader, clock=system_clock, options=options)
        except ReadError as error:
            is_alone = len(set(selection.regions)) <= 1  # one of several does not hide the others
            if is_alone and isinstance(error.__cause__, _OUT_OF_REACH):
                raise ConfigurationError(f"{reader.region} is out of reach: {error}") from error
            yield Unread(
                account_id=reader.account_id,
                region=reader.region,
                operation="the whole region",
                code=type(error).__name__,
                message=str(error),
            )


def list_function_names(selection: Selection) -> list[str]:
    """Return the names of all functions, to tell a misspelt one apart; none where AWS refuses the list."""
    try:
        return [
            one["FunctionName"]
            for reader in _readers(selection)
            for page in reader.client("lambda").get_paginator("list_functions").paginate()
            for one in page["Functions"]
        ]
    except (BotoCoreError, ClientError):
        return []


def _readers(selection: Selection) -> Iterator[AwsReader]:
    session = botocore.session.Session(profile=selection.profile)
    own_region = session.get_config_variable("region")
    regions = selection.regions or ([own_region] if own_region else [])
    if not regions:
        raise ConfigurationError("no region: use --region, AWS_DEFAULT_REGION or a profile that has one")
    # ACCOUNT_ID speaks of a deployed function's account, not of whoever sits at this terminal
    accounts = connect(replace(load_settings(), account_id=None), session=session)
    account_id = _account_of(selection.role_arn) if selection.role_arn else accounts.own_account_id()
    for region in dict.fromkeys(regions):
        yield _reader(accounts, account_id, region, selection.role_arn)


def _reader(accounts: AwsAccounts, account_id: str, region: str, role_arn: str | None) -> AwsReader:
    reader = accounts.reader(account_id, region, role_arn=role_arn)
    if reader is None:
        raise ConfigurationError(f"account {account_id} cannot be read with these credentials")
    return reader


def _account_of(role_arn: str) -> str:
    if match := _ROLE_ARN.fullmatch(role_arn):
        return match.group(1)
    raise ConfigurationError(f"--role-arn must be the ARN of an IAM role, not {role_arn[:100]!r}")
