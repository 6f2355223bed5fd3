"""A store over an empty table; its clock stands at one in the afternoon, an hour after the first looks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.children import PATIENT
from tests.support.dynamodb import local_client
from vpcguard.findings.store import FindingStore

NOW = datetime(2026, 11, 20, 13, tzinfo=UTC)


@pytest.fixture
def store(dynamodb: Any, table_name: str) -> FindingStore:
    return FindingStore(dynamodb, table_name, clock=lambda: NOW)


@pytest.fixture
def patient_store(dynamodb_url: str, table_name: str) -> FindingStore:
    """For many writers at once, whom this machine may answer slowly."""
    return FindingStore(local_client(dynamodb_url, config=PATIENT), table_name)
