"""`vpcguard serve`, the process: whom it answers, what its page holds, how it ends."""

from __future__ import annotations

import json
import re
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import missing_required_header, positive_data_acceptance

from tests.support.dynamodb import create_findings_table
from tests.support.looks import EGRESS, ZONES, a_look
from tests.support.own_sts import CALLER, own_sts
from tests.support.serving import serving, serving_environment, start_serving, url_of
from tools import api_docs
from vpcguard.findings.store import FindingStore

EXAMPLES = 10  # for each path and method; all in process: test_schemathesis.py
TABLE = "findings-served"
DOCUMENT = json.loads(api_docs.DOCUMENT.read_text("utf-8"))
del DOCUMENT["security"], DOCUMENT["components"]["securitySchemes"]
schema = schemathesis.openapi.from_dict(DOCUMENT)


@pytest.fixture(scope="module")
def environment(dynamodb: Any, dynamodb_url: str) -> Iterator[Mapping[str, str]]:
    create_findings_table(dynamodb, TABLE)
    store = FindingStore(dynamodb, TABLE)
    store.record_all([a_look(0, violated=[EGRESS], unknown=[ZONES], function=f"f{n}") for n in range(20)])
    with own_sts() as sts:
        yield serving_environment(dynamodb_url, sts)
    dynamodb.delete_table(TableName=TABLE)


@pytest.fixture(scope="module")
def url(environment: Mapping[str, str]) -> Iterator[str]:
    with serving("--table", TABLE, environment=environment) as url:
        yield url


def _ask(
    url: str, path: str, method: str = "GET", body: str | None = None, **headers: str
) -> tuple[int, Mapping[str, str], str]:
    connection = HTTPConnection(url.removeprefix("http://"), timeout=20)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_every_answer_of_the_process_is_documented(case: Any, url: str) -> None:
    if case.meta is not None and case.meta.generation.mode.is_positive:
        case.query.pop("cursor", None)  # only we can write one that is taken
        if "cause_id" in case.query:
            case.query.pop("status", None)  # a cause has no resolved findings
    # what an exemption must be is more than a schema can say; audits on request have nobody here to do them
    is_asked_for = (case.method, case.path.rpartition("/")[2]) in {("POST", "exemptions"), ("POST", "audits")}
    excluded: list[Any] = [positive_data_acceptance] if is_asked_for else []
    if case.method == "DELETE":
        excluded.append(missing_required_header)  # it knows no 428, which says what is missing
    case.call_and_validate(base_url=url, excluded_checks=excluded)


def test_findings_are_served_to_this_machine_and_to_no_other_page(url: str) -> None:
    status, headers, body = _ask(url, "/findings?limit=2&status=open")

    assert (status, len(json.loads(body)["findings"])) == (200, 2)
    assert headers["cache-control"] == "no-store"
    assert _ask(url, "/findings", Origin=url)[0] == 200
    assert _ask(url, "/findings", Origin="https://evil.example")[0] == 403
    assert _ask(url, "/findings", Origin="null")[0] == 403
    assert _ask(url, "/findings", Sec_Fetch_Site="cross-site")[0] == 403
    assert _ask(url, "/findings", Host="evil.example")[0] == 421
    assert _ask(url, "/findings", "OPTIONS", Origin="https://evil.example")[0] == 403


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "HEAD", "PROPFIND", "PUT"])
def test_other_methods_are_refused_with_those_that_the_path_takes(url: str, method: str) -> None:
    status, headers, _ = _ask(url, "/findings", method)

    assert (status, headers["allow"]) == (405, "GET")


def test_what_is_changed_by_it_is_recorded_as_done_by_who_runs_it(url: str) -> None:
    """Nobody else signs here; a page of another site cannot have it done."""
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    body = json.dumps({"match": {"rule_id": EGRESS}, "reason": "known", "owner": "kim", "expires_at": day})
    asked = {"Content_Type": "application/json", "Idempotency_Key": "the-same", "Origin": url}

    assert _ask(url, "/exemptions", "POST", body, **{**asked, "Origin": "https://evil.example"})[0] == 403
    status, headers, made = _ask(url, "/exemptions", "POST", body, **asked)
    again = _ask(url, "/exemptions", "POST", body, **asked)

    assert (status, json.loads(made)["created_by"]) == (201, CALLER)
    assert json.loads(again[2])["exemption_id"] == json.loads(made)["exemption_id"]
    assert _ask(url, headers["location"], "DELETE", If_Match=headers["etag"])[0] == 200


