"""What Lambda hands to a handler, and what a handler writes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import evaluate_change


@dataclass
class Context:
    """What Lambda hands to a handler beside the event."""

    remaining_milliseconds: float = 195_000
    function_name: str = "vpcguard-evaluate-change"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:111122223333:function:vpcguard-evaluate-change"
    aws_request_id: str = "request-1"

    def get_remaining_time_in_millis(self) -> float:
        """Return the time that is left."""
        return self.remaining_milliseconds


@pytest.fixture
def printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[], tuple[list[Any], dict[str, Any]]]:
    """Return what was written since: the log lines, and the metrics of the one invocation."""
    log = io.StringIO()
    (written_to,) = evaluate_change.logger.handlers  # one service, one handler: sweep_account's too
    monkeypatch.setattr(written_to, "stream", log)

    def read() -> tuple[list[Any], dict[str, Any]]:
        metrics = json.loads(capsys.readouterr().out)
        names = [metric["Name"] for metric in metrics["_aws"]["CloudWatchMetrics"][0]["Metrics"]]
        return [json.loads(line) for line in log.getvalue().splitlines()], {
            name: metrics[name] for name in names
        }

    return read
