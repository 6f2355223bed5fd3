"""A sweep over the real table: what it finds, and what it closes once it has seen everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from sweep_account import handler
from tests.support.fake_opa import RULE, FakeOpa, fake_opa
from tests.unit.audit.fakes import ACCOUNT, REGION, Account, configuration, dependencies
from tests.unit.handlers.conftest import Context
from vpcguard.audit import sweep as sweeping
from vpcguard.audit.sweep import FINISHING_SECONDS, STEP_SECONDS
from vpcguard.findings.store import FindingStore
from vpcguard.policy.deciding import Policy

NAMES = [f"f{number}" for number in range(7)]
ONE_STEP = FINISHING_SECONDS + STEP_SECONDS / 2  # time to do a step, and no more
BEGIN = {"account_id": ACCOUNT, "region": REGION}


@pytest.fixture(autouse=True)
def _page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "PAGES_AT_ONCE", 1)


@pytest.fixture
def store(dynamodb: Any, table_name: str) -> FindingStore:
    return FindingStore(dynamodb, table_name)


@pytest.fixture
def opa() -> Iterator[FakeOpa]:
    with fake_opa() as server:
        server.broken = set(NAMES)
        yield server


def sweep(store: FindingStore, opa: FakeOpa, account: Account, *, hour: int, runs: int = 1_000) -> str:
    """Sweep in runs of one step each, at an hour of the day; return the last status."""
    account.captured_at = f"2026-11-20T{hour:02}:00:01.000000Z"
    event: dict[str, Any] = BEGIN
    answer: dict[str, Any] = {}
    with Policy(opa.url) as policy:
        for _ in range(runs):
            deps = replace(dependencies(account), policy=policy, store=store)
            deps = replace(deps, clock=lambda: datetime(2026, 11, 20, hour, tzinfo=UTC))
            answer = handler(event, Context(remaining_milliseconds=1000 * ONE_STEP), deps=deps)
            if answer["status"] == "complete":
                break
            event = {**BEGIN, "marker": answer["marker"]}
    return str(answer["status"])


def statuses(store: FindingStore) -> dict[str, tuple[str, str | None]]:
    page = store.list_by_account(ACCOUNT)
    return {one.function_name: (one.status, one.status_reason) for one in page.items if one.rule_id == RULE}


def test_a_complete_sweep_closes_what_was_deleted_in_the_meantime(store: FindingStore, opa: FakeOpa) -> None:
    account = Account({name: configuration(name) for name in NAMES}, pages=3)
    assert sweep(store, opa, account, hour=12) == "complete"
    assert statuses(store) == dict.fromkeys(NAMES, ("open", None))

    del account.functions["f0"], account.functions["f5"]
    opa.broken = set(NAMES) - {"f1"}
    assert sweep(store, opa, account, hour=13) == "complete"

    gone, fixed = ("resolved", "function_deleted"), ("resolved", "fixed")
    assert statuses(store) == dict.fromkeys(NAMES, ("open", None)) | {"f0": gone, "f5": gone, "f1": fixed}


def test_a_sweep_that_did_not_end_closes_nothing(store: FindingStore, opa: FakeOpa) -> None:
    account = Account({name: configuration(name) for name in NAMES}, pages=3)
    sweep(store, opa, account, hour=12)

    del account.functions["f5"]
    assert sweep(store, opa, account, hour=13, runs=1) == "partial"

    assert statuses(store) == dict.fromkeys(NAMES, ("open", None))


def test_a_change_during_the_sweep_is_newer_than_its_page(store: FindingStore, opa: FakeOpa) -> None:
    """A page is as old as its listing; what an event found since then stands."""
    account = Account({"f0": configuration("f0")})
    sweep(store, opa, account, hour=14)
    opa.broken = set()

    sweep(store, opa, account, hour=13)

    assert statuses(store) == {"f0": ("open", None)}
