"""Questions about one function: which facts travel, and which answers are refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from benchmarks.estate import facts
from vpcguard.errors import DecisionError, InvalidDecisionError, UndefinedDecisionError
from vpcguard.policy.configuration import load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.policy.server import running_opa

Json = dict[str, Any]
NAME = "function-00003"


@dataclass
class Opa:
    """Answers with `body`, and keeps what it was asked and where."""

    url: str = ""
    body: Json = field(default_factory=dict)
    path: str = ""
    asked: Json = field(default_factory=dict)


@pytest.fixture
def opa() -> Iterator[Opa]:
    state = Opa()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            state.path = self.path
            state.asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
            content = json.dumps(state.body).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def answer() -> Json:
    """What the real policies answer about one function, with the revision of a bundle."""
    configuration = load_configuration()
    with running_opa() as url, Policy(url) as policy:
        explanation = policy.explain(facts(functions=9, vpcs=9), configuration, NAME)
    assert explanation.config_digest == configuration.digest
    return {
        "result": {"functions": [explanation.document]},
        "provenance": {"bundles": {"bundle": {"revision": explanation.policy_revision}}},
    }


def _explained(opa: Opa, body: Json, name: str = NAME) -> Json:
    opa.body = body
    with Policy(opa.url) as policy:
        return dict(policy.explain(facts(functions=9, vpcs=9), load_configuration(), name).document)


def test_one_function_is_asked_about_with_what_hangs_on_its_network(opa: Opa, answer: Json) -> None:
    """Nobody waits for a whole account to be explained; and nothing else's names travel."""
    document = _explained(opa, answer)

    assert document == answer["result"]["functions"][0]
    assert opa.path.startswith("/v1/data/vpcguard/explanation/answer?")
    assert [function["name"] for function in opa.asked["functions"]] == [NAME]
    vpc_id = opa.asked["functions"][0]["vpc_id"]
    assert {subnet["vpc_id"] for subnet in opa.asked["subnets"]} == {vpc_id}


def test_a_function_that_the_facts_do_not_hold_is_not_asked_about(opa: Opa, answer: Json) -> None:
    with pytest.raises(LookupError, match="nobody"):
        _explained(opa, answer, "nobody")

    assert opa.asked == {}


def test_an_answer_without_result_is_no_explanation(opa: Opa, answer: Json) -> None:
    """The decision is undefined while a rule is incomplete, and so is what explains it."""
    with pytest.raises(UndefinedDecisionError, match=r"vpcguard\.explanation\.answer"):
        _explained(opa, {"provenance": answer["provenance"]})


def test_an_answer_without_a_revision_is_no_explanation(opa: Opa, answer: Json) -> None:
    with pytest.raises(DecisionError, match="revision"):
        _explained(opa, {"result": answer["result"]})


@pytest.mark.parametrize(
    "broken", ["a rule without a reason", "no rules", "an unknown verdict", "one key more"]
)
def test_an_answer_that_breaks_the_schema_is_no_explanation(opa: Opa, answer: Json, broken: str) -> None:
    body = json.loads(json.dumps(answer))
    function = body["result"]["functions"][0]
    match broken:
        case "a rule without a reason":
            function["rules"][0]["reason"] = ""
        case "no rules":
            function["rules"] = []
        case "an unknown verdict":
            function["rules"][0]["verdict"] = "fine"
        case _:
            function["more"] = True

    with pytest.raises(InvalidDecisionError, match=r"explanation: functions\[0\]"):
        _explained(opa, body)


@pytest.mark.parametrize("names", [[], ["somebody"], [NAME, NAME]])
def test_an_answer_about_others_is_no_explanation(opa: Opa, answer: Json, names: list[str]) -> None:
    function = answer["result"]["functions"][0]
    body = answer | {"result": {"functions": [function | {"function": name} for name in names]}}

    with pytest.raises(InvalidDecisionError, match="not about"):
        _explained(opa, body)
