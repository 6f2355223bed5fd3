"""The cut into questions: every batch holds all that its verdicts can rest on, and little more."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.estate import snapshot_document
from vpcguard.errors import FactsError
from vpcguard.facts import build_facts
from vpcguard.model import Answers, Snapshot
from vpcguard.policy.configuration import load_configuration
from vpcguard.policy.deciding import Policy, split
from vpcguard.policy.schemas import check

Json = dict[str, Any]
BY_VPC = ("subnets", "route_tables", "nat_gateways", "vpc_endpoints")
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
    (question,) = split(facts)

    assert question["functions"] == facts["functions"]
    assert {kind: question[kind] for kind in BY_VPC} == {kind: facts[kind] for kind in BY_VPC}


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
        for kind in BY_VPC:
            assert batch[kind] == [one for one in facts[kind] if one.get("vpc_id") in vpc_ids], kind
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
        "transit_gateway_attachments",
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
    first, second = split(NOTHING | {"functions": [_function("a"), _function("b")]} | more, 1)
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


def test_a_target_in_another_vpc_brings_what_its_way_on_rests_on() -> None:
    """Else it would hang on the other functions of a question what becomes of this one."""
    tables = [{"id": "rtb-a", "vpc_id": "vpc-a", "routes": [_route(target_id="nat-1")]}]
    gateways = [{"id": "igw-1", "attachments": [{"vpc_id": "vpc-x", "state": "available"}]}]

    first, second = _two(
        route_tables=[*tables, {"id": "rtb-x", "vpc_id": "vpc-x", "routes": []}],
        nat_gateways=[{"id": "nat-1", "vpc_id": "vpc-x", "subnet_id": "subnet-unread"}],
        internet_gateways=gateways,
        coverage=[{"kind": "route_tables", "subject": "vpc-x"}],
    )

    assert _ids(first, "route_tables") == ["rtb-a", "rtb-x"]
    assert _ids(first, "internet_gateways") == ["igw-1"]
    assert first["coverage"] == [{"kind": "route_tables", "subject": "vpc-x"}]
    assert _ids(second, "nat_gateways") == []


def test_of_groups_and_interfaces_only_those_come_that_something_names() -> None:
    """A VPC holds up to 2,500 groups of 120 rules, and as many interfaces as it has addresses.

    Its ACLs all come: a NAT gateway that nobody could read may stand in any subnet.
    """
    question, _ = _two(**_crowd())

    assert _ids(question, "security_groups") == ["sg-a", "sg-endpoint", "sg-nat"]
    assert _ids(question, "network_acls") == ["acl-a", "acl-endpoint", "acl-other"]
    assert _ids(question, "network_interfaces") == ["eni-lambda", "eni-nat"]
    assert _ids(question, "instances") == ["i-nat"]
    assert _ids(question, "prefix_lists") == ["pl-endpoint"]
    assert [entry["subject"] for entry in question["coverage"]] == [
        "subnet-a",
        "subnet-endpoint",
        "pl-endpoint",
    ]


def test_one_small_question_is_cut_like_many() -> None:
    crowd = _crowd() | {"functions": [_function("a", "subnet-a")]}

    (question,) = split(NOTHING | crowd)

    assert question == split(NOTHING | crowd | {"functions": [*crowd["functions"], _function("b")]}, 1)[0]


def _crowd() -> Json:
    """Return vpc-a with an endpoint and a NAT instance, and beside them what nothing names."""
    rule = {"protocol": "-1", "ipv4_cidrs": [], "ipv6_cidrs": [], "group_ids": ["sg-other"]}
    lists = {"sg-endpoint": ["pl-endpoint"], "sg-other": ["pl-other"]}
    subnets = ("subnet-a", "subnet-endpoint", "subnet-other")
    return {
        "functions": [_function("a", "subnet-a"), _function("b")],
        "subnets": [{"id": one, "vpc_id": "vpc-a"} for one in subnets[:2]],
        "route_tables": [{"id": "rtb-a", "vpc_id": "vpc-a", "routes": [_route(target_id="eni-nat")]}],
        "vpc_endpoints": [
            {
                "id": "vpce-a",
                "vpc_id": "vpc-a",
                "subnet_ids": [subnets[1]],
                "security_group_ids": ["sg-endpoint"],
            }
        ],
        "security_groups": [
            {
                "id": one,
                "vpc_id": "vpc-a",
                "ingress": [rule | {"prefix_list_ids": lists.get(one, [])}],
                "egress": [],
            }
            for one in ("sg-a", "sg-endpoint", "sg-nat", "sg-lambda", "sg-other")
        ],
        "network_acls": [
            {"id": one.replace("subnet", "acl"), "vpc_id": "vpc-a", "subnet_ids": [one]} for one in subnets
        ],
        "network_interfaces": [
            {"id": "eni-lambda", "vpc_id": "vpc-a", "is_lambda": True, "security_group_ids": ["sg-lambda"]},
            _instance_interface("nat"),
            _instance_interface("other"),
        ],
        "instances": [{"id": "i-nat", "vpc_id": "vpc-a"}, {"id": "i-other", "vpc_id": "vpc-a"}],
        "prefix_lists": [{"id": "pl-endpoint"}, {"id": "pl-other"}],
        "coverage": [
            *({"kind": "subnets", "subject": one} for one in subnets),
            *({"kind": "prefix_list_entries", "subject": one} for one in ("pl-endpoint", "pl-other")),
        ],
    }


def _function(name: str, *subnet_ids: str) -> Json:
    placed = {"vpc_id": f"vpc-{name}", "subnet_ids": [*subnet_ids]}
    return {"name": name, "security_group_ids": [f"sg-{name}"], **placed}


def _instance_interface(name: str) -> Json:
    attached = {"instance_id": f"i-{name}", "security_group_ids": [f"sg-{name}"]}
    return {"id": f"eni-{name}", "vpc_id": "vpc-a", "is_lambda": False, **attached}


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
        {"kind": "subnets", "subject": "subnet-of-others"},
        {"kind": "block_public_access", "subject": "444455556666"},
    ]

    first, _ = _two(coverage=entries)

    assert [entry.get("subject") for entry in first["coverage"]] == [
        None,
        "a",
        "vpc-a",
        "444455556666",
    ]


@pytest.mark.parametrize(("kind", "named"), [("subnets", "id"), ("functions", "name")])
def test_facts_that_hold_one_thing_twice_are_no_question(facts: Json, kind: str, named: str) -> None:
    """Rego would take one of them, or none."""
    first = facts[kind][0]
    twice = facts | {kind: [*facts[kind], first]}

    with Policy("http://127.0.0.1:9") as policy, pytest.raises(FactsError) as caught:
        policy.decide(twice, load_configuration())

    assert str(caught.value) == f"facts.{kind} holds {first[named]!r} more than once"
