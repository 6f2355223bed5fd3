"""What a command reads: live accounts with the user's own credentials, or a snapshot file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError, UnknownRegionError

from vpcguard.audit.judging import failed_reads
from vpcguard.aws.accounts import AwsAccounts, AwsReader, connect
from vpcguard.aws.answers import partition_of, partitions
from vpcguard.aws.codes import DENIED, clean_message
from vpcguard.aws.reading import FAULTS, code_of
from vpcguard.changes import function_name
from vpcguard.cli.output import say
from vpcguard.cli.report import Unread
from vpcguard.clock import system_clock
from vpcguard.errors import ConfigurationError, NothingReadError, ReadError, SnapshotError
from vpcguard.model import Failure, Scope, Snapshot
from vpcguard.organization import OrganizationReader
from vpcguard.resources.functions import LATEST
from vpcguard.settings import load_settings
from vpcguard.snapshot import AccountRoles, CaptureOptions, Progress, capture, load_snapshot

_ROLE_ARN = re.compile(r"arn:[\w-]+:iam::(\d{12}):role/[\w+=,.@/-]+", re.ASCII)
_OUT_OF_REACH = {"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError", "SSLError"}
_NO_REGION = {"InvalidRegionError", "UnknownRegionError"}
# What a region that the account has not enabled says to credentials that are good elsewhere.
# https://docs.aws.amazon.com/general/latest/gr/rande-manage.html
_NOT_HERE = {"UnrecognizedClientException", "InvalidClientTokenId", "AuthFailure", "OptInRequired"}
_ANY_REGION = "us-east-1"  # tells of all others of its partition
_NOT_OPTED_IN = "not-opted-in"
_NOT_ENABLED = "most likely the account has not enabled this region: enable it, or leave it out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What to read: regions (none: the profile's own), by which profile or role, which functions (none: all).

    all_regions: those that the account has enabled; regions is not looked at then.
    functions: as the caller spells them, names or ARNs. states: State and LastUpdateStatus of each function
    too, one call each. version: of the functions, where not $LATEST.
    """

    regions: Sequence[str] = ()
    all_regions: bool = False
    profile: str | None = None
    role_arn: str | None = None
    functions: Sequence[str] = ()
    states: bool = False
    version: str = LATEST

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
    try:
        return load_snapshot(path)
    except OSError as error:
        raise SnapshotError(f"{path}: cannot be read: {error.strerror}") from error
    except SnapshotError as error:
        raise SnapshotError(f"{path}: {error}") from error


def read_regions(
    selection: Selection,
    progress: Progress | None = None,
    *,
    reads: frozenset[str] = frozenset(),
    needs_unit: bool = False,
) -> Iterator[Snapshot | Unread]:
    """Yield for each region its snapshot, or why nothing at all could be read there; to be used up.

    progress: called with "<service>:<Operation>" after each answer, from several threads. reads: as of the
    Configuration. needs_unit: the organization is asked about the account, too. Raises ConfigurationError for
    a region that does not exist, where all are asked for and may not be listed, and where a unit is needed
    and there is no organization; where no region gave anything, what AWS said to the credentials or the role,
    else NothingReadError. A denial is an answer: the snapshot says what may not be read. Regions that refuse
    credentials which others take are not enabled, and no reason to end.
    """
    names = tuple(dict.fromkeys(selection.function_names()))
    accounts, account_id, regions = _place(selection)
    options = CaptureOptions(
        account=_account(accounts, account_id, regions[0]) if needs_unit else None,
        states=selection.states,
        version=selection.version,
        reads=reads,
        account_roles=AccountRoles(system_clock) if len(regions) > 1 and not names else None,
        progress=progress,
        raises=None,
    )
    has_read, errors = False, list[Exception]()
    for region in regions:
        try:
            reader = _reader(accounts, account_id, region, selection.role_arn)
            found = _read_region(reader, names, options)
        except FAULTS as error:  # no snapshot was begun: no credentials, or no role
            errors.append(error)
            code = code_of(error) if isinstance(error, ClientError) else type(error).__name__
            failure = Failure(code, clean_message(str(error)))
        else:
            operation, failure = _first_failure(found)
            if found.own.answers or failure.code in DENIED.keys() - _NOT_HERE:
                has_read = True
                yield found
                continue
            if failure.code not in _NOT_HERE:
                message = f"nothing could be read in {region}: {operation}: {failure.code}: {failure.message}"
                errors.append(NothingReadError(message, code=failure.code))
        is_doubtful = failure.code in _NO_REGION or (
            failure.code in _OUT_OF_REACH and region not in _regions()
        )
        if is_doubtful and not selection.all_regions:  # which AWS itself has named
            what = f"no region answers to {region!r}{_near(region)}"
            raise ConfigurationError(f"{what}: {failure.code}: {failure.message}")
        advice = f"; {_NOT_ENABLED}" if failure.code in _NOT_HERE else ""
        yield Unread(
            account_id=account_id,
            region=region,
            operation="the whole region",
            code=failure.code,
            message=failure.message + advice,
        )
    if errors and not has_read:
        raise errors[0]


