"""Exemptions as Lambda applies them: to findings that are there, and by looks that come after."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.dynamodb import local_client
from tests.support.ministack import ACCOUNT, REGION
from tests.support.sandbox import ROOT, sandbox
from tests.support.world import FUNCTION, TABLE, World
from vpcguard.audit.exemptions import TableExemptions
from vpcguard.findings.exemption_store import ExemptionStore

EGRESS = "nat.no_internet_egress"


def test_what_is_exempt_shows_without_a_look_and_with_the_next(
    world: World, layer: Path, opa_url: str
) -> None:
    def invoked(handler: str, function: str, event: dict[str, Any]) -> dict[str, Any]:
        with sandbox(
            layer,
            opa_url=opa_url,
            task_root=ROOT / "functions",
            handler=f"{handler}.handler",
            environment=world.environment(function),
        ) as environment:
            answer = environment.api.invoke(event, timeout_seconds=900)
        assert answer.is_error is False
        found: dict[str, Any] = answer.payload
        return found

    def sweep() -> None:
        event = {"account_id": ACCOUNT, "region": REGION}
        assert invoked("sweep_account", "SweepAccountFunction", event)["status"] == "complete"

    def status() -> tuple[str, str | None, str | None]:
        found = world.store.list_by_function(ACCOUNT, REGION, FUNCTION).items
        (one,) = (finding for finding in found if finding.rule_id == EGRESS)
        return one.status, one.verdict, one.exemption_id

    people = TableExemptions(
        ExemptionStore(local_client(world.database), TABLE), world.store, caller=lambda: "arn:ada"
    )
    sweep()
    assert status() == ("open", "violation", None)
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    given = {"match": {"rule_id": EGRESS}, "reason": "r", "owner": "o", "expires_at": until}
    key = people.create(given).exemption_id

    answer = invoked("expire_exemptions", "ExpireExemptionsFunction", {})

    assert (answer["in_force"], answer["functions"], answer["exempted"], answer["failed"]) == (1, 1, 1, 0)
    assert status() == ("exempt", "violation", key)
    sweep()
    assert status() == ("exempt", "violation", key)

    people.revoke(key)
    answer = invoked("expire_exemptions", "ExpireExemptionsFunction", {})

    assert (answer["in_force"], answer["functions"], answer["exemption_ended"]) == (0, 1, 1)
    assert status() == ("open", "violation", None)
