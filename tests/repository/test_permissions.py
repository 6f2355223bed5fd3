"""What the code calls and what the roles of template.yaml grant are the same, both ways.

The actions stand beside the calls, in each module's ACTIONS.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections import defaultdict

import pytest

import vpcguard
from tests.support.template import actions, resources, statements
from vpcguard.findings import counts, store
from vpcguard.findings.records import CAUSE, COVERAGE

ROLES = list(resources("AWS::IAM::Role"))
JUDGING = ["EvaluateChangeRole", "RunAuditRole", "SweepAccountRole"]  # of the functions that read accounts
FUNCTIONS = resources("AWS::Serverless::Function")

# Granted, though no line of ours calls it: who does.
CALLED_BY_OTHERS = {
    "logs:CreateLogStream": "Lambda, for the function's log",
    "logs:PutLogEvents": "Lambda, for the function's log",
    "xray:PutTraceSegments": "Lambda's tracing",
    "xray:PutTelemetryRecords": "Lambda's tracing",
    "sqs:ReceiveMessage": "Lambda's poller, by the function's role",
    "sqs:DeleteMessage": "Lambda's poller, after success",
    "sqs:GetQueueAttributes": "Lambda's poller",
    "dynamodb:DescribeStream": "Lambda's poller, of the stream",
    "dynamodb:GetRecords": "Lambda's poller",
    "dynamodb:GetShardIterator": "Lambda's poller",
    "dynamodb:ListStreams": "Lambda's poller",
    "sqs:SendMessage": "Lambda, for invocations that failed every time",
    "sts:AssumeRole": "botocore, when another account is read",
}
# Checked by AWS on the caller of another action: which one, and why. What we read needs no more than its own
# action; a write to a function's VpcConfig would need ec2:DescribeSubnets and its kind.
CHECKED_WITH_OTHERS: dict[str, str] = {}
# Called, and in no module's ACTIONS because only one of the functions needs it.
CALLED_BY_ONE = {"dynamodb:Query": "the sweep: functions_... of vpcguard.findings.queries"}


def _called() -> dict[str, set[str]]:
    """Return the actions that each module names in ACTIONS."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for module in pkgutil.walk_packages(vpcguard.__path__, "vpcguard."):
        if module.name.split(".")[1] != "cli":
            found[module.name] |= set(getattr(importlib.import_module(module.name), "ACTIONS", ()))
    return dict(found)


def _granted(role: str) -> set[str]:
    return {action for statement in statements(role) for action in actions(statement)}


def test_every_action_called_is_granted_to_some_function_and_no_other() -> None:
    called = set().union(*_called().values())
    granted = set().union(*(_granted(role) for role in ROLES))

    assert called - granted == set()
    assert granted - called == ({*CALLED_BY_OTHERS, *CHECKED_WITH_OTHERS, *CALLED_BY_ONE}) - called


@pytest.mark.parametrize("role", JUDGING)
def test_every_function_may_read_what_a_snapshot_reads(role: str) -> None:
    """A read that one path is denied makes its verdicts unknown there, and only there."""
    called = _called()
    snapshot = set().union(*(found for name, found in called.items() if name.startswith("vpcguard.snapshot")))

    assert snapshot - _granted(role) == set()


def test_roles_allow_single_actions_only() -> None:
    """A wildcard grants what AWS invents next year."""
    for role in ROLES:
        for statement in statements(role):
            assert statement["Effect"] == "Allow"
            assert [action for action in actions(statement) if "*" in action] == []


def test_only_reads_and_traces_name_no_resource() -> None:
    unlimited = {
        action
        for role in ROLES
        for statement in statements(role)
        if statement["Resource"] == "*"
        for action in actions(statement)
    }
    changing = {
        action
        for action in unlimited
        if not action.partition(":")[2].startswith(("Get", "List", "Describe"))
        and not action.startswith("xray:")
    }

    assert changing == set()


def test_nothing_shows_environment_values_or_code() -> None:
    """GetFunction answers a signed URL of the code; nobody here needs it."""
    assert [role for role in ROLES if "lambda:GetFunction" in _granted(role)] == []


def test_every_role_serves_one_function() -> None:
    used = [function["Role"]["Fn::GetAtt"][0] for function in FUNCTIONS.values()]

    assert sorted(used) == sorted(ROLES)


def test_the_sweep_may_query_the_indexes_it_reads() -> None:
    """The permission for a table does not cover its indexes."""
    resources = [
        str(statement["Resource"])
        for statement in statements("SweepAccountRole")
        if "dynamodb:Query" in actions(statement)
    ]

    assert all(any(f"/index/{index}" in one for one in resources) for index in ("by_look", "by_account"))


@pytest.mark.parametrize("role", [*JUDGING, "ExpireExemptionsRole"])
def test_who_writes_findings_may_read_exemptions_and_remove_what_counts_nothing(role: str) -> None:
    needed = {*store.ACTIONS, *counts.ACTIONS, "dynamodb:Query"}
    table = [one for one in statements(role) if one["Resource"] == {"Fn::GetAtt": ["FindingsTable", "Arn"]}]

    assert needed <= {action for statement in table for action in actions(statement)}
    (removing,) = [one for one in table if set(counts.ACTIONS) & set(actions(one))]
    assert removing["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{CAUSE}*", f"{COVERAGE}*"]}
    }


def test_no_function_has_policies_beside_its_role() -> None:
    """SAM ignores them when a role is named, so they would only look as if they granted something."""
    assert [name for name, function in FUNCTIONS.items() if "Policies" in function] == []
