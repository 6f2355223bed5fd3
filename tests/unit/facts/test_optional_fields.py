"""AWS's models call nearly every field optional: none of them may cost more than what rests on it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import full_answers
from tests.unit.facts.snapshots import (
    ACCOUNT,
    KNOWN,
    VPC,
    attached,
    coverage,
    facts,
    functions,
    lacking,
    snapshot,
    subnet,
)
from vpcguard.aws.operations import Operation
from vpcguard.errors import FactsError
from vpcguard.facts import build_facts, read_facts
from vpcguard.model import Answers
from vpcguard.policy.configuration import load_configuration
from vpcguard.policy.schemas import check
from vpcguard.snapshot import OPERATIONS

FULL = {key: one for key, one in full_answers.answers().items() if key != "lambda:ListTags"}  # one is enough
FIELDS = [
    (operation, path) for operation in OPERATIONS.values() for path in full_answers.fields(operation.shape)
]
OF_EC2 = [(operation, path) for operation, path in FIELDS if operation.service == "ec2"]
WHOLE = build_facts(snapshot(FULL))


def _name(value: Any) -> str:
    return value.key if isinstance(value, Operation) else ".".join(map(str, value))


def _without(operation: Operation, path: full_answers.Path) -> dict[str, Any]:
    answer = full_answers.without(full_answers.answer_of(operation), path)
    return {**FULL, operation.key: full_answers.stored(operation, answer)}


def _check(found: dict[str, Any]) -> None:
    document = {**found, "config": load_configuration().document}
    check("input", document, error=FactsError, root="facts")


def _doubts(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in found["coverage"] if one["status"] == "unknown"]


@pytest.mark.parametrize(("operation", "path"), FIELDS, ids=_name)
def test_facts_are_made_without_any_one_field(operation: Operation, path: full_answers.Path) -> None:
    """What is left out for want of it is doubted, wherever something rests on it."""
    found, left_out = read_facts(snapshot(_without(operation, path)))

    _check(found)
    assert not left_out or _doubts(found) != _doubts(WHOLE)


@pytest.mark.parametrize(("operation", "path"), OF_EC2, ids=_name)
def test_nor_where_the_owner_of_a_shared_vpc_answers(operation: Operation, path: full_answers.Path) -> None:
    _check(build_facts(snapshot(FULL, owners={"444455556666": Answers(_without(operation, path))})))


@pytest.mark.parametrize("kind", ["Resource", "ServiceNetwork"])
def test_an_endpoint_that_leads_to_no_service_is_a_fact_like_any_other(kind: str) -> None:
    lattice = {"VpcEndpointId": "vpce-0a", "VpcEndpointType": kind, "VpcId": VPC, "State": "Available"}

    found, left_out = read_facts(
        snapshot(
            {
                "ec2:DescribeSubnets": {"Subnets": [subnet("subnet-a")]},
                "ec2:DescribeVpcEndpoints": {"VpcEndpoints": [lattice]},
            }
        )
    )

    assert [(one["id"], one["type"], "service_name" in one) for one in found["vpc_endpoints"]] == [
        ("vpce-0a", kind, False)
    ]
    assert coverage(found, "vpc_endpoints", VPC) == KNOWN
    assert left_out == ()


def test_an_endpoint_whose_service_nobody_knows_is_left_out_and_named() -> None:
    """It may be the one that a function needs: what rests on the endpoints of its VPC is unknown."""
    odd = {"VpcEndpointId": "vpce-0a", "VpcEndpointType": "Interface", "VpcId": VPC}
    read = snapshot(
        {
            "ec2:DescribeSubnets": {"Subnets": [subnet("subnet-a"), subnet("subnet-b", vpc_id="vpc-0b")]},
            "ec2:DescribeVpcEndpoints": {"VpcEndpoints": [odd]},
        }
    )

    found, left_out = read_facts(read)

    said = "ServiceName of vpce-0a"
    assert found["vpc_endpoints"] == []
    assert coverage(found, "vpc_endpoints", VPC) == lacking("ec2:DescribeVpcEndpoints", said)
    assert coverage(found, "vpc_endpoints", "vpc-0b") == KNOWN
    assert [one.reason for one in left_out] == [f"ec2:DescribeVpcEndpoints answered without {said}"]
    assert {one.account_id for one in left_out} == {ACCOUNT}


@pytest.mark.parametrize(
    ("field", "fact"), [("State", "state"), ("PrivateDnsEnabled", "private_dns_enabled")]
)
def test_what_aws_does_not_say_of_an_endpoint_is_not_known(field: str, fact: str) -> None:
    """One without a state is not unavailable, nor is private DNS off for want of a word."""
    endpoint = {
        "VpcEndpointId": "vpce-0a",
        "VpcEndpointType": "Interface",
        "VpcId": VPC,
        "ServiceName": "com.amazonaws.eu-west-1.sqs",
        "State": "available",
        "PrivateDnsEnabled": True,
        "SubnetIds": [],
        "Groups": [],
    }
    del endpoint[field]

    found = facts(
        {
            "ec2:DescribeSubnets": {"Subnets": [subnet("subnet-a")]},
            "ec2:DescribeVpcEndpoints": {"VpcEndpoints": [endpoint]},
        }
    )

    (one,) = found["vpc_endpoints"]
    assert fact not in one
    assert coverage(found, "vpc_endpoints", VPC) == KNOWN


def test_a_function_without_a_name_leaves_the_others() -> None:
    listed = functions({"name": "orders"})
    listed["lambda:ListFunctions"]["Functions"].append({"Runtime": "python3.14"})

    found = facts(listed)

    assert [one["name"] for one in found["functions"]] == ["orders"]
    assert coverage(found, "functions") == lacking(
        "lambda:ListFunctions", "FunctionName of Functions[1]: expected text, found nothing"
    )


def test_many_that_are_left_out_are_counted() -> None:
    odd = [{"VpcEndpointId": f"vpce-{number}", "VpcId": VPC} for number in range(3)]

    found = facts(
        {
            "ec2:DescribeSubnets": {"Subnets": [subnet("subnet-a")]},
            "ec2:DescribeVpcEndpoints": {"VpcEndpoints": odd},
        }
    )

    assert coverage(found, "vpc_endpoints", VPC)["reason"].endswith(" (and 2 more)")


@pytest.mark.parametrize(
    ("operation", "answer", "said"),
    [
        (
            "ec2:DescribeInternetGateways",
            {"InternetGateways": [{"InternetGatewayId": "igw-0a", "Attachments": [{"VpcId": VPC}]}]},
            "Attachments[0].State of igw-0a",
        ),
        (
            "ec2:DescribeInstances",
            {"Reservations": [{"Instances": [{"InstanceId": "i-0a", "VpcId": VPC}]}]},
            "Instances[0].State.Name of Reservations[0]",
        ),
    ],
)
def test_what_nobody_says_the_state_of_is_neither_detached_nor_stopped(
    operation: str, answer: dict[str, Any], said: str
) -> None:
    _, left_out = read_facts(snapshot({operation: answer}))

    assert [one.reason for one in left_out] == [f"{operation} answered without {said}"]


def test_a_group_of_another_vpc_that_is_left_out_is_in_doubt_by_its_own_id() -> None:
    """Groups may stand in a VPC that no function and no subnet names."""
    odd = {"GroupId": "sg-1", "VpcId": "vpc-0b", "IpPermissions": []}
    in_use = functions(attached("subnet-a")) | {"ec2:DescribeSubnets": {"Subnets": [subnet("subnet-a")]}}

    found = facts({**in_use, "ec2:DescribeSecurityGroups": {"SecurityGroups": [odd]}})

    assert coverage(found, "security_groups", VPC) == KNOWN
    assert coverage(found, "security_groups", "sg-1") == lacking(
        "ec2:DescribeSecurityGroups", "IpPermissionsEgress of sg-1"
    )


@pytest.mark.parametrize("field", ["AvailabilityZoneId", "OwnerId"])
def test_a_subnet_that_cannot_be_compared_may_be_any_candidate(field: str) -> None:
    """It is a fact like any other, and yet nobody knows the subnets of its VPC to choose from."""
    odd = {key: one for key, one in subnet("subnet-a").items() if key != field}

    found = facts({**functions(attached("subnet-a")), "ec2:DescribeSubnets": {"Subnets": [odd]}})

    assert [one["id"] for one in found["subnets"]] == ["subnet-a"]
    assert coverage(found, "subnets", VPC) == KNOWN
    assert coverage(found, "visible_subnets", VPC) == lacking("ec2:DescribeSubnets", f"{field} of subnet-a")


_PEERS = {"IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
_TCP = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
_ALWAYS_SENT: list[tuple[str, str, dict[str, Any]]] = [
    ("route_tables", "RouteTables", {"RouteTableId": "odd", "Associations": [], "Routes": []}),
    ("network_acls", "NetworkAcls", {"NetworkAclId": "odd", "Associations": [], "Entries": []}),
    (
        "security_groups",
        "SecurityGroups",
        {"GroupId": "sg-1", "IpPermissions": [], "IpPermissionsEgress": []},
    ),
    (
        "vpc_endpoints",
        "VpcEndpoints",
        {"VpcEndpointId": "odd", "VpcEndpointType": "Gateway", "RouteTableIds": []}
        | {"ServiceName": "com.amazonaws.eu-west-1.s3"},
    ),
    (
        "vpc_endpoints",
        "VpcEndpoints",
        {"VpcEndpointId": "odd", "VpcEndpointType": "Interface", "SubnetIds": [], "Groups": []}
        | {"ServiceName": "com.amazonaws.eu-west-1.sqs"},
    ),
]


@pytest.mark.parametrize(
    ("kind", "answer", "whole", "lacking_field"),
    [
        (kind, answer, whole, name)
        for kind, answer, whole in _ALWAYS_SENT
        for name in ("nothing", *list(whole)[1:])
    ],
)
def test_what_aws_always_sends_is_in_doubt_where_it_is_absent_and_nothing_where_it_is_empty(
    kind: str, answer: str, whole: dict[str, Any], lacking_field: str
) -> None:
    """A table without Routes is not one that has none, nor an endpoint of no type a gateway endpoint."""
    item = {name: one for name, one in whole.items() if name != lacking_field} | {"VpcId": VPC}
    in_use = functions(attached("subnet-a")) | {"ec2:DescribeSubnets": {"Subnets": [subnet("subnet-a")]}}

    found = facts({**in_use, f"ec2:Describe{answer}": {answer: [item]}})

    is_whole = lacking_field == "nothing"
    assert bool(found[kind]) is is_whole
    assert (coverage(found, kind, VPC) == KNOWN) is is_whole


@pytest.mark.parametrize(
    ("permission", "is_usable"),
    [
        (_TCP | _PEERS, True),
        ({"IpProtocol": "tcp"} | _PEERS, False),
        ({"IpProtocol": "udp", "FromPort": 53} | _PEERS, False),
        ({"IpProtocol": "-1"} | _PEERS, True),
        ({"IpProtocol": "50"} | _PEERS, True),
        ({"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-1"}]}, False),
        ({"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-1"}], "IpRanges": []}, True),
        ({"IpProtocol": "-1", "UserIdGroupPairs": [], "IpRanges": []}, False),
        ({"IpProtocol": "-1", "IpRanges": [{}]}, False),
    ],
)
@pytest.mark.parametrize("direction", ["IpPermissions", "IpPermissionsEgress"])
def test_a_rule_without_ports_where_there_are_some_or_without_peers_leaves_its_group_in_doubt(
    *, permission: dict[str, Any], is_usable: bool, direction: str
) -> None:
    group = {"GroupId": "sg-1", "VpcId": VPC, "IpPermissions": [], "IpPermissionsEgress": []}
    in_use = functions(attached("subnet-a")) | {"ec2:DescribeSubnets": {"Subnets": [subnet("subnet-a")]}}

    found = facts(
        {**in_use, "ec2:DescribeSecurityGroups": {"SecurityGroups": [group | {direction: [permission]}]}}
    )

    assert bool(found["security_groups"]) is is_usable
    assert (coverage(found, "security_groups", VPC) == KNOWN) is is_usable


@pytest.mark.parametrize(
    ("answer", "item"),
    [
        ("RouteTables", {"RouteTableId": "odd", "Associations": [{"Main": False}], "Routes": []}),
        ("NetworkAcls", {"NetworkAclId": "odd", "Associations": [{}], "Entries": []}),
    ],
)
def test_an_association_with_nothing_leaves_what_is_associated_in_doubt(
    answer: str, item: dict[str, Any]
) -> None:
    _, left_out = read_facts(snapshot({f"ec2:Describe{answer}": {answer: [item | {"VpcId": VPC}]}}))

    assert [one.lacks[:24] for one in left_out] == ["Associations[0].SubnetId"]
