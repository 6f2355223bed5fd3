"""What goes to SQS, and what happens when SQS does not take it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import ANY, Stubber

from tests.unit.audit.fakes import change
from vpcguard.audit.queues import ACTIONS, ChangeQueue, DeadLetterQueue
from vpcguard.changes import parse_change
from vpcguard.errors import QueueError

URL = "https://sqs.eu-west-1.amazonaws.com/111122223333/vpcguard-changes"


@pytest.fixture(scope="module")
def sqs() -> Any:
    return botocore.session.Session().create_client(
        "sqs", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
    )


@pytest.fixture
def answers(sqs: Any) -> Iterator[Stubber]:
    with Stubber(sqs) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def test_changes_go_back_in_tens_with_their_delay(sqs: Any, answers: Stubber) -> None:
    sent: list[dict[str, Any]] = []
    sqs.meta.events.register(
        "provide-client-params.sqs.SendMessageBatch", lambda params, **_: sent.extend(params["Entries"])
    )
    for _ in range(2):
        answers.add_response(
            "send_message_batch", {"Successful": [], "Failed": []}, {"QueueUrl": URL, "Entries": ANY}
        )
    changes = [change(f"f{number}", attempt=1) for number in range(12)]

    ChangeQueue(sqs, URL).send([(one, 30) for one in changes])

    assert [parse_change(json.loads(entry["MessageBody"])) for entry in sent] == changes
    assert {entry["DelaySeconds"] for entry in sent} == {30}
    assert [entry["Id"] for entry in sent] == [str(number) for number in [*range(10), 0, 1]]


def test_a_refused_entry_is_an_error(sqs: Any, answers: Stubber) -> None:
    """SQS answers 200 for a batch of which it took nothing."""
    failed = {"Id": "0", "SenderFault": False, "Code": "InternalError"}
    answers.add_response("send_message_batch", {"Successful": [], "Failed": [failed]})

    with pytest.raises(QueueError, match="1 delayed looks were refused, the first: InternalError"):
        ChangeQueue(sqs, URL).send([(change(), 30)])


def test_a_refused_batch_is_an_error(sqs: Any, answers: Stubber) -> None:
    answers.add_client_error("send_message_batch", "AccessDenied")

    with pytest.raises(QueueError):
        ChangeQueue(sqs, URL).send([(change(), 30)])


def test_messages_come_back_in_tens_after_their_seconds(sqs: Any, answers: Stubber) -> None:
    for handles in ([f"r{number}" for number in range(10)], ["r10", "r11"]):
        entries = [
            {"Id": str(index), "ReceiptHandle": handle, "VisibilityTimeout": 60}
            for index, handle in enumerate(handles)
        ]
        answers.add_response(
            "change_message_visibility_batch",
            {"Successful": [], "Failed": []},
            {"QueueUrl": URL, "Entries": entries},
        )

    ChangeQueue(sqs, URL).bring_back([(f"r{number}", 60) for number in range(12)])


def test_messages_whose_time_cannot_be_changed_are_an_error(sqs: Any, answers: Stubber) -> None:
    failed = {"Id": "0", "SenderFault": True, "Code": "ReceiptHandleIsInvalid"}
    answers.add_response("change_message_visibility_batch", {"Successful": [], "Failed": [failed]})
    answers.add_client_error("change_message_visibility_batch", "AccessDenied")

    with pytest.raises(QueueError, match=r"1 messages come back late: .*ReceiptHandleIsInvalid"):
        ChangeQueue(sqs, URL).bring_back([("r", 60)])
    with pytest.raises(QueueError, match="messages come back late"):
        ChangeQueue(sqs, URL).bring_back([("r", 60)])


def test_a_dead_letter_carries_its_reason(sqs: Any, answers: Stubber) -> None:
    answers.add_response(
        "send_message",
        {"MessageId": "1"},
        {
            "QueueUrl": URL,
            "MessageBody": "{}",
            "MessageAttributes": {
                "reason": {"DataType": "String", "StringValue": "EventError: no"},
                "message_id": {"DataType": "String", "StringValue": "m-1"},
            },
        },
    )

    DeadLetterQueue(sqs, URL).send("{}", reason="EventError: no", message_id="m-1")


def test_a_dead_letter_queue_that_refuses_is_an_error(sqs: Any, answers: Stubber) -> None:
    answers.add_client_error("send_message", "AccessDenied")

    with pytest.raises(QueueError):
        DeadLetterQueue(sqs, URL).send("{}", reason="EventError: no", message_id="m-1")


def test_a_queue_out_of_reach_is_an_error() -> None:
    class Unreachable:
        def send_message(self, **_: Any) -> None:
            raise EndpointConnectionError(endpoint_url=URL)

        send_message_batch = change_message_visibility_batch = send_message

    with pytest.raises(QueueError):
        DeadLetterQueue(Unreachable(), URL).send("{}", reason="r", message_id="m")
    with pytest.raises(QueueError):
        ChangeQueue(Unreachable(), URL).send([(change(), 30)])
    with pytest.raises(QueueError):
        ChangeQueue(Unreachable(), URL).bring_back([("r", 60)])


def test_the_actions_are_those_that_iam_knows() -> None:
    """Batches have no actions of their own."""
    assert ACTIONS == ("sqs:SendMessage", "sqs:ChangeMessageVisibility")


def test_what_was_not_begun_is_put_back_as_it_was_in_calls_that_sqs_takes(sqs: Any, answers: Stubber) -> None:
    """All bodies of one call together may hold 256 KiB; an event of CloudTrail's may be as large alone."""
    sent: list[list[str]] = []
    sqs.meta.events.register(
        "provide-client-params.sqs.SendMessageBatch",
        lambda params, **_: sent.append([entry["MessageBody"] for entry in params["Entries"]]),
        unique_id="bodies",
    )
    bodies = ["a" * 200_000, "b" * 200_000, *(str(number) for number in range(12)), "ä" * 120_000]
    for _ in range(4):
        answers.add_response(
            "send_message_batch", {"Successful": [], "Failed": []}, {"QueueUrl": URL, "Entries": ANY}
        )

    ChangeQueue(sqs, URL).put_back(bodies)
    sqs.meta.events.unregister("provide-client-params.sqs.SendMessageBatch", unique_id="bodies")

    assert [body for call in sent for body in call] == bodies
    assert [len(call) for call in sent] == [1, 10, 3, 1]
    assert max(sum(len(body.encode()) for body in call) for call in sent) < 256 * 1024


def test_what_sqs_does_not_take_back_is_an_error(sqs: Any, answers: Stubber) -> None:
    answers.add_response(
        "send_message_batch",
        {"Successful": [], "Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": False}]},
    )

    with pytest.raises(QueueError, match="could not be put back, the first: InternalError"):
        ChangeQueue(sqs, URL).put_back(["a"])
