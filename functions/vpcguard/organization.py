"""Accounts as AWS Organizations knows them, with the path of their unit: what configuration by unit rests on.

Reading works in the management account, or in a delegated administrator's with a policy that allows it:
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_delegate_policies.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

from vpcguard.aws.accounts import connect
from vpcguard.aws.codes import clean_message, is_not_found_code
from vpcguard.clock import Clock, rfc3339, system_clock
from vpcguard.errors import EventError, NoOrganizationError, ReadError
from vpcguard.settings import Settings

# what reading takes; nothing in Organizations can be narrowed down further for these
ACTIONS = (
    "organizations:DescribeAccount",
    "organizations:DescribeOrganizationalUnit",
    "organizations:ListAccounts",
    "organizations:ListAccountsForParent",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListParents",
    "organizations:ListRoots",
    "organizations:ListTagsForResource",
)
ROOT = "root"  # begins every path, however the root is called
REFRESH_EVERY = timedelta(hours=23)  # asked more often than daily, so that a failure waits for no day
_UNIT_ID = re.compile(r"ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}")
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_NOT_IN_USE = "AWSOrganizationsNotInUseException"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberAccount:
    """One account of the organization.

    organization_unit: the names of its units from the root, e.g. "root/prod/payments"; a slash or percent
    sign in a name is written %2F or %25. state: Organizations' own word, e.g. ACTIVE; None: it did not say.
    read_at: RFC 3339.
    """

    account_id: str
    name: str | None
    organization_unit: str
    tags: Mapping[str, str] = field(default_factory=dict)
    state: str | None = None
    read_at: str

    def as_document(self) -> dict[str, Any]:
        """Return what a snapshot says of its account."""
        named = {} if self.name is None else {"name": self.name}
        return {**named, "organization_unit": self.organization_unit, "tags": dict(self.tags)}


class OrganizationReader:
    """Reads the organization of the account that the client belongs to.

    client: botocore's `organizations`. Every method raises NoOrganizationError where there is none, and
    ReadError where AWS does not answer or does not allow it.
    """

    def __init__(self, client: Any, *, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    def accounts(self) -> list[MemberAccount]:
        """Return every account by id: a call for each unit, page of accounts, and account's tags."""
        read_at = rfc3339(self._clock())
        paths = dict(self._units())
        listed = {one["Id"]: one for one in self._pages("list_accounts", "Accounts")}
        units = {account_id: _unit_of(one) for account_id, one in listed.items()}
        if None in units.values():  # an account without Paths: its unit is the one that lists it
            for unit_id in paths:
                for one in self._pages("list_accounts_for_parent", "Accounts", ParentId=unit_id):
                    listed.setdefault(one["Id"], one)
                    units[one["Id"]] = unit_id
        found = []
        for account_id, told in sorted(listed.items()):
            path = paths.get(units[account_id] or "")
            # one that moved, or whose unit is new, while the rest was read is read by itself
            member = self.account(account_id) if path is None else self._member(told, path, read_at)
            found += [member] if member is not None else []
        return found

    def account(self, account_id: str) -> MemberAccount | None:
        """Return one account; None: the organization has no such account."""
        read_at = rfc3339(self._clock())
        try:
            told = self._call("describe_account", "Account", AccountId=account_id)
            names: list[str] = []
            child = account_id
            while (parent := self._parent(child)) is not None:
                names.insert(0, self._unit_name(parent))
                child = parent
        except _AbsentError:
            return None
        return self._member(told, "/".join((ROOT, *names)), read_at)

    def _units(self) -> Iterator[tuple[str, str]]:
        """Yield the root and every unit below it, each id with its path."""
        waiting = [(one["Id"], ROOT) for one in self._pages("list_roots", "Roots")]
        while waiting:
            unit_id, path = waiting.pop()
            yield unit_id, path
            below = self._pages(
                "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=unit_id
            )
            waiting += [(one["Id"], f"{path}/{_escaped(one['Name'])}") for one in below]

    def _parent(self, child: str) -> str | None:
        """Return the id of the unit that holds an account or a unit; None: the root does."""
        parents = list(self._pages("list_parents", "Parents", ChildId=child))
        if len(parents) != 1:
            raise ReadError(f"organizations:ListParents named {len(parents)} parents of {child}")
        return parents[0]["Id"] if parents[0]["Type"] == "ORGANIZATIONAL_UNIT" else None

    def _unit_name(self, unit_id: str) -> str:
        told = self._call("describe_organizational_unit", "OrganizationalUnit", OrganizationalUnitId=unit_id)
        return _escaped(told["Name"])

    def _member(self, told: Mapping[str, Any], unit: str, read_at: str) -> MemberAccount:
        try:
            tags = {
                one["Key"]: one["Value"]
                for one in self._pages("list_tags_for_resource", "Tags", ResourceId=told["Id"])
            }
        except _AbsentError:  # it left between two calls
            tags = {}
        return MemberAccount(
            account_id=told["Id"],
            name=told.get("Name") or None,
            organization_unit=unit,
            tags=tags,
            state=told.get("State") or None,  # never Status, which was retired in September 2026
            read_at=read_at,
        )

    def _pages(self, method: str, key: str, **parameters: str) -> Iterator[Mapping[str, Any]]:
        with _told(method):
            for page in self._client.get_paginator(method).paginate(**parameters):
                yield from page[key]

    def _call(self, method: str, key: str, **parameters: str) -> Mapping[str, Any]:
        with _told(method):
            answer: Mapping[str, Any] = getattr(self._client, method)(**parameters)[key]
        return answer


