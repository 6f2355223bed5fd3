"""The document as a whole: what the contract promises about every snapshot."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest

from benchmarks.estate import snapshot_document
from tests.unit.facts.snapshots import ACCOUNT, REGION, ROLE_ARN, facts, functions
from vpcguard.errors import FactsError, SnapshotError
from vpcguard.facts import build_facts
from vpcguard.model import Answers, Snapshot
from vpcguard.policy.schemas import check


def _estate(answers: dict[str, Any] | None = None) -> Snapshot:
    document = snapshot_document(functions=40, vpcs=12)
    return Snapshot(
        account_id=document["account_id"],
        region=document["region"],
        captured_at=document["captured_at"],
        own=Answers(document["answers"] if answers is None else answers),
        not_requested=tuple(document["not_requested"]),
        account={"name": "payments", "organization_unit": "root/prod", "tags": {"stage": "prod", "a": "b"}},
    )


def _check(document: dict[str, Any]) -> None:
    check("input", {**document, "config": {"version": 1}}, error=FactsError, root="facts")


def test_a_whole_account_fits_the_contract() -> None:
    found = build_facts(_estate())

    _check(found)
    assert {kind: len(found[kind]) > 0 for kind in ("functions", "subnets", "roles", "quotas")} == {
        "functions": True,
        "subnets": True,
        "roles": True,
        "quotas": True,
    }


def test_nothing_read_fits_the_contract_too() -> None:
    """Everything is unknown then, nothing missing; a file without a reader may be older than a read."""
    found = facts()

    _check(found)
    left_out = {entry["kind"] for entry in found["coverage"] if entry["status"] == "not_requested"}
    assert left_out == {"availability_zones", "endpoint_services", "mount_targets"}
    assert {entry["status"] for entry in found["coverage"]} == {"unknown", "not_requested"}


def test_account_and_time_travel_with_the_facts() -> None:
    found = build_facts(_estate())

    assert found["evaluated_at"] == _estate().captured_at
    assert found["account"] == {
        "id": _estate().account_id,
        "region": _estate().region,
        "partition": "aws",
        "name": "payments",
        "organization_unit": "root/prod",
        "tags": [{"key": "a", "value": "b"}, {"key": "stage", "value": "prod"}],
    }
    assert facts()["account"] == {"id": ACCOUNT, "region": REGION, "partition": "aws", "tags": []}


def test_the_order_of_answers_changes_nothing() -> None:
    """AWS promises no order, and a verdict must not depend on it."""
    shuffled = _shuffled(_estate().own.answers, random.Random(7))  # noqa: S311  an example, no secret

    assert json.dumps(build_facts(_estate(shuffled))) == json.dumps(build_facts(_estate()))


def test_a_snapshot_is_left_as_it_was() -> None:
    """Its digest names it for ever."""
    estate = _estate()
    before = copy.deepcopy(estate.as_document())

    build_facts(estate)

    assert estate.as_document() == before


def test_each_subject_is_covered_once() -> None:
    """Two entries about one thing would contradict each other."""
    entries = build_facts(_estate())["coverage"]
    keys = [(entry["kind"], entry.get("subject")) for entry in entries]

    assert len(keys) == len(set(keys))


def test_what_is_known_waits_for_nothing_and_all_else_for_something() -> None:
    for entry in [*build_facts(_estate())["coverage"], *facts()["coverage"]]:
        assert (entry["status"] == "known") == (entry["waits_for"] == []), entry


@pytest.mark.parametrize(
    ("account", "message"),
    [
        ({"name": 1}, "account.name must be text, not a number"),
        ({"tags": ["x"]}, "account.tags must be an object, not a list"),
        ({"tags": {"stage": 1}}, "account.tags.stage must be text, not a number"),
    ],
)
def test_an_account_of_the_wrong_shape_is_named(account: Any, message: str) -> None:
    with pytest.raises(SnapshotError) as raised:
        facts(account=account)

    assert str(raised.value) == message


@pytest.mark.parametrize(
    "operation", ["ec2:DescribeSubnets", "lambda:ListTags", "iam:GetRole", "ec2:DescribeVpcs"]
)
@pytest.mark.parametrize("answer", [[], "text", 7, True])
def test_an_answer_that_is_no_object_is_named(operation: str, answer: Any) -> None:
    with pytest.raises(SnapshotError) as raised:
        facts({**functions({"Role": f"{ROLE_ARN}orders"}), operation: answer})

    assert str(raised.value).startswith(f"answers.{operation} must be an object, not ")


def _shuffled(value: Any, dice: random.Random) -> Any:
    if isinstance(value, dict):
        return {key: _shuffled(one, dice) for key, one in value.items()}
    if isinstance(value, list):
        items = [_shuffled(one, dice) for one in value]
        dice.shuffle(items)
        return items
    return value
