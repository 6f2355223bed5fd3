"""Which functions are judged, and how their configuration reads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.facts.snapshots import (
    ARN,
    DENIED,
    KNOWN,
    attached,
    coverage,
    facts,
    function,
    functions,
    snapshot,
    subnet,
    unknown,
)
from vpcguard.errors import SnapshotError
from vpcguard.facts import build_facts
from vpcguard.model import Failure

GET = "lambda:GetFunctionConfiguration"
ACCESS_POINT = "arn:aws:elasticfilesystem:eu-west-1:111122223333:access-point/fsap-a"
BARE = {
    "name": "orders",
    "arn": ARN + "orders",
    "subnet_ids": [],
    "security_group_ids": [],
    "ipv6_allowed_for_dual_stack": False,
    "managed_instances": False,
    "has_kms_key": False,
    "tags": [],
    "event_sources": [],
    "file_systems": [],
    "aliases": [],
    "versions": [],
}


def test_a_function_as_the_list_gives_it() -> None:
    """Everything a rule may consult, and never an environment value, a layer or a code location."""
    found = facts(
        functions(
            {
                "Role": "arn:aws:iam::111122223333:role/service-role/orders",
                "VpcConfig": {
                    "VpcId": "vpc-0a",
                    "SubnetIds": ["subnet-b", "subnet-a"],
                    "SecurityGroupIds": ["sg-1"],
                    "Ipv6AllowedForDualStack": True,
                },
                "MemorySize": 512,
                "Timeout": 30,
                "LastModified": "2026-11-01T08:00:00.000+0000",
                "KMSKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/1",
                "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:eu-west-1:111122223333:failed"},
                "FileSystemConfigs": [{"Arn": ACCESS_POINT, "LocalMountPath": "/mnt"}],
                "Environment": {"Variables": {"PASSWORD": "hunter2"}},
                "Layers": [{"Arn": "arn:aws:lambda:..."}],
            }
        )
    )

    assert found["functions"] == [
        BARE
        | {
            "role_name": "orders",
            "vpc_id": "vpc-0a",
            "subnet_ids": ["subnet-a", "subnet-b"],
            "security_group_ids": ["sg-1"],
            "ipv6_allowed_for_dual_stack": True,
            "memory_mb": 512,
            "has_kms_key": True,
            "dead_letter_service": "sqs",
            "file_systems": [
                {"arn": ACCESS_POINT, "service": "elasticfilesystem", "access_point_id": "fsap-a"}
            ],
        }
    ]


@pytest.mark.parametrize(
    "network",
    [{}, {"VpcConfig": None}, {"VpcConfig": {"VpcId": "", "SubnetIds": [], "SecurityGroupIds": []}}],
)
def test_the_three_faces_of_a_function_outside_a_vpc(network: Any) -> None:
    """AWS writes "not attached" in three ways; one of them read as attached would invent a finding."""
    assert facts(functions(network))["functions"] == [BARE]


def test_published_versions_of_the_list_are_no_functions() -> None:
    """With FunctionVersion=ALL the list repeats a function for each version, with an older network."""
    listed = functions({"Version": "3", **attached("subnet-old")}, {}, {"Version": "4"})

    assert facts(listed)["functions"] == [BARE]


def test_an_arn_loses_its_qualifier() -> None:
    """Tags and findings are keyed by the unqualified function."""
    found = facts(functions({"FunctionArn": f"{ARN}orders:$LATEST"}))

    assert found["functions"][0]["arn"] == ARN + "orders"


def test_the_read_of_one_function_replaces_what_the_list_says() -> None:
    """It is newer: a function detached after the list was read has no network any more."""
    found = facts(
        functions({"Role": "arn:aws:iam::111122223333:role/old", **attached("subnet-a")})
        | {GET: {"orders": function(State="Active", LastUpdateStatus="Successful", MemorySize=128)}}
    )

    assert found["functions"] == [
        BARE | {"memory_mb": 128, "state": "Active", "last_update_status": "Successful"}
    ]
    assert coverage(found, "function_states", "orders") == KNOWN


def test_state_and_its_reasons() -> None:
    found = facts(
        {
            GET: {
                "orders": function(
                    State="Failed",
                    StateReason="The subnet is gone",
                    StateReasonCode="InvalidSubnet",
                    LastUpdateStatus="Failed",
                    LastUpdateStatusReason="The subnet is gone",
                    LastUpdateStatusReasonCode="InvalidSubnet",
                )
            }
        }
    )

    assert found["functions"] == [
        BARE
        | {
            "state": "Failed",
            "state_reason": "The subnet is gone",
            "state_reason_code": "InvalidSubnet",
            "last_update_status": "Failed",
            "last_update_status_reason": "The subnet is gone",
            "last_update_status_reason_code": "InvalidSubnet",
        }
    ]


def test_a_complete_list_decides_which_functions_exist() -> None:
    """A function that is read but not listed was deleted, or made after the list: nothing to judge."""
    found = facts(functions({"name": "orders"}) | {GET: {"deleted": function("deleted")}})

    assert [one["name"] for one in found["functions"]] == ["orders"]
    assert coverage(found, "functions") == KNOWN


def test_without_a_complete_list_what_was_read_is_judged() -> None:
    """And the list's coverage says that nothing may be closed."""
    refused = facts({GET: {"orders": function()}}, {"lambda:ListFunctions": DENIED})
    partial = facts(
        functions({"name": "billing"}) | {GET: {"orders": function()}}, {"lambda:ListFunctions": DENIED}
    )

    assert [one["name"] for one in refused["functions"]] == ["orders"]
    assert [one["name"] for one in partial["functions"]] == ["billing", "orders"]
    assert coverage(refused, "functions") == unknown("lambda:ListFunctions", "refused: UnauthorizedOperation")
    assert coverage(partial, "functions") == unknown(
        "lambda:ListFunctions", "answered in part: UnauthorizedOperation"
    )


