"""The cut into questions: every batch holds all that its verdicts can rest on, and little more."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.estate import snapshot_document
from vpcguard.errors import FactsError
from vpcguard.facts import build_facts
from vpcguard.model import Answers, Snapshot
from vpcguard.policy.deciding import split
from vpcguard.policy.schemas import check

Json = dict[str, Any]
BY_VPC = (
    "subnets",
    "route_tables",
    "nat_gateways",
    "vpc_endpoints",
    "security_groups",
    "network_acls",
)
TARGETS = (
    "internet_gateways",
    "egress_only_internet_gateways",
    "network_interfaces",
    "instances",
    "nat_gateways",
)


@pytest.fixture(scope="module")
def facts() -> Json:
    document = snapshot_document(functions=60, vpcs=12)
    return build_facts(
        Snapshot(
            account_id=document["account_id"],
            region=document["region"],
            captured_at=document["captured_at"],
            own=Answers(document["answers"]),
        )
    )


def test_a_small_account_is_one_question(facts: Json) -> None:
    assert split(facts) == [facts]


def test_no_functions_are_one_question_too(facts: Json) -> None:
    """Somebody may ask which rules there are."""
    assert len(split(facts | {"functions": []})) == 1


@pytest.mark.parametrize("at_most", [1, 7, 59])
def test_every_function_is_asked_about_once(facts: Json, at_most: int) -> None:
    batches = split(facts, at_most)

    names = [function["name"] for batch in batches for function in batch["functions"]]
    assert sorted(names) == sorted(function["name"] for function in facts["functions"])
    assert len(names) == len(set(names))
    assert all(1 <= len(batch["functions"]) <= at_most for batch in batches)


def test_a_vpc_that_fits_is_in_one_batch(facts: Json) -> None:
    """Its network would be judged twice."""
    batches = split(facts, 11)

    of_batches = [{function.get("vpc_id") for function in batch["functions"]} for batch in batches]
    assert len(batches) > 1
    assert sum(map(len, of_batches)) == len(set().union(*of_batches))


def test_a_vpc_too_large_for_one_batch_fills_as_few_as_it_can(facts: Json) -> None:
    one_vpc = [{**function, "vpc_id": facts["vpcs"][0]["id"]} for function in facts["functions"]]

    batches = split(facts | {"functions": one_vpc}, 25)

    assert [len(batch["functions"]) for batch in batches] == [25, 25, 10]


@pytest.mark.parametrize("at_most", [1, 7])
def test_every_batch_fits_the_contract(facts: Json, at_most: int) -> None:
    for batch in split(facts, at_most):
        check("input", {**batch, "config": {"version": 1}}, error=FactsError, root="facts")


def test_a_batch_holds_its_vpcs_and_no_others(facts: Json) -> None:
    """5,000 functions in 100 VPCs would otherwise carry all networks with every question."""
    for batch in split(facts, 1):
        (function,) = batch["functions"]
        vpc_ids = {function["vpc_id"]} if "vpc_id" in function else set()
        for kind in (
            "subnets",
            "route_tables",
            "nat_gateways",
            "vpc_endpoints",
            "security_groups",
            "network_acls",
        ):
            expected = [one for one in facts[kind] if one.get("vpc_id") in vpc_ids]
            assert sorted(batch[kind], key=str) == sorted(expected, key=str), kind
        assert {name for one in batch["roles"] for name in one["names"]} == {function["role_name"]}
        assert {one["id"] for one in batch["vpcs"]} == vpc_ids


def test_a_batch_knows_as_much_about_its_functions_as_the_whole(facts: Json) -> None:
    whole = {(entry["kind"], entry.get("subject")): entry for entry in facts["coverage"]}
    for batch in split(facts, 1):
        (function,) = batch["functions"]
        found = {(entry["kind"], entry.get("subject")): entry for entry in batch["coverage"]}
        subjects = {None, function["name"], function["role_name"], function.get("vpc_id")}
        assert {key: entry for key, entry in whole.items() if key[1] in subjects}.items() <= found.items()
        assert found.items() <= whole.items()


NOTHING: Json = {
    kind: []
    for kind in (
        "vpcs",
        "subnets",
        "route_tables",
        "nat_gateways",
        "internet_gateways",
        "egress_only_internet_gateways",
        "vpc_endpoints",
        "security_groups",
        "network_acls",
        "network_interfaces",
        "instances",
        "prefix_lists",
        "roles",
        "coverage",
    )
}


def _two(**more: Any) -> tuple[Json, Json]:
    """Return the batches of two functions: a in vpc-a, which needs what the test adds, and b in vpc-b."""
    functions = [
        {"name": name, "vpc_id": f"vpc-{name}", "subnet_ids": [], "security_group_ids": [f"sg-{name}"]}
        for name in ("a", "b")
    ]
    first, second = split(NOTHING | {"functions": functions} | more, 1)
    return first, second


def _route(**more: Any) -> Json:
    return {"family": "ipv4", "destination": "0.0.0.0/0", "target_id": "", **more}


def _ids(batch: Json, kind: str) -> list[str]:
    return [one["id"] for one in batch[kind]]


def test_groups_of_another_vpc_come_with_the_function_that_uses_them() -> None:
    """Groups can be shared between VPCs."""
    groups = [{"id": "sg-a", "vpc_id": "vpc-elsewhere", "ingress": [], "egress": []}]

    first, second = _two(security_groups=groups)

    assert (_ids(first, "security_groups"), _ids(second, "security_groups")) == (["sg-a"], [])


def test_the_targets_of_routes_come_with_their_table() -> None:
    """A gateway that is detached belongs to no VPC, and that is the fault."""
    tables = [
        {
            "id": "rtb-a",
            "vpc_id": "vpc-a",
            "routes": [
                _route(target_id="igw-1"),
                _route(target_id="eni-1", instance_id="i-1"),
                _route(target_id="nat-1"),
            ],
        }
    ]

    first, second = _two(
        route_tables=tables,
        internet_gateways=[{"id": "igw-1", "attachments": []}, {"id": "igw-2", "attachments": []}],
        egress_only_internet_gateways=[
            {"id": "eigw-1", "attachments": [{"vpc_id": "vpc-a", "state": "attached"}]}
        ],
        network_interfaces=[{"id": "eni-1", "vpc_id": "vpc-x"}],
        instances=[{"id": "i-1"}],
        nat_gateways=[{"id": "nat-1"}],
    )

    kinds = (
        "internet_gateways",
        "egress_only_internet_gateways",
        "network_interfaces",
        "instances",
        "nat_gateways",
    )
    assert [_ids(first, kind) for kind in kinds] == [["igw-1"], ["eigw-1"], ["eni-1"], ["i-1"], ["nat-1"]]
    assert [_ids(second, kind) for kind in TARGETS] == [[], [], [], [], []]


def test_prefix_lists_come_with_the_routes_and_groups_that_name_them() -> None:
    """Those of AWS's services always: a gateway endpoint is found by their name."""
    group = {"id": "sg-a", "vpc_id": "vpc-a", "ingress": [], "egress": [{"prefix_list_ids": ["pl-group"]}]}
    table = {
        "id": "rtb-a",
        "vpc_id": "vpc-a",
        "routes": [_route(family="prefix_list", destination="pl-route")],
    }
    lists = [
        {"id": "pl-route"},
        {"id": "pl-group"},
        {"id": "pl-other", "name": "offices"},
        {"id": "pl-s3", "name": "com.amazonaws.eu-west-1.s3"},
    ]

    first, second = _two(security_groups=[group], route_tables=[table], prefix_lists=lists)

    assert _ids(first, "prefix_lists") == ["pl-route", "pl-group", "pl-s3"]
    assert _ids(second, "prefix_lists") == ["pl-s3"]


