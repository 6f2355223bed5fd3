"""The table of events and the rules of template.yaml say the same, both ways."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from tests.support.event_pattern import matches
from tests.support.template import resources
from vpcguard.changes import EVENTS, parse_change, unversioned
from vpcguard.errors import EventError
from vpcguard.model import Change, Ignored

ROOT = Path(__file__).parents[2]
RULES = resources("AWS::Events::Rule")
PATTERN: Mapping[str, Any] = RULES["HubChangeRule"]["EventPattern"]
VERSIONS = ("", "20150331", "20150331v2", "20170331v2", "20290401v3")


def _event(source: str, name: str, **detail: str) -> dict[str, Any]:
    return {
        "source": "aws." + source.removesuffix(".amazonaws.com"),
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {"eventSource": source, "eventName": name, **detail},
    }


def _lambda_operations() -> list[str]:
    """Every operation of Lambda that botocore knows, CreateFunctionUrlConfig and its kind among them."""
    return list(botocore.session.Session().get_service_model("lambda").operation_names)


def test_own_and_forwarded_events_pass_the_same_pattern() -> None:
    """A change must not be judged or missed by where the function lives."""
    assert [rule["EventPattern"] for rule in RULES.values()] == [PATTERN] * 2


@pytest.mark.parametrize("version", VERSIONS)
def test_the_rules_let_exactly_the_table_through(version: str) -> None:
    """An event that the rule drops is missed for ever; one that the code ignores is paid for in vain."""
    passed = {
        ("lambda.amazonaws.com", name)
        for name in _lambda_operations()
        if matches(PATTERN, _event("lambda.amazonaws.com", name + version))
    }

    assert passed == set(EVENTS)


def test_the_table_names_real_operations() -> None:
    """A misspelt name would match nothing, in the table and in the rule alike."""
    assert {name for _, name in EVENTS} <= set(_lambda_operations())


@pytest.mark.parametrize(("source", "name"), sorted(EVENTS))
def test_failed_calls_and_other_services_are_not_delivered(source: str, name: str) -> None:
    assert matches(PATTERN, _event(source, name))
    assert not matches(PATTERN, _event(source, name, errorCode="AccessDenied"))
    assert not matches(PATTERN, {**_event(source, name), "source": "aws.ec2"})
    assert not matches(PATTERN, _event("ec2.amazonaws.com", name))


def _cloudtrail_outcomes() -> Iterator[tuple[str, dict[str, Any], Change | Ignored]]:
    """Every file of events/ that CloudTrail could have written and the code can read, with its outcome."""
    for file in sorted((ROOT / "events").glob("*.json")):
        event = json.loads(file.read_text())
        with suppress(EventError):
            outcome = parse_change(event)
            if event["source"] != "vpcguard":  # we send that one to the queue ourselves
                yield file.name, event, outcome


@pytest.mark.parametrize(("name", "event", "outcome"), list(_cloudtrail_outcomes()))
def test_event_files_pass_the_rule_as_the_code_reads_them(
    name: str, event: dict[str, Any], outcome: Change | Ignored
) -> None:
    """A change passes; what is not ours or failed is stopped by the rule, before anybody pays for it.

    The rule cannot see which resource TagResource names: that one is left to the code.
    """
    is_tag_of_another_resource = outcome == Ignored("not_ours", outcome.event_id, outcome.event_name) and (
        ("lambda.amazonaws.com", unversioned(outcome.event_name)) in EVENTS
    )

    assert matches(PATTERN, event) is (isinstance(outcome, Change) or is_tag_of_another_resource)
