"""Accounts as Organizations tells them, and what keeps them fresh; AWS's answers are botocore's Stubber."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber

from vpcguard.errors import EventError, NoOrganizationError, ReadError
from vpcguard.organization import (
    MemberAccount,
    Organization,
    OrganizationRead,
    OrganizationReader,
    account_of_event,
    connect_organization,
)
from vpcguard.settings import Settings

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
READ_AT = "2026-11-20T12:00:00.000000Z"
PAYMENTS, TOOLS = "111122223333", "444455556666"
ROOT, PROD, INNER = "r-ab12", "ou-ab12-prod0000", "ou-ab12-inner000"
NOW = {"refresh": "now"}


class Answers:
    """A client that answers what it is given, call by call, and knows its own paginators."""

    def __init__(self) -> None:
        session = botocore.session.Session()
        session.set_credentials("local", "local")
        self.client = session.create_client("organizations", region_name="us-east-1")
        self.stubber = Stubber(self.client)
        self.stubber.activate()
        self.reader = OrganizationReader(self.client, clock=lambda: NOON)

    def add(self, method: str, answer: dict[str, Any], **expected: str) -> None:
        """Answer the next call."""
        self.stubber.add_response(method, answer, expected)

    def refuse(self, method: str, code: str) -> None:
        """Refuse the next call."""
        self.stubber.add_client_error(method, code, "not today")

    def units(self) -> None:
        """Root, prod below it, and one below that whose name has a slash."""
        list_units = "list_organizational_units_for_parent"
        self.add("list_roots", {"Roots": [{"Id": ROOT, "Name": "Root"}]})
        self.add(list_units, {"OrganizationalUnits": [{"Id": PROD, "Name": "prod"}]}, ParentId=ROOT)
        inner = {"OrganizationalUnits": [{"Id": INNER, "Name": "pay/100%"}]}
        self.add(list_units, inner, ParentId=PROD)
        self.add(list_units, {"OrganizationalUnits": []}, ParentId=INNER)

    def tags(self, account_id: str, **tags: str) -> None:
        """Answer with the tags of an account."""
        told = {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
        self.add("list_tags_for_resource", told, ResourceId=account_id)


class Kept:
    """A table of accounts in memory."""

    def __init__(self, last: OrganizationRead | None = None) -> None:
        self.accounts: dict[str, MemberAccount] = {}
        self.last = last

    def account(self, account_id: str, /) -> MemberAccount | None:
        """As AccountStore."""
        return self.accounts.get(account_id)

    def organization(self) -> OrganizationRead | None:
        """As AccountStore."""
        return self.last

    def keep(self, accounts: Iterable[MemberAccount], /) -> None:
        """As AccountStore."""
        self.accounts |= {one.account_id: one for one in accounts}

    def forget(self, account_ids: Iterable[str], /) -> None:
        """As AccountStore."""
        for account_id in account_ids:
            self.accounts.pop(account_id, None)

    def keep_organization(self, read: OrganizationRead, /) -> None:
        """As AccountStore."""
        self.last = read


@pytest.fixture
def aws() -> Answers:
    return Answers()


def _organization(aws: Answers, kept: Kept) -> Organization:
    return Organization(aws.reader, kept, clock=lambda: NOON)


def test_an_account_says_where_it_is(aws: Answers) -> None:
    aws.units()
    path = f"o-abcdefghij/{ROOT}/{PROD}/{INNER}/{PAYMENTS}/"
    aws.add(
        "list_accounts",
        {"Accounts": [{"Id": PAYMENTS, "Name": "payments", "State": "ACTIVE", "Paths": [path]}]},
    )
    aws.tags(PAYMENTS, stage="prod")

    (account,) = aws.reader.accounts()

    assert account == MemberAccount(
        account_id=PAYMENTS,
        name="payments",
        organization_unit="root/prod/pay%2F100%25",  # no name looks like two units
        tags={"stage": "prod"},
        state="ACTIVE",
        read_at=READ_AT,
    )
    assert account.as_document() == {
        "name": "payments",
        "organization_unit": "root/prod/pay%2F100%25",
        "tags": {"stage": "prod"},
    }


def test_accounts_that_do_not_say_are_looked_for_in_every_unit(aws: Answers) -> None:
    aws.units()
    aws.add(
        "list_accounts", {"Accounts": [{"Id": TOOLS, "Paths": [f"o-abcdefghij/{ROOT}/"]}], "NextToken": "2"}
    )
    aws.add("list_accounts", {"Accounts": [{"Id": PAYMENTS, "Status": "ACTIVE"}]}, NextToken="2")
    for unit_id, listed in ((ROOT, [{"Id": TOOLS}]), (PROD, []), (INNER, [{"Id": PAYMENTS}])):
        aws.add("list_accounts_for_parent", {"Accounts": listed}, ParentId=unit_id)
    aws.tags(PAYMENTS)
    aws.tags(TOOLS)

    payments, tools = aws.reader.accounts()

    assert (payments.organization_unit, tools.organization_unit) == ("root/prod/pay%2F100%25", "root")
    assert payments.state is None  # Status is no State


def test_one_that_moved_meanwhile_is_read_by_itself(aws: Answers) -> None:
    aws.units()
    moved = {"Id": PAYMENTS, "Paths": [f"o-abcdefghij/{ROOT}/ou-ab12-younger0/"]}
    aws.add("list_accounts", {"Accounts": [moved]})
    aws.add("describe_account", {"Account": {"Id": PAYMENTS, "Name": "payments"}}, AccountId=PAYMENTS)
    aws.add("list_parents", {"Parents": [{"Id": ROOT, "Type": "ROOT"}]}, ChildId=PAYMENTS)
    aws.tags(PAYMENTS)

    assert [one.organization_unit for one in aws.reader.accounts()] == ["root"]


def test_one_account_is_followed_up_to_the_root(aws: Answers) -> None:
    unit = {"Type": "ORGANIZATIONAL_UNIT"}
    aws.add("describe_account", {"Account": {"Id": PAYMENTS, "Name": "payments"}}, AccountId=PAYMENTS)
    aws.add("list_parents", {"Parents": [{"Id": INNER, **unit}]}, ChildId=PAYMENTS)
    aws.add(
        "describe_organizational_unit", {"OrganizationalUnit": {"Name": "a/b"}}, OrganizationalUnitId=INNER
    )
    aws.add("list_parents", {"Parents": [{"Id": PROD, **unit}]}, ChildId=INNER)
    aws.add(
        "describe_organizational_unit", {"OrganizationalUnit": {"Name": "prod"}}, OrganizationalUnitId=PROD
    )
    aws.add("list_parents", {"Parents": [{"Id": ROOT, "Type": "ROOT"}]}, ChildId=PROD)
    aws.tags(PAYMENTS)

    account = aws.reader.account(PAYMENTS)

    assert account is not None
    assert account.organization_unit == "root/prod/a%2Fb"


def test_a_refusal_names_the_operation(aws: Answers) -> None:
    aws.refuse("list_roots", "AccessDeniedException")

    with pytest.raises(ReadError, match=r"organizations:ListRoots: .*AccessDeniedException"):
        aws.reader.accounts()


def test_no_organization_is_an_answer(aws: Answers) -> None:
    kept = Kept()
    aws.refuse("list_roots", "AWSOrganizationsNotInUseException")

    assert not _organization(aws, kept).refresh(NOW).is_in_use
    assert kept.last == OrganizationRead(read_at=READ_AT, is_in_use=False)


def test_an_account_outside_of_any_organization_is_no_passing_fault(aws: Answers) -> None:
    aws.refuse("describe_account", "AWSOrganizationsNotInUseException")

    with pytest.raises(NoOrganizationError):
        aws.reader.account(PAYMENTS)


def test_what_was_read_lately_is_not_read_again(aws: Answers) -> None:
    last = OrganizationRead(read_at="2026-11-19T13:30:00.000000Z", is_in_use=True)

    refreshed = _organization(aws, Kept(last)).refresh({"refresh": "if_due"})

    assert refreshed.as_dict() == {"accounts": 0, "is_in_use": True, "was_due": False}


@pytest.mark.parametrize("last", [None, "2026-11-19T12:30:00.000000Z"])
def test_what_was_read_yesterday_or_never_is_due(aws: Answers, last: str | None) -> None:
    kept = Kept(None if last is None else OrganizationRead(read_at=last, is_in_use=True))
    aws.add("list_roots", {"Roots": [{"Id": ROOT}]})
    aws.add("list_organizational_units_for_parent", {"OrganizationalUnits": []}, ParentId=ROOT)
    aws.add("list_accounts", {"Accounts": [{"Id": TOOLS, "Paths": [f"o-abcdefghij/{ROOT}/{TOOLS}/"]}]})
    aws.tags(TOOLS)

    assert _organization(aws, kept).refresh({"refresh": "if_due"}).accounts == 1
    assert kept.last == OrganizationRead(read_at=READ_AT, is_in_use=True, account_ids=frozenset({TOOLS}))
    assert kept.accounts.keys() == {TOOLS}


def test_a_reading_that_fails_leaves_what_is_kept(aws: Answers) -> None:
    last = OrganizationRead(read_at="2026-11-18T12:00:00.000000Z", is_in_use=True)
    kept = Kept(last)
    aws.refuse("list_roots", "TooManyRequestsException")

    with pytest.raises(ReadError):
        _organization(aws, kept).refresh({"refresh": "if_due"})
    assert kept.last == last


def test_an_event_leads_to_the_account_it_names(aws: Answers) -> None:
    kept = Kept()
    kept.keep([MemberAccount(account_id=PAYMENTS, name=None, organization_unit="root", read_at=READ_AT)])
    aws.refuse("describe_account", "AccountNotFoundException")
    event = _event("RemoveAccountFromOrganization", requestParameters={"accountId": PAYMENTS})

    assert _organization(aws, kept).refresh(event).accounts == 0
    assert kept.accounts == {}


@pytest.mark.parametrize(
    ("detail", "account_id"),
    [
        ({"requestParameters": {"accountId": PAYMENTS, "sourceParentId": ROOT}}, PAYMENTS),
        ({"requestParameters": {"resourceId": PAYMENTS, "tags": [{"key": "a", "value": TOOLS}]}}, PAYMENTS),
        ({"requestParameters": {"resourceId": PROD}}, None),
        ({"serviceEventDetails": {"createAccountStatus": {"accountId": TOOLS, "state": "SUCCEEDED"}}}, TOOLS),
        ({"requestParameters": {"organizationalUnitId": PROD, "name": "x"}, "responseElements": None}, None),
        ({"requestParameters": {"accountId": PAYMENTS}, "responseElements": {"accountId": TOOLS}}, None),
        ({"requestParameters": {"accountId": "not an account"}}, None),
        ({}, None),
    ],
)
def test_which_account_an_event_is_about(detail: dict[str, Any], account_id: str | None) -> None:
    assert account_of_event(_event("Any", **detail)) == account_id


@pytest.mark.parametrize(
    "event", [None, [], {}, {"refresh": "later"}, {"detail": None}, {"detail": {"eventSource": "x"}}]
)
def test_anything_else_is_refused(aws: Answers, event: object) -> None:
    with pytest.raises(EventError):
        _organization(aws, Kept()).refresh(event)


def _event(name: str, **detail: Any) -> dict[str, Any]:
    return {"detail": {"eventSource": "organizations.amazonaws.com", "eventName": name, **detail}}


def test_a_role_that_refuses_us_is_a_failed_read(monkeypatch: pytest.MonkeyPatch) -> None:
    session = botocore.session.Session()
    session.set_credentials("local", "local")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # nobody answers there
    settings = Settings(
        account_id=TOOLS, organization_role_arn=f"arn:aws:iam::{PAYMENTS}:role/vpcguard-organization"
    )

    with pytest.raises(ReadError, match="the organization cannot be read"):
        connect_organization(settings, session)
