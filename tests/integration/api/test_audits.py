"""Audits on request: asked for once per key, done by whoever reads the queue, followed by who asked."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from tests.support.api import CALLER, Answer, Api
from tests.support.looks import ACCOUNT, REGION
from tests.unit.audit.fakes import Account, configuration, dependencies
from vpcguard.audit.requested import Requester, audit_requested
from vpcguard.changes import Message
from vpcguard.errors import OpaUnavailableError, QueueError
from vpcguard.findings.search import FindingSearch

OTHER = "444455556666"
KEY = {"idempotency-key": "6f0c1d8e"}
ASKED = {"account_id": ACCOUNT, "region": REGION, "function_name": "orders-api"}


class Sent(list[str]):
    """The jobs that were sent for, and after how many seconds those that were late."""

    def __init__(self, jobs: Iterable[str] = ()) -> None:
        super().__init__(jobs)
        self.seconds: list[int] = []

    def send(self, job_id: str, *, seconds: int = 0) -> None:
        """Note a job."""
        self.append(job_id)
        self.seconds += [seconds] if seconds else []


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
def api(search: FindingSearch, sent: Sent, api: Api) -> Api:
    return Api(findings=search, clock=api.clock, send_job=sent.send)


def _post(api: Api, body: Any, *, path: str = "/audits", caller: str = CALLER) -> Answer:
    return api.ask("POST", path, headers=KEY, body=json.dumps(body), caller=caller)


def _run(search: FindingSearch, sent: Sent, deps: Any, *, receives: int = 1, until: float = math.inf) -> Any:
    body = json.dumps({"job_id": sent.pop()})
    requester = Requester(jobs=search.jobs, queue=sent, deps=deps)
    return audit_requested(Message(message_id="m", body=body, receives=1), requester, until=until)


def test_an_audit_of_a_function_is_asked_for_done_and_followed(
    api: Api, search: FindingSearch, sent: Sent
) -> None:
    account = Account({"orders-api": configuration("orders-api")})
    asked = _post(api, ASKED)
    queued = api.get(asked.headers["Location"])

    _run(search, sent, dependencies(account))

    done = api.get(asked.headers["Location"]).body
    assert (asked.status, asked.body["requested_by"], asked.body["status"]) == (202, CALLER, "queued")
    assert queued.body == asked.body
    assert (done["status"], done["result"]["functions"], done["reason"]) == ("done", 1, None)
    assert account.asked[0][0].function_names == ("orders-api",)


def test_the_look_names_the_job_as_its_trigger(api: Api, search: FindingSearch, sent: Sent) -> None:
    deps: Any = dependencies(Account({"orders-api": configuration("orders-api")}))
    job_id = _post(api, ASKED).body["job_id"]

    _run(search, sent, deps)

    assert [look.trigger for look in deps.store.looks] == [f"api:{job_id}"]


def test_a_region_is_swept(api: Api, search: FindingSearch, sent: Sent) -> None:
    account = Account({name: configuration(name) for name in ("a", "b", "c")})
    asked = _post(api, {"region": REGION}, path=f"/accounts/{ACCOUNT}/audits")

    _run(search, sent, dependencies(account))

    done = api.get(asked.headers["Location"]).body
    assert asked.headers["Location"].startswith(f"/accounts/{ACCOUNT}/audits/vj-")
    assert (done["status"], done["result"]["functions"], done["result"]["runs"]) == ("done", 3, 1)


def test_a_region_that_takes_several_runs_goes_on(api: Api, search: FindingSearch, sent: Sent) -> None:
    account = Account({name: configuration(name) for name in ("a", "b", "c")}, pages=1)
    deps = dependencies(account)
    job_id = _post(api, {"region": REGION}, path=f"/accounts/{ACCOUNT}/audits").body["job_id"]
    seen = []

    while sent:  # there is time for one step a run
        _run(search, sent, deps, until=time.monotonic())
        seen.append(api.get(f"/audits/{job_id}").body)

    assert [one["status"] for one in seen] == ["running", "running", "running", "done"]
    assert (seen[-1]["result"]["functions"], seen[-1]["result"]["runs"]) == (3, 4)
    assert {name for one in seen for name in one["result"]}.isdisjoint({"marker"})
    assert [options.marker for _, options in account.asked] == [None, "1", "2"]


def test_a_vpc_is_looked_at_as_a_whole(api: Api, search: FindingSearch, sent: Sent) -> None:
    account = Account({"orders-api": configuration("orders-api")})
    _post(api, {"account_id": ACCOUNT, "region": REGION, "vpc_id": "vpc-0a"})

    _run(search, sent, dependencies(account))

    assert [(scope.kind, scope.vpc_id) for scope, _ in account.asked] == [("vpc", "vpc-0a")]


def test_what_fails_is_tried_again_and_then_says_why(api: Api, search: FindingSearch, sent: Sent) -> None:
    deps: Any = dependencies(Account({"orders-api": configuration("orders-api")}))
    deps.policy.error = OpaUnavailableError("OPA does not answer")
    job_id = _post(api, ASKED).body["job_id"]
    seen = []

    while sent:
        _run(search, sent, deps)
        seen.append(api.get(f"/audits/{job_id}").body)

    assert [one["status"] for one in seen] == ["queued", "queued", "failed"]
    assert {one["reason"] for one in seen} == {"OpaUnavailableError: OPA does not answer"}
    assert sent.seconds == [60, 300]


def test_a_failure_that_passes_is_forgotten(api: Api, search: FindingSearch, sent: Sent) -> None:
    deps: Any = dependencies(Account({"orders-api": configuration("orders-api")}))
    deps.policy.error = OpaUnavailableError("OPA does not answer")
    job_id = _post(api, ASKED).body["job_id"]

    _run(search, sent, deps)
    deps.policy.error = None
    _run(search, sent, deps)

    found = api.get(f"/audits/{job_id}").body
    assert (found["status"], found["reason"], "failures" in found["result"]) == ("done", None, False)


@pytest.mark.parametrize("body", ["", "{", "[]", '{"job_id": 7}', '{"job_id": "vj-0"}', '{"job_id": "#x"}'])
def test_a_message_that_names_no_job_does_nothing(search: FindingSearch, body: str) -> None:
    account = Account({})
    requester = Requester(jobs=search.jobs, queue=Sent(), deps=dependencies(account))

    done = audit_requested(Message(message_id="m", body=body, receives=1), requester)

    assert (done.job, done.error, account.asked) == (None, None, [])


def test_a_message_that_comes_twice_is_done_once(api: Api, search: FindingSearch, sent: Sent) -> None:
    account = Account({"orders-api": configuration("orders-api")})
    job_id = _post(api, ASKED).body["job_id"]

    for _ in range(2):
        _run(search, Sent([job_id]), dependencies(account))

    assert len(account.asked) == 1


def test_the_same_key_asks_once(api: Api, search: FindingSearch, sent: Sent) -> None:
    first = _post(api, ASKED)
    repeated = _post(api, ASKED)
    _run(search, sent, dependencies(Account({"orders-api": configuration("orders-api")})))
    after = _post(api, ASKED)

    assert first.body == repeated.body == after.body
    assert _post(api, ASKED | {"function_name": "other"}).status == 409
    assert _post(api, ASKED, caller=f"{CALLER}2").body["job_id"] != first.body["job_id"]


def test_an_account_follows_its_own_audits_alone(api: Api) -> None:
    job_id = _post(api, ASKED).body["job_id"]

    assert api.get(f"/accounts/{ACCOUNT}/audits/{job_id}").status == 200
    assert api.get(f"/accounts/{OTHER}/audits/{job_id}").status == 404
    assert (
        _post(api, ASKED, path=f"/accounts/{OTHER}/audits").status == 422
    )  # it names its account by the path
    assert api.get(f"/audits/vj-{'0' * 32}").status == 404


@pytest.mark.parametrize(
    "body",
    [
        {"account_id": ACCOUNT},
        ASKED | {"vpc_id": "vpc-0a"},
        ASKED | {"region": "everywhere"},
        ASKED | {"account_id": "1"},
        ASKED | {"function_name": "a/../b"},
        ASKED | {"marker": "x"},
    ],
)
def test_what_cannot_be_looked_at_is_refused(api: Api, sent: Sent, body: Any) -> None:
    assert _post(api, body).status == 422
    assert sent == []


def test_a_job_that_nobody_was_told_of_is_sent_for_by_the_repetition(
    api: Api, search: FindingSearch, sent: Sent
) -> None:
    def refuse(_: str) -> None:
        raise QueueError("an audit could not be sent for")

    refused = _post(Api(findings=search, clock=api.clock, send_job=refuse), ASKED)
    repeated = _post(api, ASKED)

    assert (refused.status, repeated.status) == (503, 202)
    assert sent == [repeated.body["job_id"]]


def test_a_job_of_which_nothing_was_heard_is_lost(api: Api, search: FindingSearch) -> None:
    job_id = _post(api, ASKED).body["job_id"]
    later = Api(findings=search, clock=lambda: api.clock() + timedelta(hours=7))

    assert api.get(f"/audits/{job_id}").body["status"] == "queued"
    assert later.get(f"/audits/{job_id}").body["status"] == "failed"


def test_where_nobody_works_on_requests_none_is_taken(search: FindingSearch) -> None:
    assert _post(Api(findings=search), ASKED).status == 409
