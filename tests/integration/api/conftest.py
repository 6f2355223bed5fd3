"""The API over a table with findings in it; its clock stands at one in the afternoon."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.api import Api
from vpcguard.findings.search import FindingSearch
from vpcguard.findings.store import FindingStore

NOW = datetime(2026, 11, 20, 13, tzinfo=UTC)


@pytest.fixture
def store(dynamodb: Any, table_name: str) -> FindingStore:
    return FindingStore(dynamodb, table_name, clock=lambda: NOW)


@pytest.fixture
def search(dynamodb: Any, table_name: str) -> FindingSearch:
    return FindingSearch(dynamodb, table_name, clock=lambda: NOW)


@pytest.fixture
def api(search: FindingSearch) -> Api:
    return Api(findings=search, clock=lambda: NOW)
