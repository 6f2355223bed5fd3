"""Questions to a real OPA, and everything that can go wrong with one; no doubt ends as a decision."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from vpcguard.errors import (
    DecisionError,
    FactsError,
    InvalidDecisionError,
    OpaUnavailableError,
    PolicyEvaluationError,
    UndefinedDecisionError,
)
from vpcguard.facts import build_facts
from vpcguard.model import Answers, Snapshot
from vpcguard.policy.bundle import build_bundle
from vpcguard.policy.configuration import Configuration, load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.policy.server import running_opa

RULE = {
    "id": "az.single_az",
    "title": "One zone",
    "doubt": "Not known whether there is one zone",
    "severity": "medium",
    "advice": "Add a zone",
    "remediation": "none",
    "violations": [],
    "unknowns": [],
    "silent": [],
}
# the shape of the real entrypoint: every function applies
POLICY = f"""package vpcguard

_names := [function.name | some function in input.functions]

decision := {{
	"rules": [object.union({json.dumps(RULE)}, {{"applies": _names}})],
	"retired": ["az.some_fault"],
}}
"""
REVISION = "sha256:0123"
GOOD = {
    "result": {"rules": [RULE | {"applies": []}]},
    "provenance": {"bundles": {"bundle.tar.gz": {"revision": REVISION}}},
}


def _facts(count: int = 1) -> dict[str, Any]:
    functions = [{"FunctionName": f"function-{index}"} for index in range(count)]
    return build_facts(
        Snapshot(
            account_id="111122223333",
            region="eu-west-1",
            captured_at="2026-11-20T12:00:00.123456Z",
            own=Answers({"lambda:ListFunctions": {"Functions": functions}}),
        )
    )


@pytest.fixture(scope="module")
def configuration() -> Configuration:
    return load_configuration()


def _bundle(folder: Path, policy: str) -> tuple[Path, str]:
    policies = folder / "policies" / "vpcguard"
    policies.mkdir(parents=True)
    (policies / "vpcguard.rego").write_text(policy)
    return folder / "bundle.tar.gz", build_bundle(folder / "policies", folder / "bundle.tar.gz")


def test_a_decision_names_functions_revision_and_configuration(
    tmp_path: Path, configuration: Configuration
) -> None:
    bundle, revision = _bundle(tmp_path, POLICY)

    with running_opa(bundle) as url, Policy(url) as policy:
        decision = policy.decide(_facts(3), configuration)

    assert decision.policy_revision == revision
    assert decision.config_digest == configuration.digest
    assert decision.retired == {"az.some_fault"}
    assert [(rule.id, sorted(rule.applies)) for rule in decision.rules] == [
        ("az.single_az", ["function-0", "function-1", "function-2"])
    ]


def test_a_huge_account_is_asked_in_batches_and_answered_whole(
    tmp_path: Path, configuration: Configuration
) -> None:
    bundle, _ = _bundle(tmp_path, POLICY)

    with running_opa(bundle) as url, Policy(url) as policy:
        whole = policy.decide(_facts(5000), configuration)
        by_ones = policy.decide(_facts(40), configuration, at_most=1)

    assert len(whole.rules[0].applies) == 5000
    assert whole.retired == {"az.some_fault"}
    assert len(by_ones.rules[0].applies) == 40


def test_an_account_without_functions_still_names_the_rules(
    tmp_path: Path, configuration: Configuration
) -> None:
    bundle, _ = _bundle(tmp_path, POLICY)

    with running_opa(bundle) as url, Policy(url) as policy:
        assert [rule.id for rule in policy.decide(_facts(0), configuration).rules] == ["az.single_az"]


@pytest.mark.parametrize(
    "policy",
    [
        "package vpcguard\n\nother := 1\n",
        "package elsewhere\n\ndecision := 1\n",
        "package vpcguard\n\ndecision := 1 if false\n",
    ],
)
def test_an_undefined_decision_is_never_no_violations(
    tmp_path: Path, configuration: Configuration, policy: str
) -> None:
    """OPA answers 200 without a result where nothing is defined."""
    bundle, _ = _bundle(tmp_path, policy)

    with (
        running_opa(bundle) as url,
        Policy(url) as asked,
        pytest.raises(UndefinedDecisionError, match=r"no result for data\.vpcguard\.decision"),
    ):
        asked.decide(_facts(), configuration)


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        ('package vpcguard\n\ndecision := {"rules": [to_number("x")]}\n', "to_number"),
        (
            "package vpcguard\n\ndecision := 1\n\ndecision := 2 if input.functions\n",
            "complete rules must not produce multiple outputs",
        ),
    ],
)
def test_an_error_while_evaluating_carries_opas_text(
    tmp_path: Path, configuration: Configuration, policy: str, text: str
) -> None:
    """Without strict built-in errors the rule would just be undefined."""
    bundle, _ = _bundle(tmp_path, policy)

    with running_opa(bundle) as url, Policy(url) as asked, pytest.raises(PolicyEvaluationError) as raised:
        asked.decide(_facts(), configuration)

    assert text in str(raised.value)


def test_an_answer_that_breaks_the_schema_is_no_decision(
    tmp_path: Path, configuration: Configuration
) -> None:
    bundle, _ = _bundle(tmp_path, 'package vpcguard\n\ndecision := {"rules": []}\n')

    with (
        running_opa(bundle) as url,
        Policy(url) as policy,
        pytest.raises(InvalidDecisionError, match="decision: rules: "),
    ):
        policy.decide(_facts(), configuration)


def test_an_answer_about_other_functions_is_no_decision(tmp_path: Path, configuration: Configuration) -> None:
    stranger = POLICY.replace('"applies": _names', '"applies": ["stranger"]')
    bundle, _ = _bundle(tmp_path, stranger)

    with (
        running_opa(bundle) as url,
        Policy(url) as policy,
        pytest.raises(InvalidDecisionError, match="'stranger', which nobody asked about"),
    ):
        policy.decide(_facts(), configuration)


def test_facts_that_break_the_contract_are_not_asked_about(configuration: Configuration) -> None:
    """A misspelt field would be undefined in every rule, and pass."""
    facts = _facts() | {"subnet": []}

    with (
        Policy("http://127.0.0.1:9") as policy,
        pytest.raises(FactsError, match=r"facts: Additional properties are not allowed \('subnet'"),
    ):
        policy.decide(facts, configuration)


def test_a_killed_opa_is_unavailable_and_one_that_returns_is_used_again(
    tmp_path: Path, configuration: Configuration
) -> None:
    bundle, _ = _bundle(tmp_path, POLICY)
    with running_opa(bundle) as url, Policy(url) as policy:
        policy.decide(_facts(), configuration)
        os.kill(_listener(url), signal.SIGKILL)

        with pytest.raises(OpaUnavailableError, match="cannot be reached"):
            policy.decide(_facts(), configuration)


def test_a_broken_connection_is_tried_again(configuration: Configuration) -> None:
    """A server that closes a kept connection, as one does that was restarted."""
    with _server(_drop_first()) as url, Policy(url) as policy:
        assert policy.decide(_facts(), configuration).policy_revision == REVISION


def test_a_slow_opa_is_unavailable_after_the_time_given(configuration: Configuration) -> None:
    with _server(_slow) as url, Policy(url, timeout_seconds=0.2) as policy:
        began = time.monotonic()
        with pytest.raises(OpaUnavailableError, match=r"within 0\.2 s"):
            policy.decide(_facts(), configuration)

    assert time.monotonic() - began < 1.5


def _without(*path: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(GOOD))
    parent = document
    for key in path[:-1]:
        parent = parent[key]
    del parent[path[-1]]
    return document


@pytest.mark.parametrize(
    ("status", "body", "expected", "message"),
    [
        (200, _without("result"), UndefinedDecisionError, "no result"),
        (200, GOOD | {"result": None}, InvalidDecisionError, "decision: "),
        (200, _without("provenance"), InvalidDecisionError, "which revision"),
        (200, GOOD | {"provenance": {"bundles": {}}}, InvalidDecisionError, "which revision"),
        (200, GOOD | {"provenance": {"bundles": {"b": {}}}}, InvalidDecisionError, "which revision"),
        (
            200,
            GOOD | {"provenance": {"bundles": {"b": {"revision": ""}}}},
            InvalidDecisionError,
            "which revision",
        ),
        (
            200,
            GOOD | {"provenance": {"bundles": {"b": {"revision": "1"}, "c": {"revision": "2"}}}},
            InvalidDecisionError,
            "which revision",
        ),
        (200, "not json", InvalidDecisionError, "no JSON"),
        (200, "[]", InvalidDecisionError, "no JSON object"),
        (200, "", InvalidDecisionError, "no JSON"),
        (
            500,
            {
                "code": "internal_error",
                "message": "error(s) occurred",
                "errors": [{"message": "div: by zero"}],
            },
            PolicyEvaluationError,
            "OPA answered 500: error(s) occurred; div: by zero",
        ),
        (500, "oops", PolicyEvaluationError, "OPA answered 500: oops"),
        (500, "[]", PolicyEvaluationError, "OPA answered 500: []"),
        (
            401,
            {"code": "unauthorized", "message": "denied"},
            PolicyEvaluationError,
            "OPA answered 401: denied",
        ),
        (503, "busy", OpaUnavailableError, "OPA answered 503"),
    ],
)
def test_every_answer_that_is_no_decision_is_an_error(
    configuration: Configuration, status: int, body: Any, expected: type[DecisionError], message: str
) -> None:
    with _server(_answer(status, body)) as url, Policy(url) as policy, pytest.raises(expected) as raised:
        policy.decide(_facts(), configuration)

    assert type(raised.value) is expected
    assert message in str(raised.value)


def test_batches_judged_by_different_revisions_are_no_decision(configuration: Configuration) -> None:
    """OPA was replaced in between: half of the verdicts would carry the wrong name."""
    revisions = iter(("one", "two"))

    def respond(handler: BaseHTTPRequestHandler) -> None:
        bundles = {"bundles": {"b": {"revision": next(revisions)}}}
        _answer(200, GOOD | {"provenance": bundles})(handler)

    with (
        _server(respond) as url,
        Policy(url, parallel=1) as policy,
        pytest.raises(InvalidDecisionError, match="different revisions: one, two"),
    ):
        policy.decide(_facts(2), configuration, at_most=1)


def test_one_failed_batch_leaves_no_decision_in_part(configuration: Configuration) -> None:
    answers = iter([_answer(200, GOOD), _answer(500, "oops"), _answer(200, GOOD)])
    lock = threading.Lock()

    def respond(handler: BaseHTTPRequestHandler) -> None:
        with lock:
            answer = next(answers, _answer(200, GOOD))
        answer(handler)

    with _server(respond) as url, Policy(url) as policy, pytest.raises(PolicyEvaluationError):
        policy.decide(_facts(3), configuration, at_most=1)


def test_proxies_and_netrc_of_the_environment_are_ignored(
    tmp_path: Path, configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy variable would send the facts elsewhere, even those for 127.0.0.1."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))

    assert _asked_with("Authorization", configuration) is None


def test_answers_come_uncompressed(configuration: Configuration) -> None:
    """OPA compresses what it may: of 10 ms for a decision about one function, one."""
    assert _asked_with("Accept-Encoding", configuration) == "identity"


def _asked_with(header: str, configuration: Configuration) -> str | None:
    """Return a header of the one question that a decision takes."""
    asked: list[str | None] = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.headers.get(header))
        _answer(200, GOOD)(handler)

    with _server(respond) as url, Policy(url) as policy:
        policy.decide(_facts(), configuration)

    (value,) = asked
    return value


Respond = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def _server(respond: Respond) -> Iterator[str]:
    """Run a server that answers every question as told."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            respond(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(status: int, body: Any) -> Respond:
    content = (body if isinstance(body, str) else json.dumps(body)).encode()

    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return respond


def _slow(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(1.0)
    handler.close_connection = True


def _drop_first() -> Respond:
    asked = iter(range(2))

    def respond(handler: BaseHTTPRequestHandler) -> None:
        if next(asked) == 0:
            handler.connection.shutdown(socket.SHUT_RDWR)
            handler.close_connection = True
        else:
            _answer(200, GOOD)(handler)

    return respond


def _listener(url: str) -> int:
    """Return the process that listens on a port of this machine, from /proc."""
    port = int(url.rpartition(":")[2])
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    (inode,) = {line[9] for line in lines if line[3] == "0A" and int(line[1].partition(":")[2], 16) == port}
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(link.readlink()) == f"socket:[{inode}]":
                return int(link.parts[2])
        except OSError:
            continue
    raise AssertionError(f"nobody listens on {port}")
