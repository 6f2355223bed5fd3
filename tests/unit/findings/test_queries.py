"""From an item to a finding as every interface shows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.support.looks import EGRESS, a_finding, a_look, at, planned
from vpcguard.findings.items import stored_finding
from vpcguard.findings.states import FunctionState
from vpcguard.findings.table import DetailItem, FindingItem
from vpcguard.model import Finding


def test_an_index_that_lags_does_not_date_a_resolved_finding() -> None:
    """The look knows that it is open again; the item of the index still says when it ended."""
    ended = replace(a_finding(minute=0), status="resolved", resolved_at=at(1), times_reopened=0)
    look = a_look(5, violated=[EGRESS])
    nothing = FunctionState(account_id="", region="", function_name="")
    state = planned(nothing, look).after.findings[EGRESS]

    assert stored_finding(*_items(ended), state) == ended


def test_the_newest_look_dates_a_finding_of_the_same_status() -> None:
    found = a_finding(minute=0, times_reopened=0)
    nothing = FunctionState(account_id="", region="", function_name="")
    state = planned(nothing, a_look(5, violated=[EGRESS])).after.findings[EGRESS]

    assert stored_finding(*_items(found), state) == replace(found, confirmed_at=at(5), last_seen=at(5))
    assert stored_finding(*_items(found), None) == found


def test_without_its_detail_a_finding_has_neither_advice_nor_evidence() -> None:
    found = a_finding(minute=0, times_reopened=0)

    assert stored_finding(_items(found)[0], None, None) == replace(found, advice="", evidence={})


def _items(finding: Finding) -> tuple[FindingItem, DetailItem]:
    values = finding.as_document()
    items: list[Any] = [
        model("pk", "sk", **{name: values[name] for name in values.keys() & model.get_attributes().keys()})
        for model in (FindingItem, DetailItem)
    ]
    return items[0], items[1]