def test_a_subnet_brings_its_vpc_where_the_function_names_none() -> None:
    functions = [
        {"name": "a", "subnet_ids": ["subnet-a"], "security_group_ids": []},
        {"name": "b", "subnet_ids": [], "security_group_ids": []},
    ]
    subnets = [{"id": "subnet-a", "vpc_id": "vpc-a"}, {"id": "subnet-b", "vpc_id": "vpc-a"}]

    first, second = split(NOTHING | {"functions": functions, "subnets": subnets}, 1)

    assert (_ids(first, "subnets"), _ids(second, "subnets")) == (["subnet-a", "subnet-b"], [])


def test_coverage_of_other_functions_roles_and_vpcs_stays_out() -> None:
    entries = [
        {"kind": "functions"},
        {"kind": "function_states", "subject": "a"},
        {"kind": "function_states", "subject": "b"},
        {"kind": "nat_gateways", "subject": "vpc-a"},
        {"kind": "nat_gateways", "subject": "vpc-b"},
        {"kind": "subnets", "subject": "subnet-gone"},
        {"kind": "prefix_list_entries", "subject": "pl-1"},
    ]

    first, _ = _two(coverage=entries)

    assert [entry.get("subject") for entry in first["coverage"]] == [
        None,
        "subnet-gone",
        "pl-1",
        "vpc-a",
        "a",
    ]