@contextmanager
def _told(method: str) -> Iterator[None]:
    """Turn what botocore raises into our errors, which name the operation."""
    operation = "organizations:" + "".join(word.capitalize() for word in method.split("_"))
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code == _NOT_IN_USE:
            raise NoOrganizationError("this account is in no organization") from error
        if is_not_found_code(code):
            raise _AbsentError(operation) from error
        raise ReadError(f"{operation}: {clean_message(str(error))}") from error
    except BotoCoreError as error:
        raise ReadError(f"{operation}: {clean_message(str(error))}") from error
    except KeyError as error:
        raise ReadError(f"{operation}: an answer without {error}") from error


class _AbsentError(ReadError):
    """Organizations does not know what it was asked about."""


def _unit_of(account: Mapping[str, Any]) -> str | None:
    """Return the id of the unit or root that an account says it is in; None where it does not say."""
    for path in account.get("Paths") or ():
        units = _UNIT_ID.findall(path)
        roots = re.findall(r"r-[0-9a-z]{4,32}", path)
        if units or roots:
            return str((units or roots)[-1])
    return None


def _escaped(name: str) -> str:
    """Return a unit's name as a part of a path: no name may look like two units."""
    return name.replace("%", "%25").replace("/", "%2F")


class AccountStore(Protocol):
    """Where accounts are kept: vpcguard.findings.accounts.Accounts; all raise FindingStoreError."""

    def account(self, account_id: str, /) -> MemberAccount | None:
        """Return what is kept of an account."""

    def organization(self) -> OrganizationRead | None:
        """Return what the last complete reading found; None: there was none."""

    def keep(self, accounts: Iterable[MemberAccount], /) -> None:
        """Keep these accounts as they are now."""

    def forget(self, account_ids: Iterable[str], /) -> None:
        """Remove what is kept of accounts."""

    def keep_organization(self, read: OrganizationRead, /) -> None:
        """Keep what a complete reading found, and remove what is kept of accounts that it did not find."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationRead:
    """A complete reading. account_ids: whom it found; is_in_use: false where there is no organization."""

    read_at: str
    is_in_use: bool
    account_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What a refresh did: how many accounts it read, and whether there is an organization at all."""

    accounts: int
    is_in_use: bool
    was_due: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Return it as the answer of an invocation."""
        return asdict(self)


class Organization:
    """The organization as it is kept: what refreshes it."""

    def __init__(self, reader: OrganizationReader, store: AccountStore, *, clock: Clock) -> None:
        self._reader = reader
        self._store = store
        self._clock = clock

    def refresh(self, event: object) -> Refreshed:
        """Read what an event asks for and keep it.

        {"refresh": "if_due"}: everything, unless the last complete reading is younger than a day; "now": in
        any case. An event of AWS Organizations: the account it is about, else everything. Raises EventError
        for anything else, ReadError and FindingStoreError: what was kept stays, and the next try begins anew.
        """
        if isinstance(event, Mapping) and event.get("refresh") in ("if_due", "now"):
            last = self._store.organization() if event["refresh"] == "if_due" else None
            if last is not None and self._clock() - datetime.fromisoformat(last.read_at) < REFRESH_EVERY:
                return Refreshed(accounts=0, is_in_use=last.is_in_use, was_due=False)
            return self._read_all()
        account_id = account_of_event(event)
        return self._read_all() if account_id is None else self._read_one(account_id)

    def _read_all(self) -> Refreshed:
        read_at = rfc3339(self._clock())
        try:
            accounts = self._reader.accounts()
        except NoOrganizationError:
            self._store.keep_organization(OrganizationRead(read_at=read_at, is_in_use=False))
            return Refreshed(accounts=0, is_in_use=False)
        self._store.keep(accounts)
        account_ids = frozenset(one.account_id for one in accounts)
        self._store.keep_organization(
            OrganizationRead(read_at=read_at, is_in_use=True, account_ids=account_ids)
        )
        return Refreshed(accounts=len(accounts), is_in_use=True)

    def _read_one(self, account_id: str) -> Refreshed:
        found = self._reader.account(account_id)
        if found is None:
            self._store.forget([account_id])
            return Refreshed(accounts=0, is_in_use=True)
        self._store.keep([found])
        return Refreshed(accounts=1, is_in_use=True)


def connect_organization(settings: Settings, session: botocore.session.Session) -> OrganizationReader:
    """Return a reader of the organization that these settings lead to: by the role they name, or our own.

    Raises ReadError where the role refuses us.
    """
    region = session.get_config_variable("region") or "us-east-1"
    accounts = connect(settings, session=session)
    own = settings.account_id or accounts.own_account_id()
    try:
        reader = accounts.reader(own, region, role_arn=settings.organization_role_arn)
    except (ClientError, BotoCoreError) as error:
        raise ReadError(f"the organization cannot be read: {clean_message(str(error))}") from error
    if reader is None:  # not for an account of our own
        raise ReadError("the organization cannot be read: there is no role to read it with")
    return OrganizationReader(reader.client("organizations"), clock=system_clock)


def account_of_event(event: object) -> str | None:
    """Return the account that an event of Organizations is about; None: it may change several.

    The shape of what a call sends and answers is not the same from one to the next: an id in a field that is
    called after an account or a resource is one. https://docs.aws.amazon.com/organizations/latest/userguide/
    orgs_cloudtrail-integration.html. Raises EventError for what is no event of Organizations.
    """
    detail = event.get("detail") if isinstance(event, Mapping) else None
    if not isinstance(detail, Mapping) or detail.get("eventSource") != "organizations.amazonaws.com":
        raise EventError("expected an event of AWS Organizations by CloudTrail")
    places = [detail.get(key) for key in ("requestParameters", "responseElements", "serviceEventDetails")]
    found = {one for place in places for one in _account_ids(place)}
    return found.pop() if len(found) == 1 else None


def _account_ids(found: object) -> Iterator[str]:
    if isinstance(found, Mapping):
        for key, one in found.items():
            is_named = str(key).lower() in {"accountid", "resourceid"}
            if is_named and isinstance(one, str) and _ACCOUNT_ID.fullmatch(one):
                yield one
            else:
                yield from _account_ids(one)
    elif isinstance(found, list):
        for one in found:
            yield from _account_ids(one)
