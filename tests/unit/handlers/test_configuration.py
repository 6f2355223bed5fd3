"""A handler without a configuration judges nothing, and says what is wrong where alarms look."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from aws_lambda_powertools import Logger, Metrics

from evaluate_change import handler
from tests.unit.audit.fakes import Table, dependencies
from tests.unit.handlers.conftest import Context
from tests.unit.handlers.test_evaluate_change import CREATED, Printed, account, batch, failures
from vpcguard.audit.report import report_polls
from vpcguard.errors import ConfigurationError
from vpcguard.policy.configuration import Configuration, Poll

REJECTED = Poll(digest="sha256:1", rejected="configuration: rules.x.y: there is no such rule")
UNREAD = Poll(digest="sha256:1", unread="AppConfig could not be read: ReadTimeoutError")
GOOD = Poll(digest="sha256:1")


def test_without_a_configuration_the_message_comes_back_and_nothing_is_recorded(printed: Printed) -> None:
    def broken() -> Configuration:
        raise ConfigurationError("configuration: version: 1 was expected")

    table = Table()
    deps = replace(dependencies(account("orders-api"), table=table), configuration=broken)

    answer = handler(batch(CREATED), Context(), deps=deps)

    logs, metrics = printed()
    assert failures(answer) == [CREATED]
    assert (table.looks, metrics) == ([], {"ChangesFailed": [1.0]})
    assert logs[0]["reason"] == "ConfigurationError: configuration: version: 1 was expected"


@pytest.fixture
def metrics() -> Iterator[Metrics]:
    made = Metrics(namespace="LambdaVpcGuard", service="vpcguard")
    made.clear_metrics()
    yield made
    made.clear_metrics()


def told(*polls: Poll, metrics: Metrics) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the log lines without their frame, and the values of the metrics."""
    written = io.StringIO()
    logger = Logger(service="configuration-report", logger_handler=logging.StreamHandler(written))
    report = report_polls(logger, metrics)
    for poll in polls:
        report(poll)
    kept = ("level", "message", "reason", "config_digest", "config_digest_in_force")
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    counted = metrics.serialize_metric_set()
    names = [one["Name"] for one in counted["_aws"]["CloudWatchMetrics"][0]["Metrics"]]
    return [{key: line[key] for key in kept if key in line} for line in lines], {
        name: counted[name]  # type: ignore[literal-required]
        for name in names
    }


def test_every_poll_is_counted_and_every_fault_told_with_its_place(metrics: Metrics) -> None:
    """Zeros too: an alarm goes by a good poll, not by silence."""
    lines, counted = told(
        Poll(digest="sha256:1", is_new=True), GOOD, REJECTED, GOOD, UNREAD, GOOD, GOOD, metrics=metrics
    )

    assert counted == {
        "ConfigurationRejected": [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
        "ConfigurationUnread": [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0],
    }
    again = {"level": "INFO", "message": "configuration good again", "config_digest": "sha256:1"}
    assert lines == [
        {"level": "INFO", "message": "configuration in force", "config_digest": "sha256:1"},
        {
            "level": "ERROR",
            "message": "configuration rejected",
            "reason": REJECTED.rejected,
            "config_digest_in_force": "sha256:1",
        },
        again,
        {
            "level": "ERROR",
            "message": "configuration unread",
            "reason": UNREAD.unread,
            "config_digest_in_force": "sha256:1",
        },
        again,
    ]
