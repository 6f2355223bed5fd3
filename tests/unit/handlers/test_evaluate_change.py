"""The handler of changes: what it answers, logs and counts; the judging itself is tested elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from evaluate_change import handler
from tests.unit.audit.fakes import Account, DeadLetters, OneRule, Queue, Table, configuration, dependencies
from tests.unit.handlers.conftest import Context
from vpcguard.errors import ConfigurationError, EventError, OpaUnavailableError
from vpcguard.snapshot import Captured

EVENTS = Path(__file__).parents[3] / "events"
Printed = Callable[[], tuple[list[Any], dict[str, Any]]]

CREATED = "CreateFunction20150331.terraform"
UPDATED = "UpdateFunctionConfiguration20150331v2.cloudformation"
MALFORMED = "CreateFunction20150331.malformed_missing_id"
NOT_OURS = "AddPermission20150331v2.not_ours"


def read_event(name: str) -> Any:
    return json.loads((EVENTS / f"{name}.json").read_text())


def batch(*names: str, receives: int = 1) -> dict[str, Any]:
    """An event of SQS whose message ids are the names of the event files."""
    return {
        "Records": [
            {
                "messageId": name,
                "receiptHandle": "handle",
                "body": json.dumps(read_event(name)),
                "attributes": {"ApproximateReceiveCount": str(receives)},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:vpcguard-changes",
                "awsRegion": "eu-west-1",
            }
            for name in names
        ]
    }


def account(*names: str, **fields: Any) -> Account:
    return Account({name: configuration(name, **fields) for name in names})


def failures(answer: dict[str, Any]) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_a_batch_that_is_done_leaves_nothing_in_the_queue(printed: Printed) -> None:
    table, dead_letters = Table(), DeadLetters()
    policy = OneRule(frozenset({"orders-api"}))
    deps = dependencies(
        account("orders-api", "payments-worker"), policy=policy, table=table, dead_letters=dead_letters
    )

    answer = handler(batch(CREATED, MALFORMED, NOT_OURS, UPDATED), Context(), deps=deps)

    logs, metrics = printed()
    assert failures(answer) == []
    assert table.functions() == ["orders-api", "payments-worker"]
    assert [sent[0] for sent in dead_letters.sent] == [MALFORMED]
    assert [(line["message"], line["message_id"]) for line in logs] == [
        ("change judged", CREATED),
        ("change not judged, given up", MALFORMED),
        ("change ignored", NOT_OURS),
        ("change judged", UPDATED),
    ]
    assert metrics == {
        "ChangesJudged": [2.0],
        "ChangesDeadLettered": [1.0],
        "ChangesIgnored": [1.0],
        "FindingsLooks": [2.0],
        "FindingsOpened": [1.0],
    }


def test_only_the_messages_that_failed_come_back(printed: Printed) -> None:
    error = OpaUnavailableError("no answer from OPA")
    policy = OneRule(error=error, fails_for=frozenset({"orders-api"}))
    deps = dependencies(account("orders-api", "payments-worker"), policy=policy)

    answer = handler(batch(CREATED, UPDATED), Context(), deps=deps)

    logs, metrics = printed()
    assert failures(answer) == [CREATED]
    assert (metrics["ChangesFailed"], metrics["ChangesJudged"]) == ([1.0], [1.0])
    assert logs[0]["reason"] == "OpaUnavailableError: no answer from OPA"


@pytest.mark.parametrize("error", [OpaUnavailableError("dead"), KeyError("s3cret")])
def test_a_batch_that_fails_as_a_whole_is_answered_not_raised(error: Exception, printed: Printed) -> None:
    """An invocation that raises gives no reason for any message."""
    deps = dependencies(account("orders-api"), policy=OneRule(error=error), table=Table())

    answer = handler(batch(CREATED), Context(), deps=deps)

    printed()
    assert failures(answer) == [CREATED]


def test_a_resource_that_cannot_be_used_is_named_once_and_counted(printed: Printed) -> None:
    """What rests on it is in doubt; nobody would know why."""
    estate = account("orders-api", "orders-report")
    estate.extra = {"ec2:DescribeVpcs": {"Vpcs": [{"CidrBlock": "10.0.0.0/16"}]}}

    handler(
        batch(CREATED, "UpdateFunctionConfiguration20150331v2.console"), Context(), deps=dependencies(estate)
    )

    logs, metrics = printed()
    (line,) = (line for line in logs if line["message"] == "resource left out")
    assert line["resource"] == "Vpcs[0]"
    assert "answered without" in line["reason"]
    assert metrics["ResourcesLeftOut"] == [1.0]


def test_a_rule_of_ones_own_that_failed_is_named_once_and_counted(printed: Printed) -> None:
    """However many groups of the batch it was asked about."""
    policy = OneRule(failed_rules={"org.wrong": "takes longer than 2 s"})
    estate = account("orders-api", "orders-report", "payments-worker")

    handler(
        batch(CREATED, UPDATED, "UpdateFunctionConfiguration20150331v2.console"),
        Context(),
        deps=dependencies(estate, policy=policy),
    )

    logs, metrics = printed()
    assert len(policy.asked) > 1
    (line,) = (line for line in logs if line["level"] == "ERROR")
    assert (line["rule_id"], line["reason"]) == ("org.wrong", "takes longer than 2 s")
    assert metrics["OwnRulesFailed"] == [1.0]


def test_an_unforeseen_error_is_logged_once_with_its_place(printed: Printed) -> None:
    deps = dependencies(account("orders-api", "orders-report"), policy=OneRule(error=KeyError("x")))

    handler(batch(CREATED, "UpdateFunctionConfiguration20150331v2.console"), Context(), deps=deps)

    logs, _ = printed()
    (unforeseen,) = (line for line in logs if line["message"] == "unforeseen error")
    assert "fakes.py" in unforeseen["exception"]


def test_a_role_that_refuses_us_sends_the_message_back_with_the_reason(printed: Printed) -> None:
    refusal = ClientError({"Error": {"Code": "AccessDenied", "Message": "not authorized"}}, "AssumeRole")

    def reader(_account_id: str, _region: str) -> object:
        raise refusal

    answer = handler(batch(CREATED), Context(), deps=dependencies(reader=reader))

    (line,), metrics = printed()
    assert failures(answer) == [CREATED]
    assert metrics == {"ChangesFailed": [1.0]}
    assert line["reason"] == (
        "ReadError: account 111122223333 cannot be read: "
        "An error occurred (AccessDenied) when calling the AssumeRole operation: not authorized"
    )


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            ClientError({"Error": {"Code": "ExpiredTokenException", "Message": "m"}}, "ListTags"),
            "ClientError: An error occurred (ExpiredTokenException) when calling the ListTags operation: m",
        ),
        (NoCredentialsError(), "NoCredentialsError: Unable to locate credentials"),
    ],
)
def test_credentials_that_fail_send_the_message_back_with_the_reason(
    error: Exception, reason: str, printed: Printed
) -> None:
    """Nothing was read, so nothing is known; neither is it an empty account."""

    def capture(*_: object, **__: object) -> Captured:
        raise error

    table = Table()
    deps = replace(dependencies(table=table), capture=capture)

    answer = handler(batch(CREATED), Context(), deps=deps)

    logs, _ = printed()
    assert failures(answer) == [CREATED]
    assert (logs[0]["reason"], table.looks, table.deleted) == (reason, [], [])


def test_a_message_at_its_last_receipt_goes_with_its_reason(printed: Printed) -> None:
    dead_letters = DeadLetters()
    deps = dependencies(
        account("orders-api"),
        policy=OneRule(error=OpaUnavailableError("dead")),
        dead_letters=dead_letters,
        max_receives=3,
    )

    answer = handler(batch(CREATED, receives=3), Context(), deps=deps)

    printed()
    assert failures(answer) == []
    assert dead_letters.sent == [(CREATED, batch(CREATED)["Records"][0]["body"], "OpaUnavailableError: dead")]


def test_a_timeout_under_which_nothing_can_be_judged_is_said_and_messages_stay(printed: Printed) -> None:
    """Its template says more; somebody set it by hand."""
    estate, queue = account("orders-api"), Queue()

    answer = handler(
        batch(CREATED), Context(remaining_milliseconds=109_000), deps=dependencies(estate, queue=queue)
    )

    logs, metrics = printed()
    assert failures(answer) == [CREATED]
    assert (estate.asked, queue.put, metrics["ChangesFailed"]) == ([], [], [1.0])
    assert logs[0]["reason"] == (
        "ConfigurationError: not begun: the function's Timeout must be at least 125 seconds"
    )


def test_a_function_that_never_settles_is_left_to_the_sweep_and_counted(printed: Printed) -> None:
    event = read_event("LookAgain.second_attempt")
    event["detail"]["attempt"] = 8
    estate = account("orders-api", State="Pending")
    deps = dependencies(estate, queue=Queue())

    handler({"Records": [{**batch(CREATED)["Records"][0], "body": json.dumps(event)}]}, Context(), deps=deps)

    logs, metrics = printed()
    assert [line["message"] for line in logs] == [
        "function has not settled, left to the sweep",
        "change judged",
    ]
    assert metrics["LooksGivenUp"] == [1.0]


def test_one_event_directly_is_judged(printed: Printed) -> None:
    table = Table()

    answer = handler(read_event(CREATED), Context(), deps=dependencies(account("orders-api"), table=table))

    logs, _ = printed()
    assert answer == {"ChangesJudged": 1, "FindingsLooks": 1}
    assert table.functions() == ["orders-api"]
    assert [line["correlation_id"] for line in logs] == [read_event(CREATED)["detail"]["eventID"]]


@pytest.mark.parametrize(("name", "error"), [(MALFORMED, EventError), (CREATED, OpaUnavailableError)])
def test_one_event_directly_that_fails_raises(name: str, error: type[Exception]) -> None:
    """Lambda's retries and failure destination are the queue of this way."""
    deps = dependencies(account("orders-api"), policy=OneRule(error=OpaUnavailableError("dead")))

    with pytest.raises(error), pytest.warns(UserWarning, match="No application metrics"):
        handler(read_event(name), Context(), deps=deps)


def test_one_event_directly_ends_before_the_function_is_stopped() -> None:
    """Killed in the middle of a read it would leave no error at the failure destination."""
    estate = account("orders-api")

    with (
        pytest.raises(ConfigurationError, match="Timeout"),
        pytest.warns(UserWarning, match="No application metrics"),
    ):
        handler(read_event(CREATED), Context(remaining_milliseconds=80_000), deps=dependencies(estate))

    assert estate.asked == []


def test_no_log_line_holds_what_the_event_holds(printed: Printed) -> None:
    """An event carries names of people, keys and sometimes more; a log line says which event it was."""
    body = read_event(CREATED)
    body["detail"]["requestParameters"]["environment"] = {"variables": {"TOKEN": "s3cret"}}
    record = {**batch(CREATED)["Records"][0], "body": json.dumps(body)}
    deps = dependencies(account("orders-api"), policy=OneRule(error=KeyError("s3cret")))

    handler({"Records": [record, {**record, "messageId": "2", "body": "s3cret"}]}, Context(), deps=deps)

    logs, _ = printed()
    assert [line for line in logs if "s3cret" in json.dumps(line) and "exception" not in line] == []
