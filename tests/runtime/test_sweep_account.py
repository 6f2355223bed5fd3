"""A sweep as Lambda runs it: one account and region in, findings of all its functions out."""

from __future__ import annotations

from pathlib import Path

from tests.support.ministack import ACCOUNT, REGION
from tests.support.sandbox import ROOT, sandbox
from tests.support.world import World


def test_a_sweep_finds_what_no_event_told(world: World, layer: Path, opa_url: str) -> None:
    """Events are delivered at best effort: the sweep must come to the same finding without one."""
    with sandbox(
        layer,
        opa_url=opa_url,
        task_root=ROOT / "functions",
        handler="sweep_account.handler",
        environment=world.environment("SweepAccountFunction"),
    ) as environment:
        answer = environment.api.invoke({"account_id": ACCOUNT, "region": REGION}, timeout_seconds=900)

    assert answer.is_error is False
    assert {key: answer.payload[key] for key in ("status", "functions", "not_judged", "failed_reads")} == {
        "status": "complete",
        "functions": 1,
        "not_judged": 0,
        "failed_reads": [],
    }
    assert "nat.no_internet_egress" in world.open_rules()
