"""The handler from the stand-in's organization into DynamoDB Local, and what a look makes of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dev.deliveries import Context
from dev.processes import ministack
from refresh_organization import handler
from tests.support.ministack import ACCOUNT, REGION, Account
from vpcguard.audit.dependencies import Directory
from vpcguard.clock import rfc3339
from vpcguard.errors import NoOrganizationError, ReadError
from vpcguard.findings.accounts import Accounts
from vpcguard.findings.table import bound_table
from vpcguard.organization import MemberAccount, Organization, OrganizationRead, OrganizationReader
from vpcguard.policy.configuration import load_configuration

ROOT = Path(__file__).parents[2]
ORGANIZATION = "o-abcdefghij"
UNKNOWN = "999988887777"
BY_UNIT = load_configuration(
    {
        "version": 1,
        "overrides": [{"match": {"organization_unit": "root/prod/*"}, "thresholds": {"ip_floor": 9}}],
    }
)


class Time:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the present."""
        return self.now


@pytest.fixture(scope="module")
def stand_in() -> Iterator[str]:
    with ministack(account_id=ACCOUNT, region=REGION) as url:
        yield url


@pytest.fixture(scope="module")
def client(stand_in: str) -> Any:
    return Account(stand_in).client("organizations")


@pytest.fixture(scope="module")
def payments(client: Any) -> str:
    """An account in a unit of a unit."""
    (root,) = client.list_roots()["Roots"]
    unit = client.create_organizational_unit(ParentId=root["Id"], Name="prod")["OrganizationalUnit"]["Id"]
    unit = client.create_organizational_unit(ParentId=unit, Name="payments")["OrganizationalUnit"]["Id"]
    tags = [{"Key": "stage", "Value": "prod"}]
    made = client.create_account(Email="payments@example.com", AccountName="payments-prod", Tags=tags)
    account_id: str = made["CreateAccountStatus"]["AccountId"]
    client.move_account(AccountId=account_id, SourceParentId=root["Id"], DestinationParentId=unit)
    return account_id


@pytest.fixture
def accounts(dynamodb: Any, table_name: str) -> Accounts:
    return Accounts(bound_table(table_name, dynamodb))


def test_a_refresh_reaches_every_look(client: Any, payments: str, accounts: Accounts) -> None:
    time = Time()
    organization = Organization(OrganizationReader(client, clock=time), accounts, clock=time)
    directory = Directory(accounts, clock=time, organization_id=ORGANIZATION)

    with pytest.raises(ReadError, match="was not read yet"):
        directory(payments, needs_unit=True)
    assert directory(payments, needs_unit=False) is None
    answer = handler({"refresh": "if_due"}, Context("refresh-organization"), organization=organization)

    assert answer["accounts"] >= 2  # the management account is one of them
    told = {"name": "payments-prod", "organization_unit": "root/prod/payments", "tags": {"stage": "prod"}}
    assert directory(payments, needs_unit=True) == told
    with pytest.raises(ReadError, match=UNKNOWN):
        directory(UNKNOWN, needs_unit=True)
    assert (
        handler({"refresh": "if_due"}, Context("refresh-organization"), organization=organization)["was_due"]
        is False
    )


def test_the_command_line_asks_for_the_unit_too(stand_in: str, client: Any, tmp_path: Path) -> None:
    """Here as the management account, which stands in the root itself."""
    account = Account(stand_in)
    home = account.network("shop").home()
    account.function("orders", home, {})
    file = tmp_path / "by_unit.yaml"
    severe = {"az.missing_az": {"severity": "critical"}, "nat.no_internet_egress": {"severity": "critical"}}
    overrides = [{"match": {"organization_unit": "root"}, "rules": severe}]
    file.write_text(json.dumps({"version": 1, "overrides": overrides}))
    arguments = ["audit", "--function", "orders", "--config", str(file), "--format", "json"]
    variables = {"AWS_ENDPOINT_URL": stand_in, "AWS_DEFAULT_REGION": REGION, "PYTHONPATH": "functions"}

    told = subprocess.run(
        [sys.executable, "-m", "vpcguard.cli", *arguments],
        env={**os.environ, **variables, "AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "x"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (told.returncode, told.stderr) == (0, "")
    findings = json.loads(told.stdout)["findings"]
    assert {one["organization_unit"] for one in findings} == {"root"}
    assert "critical" in {one["severity"] for one in findings}


def test_an_account_that_moves_is_seen_after_minutes(accounts: Accounts) -> None:
    time = Time()
    directory = Directory(accounts, clock=time, organization_id=ORGANIZATION)
    accounts.keep([_account("111122223333", "root/dev", time)])
    assert directory("111122223333", needs_unit=True) == {"organization_unit": "root/dev", "tags": {}}

    accounts.keep([_account("111122223333", "root/prod", time)])
    time.now += timedelta(minutes=6)

    assert directory("111122223333", needs_unit=True) == {"organization_unit": "root/prod", "tags": {}}


def test_an_account_that_left_is_forgotten_and_a_younger_one_is_not(accounts: Accounts) -> None:
    time = Time()
    accounts.keep([_account("111122223333", "root", time), _account("444455556666", "root", time)])
    time.now += timedelta(hours=1)
    read_at = rfc3339(time.now)
    time.now += timedelta(minutes=1)
    accounts.keep([_account("777788889999", "root", time)])  # an event was faster than the reading

    accounts.keep_organization(
        OrganizationRead(read_at=read_at, is_in_use=True, account_ids=frozenset({"111122223333"}))
    )

    assert accounts.account("111122223333") is not None
    assert accounts.account("444455556666") is None
    assert accounts.account("777788889999") is not None
    assert accounts.organization() == OrganizationRead(read_at=read_at, is_in_use=True)


def test_configuration_by_unit_is_refused_where_there_is_no_organization(accounts: Accounts) -> None:
    time = Time()
    installed_alone = Directory(accounts, clock=time, organization_id=None)
    directory = Directory(accounts, clock=time, organization_id=ORGANIZATION)
    assert directory.refusal(BY_UNIT) is None  # nobody knows yet: each look says so

    accounts.keep_organization(OrganizationRead(read_at=rfc3339(time.now), is_in_use=False))

    for one in (installed_alone, directory):
        assert "no organization" in (one.refusal(BY_UNIT) or "")
        assert one.refusal(load_configuration()) is None
        with pytest.raises(NoOrganizationError, match="organization_unit"):
            one("111122223333", needs_unit=True)
        assert one("111122223333", needs_unit=False) is None


def _account(account_id: str, unit: str, time: Time) -> MemberAccount:
    return MemberAccount(account_id=account_id, name=None, organization_unit=unit, read_at=rfc3339(time.now))
