"""The organization's accounts in the findings table: one item each, and one of the last complete reading."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any

from pynamodb.exceptions import PynamoDBException

from vpcguard.errors import FindingStoreError
from vpcguard.findings.records import ACCOUNT, ORGANIZATION, READING, AccountItem, ReadingItem
from vpcguard.findings.table import Table
from vpcguard.organization import MemberAccount, OrganizationRead

ACTIONS = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:BatchWriteItem", "dynamodb:Query")


class Accounts:
    """What is kept of accounts.

    Every method raises FindingStoreError where DynamoDB does not do what was asked.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def account(self, account_id: str, /) -> MemberAccount | None:
        """Return what is kept of an account."""
        item: AccountItem | None = self._get(self._table.account, ACCOUNT + account_id)
        if item is None:
            return None
        return MemberAccount(**{one.name: getattr(item, one.name) for one in fields(MemberAccount)})

    def organization(self) -> OrganizationRead | None:
        """Return what the last complete reading found, without its accounts; None: there was none."""
        item: ReadingItem | None = self._get(self._table.reading, READING)
        return None if item is None else OrganizationRead(read_at=item.read_at, is_in_use=item.is_in_use)

    def keep(self, accounts: Iterable[MemberAccount], /) -> None:
        """Keep these accounts as they are now, 25 a request."""
        try:
            with self._table.account.batch_write() as batch:
                for one in accounts:
                    batch.save(self._table.account(ORGANIZATION, ACCOUNT + one.account_id, **asdict(one)))
        except PynamoDBException as error:
            raise FindingStoreError(f"the accounts could not be kept: {error}") from error

    def forget(self, account_ids: Iterable[str], /) -> None:
        """Remove what is kept of accounts."""
        try:
            with self._table.account.batch_write() as batch:
                for account_id in account_ids:
                    batch.delete(self._table.account(ORGANIZATION, ACCOUNT + account_id))
        except PynamoDBException as error:
            raise FindingStoreError(f"accounts could not be forgotten: {error}") from error

    def keep_organization(self, read: OrganizationRead, /) -> None:
        """Keep what a complete reading found, and remove what is kept of accounts that it did not find.

        What an event brought meanwhile is younger than the reading, and stays.
        """
        kept = self._table.account
        try:
            items = kept.query(ORGANIZATION, kept.sk.startswith(ACCOUNT), consistent_read=True)
            gone = [
                one.account_id
                for one in items
                if one.account_id not in read.account_ids and one.read_at < read.read_at
            ]
            self.forget(gone)
            self._table.reading(
                ORGANIZATION,
                READING,
                read_at=read.read_at,
                is_in_use=read.is_in_use,
                accounts=len(read.account_ids),
            ).save()
        except PynamoDBException as error:
            raise FindingStoreError(f"what the organization is could not be kept: {error}") from error

    def _get(self, model: Any, sort_key: str) -> Any:
        try:
            return model.get(ORGANIZATION, sort_key)
        except model.DoesNotExist:
            return None
        except PynamoDBException as error:
            raise FindingStoreError(f"{sort_key} could not be read: {error}") from error
