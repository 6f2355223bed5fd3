"""The handler of the API: an answer for each request, and a line of the log that names its caller alone."""

from __future__ import annotations

import io
import json
from typing import Any
from unittest.mock import Mock

import pytest

import api
from tests.support.api import CALLER, Api, Context, request_event
from tests.support.looks import ACCOUNT, a_finding
from vpcguard.findings.pages import Page


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    findings = Mock(spec_set=["search"])
    findings.search.return_value = Page((a_finding(),), None)
    application = Api(findings=findings).app
    monkeypatch.setattr(api, "application", lambda: application)
    written = io.StringIO()
    (handler,) = api.logger.handlers
    monkeypatch.setattr(handler, "stream", written)
    return written


def _ask(path: str, resource: str, **query: str) -> dict[str, Any]:
    event = request_event("GET", path, query=query) | {"resource": resource}
    return api.handler(event, Context())  # type: ignore[arg-type]


def test_a_request_is_answered_and_logged_without_what_it_names(log: io.StringIO) -> None:
    path = f"/accounts/{ACCOUNT}/findings"

    answer = _ask(path, "/accounts/{account_id}/findings", function="orders-api", owner="team-payments")

    (line,) = log.getvalue().splitlines()
    said = json.loads(line)
    assert (answer["statusCode"], len(json.loads(answer["body"])["findings"])) == (200, 1)
    assert (said["method"], said["path"]) == ("GET", "/accounts/{account_id}/findings")
    assert (said["status"], said["caller"], said["correlation_id"]) == (200, CALLER, "request-1")
    assert [one for one in ("orders-api", "team-payments", path) if one in line] == []


def test_a_refusal_is_logged_too(log: io.StringIO) -> None:
    answer = _ask("/nothing", "/nothing")

    assert answer["statusCode"] == 404
    assert json.loads(log.getvalue())["status"] == 404
