"""Tags, aliases, versions, event sources and concurrency of functions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.facts.snapshots import ARN, KNOWN, attached, coverage, facts, functions, unknown
from vpcguard.model import Failure

DENIED = Failure("AccessDeniedException", "no")
GONE = Failure("ResourceNotFoundException", "gone")
TAGS = "tag:GetResources"
LIST_TAGS = "lambda:ListTags"


def _resources(**tags: str) -> dict[str, object]:
    pairs = [{"Key": key.replace("__", ":"), "Value": value} for key, value in tags.items()]
    return {TAGS: {"ResourceTagMappingList": [{"ResourceARN": ARN + "orders", "Tags": pairs}]}}


def test_only_our_own_tags_and_the_owner_leave_the_answer() -> None:
    """A tag can hold anything, also what nobody meant to show."""
    found = facts(
        functions({}) | _resources(vpcguard__egress="internet", Owner="team-a", cost="42", secret="x")
    )

    assert found["functions"][0]["tags"] == [
        {"key": "owner", "value": "team-a"},
        {"key": "vpcguard:egress", "value": "internet"},
    ]
    assert coverage(found, "function_tags", "orders") == KNOWN


@pytest.mark.parametrize(
    ("tags", "owner"),
    [
        ({"Owner": "a"}, "a"),
        ({"OWNER": "a"}, "a"),
        ({"OWNER": "a", "Owner": "b"}, "b"),
        ({"owner": "c", "OWNER": "a", "Owner": "b"}, "c"),
        ({"OWNER": "a", "owner": ""}, "a"),
        ({"OWNER": "", "owner": ""}, ""),
    ],
)
def test_a_tag_is_one_however_it_is_written(tags: dict[str, str], owner: str) -> None:
    """AWS tells Owner from owner, people do not. Of several that differ the same one counts every time."""
    listed = facts(functions({}) | {LIST_TAGS: {"orders": {"Tags": tags}}})
    of_resources = facts(functions({}) | _resources(**dict(reversed(tags.items()))))

    assert listed["functions"][0]["tags"] == [{"key": "owner", "value": owner}]
    assert of_resources["functions"][0]["tags"] == [{"key": "owner", "value": owner}]


def test_what_declares_intent_may_be_written_in_capitals() -> None:
    found = facts(functions({}) | _resources(VpcGuard__Egress="internet", vpcguard__egress="aws"))

    assert found["functions"][0]["tags"] == [{"key": "vpcguard:egress", "value": "aws"}]


def test_a_function_without_an_entry_in_a_complete_answer_has_no_tags() -> None:
    found = facts(functions({"name": "orders"}, {"name": "billing"}) | _resources(vpcguard__egress="aws"))

    assert [one["tags"] for one in found["functions"]] == [[], [{"key": "vpcguard:egress", "value": "aws"}]]
    assert coverage(found, "function_tags", "billing") == KNOWN


def test_either_of_the_two_ways_to_read_tags_is_enough() -> None:
    listed = {LIST_TAGS: {"orders": {"Tags": {"vpcguard:egress": "none", "x": "y"}}}}

    alone = facts(functions({}) | listed)
    beside_a_refusal = facts(functions({}) | listed, {TAGS: DENIED})
    other_way = facts(functions({}) | _resources(vpcguard__egress="none"), {LIST_TAGS: DENIED})

    for found in (alone, beside_a_refusal, other_way):
        assert found["functions"][0]["tags"] == [{"key": "vpcguard:egress", "value": "none"}]
        assert coverage(found, "function_tags", "orders") == KNOWN


def test_tags_that_neither_way_read_wait_for_both() -> None:
    unread = facts(functions({}))
    refused = facts(functions({}), {TAGS: DENIED, LIST_TAGS: {"orders": DENIED}})

    assert coverage(unread, "function_tags", "orders") == {
        "status": "unknown",
        "waits_for": [TAGS, LIST_TAGS],
        "reason": f"{TAGS} was not read; {LIST_TAGS} was not read",
        "is_failed_read": True,
    }
    assert coverage(refused, "function_tags", "orders") == {
        "status": "unknown",
        "waits_for": [TAGS, LIST_TAGS],
        "reason": f"{TAGS} refused: AccessDeniedException; {LIST_TAGS} refused: AccessDeniedException",
        "is_failed_read": True,
        "is_refused": True,
    }


def test_a_partial_answer_knows_the_functions_it_holds() -> None:
    found = facts(
        functions({"name": "orders"}, {"name": "billing"}) | _resources(vpcguard__egress="aws"),
        {TAGS: DENIED},
    )

    assert coverage(found, "function_tags", "orders") == KNOWN
    assert coverage(found, "function_tags", "billing")["status"] == "unknown"


def test_tags_left_out_on_purpose() -> None:
    found = facts(functions({}), not_requested=(TAGS, LIST_TAGS))
    one_of_them = facts(functions({}), not_requested=(LIST_TAGS,))
    the_other_refused = facts(functions({}), {TAGS: DENIED}, not_requested=(LIST_TAGS,))

    assert coverage(found, "function_tags", "orders")["status"] == "not_requested"
    assert coverage(one_of_them, "function_tags", "orders") == unknown(TAGS, "was not read")
    assert coverage(the_other_refused, "function_tags", "orders") == unknown(
        TAGS, "refused: AccessDeniedException"
    )


def test_a_function_that_vanished_has_no_tags() -> None:
    found = facts(functions({}), {LIST_TAGS: {"orders": GONE}})

    assert coverage(found, "function_tags", "orders") == KNOWN


def test_aliases_serve_weighted_versions_too() -> None:
    found = facts(
        functions({})
        | {
            "lambda:ListAliases": {
                "orders": {
                    "Aliases": [
                        {
                            "Name": "live",
                            "FunctionVersion": "3",
                            "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}},
                        },
                        {"Name": "dev", "FunctionVersion": "$LATEST"},
                    ]
                }
            }
        }
    )

    assert found["functions"][0]["aliases"] == [
        {"name": "dev", "versions": ["$LATEST"]},
        {"name": "live", "versions": ["2", "3"]},
    ]
    assert coverage(found, "function_aliases", "orders") == KNOWN


def test_versions_keep_their_network() -> None:
    found = facts(
        functions({})
        | {
            "lambda:ListVersionsByFunction": {
                "orders": {
                    "Versions": [
                        {"Version": "$LATEST"},
                        {"Version": "3", **attached("subnet-b", "subnet-a")},
                        {"Version": "2"},
                    ]
                }
            }
        }
    )

    assert found["functions"][0]["versions"] == [
        {"version": "2", "subnet_ids": [], "security_group_ids": []},
        {
            "version": "3",
            "vpc_id": "vpc-0a",
            "subnet_ids": ["subnet-a", "subnet-b"],
            "security_group_ids": ["sg-1"],
        },
    ]
    assert coverage(found, "function_versions", "orders") == KNOWN


def test_versions_nobody_read_are_unknown_although_others_were_read() -> None:
    """They are read only for functions whose aliases serve one."""
    found = facts(
        functions({"name": "orders"}, {"name": "billing"})
        | {"lambda:ListVersionsByFunction": {"orders": {"Versions": []}}}
    )

    assert coverage(found, "function_versions", "billing") == unknown("lambda:ListVersionsByFunction")


def test_event_sources_by_their_service() -> None:
    """A Kafka cluster of one's own has no ARN."""
    sqs = {"EventSourceArn": "arn:aws:sqs:eu-west-1:1:jobs", "State": "Enabled"}
    kafka: dict[str, Any] = {
        "UUID": "m-1",
        "SelfManagedEventSource": {"Endpoints": {}},
        "LastProcessingResult": "PROBLEM: Connection error.",
    }

    found = facts(
        functions({"name": "orders"}, {"name": "billing"})
        | {"lambda:ListEventSourceMappings": {"orders": {"EventSourceMappings": [sqs, kafka]}}}
    )

    assert [one["event_sources"] for one in found["functions"]] == [
        [],
        [
            {"service": "kafka", "id": "m-1", "last_processing_result": "PROBLEM: Connection error."},
            {"service": "sqs", "arn": "arn:aws:sqs:eu-west-1:1:jobs", "state": "Enabled"},
        ],
    ]
    assert coverage(found, "event_sources", "billing") == KNOWN