def test_a_read_of_a_version_says_nothing_about_latest() -> None:
    found = facts({GET: {"orders": function(Version="7", State="Active")}})

    assert found["functions"] == []


def test_an_empty_read_leaves_the_list_standing() -> None:
    found = facts(functions(attached("subnet-a")) | {GET: {"orders": {}}})

    assert found["functions"][0]["subnet_ids"] == ["subnet-a"]


def test_states_left_out_on_purpose_unread_and_refused_are_told_apart() -> None:
    """Left out: the rules that need it say nothing. Unread, refused or failed: they cannot judge.

    A permission is asked for where one was missing, and nowhere else.
    """
    listed = functions({})
    asleep = facts(listed, {GET: {"orders": Failure("OptInRequired", "no")}})

    left_out = facts(listed, not_requested=(GET,))
    refused = facts(listed, {GET: {"orders": Failure("AccessDeniedException", "no")}})

    assert coverage(left_out, "function_states", "orders") == {
        "status": "not_requested",
        "waits_for": [GET],
        "reason": f"{GET} was left out on purpose",
    }
    assert coverage(facts(listed), "function_states", "orders") == unknown(GET)
    assert coverage(refused, "function_states", "orders") == unknown(GET, "refused: AccessDeniedException")
    assert coverage(asleep, "function_states", "orders") == unknown(GET, "refused: OptInRequired")


def test_states_read_for_one_function_say_nothing_about_another() -> None:
    listed = functions({"name": "billing"}, {"name": "orders"}) | {GET: {"orders": function()}}

    found = facts(listed)
    left_out = facts(listed, not_requested=(GET,))

    assert coverage(found, "function_states", "orders") == KNOWN
    assert coverage(found, "function_states", "billing") == unknown(GET)
    assert coverage(left_out, "function_states", "orders") == KNOWN
    assert coverage(left_out, "function_states", "billing")["status"] == "not_requested"


@pytest.mark.parametrize(
    ("config", "is_managed"), [({"LambdaManagedInstancesCapacityProviderConfig": {}}, True), ({}, False)]
)
def test_managed_instances_are_told_by_their_capacity_provider(config: Any, *, is_managed: bool) -> None:
    """An empty object is a face of "none": not applicable must never be read out of nothing."""
    found = facts(functions({"CapacityProviderConfig": config}))

    assert found["functions"][0]["managed_instances"] is is_managed