def test_the_page_needs_nothing_but_this_server(url: str) -> None:
    """No script, style, font or picture from elsewhere; and the browser is told to take none."""
    status, headers, page = _ask(url, "/")

    assert status == 200
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert not re.search(
        r"<(?:script|link|img|iframe|base)\b[^>]*(?:src|href)=", page.partition("<script>")[0]
    )
    assert not re.search(r"<script[^>]+src=", page)
    assert "connect-src 'self'" in headers["content-security-policy"]
    assert "https:" not in headers["content-security-policy"]
    assert '"/openapi.json"' in page
    # nothing of the document ends the script that holds it
    assert page.count("</script>") == 2


def test_the_document_served_is_the_one_published_without_signatures(url: str) -> None:
    served = json.loads(_ask(url, "/openapi.json")[2])

    assert served["paths"] == DOCUMENT["paths"]
    assert served["components"] == DOCUMENT["components"]
    assert served["servers"] == [{"url": "/"}]
    assert "security" not in served


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_whose_credentials_ask_and_ends_when_told_to(
    environment: Mapping[str, str], number: signal.Signals
) -> None:
    process = start_serving("--table", TABLE, environment=environment)
    assert _ask(url_of(process), "/findings")[0] == 200

    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=30)

    assert (process.returncode, stdout) == (0, "")
    assert f"serving the table {TABLE} in eu-west-1 as {CALLER}" in stderr
    assert "Traceback" not in stderr


def test_it_ends_while_requests_wait_for_a_table_that_does_not_answer(environment: Mapping[str, str]) -> None:
    with ExitStack() as stack:
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        silent.settimeout(30)
        silent_url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = start_serving(environment={**environment, "AWS_ENDPOINT_URL_DYNAMODB": silent_url})
        waiting = HTTPConnection(url_of(process).removeprefix("http://"), timeout=30)
        stack.callback(waiting.close)
        waiting.request("GET", "/findings")
        stack.enter_context(silent.accept()[0])  # it has begun to ask

        process.send_signal(signal.SIGTERM)
        answer = waiting.getresponse()
        status, body = answer.status, answer.read()
        _, stderr = process.communicate(timeout=30)

    assert (status, json.loads(body)["detail"]) == (503, "the server has ended")
    assert process.returncode == 0
    assert "Traceback" not in stderr


def test_a_taken_port_is_a_usage_error_that_names_it(environment: Mapping[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = start_serving("--port", port, environment=environment)
        stdout, stderr = process.communicate(timeout=30)

    assert (process.returncode, stdout) == (2, "")
    assert f"port {port} of 127.0.0.1 is taken: name another with --port" in stderr


@pytest.mark.parametrize("port", ["-1", "65536", "http", "²"])
def test_what_is_no_port_is_a_usage_error(environment: Mapping[str, str], port: str) -> None:
    process = start_serving("--port", port, environment=environment)

    assert "a port is a number from 0 to 65535" in process.communicate(timeout=30)[1]
    assert process.returncode == 2


def test_without_knowing_who_asks_it_does_not_begin(environment: Mapping[str, str]) -> None:
    """What changes something is recorded as somebody's."""
    process = start_serving(environment={**environment, "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9"})
    stdout, stderr = process.communicate(timeout=60)

    assert (process.returncode, stdout) == (2, "")
    assert "127.0.0.1:9" in stderr


def test_a_table_that_does_not_exist_is_told_in_the_answer(environment: Mapping[str, str]) -> None:
    """Who asks sits at this machine, and can do something about it."""
    with serving("--table", "not-there", environment=environment) as url:
        status, _, body = _ask(url, "/findings")

    assert status == 503
    assert "there is no table not-there in eu-west-1" in json.loads(body)["detail"]
