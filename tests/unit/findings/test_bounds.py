"""What others fill is cut to what DynamoDB takes, and says so."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.looks import ACCOUNT, FUNCTION, REGION, a_finding, a_look, at, planned
from vpcguard.findings.items import SUMMARY_BYTES, finding_values, function_key
from vpcguard.findings.looks import EVIDENCE_BYTES, bounded, bounded_evidence, bounded_text
from vpcguard.findings.states import FunctionState
from vpcguard.findings.table import FINDING, FindingItem


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


@pytest.mark.parametrize("text", ["x" * 1_000, "é" * 1_000, "🙂" * 1_000, 'say "no"\n' * 100])
def test_no_index_carries_more_than_two_kilobytes_of_a_finding(text: str) -> None:
    """Every write of a finding is paid for in each index, by the kilobyte."""
    name, rule_id, moment = "f" * 64, "own_family." + "r" * 40, at(0)
    texts: dict[str, Any] = dict.fromkeys(
        ("account_name", "organization_unit", "title", "message", "root_cause", "root_cause_name"), text
    )
    largest = a_finding(
        rule_id,
        function=name,
        region="ap-southeast-2",
        function_arn=f"arn:aws:lambda:ap-southeast-2:{ACCOUNT}:function:{name}",
        vpc_id="vpc-" + "0" * 17,
        severity="critical",
        root_cause_kind="transit_gateway_attachment",
        root_cause_account=ACCOUNT,
        basis="inferred",
        owner=text,
        tags={f"{number:03}{text[:128]}": text for number in range(20)},
        actor=text,
        managed_by=text,
        policy_revision="sha256:" + "0" * 64,
        config_digest="sha256:" + "0" * 64,
        snapshot_digest="sha256:" + "0" * 64,
        **texts,
    )
    nothing = FunctionState(account_id=ACCOUNT, region="ap-southeast-2", function_name=name)
    look = a_look(0, violated=[largest], function=name, region="ap-southeast-2")
    plan = planned(nothing, look)
    summary, detail = finding_values(plan.changes[0], plan)
    ended = {"status_reason": "function_deleted", "resolved_at": moment, "ttl": 1_800_000_000}
    later = ended | {"exemption_id": "ex-" + "0" * 32, "remediation_id": "rem-" + "0" * 32}
    item = FindingItem(function_key(ACCOUNT, "ap-southeast-2", name), FINDING + rule_id, **(summary | later))

    written = item.serialize()
    size = sum(len(key) + len(str(*value.values()).encode()) for key, value in written.items())
    assert size <= SUMMARY_BYTES
    assert {name: detail[name] for name in texts} == {
        name: bounded(largest).as_document()[name] for name in texts
    }


def test_a_finding_of_ordinary_size_stands_whole_in_its_indexes() -> None:
    plan = planned(
        FunctionState(account_id=ACCOUNT, region=REGION, function_name=FUNCTION),
        a_look(0, violated=[a_finding(tags={"team": "payments"}, actor="a" * 90)]),
    )

    summary, _ = finding_values(plan.changes[0], plan)

    document = a_finding(tags={"team": "payments"}, actor="a" * 90, times_reopened=0).as_document()
    assert {name: document[name] for name in document.keys() & summary.keys()} == {
        name: summary[name] for name in document.keys() & summary.keys()
    }