def tell_unknown_unit(snapshot: Snapshot, *, needs_unit: bool) -> None:
    """Say it where configuration by organization unit stays without effect: nobody knows the unit."""
    if needs_unit and not (snapshot.account or {}).get("organization_unit"):
        say(
            f"the organization unit of account {snapshot.account_id} is not known:"
            " what the configuration says for units does not apply to it"
        )


def _account(accounts: AwsAccounts, account_id: str, region: str) -> Mapping[str, Any] | None:
    """Return what the organization says of an account; None, said with its reason, where it may not be asked.

    Our own credentials ask, not those of a role: members may not. Raises NoOrganizationError.
    """
    own = _reader(accounts, accounts.own_account_id(), region, None)
    try:
        found = OrganizationReader(own.client("organizations"), clock=system_clock).account(account_id)
    except ReadError as error:
        say(f"{error}: only the management account, or one it has delegated to, may ask")
        return None
    return None if found is None else found.as_document()


def _read_region(reader: AwsReader, names: tuple[str, ...], options: CaptureOptions) -> Snapshot:
    scope = Scope(
        kind="function" if names else "account",
        account_id=reader.account_id,
        region=reader.region,
        function_names=names,
    )
    return capture(scope, reader, clock=system_clock, options=options)


def _first_failure(snapshot: Snapshot) -> tuple[str, Failure]:
    """Return the first read that failed, and how; nothing where none did."""
    for read in failed_reads(snapshot):
        return read.operation, read.failure
    return "", Failure("", "")


def _regions() -> list[str]:
    """Return the regions that this botocore has heard of, of all partitions."""
    return [region for partition in partitions() for region in partition["regions"]]


def _near(region: str) -> str:
    """Return in words which region was probably meant; nothing where none is near."""
    close = difflib.get_close_matches(region, _regions(), n=1)
    return f"; did you mean {close[0]}?" if close else ""


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


def list_versions(selection: Selection) -> list[str]:
    """Return the versions of the one function selected, as list_function_names does of functions."""
    try:
        return [
            one["Version"]
            for reader in _readers(selection)
            for page in reader.client("lambda")
            .get_paginator("list_versions_by_function")
            .paginate(FunctionName=selection.function_names()[0])
            for one in page["Versions"]
        ]
    except (BotoCoreError, ClientError):
        return []


def _readers(selection: Selection) -> Iterator[AwsReader]:
    accounts, account_id, regions = _place(selection)
    for region in regions:
        yield _reader(accounts, account_id, region, selection.role_arn)


def _place(selection: Selection) -> tuple[AwsAccounts, str, list[str]]:
    """Return who reads, which account, and the regions of it; asks STS who we are unless a role is given."""
    session = botocore.session.Session(profile=selection.profile)
    own_region = session.get_config_variable("region")
    regions = [*selection.regions] or ([own_region] if own_region else [])
    if selection.all_regions:
        regions = [own_region or _ANY_REGION]
    if not regions:
        raise ConfigurationError("no region: use --region, AWS_DEFAULT_REGION or a profile that has one")
    for region in regions:
        try:
            partition_of(region)
        except UnknownRegionError as error:
            raise ConfigurationError(f"there is no region {region[:40]!r}{_near(region)}") from error
    # ACCOUNT_ID speaks of a deployed function's account, not of whoever sits at this terminal
    accounts = connect(replace(load_settings(), account_id=None), session=session)
    account_id = _account_of(selection.role_arn) if selection.role_arn else accounts.own_account_id()
    if selection.all_regions:
        regions = _enabled_regions(_reader(accounts, account_id, regions[0], selection.role_arn))
    return accounts, account_id, list(dict.fromkeys(regions))


def _enabled_regions(reader: AwsReader) -> list[str]:
    """Return the regions that the account has enabled, and say which it has not.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html
    """
    try:
        told = reader.client("ec2").describe_regions(AllRegions=True)["Regions"]
    except ClientError as error:
        if code_of(error) in DENIED.keys() - _NOT_HERE:
            advice = "grant ec2:DescribeRegions, or name regions with --region"
            raise ConfigurationError(f"the regions may not be listed: {code_of(error)}: {advice}") from error
        raise
    skipped = sorted(one["RegionName"] for one in told if one.get("OptInStatus") == _NOT_OPTED_IN)
    if skipped:
        say(f"skipped, not opted in: {', '.join(skipped)}")
    return sorted({one["RegionName"] for one in told}.difference(skipped))


def _reader(accounts: AwsAccounts, account_id: str, region: str, role_arn: str | None) -> AwsReader:
    reader = accounts.reader(account_id, region, role_arn=role_arn)
    if reader is None:
        raise ConfigurationError(f"account {account_id} cannot be read with these credentials")
    return reader


def _account_of(role_arn: str) -> str:
    if match := _ROLE_ARN.fullmatch(role_arn):
        return match.group(1)
    raise ConfigurationError(f"--role-arn must be the ARN of an IAM role, not {role_arn[:100]!r}")
