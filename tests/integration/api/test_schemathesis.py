"""All that the API's document allows, and what it does not: no fault, no answer that it does not tell of.

Schemathesis asks the application that `vpcguard serve` runs, in process, over a table with findings in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
import schemathesis
from aws_lambda_powertools.event_handler import HttpResolverLocal
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import missing_required_header, positive_data_acceptance

from tests.support.api import CALLER, KEY
from tests.support.dynamodb import create_findings_table
from tests.support.looks import EGRESS, ZONES, a_look
from tools import api_docs
from vpcguard.api.app import mount
from vpcguard.api.cursors import Cursors
from vpcguard.api.edges import Identity, Service, identify
from vpcguard.api.problems import PROBLEM_JSON, ApiError, problem
from vpcguard.findings.search import FindingSearch
from vpcguard.findings.store import FindingStore

EXAMPLES = 25  # for each path and method
TABLE = "findings-asked-for-anything"
DOCUMENT = json.loads(api_docs.DOCUMENT.read_text("utf-8"))
del DOCUMENT["security"], DOCUMENT["components"]["securitySchemes"]  # signatures are API Gateway's to check

_served: list[HttpResolverLocal] = []


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Refuse a body that is no UTF-8, as `vpcguard serve` does: HttpResolverLocal fails on it."""
    if scope["type"] != "http":  # the beginning and the end of a server
        await _served[-1](scope, receive, send)
        return
    body, is_more = b"", True
    while is_more:
        message = await receive()
        body += message.get("body", b"")
        is_more = message.get("more_body", False)
    try:
        body.decode()
    except UnicodeDecodeError:
        refusal = problem(ApiError(HTTPStatus.BAD_REQUEST, "the body is no text in UTF-8"))
        headers = [(b"content-type", PROBLEM_JSON.encode())]
        await send({"type": "http.response.start", "status": refusal.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": str(refusal.body).encode()})
        return

    async def read() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    await _served[-1](scope, read, send)


schema = schemathesis.openapi.from_dict(DOCUMENT)
schema.app = application


@pytest.fixture(autouse=True, scope="module")
def _table(dynamodb: Any) -> Iterator[None]:
    create_findings_table(dynamodb, TABLE)
    store = FindingStore(dynamodb, TABLE)
    store.record_all([a_look(0, violated=[EGRESS], unknown=[ZONES], function=f"f{n}") for n in range(20)])
    sent: list[str] = []
    service = Service(findings=FindingSearch(dynamodb, TABLE), cursors=Cursors(KEY), send_job=sent.append)
    app = mount(HttpResolverLocal(enable_validation=True), service)
    app.dependency_overrides[identify] = lambda: Identity(CALLER, "111122223333")
    _served.append(app)
    yield
    dynamodb.delete_table(TableName=TABLE)


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_every_answer_is_documented(case: Any) -> None:
    if case.meta is not None and case.meta.generation.mode.is_positive:
        case.query.pop("cursor", None)  # only we can write one that is taken
        if "cause_id" in case.query:
            case.query.pop("status", None)  # a cause has no resolved findings
    # what an exemption must be is more than a schema can say: a day within a year, no match of everything
    is_exemption = (case.method, case.path.rpartition("/")[2]) == ("POST", "exemptions")
    excluded: list[Any] = [positive_data_acceptance] if is_exemption else []
    if case.method == "DELETE":
        excluded.append(missing_required_header)  # it knows no 428, which says what is missing
    case.call_and_validate(excluded_checks=excluded)