def test_a_function_is_in_the_vpc_of_its_subnets() -> None:
    """Stand-ins answer a constant VpcId; AWS's two answers always agree."""
    found = facts(
        functions(attached("subnet-a", vpc_id="vpc-constant"))
        | {"ec2:DescribeSubnets": {"Subnets": [subnet("subnet-a", vpc_id="vpc-0b")]}}
    )

    assert found["functions"][0]["vpc_id"] == "vpc-0b"


def test_an_answer_without_an_arn_gets_the_one_it_has_in_its_partition() -> None:
    listed = {"lambda:ListFunctions": {"Functions": [{"FunctionName": "orders"}]}}
    china = build_facts(
        snapshot(listed).__class__(
            account_id="111122223333",
            region="cn-north-1",
            captured_at="2026-11-20T12:00:00.123456Z",
            own=snapshot(listed).own,
        )
    )

    assert china["functions"][0]["arn"] == "arn:aws-cn:lambda:cn-north-1:111122223333:function:orders"
    assert china["account"]["partition"] == "aws-cn"


def test_a_region_of_no_partition_is_refused_with_its_place() -> None:
    with pytest.raises(SnapshotError, match="region: Unknown region: 'xx-west-1'"):
        build_facts(replace(snapshot(functions({})), region="xx-west-1"))


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (
            {"FunctionName": 7},
            "answers.lambda:ListFunctions.Functions[1].FunctionName must be text, not a number",
        ),
        ("x", "answers.lambda:ListFunctions.Functions[1] must be an object, not text"),
        (
            {"FunctionName": "a", "VpcConfig": {"SubnetIds": ["subnet-a", 1]}},
            "answers.lambda:ListFunctions.Functions[1].VpcConfig.SubnetIds[1] must be text, not a number",
        ),
        (
            {"FunctionName": "a", "VpcConfig": "none"},
            "answers.lambda:ListFunctions.Functions[1].VpcConfig must be an object, not text",
        ),
        (
            {"FunctionName": "a", "MemorySize": [128]},
            "answers.lambda:ListFunctions.Functions[1].MemorySize must be a whole number, not a list",
        ),
        (
            {"FunctionName": "a\ud800"},
            "answers: a function's name is no text that UTF-8 can hold",
        ),
    ],
)
def test_a_value_of_the_wrong_type_is_named_with_its_place(item: Any, message: str) -> None:
    """Snapshots are files that people edit and hand around; the value itself stays out of the message."""
    with pytest.raises(SnapshotError) as raised:
        facts({"lambda:ListFunctions": {"Functions": [function(), item]}})

    assert str(raised.value) == message


def test_a_read_of_the_wrong_type_is_named_with_its_place() -> None:
    with pytest.raises(SnapshotError) as raised:
        facts({GET: {"orders": {"Version": 1}}})

    assert str(raised.value) == f"answers.{GET}.orders.Version must be text, not a number"


def test_of_a_function_that_two_pages_hold_the_newer_answer_counts() -> None:
    """It was updated while the pages were read."""
    old = {"name": "orders", "LastModified": "2026-11-20T12:00:00.000+0000", **attached("subnet-a")}
    new = {"name": "orders", "LastModified": "2026-11-20T12:00:01.000+0000", **attached("subnet-b")}

    for pages in ((old, new), (new, old)):
        (found,) = facts(functions(*pages))["functions"]
        assert found["subnet_ids"] == ["subnet-b"]


def test_a_function_told_twice_at_one_time_and_differently_is_left_out_and_named() -> None:
    one, other = ({"name": "orders", **attached(subnet_id)} for subnet_id in ("subnet-a", "subnet-b"))

    found = facts(functions(one, other, {"name": "reports"}))
    read = {"lambda:GetFunctionConfiguration": {"orders": function("orders", **attached("subnet-b"))}}

    assert [each["name"] for each in found["functions"]] == ["reports"]
    assert coverage(found, "functions")["reason"].endswith(
        "VpcConfig of orders: expected one, found two that differ"
    )
    assert [each["name"] for each in facts({**functions(one, other), **read})["functions"]] == ["orders"]