def test_reserved_concurrency() -> None:
    found = facts(
        functions({"name": "orders"}, {"name": "billing"})
        | {"lambda:GetFunctionConcurrency": {"orders": {"ReservedConcurrentExecutions": 5}, "billing": {}}}
    )

    assert [one.get("reserved_concurrency") for one in found["functions"]] == [None, 5]
    assert coverage(found, "reserved_concurrency", "billing") == KNOWN


INVOKE = "lambda:GetFunctionEventInvokeConfig"
SOURCES: dict[str, Any] = {"lambda:ListEventSourceMappings": {}}


def _to(arn: str) -> dict[str, Any]:
    return {"Destination": arn}


def test_destinations_of_sources_and_of_asynchronous_invocation() -> None:
    """Lambda sends there with the function's role."""
    asynchronous = {
        "OnSuccess": _to("arn:aws:events:eu-west-1:1:event-bus/default"),
        "OnFailure": _to("arn:aws:s3:::failed"),
    }
    source = {
        "EventSourceArn": "arn:aws:kinesis:eu-west-1:1:stream/clicks",
        "DestinationConfig": {"OnFailure": _to("arn:aws:sqs:eu-west-1:1:failed")},
    }
    found = facts(
        functions({"name": "orders"}, {"name": "billing"}, {"name": "stock"})
        | {
            INVOKE: {"orders": {"DestinationConfig": asynchronous}, "billing": {"DestinationConfig": {}}},
            "lambda:ListEventSourceMappings": {"orders": {"EventSourceMappings": [source]}},
        }
    )

    by_name = {one["name"]: one for one in found["functions"]}
    assert by_name["orders"]["destination_services"] == ["events", "s3"]
    assert by_name["orders"]["event_sources"][0]["destination_service"] == "sqs"
    assert by_name["billing"]["destination_services"] == []
    assert coverage(found, "event_destinations", "stock") == KNOWN


def test_destinations_that_were_left_out_are_not_requested_and_those_of_older_files_as_then() -> None:
    left_out = facts(functions({"name": "orders"}) | SOURCES, not_requested=(INVOKE,))
    refused = facts(functions({"name": "orders"}) | SOURCES, failures={INVOKE: DENIED})
    older = facts(functions({"name": "orders"}) | SOURCES)
    untold = facts(functions({"name": "orders"}) | SOURCES, reader={"botocore": "1.44.8"})

    assert coverage(left_out, "event_destinations", "orders")["status"] == "not_requested"
    assert coverage(refused, "event_destinations", "orders")["status"] == "unknown"
    assert coverage(older, "event_destinations", "orders") == KNOWN
    assert coverage(untold, "event_destinations", "orders")["status"] == "unknown"


def test_the_kind_of_package_is_a_fact() -> None:
    assert facts(functions({"PackageType": "Image"}))["functions"][0]["package_type"] == "Image"
