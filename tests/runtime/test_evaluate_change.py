"""The whole way once, as Lambda runs it: an event in, a judged and recorded finding out.

Real are the runtime client, the extension, OPA with the policies, the handler and DynamoDB Local. Only AWS
itself is a stand-in.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.ministack import ACCOUNT, REGION
from tests.support.runtime_api import Answer
from tests.support.sandbox import ROOT, Sandbox, sandbox
from tests.support.world import World

CREATED = "CreateFunction20150331.terraform"
MALFORMED = "CreateFunction20150331.malformed_missing_id"
UNREADABLE = "CreateFunction20150331.forwarded_from_member"  # an account that we have no role for
NOT_OURS = "AddPermission20150331v2.not_ours"


@pytest.fixture
def environment(world: World, layer: Path, opa_url: str) -> Iterator[Sandbox]:
    """A fresh execution environment of vpcguard-evaluate-change."""
    with sandbox(
        layer,
        opa_url=opa_url,
        task_root=ROOT / "functions",
        handler="evaluate_change.handler",
        environment=world.environment("EvaluateChangeFunction"),
    ) as started:
        yield started


def test_an_event_becomes_a_finding(world: World, environment: Sandbox) -> None:
    """The function sits in public subnets and says that it needs the internet."""
    answer = environment.api.invoke(_batch(CREATED))

    assert answer == Answer({"batchItemFailures": []}, is_error=False)
    assert "nat.no_internet_egress" in world.open_rules()


def test_an_event_delivered_directly_becomes_the_same_finding(world: World, environment: Sandbox) -> None:
    answer = environment.api.invoke(_event(CREATED))

    assert answer.is_error is False
    assert "nat.no_internet_egress" in world.open_rules()


def test_one_message_that_fails_does_not_take_the_others_along(world: World, environment: Sandbox) -> None:
    """The unreadable account is tried again; what no retry can repair is put aside with its reason."""
    answer = environment.api.invoke(_batch(CREATED, UNREADABLE, MALFORMED, NOT_OURS))

    assert answer.payload == {"batchItemFailures": [{"itemIdentifier": UNREADABLE}]}
    assert "nat.no_internet_egress" in world.open_rules()
    (dead,) = world.account.received(world.dead_letters)
    assert dead["MessageAttributes"]["reason"]["StringValue"].startswith("EventError")


def test_without_opa_nothing_is_recorded_and_the_message_is_kept(world: World, environment: Sandbox) -> None:
    """And the environment ends, so that Lambda starts another one with an OPA of its own."""
    environment.api.wait_for_init()
    os.kill(environment.opa_pid(), signal.SIGKILL)

    answer = environment.api.invoke(_batch(CREATED))

    assert answer.payload == {"batchItemFailures": [{"itemIdentifier": CREATED}]}
    assert world.open_rules() == set()
    assert environment.api.wait_for_error() == ("exit", "Extension.OpaEnded")


def test_an_opa_that_hangs_is_no_verdict(world: World, environment: Sandbox) -> None:
    """A process that neither answers nor ends is waited for a bounded time."""
    environment.api.wait_for_init()
    stopped = environment.opa_pid()
    os.kill(stopped, signal.SIGSTOP)
    try:
        answer = environment.api.invoke(_batch(CREATED), seconds=55)
    finally:
        os.kill(stopped, signal.SIGCONT)

    assert answer.payload == {"batchItemFailures": [{"itemIdentifier": CREATED}]}
    assert world.open_rules() == set()


def _event(name: str) -> Any:
    return json.loads((ROOT / "events" / f"{name}.json").read_text())


def _batch(*names: str) -> dict[str, Any]:
    """An SQS batch as Lambda's poller delivers it; message ids are the files' names."""
    return {
        "Records": [
            {
                "messageId": name,
                "receiptHandle": name,
                "body": json.dumps(_event(name)),
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:vpcguard-changes",
                "awsRegion": REGION,
            }
            for name in names
        ]
    }
