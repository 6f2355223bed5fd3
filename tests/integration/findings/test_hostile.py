"""Names, tags and evidence come from whoever can write to an account; they are stored and do no harm."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.looks import ACCOUNT, EGRESS, REGION, a_finding, a_look
from vpcguard.findings.looks import bounded
from vpcguard.findings.store import ITEMS_AT_ONCE, FindingStore
from vpcguard.model import finding_id

HOSTILE = [
    "#", "a#FINDING#nat.no_internet_egress", "LOOK", "x" * 170, "naïve-ß-関数-🙂", "a\x00b\n\r\t",
    "'; DROP TABLE findings; --", "{{7*7}}", "=cmd|' /C calc'!A0", "../../etc/passwd", " ", ":v0", "#n0",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_stored_and_found_again_as_it_is(store: FindingStore, text: str) -> None:
    stated = a_finding(
        minute=0,
        function=text,
        message=text,
        owner=text,
        actor=text,
        tags={"team": text},
        root_cause=text,
        evidence={text: [text, {text: None}], "number": 0.1, "large": 2**63},
    )
    store.record(a_look(0, violated=[stated], function=text))
    stored = replace(stated, times_reopened=0)

    assert store.get(stated.finding_id) == stored
    assert store.list_by_function(ACCOUNT, REGION, text).items == (stored,)
    assert store.list_by_account(ACCOUNT, region=REGION).items == (stored,)
    assert store.list_by_rule(EGRESS).items == store.list_all(status={"open"}).items == (stored,)
    assert store.functions_not_seen_since(ACCOUNT, REGION, "2027-01-01T00:00:00.000000Z") == [text]


def test_names_that_look_like_keys_do_not_meet(store: FindingStore) -> None:
    """The function's name is the last part of its key: nothing of it can be taken for another part."""
    names = ["a", "a#b", "a#", "#a"]
    store.record_all([a_look(0, violated=[EGRESS], function=name) for name in names])

    for name in names:
        (found,) = store.list_by_function(ACCOUNT, REGION, name).items
        assert (found.function_name, found.finding_id) == (
            name,
            finding_id(ACCOUNT, REGION, name, EGRESS),
        )


def test_evidence_of_megabytes_is_cut_and_says_so(store: FindingStore) -> None:
    """An item takes 400 KB; a refused write would leave the function unjudged for ever."""
    hops = [{"id": f"hop-{number}", "text": "🙂" * 500} for number in range(2_000)]
    stated = a_finding(minute=0, evidence={"hops": hops, "cause": "blackhole"}, message="m" * 1_000_000)

    store.record(a_look(0, violated=[stated]))

    found = store.get(stated.finding_id)
    assert found == replace(bounded(stated), times_reopened=0)
    assert found is not None
    assert found.evidence["cause"] == "blackhole"
    assert found.evidence["cut"] == ["hops: 20 of 2000 entries", "hops[].text: 200 of 500 characters"]


def test_the_largest_findings_of_a_whole_look_fit_into_its_transaction(store: FindingStore) -> None:
    """As many findings at the limit of evidence: 4 MB is what DynamoDB takes."""
    evidence = {str(number): "x" * 900 for number in range(52)}
    stated = [
        a_finding(f"nat.rule_{number}", minute=0, evidence=evidence, message="é" * 4_000)
        for number in range(ITEMS_AT_ONCE // 5)
    ]

    assert len(store.record(a_look(0, violated=stated)).opened) == (ITEMS_AT_ONCE // 5)
