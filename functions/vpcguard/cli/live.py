"""Reading live accounts for the command line: the user's own credentials, one region after another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vpcguard.cli.report import Unread
from vpcguard.clock import system_clock
from vpcguard.errors import ConfigurationError, ReadError

if TYPE_CHECKING:
    from vpcguard.aws.accounts import AwsAccounts, AwsReader
    from vpcguard.model import Snapshot
    from vpcguard.snapshot import Progress

_ROLE_ARN = re.compile(r"arn:[\w-]+:iam::(\d{12}):role/[\w+=,.@/-]+", re.ASCII)
_OUT_OF_REACH = ("EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError", "SSLError")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What to read: regions (none: the profile's own), by which profile or role, which functions (none: all).

    states: State and LastUpdateStatus of each function too, one call each.
    """

    regions: Sequence[str] = ()
    profile: str | None = None
    role_arn: str | None = None
    functions: Sequence[str] = ()
    states: bool = False


def live_snapshots(target: Target, progress: Progress | None) -> Iterator[Snapshot | Unread]:
    """Yield for each region its snapshot, or what kept us from reading it: throttling, a fault, out of reach.

    progress: called with "<service>:<Operation>" after each answer, from several threads. Raises
    ConfigurationError and botocore's errors for credentials and role, and for the only region out of reach.
    """
    for reader in _readers(target):
        yield _captured(target, reader, progress)


def function_names(target: Target) -> list[str]:
    """Return the names of all functions, to tell a misspelt one apart; none where AWS refuses the list."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        return [
            one["FunctionName"]
            for reader in _readers(target)
            for page in reader.client("lambda").get_paginator("list_functions").paginate()
            for one in page["Functions"]
        ]
    except (BotoCoreError, ClientError):
        return []


def _readers(target: Target) -> Iterator[AwsReader]:
    import botocore.session  # noqa: PLC0415  100 ms others need not pay

    from vpcguard.aws.accounts import connect  # noqa: PLC0415
    from vpcguard.settings import load_settings  # noqa: PLC0415

    session = botocore.session.Session(profile=target.profile)
    regions = target.regions or [region for region in [session.get_config_variable("region")] if region]
    if not regions:
        raise ConfigurationError("no region: use --region, AWS_DEFAULT_REGION or a profile that has one")
    # ACCOUNT_ID speaks of a deployed function's account, not of whoever sits at this terminal
    accounts = connect(replace(load_settings(), account_id=None), session=session)
    account_id = _account_of(target.role_arn) if target.role_arn else accounts.own_account_id()
    for region in dict.fromkeys(regions):
        yield _reader(accounts, account_id, region, target.role_arn)


def _captured(target: Target, reader: AwsReader, progress: Progress | None) -> Snapshot | Unread:
    from vpcguard.model import Scope  # noqa: PLC0415
    from vpcguard.snapshot import CaptureOptions, capture  # noqa: PLC0415

    scope = Scope(
        kind="function" if target.functions else "account",
        account_id=reader.account_id,
        region=reader.region,
        function_names=tuple(dict.fromkeys(target.functions)),
    )
    options = CaptureOptions(states=target.states, progress=progress)
    try:
        return capture(scope, reader, clock=system_clock, options=options)
    except ReadError as error:
        is_alone = len(set(target.regions)) <= 1  # among several, one out of reach does not hide the others
        if is_alone and type(error.__cause__).__name__ in _OUT_OF_REACH:
            raise ConfigurationError(f"{reader.region} is out of reach: {error}") from error
        return Unread(
            account_id=reader.account_id,
            region=reader.region,
            operation="the whole region",
            code=type(error).__name__,
            message=str(error),
        )


def _reader(accounts: AwsAccounts, account_id: str, region: str, role_arn: str | None) -> AwsReader:
    reader = accounts.reader(account_id, region, role_arn=role_arn)
    if reader is None:
        raise ConfigurationError(f"account {account_id} cannot be read with these credentials")
    return reader


def _account_of(role_arn: str) -> str:
    if match := _ROLE_ARN.fullmatch(role_arn):
        return match.group(1)
    raise ConfigurationError(f"--role-arn must be the ARN of an IAM role, not {role_arn[:100]!r}")
