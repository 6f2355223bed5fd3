"""What others fill is cut to what DynamoDB takes, and says so."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.looks import a_finding
from vpcguard.findings.looks import EVIDENCE_BYTES, bounded, bounded_evidence, bounded_text


def test_a_finding_of_ordinary_size_is_stored_as_it_is() -> None:
    assert bounded(a_finding()) == a_finding()


def test_long_lists_and_texts_are_shortened_and_named() -> None:
    evidence = {
        "subnets": [{"subnet_id": f"subnet-{number}"} for number in range(5_000)],
        "reason": "x" * 100_000,
        "state": "Failed",
    }

    assert bounded_evidence(evidence) == {
        "subnets": evidence["subnets"][:100],
        "reason": "x" * 999 + "…",
        "state": "Failed",
        "cut": ["subnets: 100 of 5000 entries", "reason: 1000 of 100000 characters"],
    }


def test_the_largest_parts_go_first_where_shortening_is_not_enough() -> None:
    evidence = {"small": 1, "wide": {str(number): "x" * 150 for number in range(500)}}

    assert bounded_evidence(evidence) == {"small": 1, "cut": ["wide: left out"]}


def test_every_text_that_somebody_else_chose_is_bounded() -> None:
    """An actor or a tag of a megabyte would fail the write and with it the look."""
    huge = "é" * 1_000_000
    names = (
        "account_name",
        "organization_unit",
        "vpc_id",
        "root_cause",
        "root_cause_name",
        "owner",
        "actor",
        "message",
    )
    texts: dict[str, Any] = dict.fromkeys(names, huge)

    tags = {f"{number:0128}": huge for number in range(20)}

    stored = bounded(a_finding(evidence={"hop": huge}, tags=tags, **texts))

    assert len(json.dumps(stored.as_document())) < 100_000


def test_half_a_surrogate_pair_becomes_valid_text() -> None:
    """JSON may hold one; UTF-8, and so DynamoDB, may not."""
    assert bounded_text("a\ud800b") == "a?b"


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40) | st.just("y" * 4_000),
    lambda inner: (
        st.lists(inner, max_size=5).map(lambda some: some * 40)
        | st.dictionaries(st.text(max_size=20), inner, max_size=4)
    ),
    max_leaves=8,
)


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.text(max_size=30), _JSON, max_size=6))
def test_no_evidence_grows_beyond_the_limit(evidence: dict[str, Any]) -> None:
    stored = bounded_evidence(evidence)

    assert len(json.dumps(stored)) <= EVIDENCE_BYTES
    assert stored == evidence or "cut" in stored
