"""DynamoDB Local for the tests of this folder: one process for all, a table of its own for each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from dev.processes import dynamodb_local
from tests.support.dynamodb import create_findings_table, local_client
from vpcguard.findings.store import CLIENT_CONFIG

_numbers = count()


@pytest.fixture(scope="session")
def dynamodb_url() -> Iterator[str]:
    with dynamodb_local() as url:
        yield url


@pytest.fixture(scope="session")
def dynamodb(dynamodb_url: str) -> Any:
    """A client as the functions use it."""
    return local_client(dynamodb_url, config=CLIENT_CONFIG)


@pytest.fixture
def table_name(dynamodb: Any) -> Iterator[str]:
    """An empty findings table, made from template.yaml."""
    name = f"findings-{next(_numbers)}"
    create_findings_table(dynamodb, name)
    yield name
    dynamodb.delete_table(TableName=name)
