"""What our own code adds to one event in the warm handler, and how many AWS round trips come in a row."""

from __future__ import annotations

import io
import json
import os
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

import botocore.session

from benchmarks.auditing import environment, fake_aws
from benchmarks.estate import OUTSIDE_EVERY
from benchmarks.figures import Figure, Section
from benchmarks.networks import ACCOUNT, REGION
from dev.deliveries import Context
from dev.processes import dynamodb_local
from tests.support.dynamodb import create_findings_table, local_client
from vpcguard.policy.server import running_opa

FUNCTIONS, VPCS, WARM_UPS, EVENTS = 1000, 20, 20, 200
DELAY_MS, DELAYED_EVENTS = 100, 10
OPA_ENVIRONMENT = {"GOGC": "800", "GOMEMLIMIT": "512MiB"}  # as extension/vpcguard_opa.py has it
TABLE = "vpcguard-findings"
EVENT = Path(__file__).parents[1] / "events" / "UpdateFunctionConfiguration20150331v2.terraform.json"


class Call(NamedTuple):
    """One call of botocore's, in seconds of one clock."""

    began: float
    ended: float
    name: str


class Calls:
    """When botocore's calls began and ended, by its own events."""

    def __init__(self) -> None:
        self.made: list[Call] = []
        self.delay_seconds = 0.0  # of DynamoDB, which the fake AWS does not serve
        self._under_way = threading.local()

    def watch(self, session: botocore.session.Session) -> None:
        """Listen to every client that the session makes."""
        session.register("provide-client-params", self._begin)
        session.register("before-send.dynamodb", lambda **_: time.sleep(self.delay_seconds))
        session.register("after-call", self._end)
        session.register("after-call-error", self._end)

    def _begin(self, **event: Any) -> None:
        self._under_way.call = (time.perf_counter(), event["model"].name)

    def _end(self, **_: Any) -> None:
        began, name = self._under_way.call
        self.made.append(Call(began, time.perf_counter(), name))


def measure() -> Section:
    """Deliver one event after another, each about another function, to the handler in this process."""
    with (
        fake_aws(FUNCTIONS, VPCS) as aws,
        dynamodb_local() as dynamodb,
        running_opa(environment=OPA_ENVIRONMENT) as opa,
    ):
        create_findings_table(local_client(dynamodb), TABLE)
        with handler_environment(aws, dynamodb, opa), redirect_stdout(io.StringIO()):
            own, chain = _measured(aws)
    own.sort()
    figures = [
        Figure(name="own time, p50", value=statistics.median(own), unit="ms", bound="at most", limit=25),
        Figure(name="own time, p99", value=own[int(len(own) * 0.99)], unit="ms", bound="at most", limit=50),
        Figure(
            name="AWS round trips in a row, most", value=len(chain), unit="calls", bound="at most", limit=3
        ),
    ]
    how = (
        f"`evaluate_change.handler` in process, one message a batch, {EVENTS} generated functions in turn, "
        "OPA and DynamoDB Local beside it. Own time: wall time without what passes inside "
        "botocore's calls, by its events. Round trips in a row: the longest chain of calls that began after "
        f"another had ended, with {DELAY_MS} ms added to every answer, DynamoDB's included. "
        f"The longest: {', '.join(call.name for call in chain)}."
    )
    return Section(title="Handling one event", how=how, figures=figures)


def _measured(aws: str) -> tuple[list[float], list[Call]]:
    """Return own times in milliseconds, and the longest chain of calls."""
    calls = Calls()
    with _watched(calls):
        from evaluate_change import handler  # noqa: PLC0415  it reads the environment when it is imported

        deliveries = events()
        own = [_own_ms(handler, next(deliveries), calls) for _ in range(WARM_UPS + EVENTS)][WARM_UPS:]
        urlopen(f"{aws}/_reset?delay_ms={DELAY_MS}").close()  # noqa: S310  our own server
        calls.delay_seconds = DELAY_MS / 1000
        longest: list[Call] = []
        for _ in range(DELAYED_EVENTS):
            _own_ms(handler, next(deliveries), calls)
            longest = max(longest, _chain(calls.made), key=len)
    return own, longest


def _own_ms(handler: Any, event: dict[str, Any], calls: Calls) -> float:
    calls.made.clear()
    began = time.perf_counter()
    answer = handler(event, Context("vpcguard-evaluate-change"))
    wall = time.perf_counter() - began
    if answer["batchItemFailures"]:
        raise RuntimeError("the handler did not take the event")
    return 1000 * (wall - covered(calls.made))


def covered(calls: Sequence[Call]) -> float:
    """Return the seconds in which at least one call was under way."""
    covered, until = 0.0, 0.0
    for call in sorted(calls):
        covered += max(0.0, call.ended - max(call.began, until))
        until = max(until, call.ended)
    return covered


def _chain(calls: Sequence[Call]) -> list[Call]:
    """Return the longest chain of calls of which each began after the one before had ended."""
    chain: list[Call] = []
    for call in sorted(calls, key=lambda one: one.ended):
        if not chain or call.began >= chain[-1].ended:
            chain.append(call)
    return chain


def events() -> Iterator[dict[str, Any]]:
    """Yield deliveries of one message, each about another function in a VPC."""
    template = EVENT.read_text()
    for index in range(FUNCTIONS):
        if index % OUTSIDE_EVERY:
            event = json.loads(template.replace("orders-api", f"function-{index:05d}"))
            answer = event["detail"]["responseElements"]  # its hints lead to the generated network and role
            answer["vpcConfig"]["vpcId"] = _vpc_of(index)
            answer["role"] = f"arn:aws:iam::{ACCOUNT}:role/function-{index:05d}-role"
            yield {"Records": [_record(str(index), event)]}


def _vpc_of(index: int) -> str:
    return f"vpc-{(index - index // OUTSIDE_EVERY - 1) % VPCS:04d}"


def _record(message_id: str, event: dict[str, Any]) -> dict[str, Any]:
    return {
        "messageId": message_id,
        "body": json.dumps(event),
        "attributes": {"ApproximateReceiveCount": "1"},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:vpcguard-changes",
        "awsRegion": REGION,
    }


@contextmanager
def handler_environment(aws: str, dynamodb: str, opa: str) -> Iterator[None]:
    """Give this process the variables of a deployed handler, with what answers on this machine."""
    before = dict(os.environ)
    os.environ |= environment(aws) | {
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "ACCOUNT_ID": ACCOUNT,
        "TABLE_NAME": TABLE,
        "OPA_URL": opa,
        "LAMBDA_CONTROL_PLANE_RPS": "1000",
        "LAMBDA_CONTROL_PLANE_BURST": "1000",
        "POWERTOOLS_SERVICE_NAME": "vpcguard",
        "POWERTOOLS_METRICS_NAMESPACE": "LambdaVpcGuard",
        "POWERTOOLS_TRACE_DISABLED": "true",
    }
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _watched(calls: Calls) -> Iterator[None]:
    """Have every botocore session that is made meanwhile watched."""
    original = botocore.session.Session

    class Watched(original):  # type: ignore[misc, valid-type]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            calls.watch(self)

    botocore.session.Session = Watched  # type: ignore[misc]
    try:
        yield
    finally:
        botocore.session.Session = original  # type: ignore[misc]
