"""A store over an empty table; its clock stands at one in the afternoon, an hour after the first looks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from vpcguard.findings.store import FindingStore

NOW = datetime(2026, 11, 20, 13, tzinfo=UTC)


@pytest.fixture
def store(dynamodb: Any, table_name: str) -> FindingStore:
    return FindingStore(dynamodb, table_name, clock=lambda: NOW)
