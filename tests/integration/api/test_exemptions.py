"""Exemptions by the API: made once per key, edited never, revoked by who saw the latest."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.api import CALLER, Answer, Api, Context, request_event
from tests.support.looks import ACCOUNT, EGRESS, FUNCTION, a_look
from vpcguard.findings.search import FindingSearch
from vpcguard.findings.store import FindingStore

OTHER = "444455556666"
KEY = {"idempotency-key": "6f0c1d8e"}
ASKED = {
    "match": {"account_id": ACCOUNT, "rule_id": EGRESS},
    "reason": "the gateway moves next week",
    "ticket": "NET-12",
    "owner": "team-payments",
    "expires_at": "2026-12-01",
}
OWN = {**ASKED, "match": {"rule_id": EGRESS}}


def _post(
    api: Api, body: Any, *, path: str = "/exemptions", headers: Any = KEY, caller: str = CALLER
) -> Answer:
    return api.ask("POST", path, headers=headers, body=json.dumps(body), caller=caller)


def test_an_exemption_is_made_shown_and_listed(api: Api) -> None:
    made = _post(api, ASKED)

    assert made.status == 201
    assert made.body["created_by"] == CALLER
    assert made.body["state"] == "in_force"
    assert made.headers["ETag"] == '"1"'
    shown = api.get(made.headers["Location"])
    assert shown.body == made.body | {"covered": {"findings": 0, "is_more": False, "first": []}}
    assert [one["exemption_id"] for one in api.get("/exemptions", state="in_force").body["exemptions"]] == [
        made.body["exemption_id"]
    ]
    assert api.get("/exemptions", state="revoked").body["exemptions"] == []


def test_it_holds_for_findings_that_do_not_exist_yet(
    api: Api, dynamodb: Any, table_name: str, search: FindingSearch
) -> None:
    made = _post(api, ASKED).body
    store = FindingStore(dynamodb, table_name, exemptions=search.exemptions.read, clock=api.clock)

    store.record(a_look(0, violated=[EGRESS]))

    (finding,) = api.get("/findings", status="exempt").body["findings"]
    assert (finding["exemption_id"], finding["verdict"]) == (made["exemption_id"], "violation")
    covered = api.get(f"/exemptions/{made['exemption_id']}").body["covered"]
    assert [one["function_name"] for one in covered["first"]] == [FUNCTION]


def test_the_same_key_and_body_get_the_same_answer_even_at_once(api: Api) -> None:
    with ThreadPoolExecutor(8) as pool:
        apis = [Api(findings=api.findings, clock=api.clock) for _ in range(8)]
        answers = list(pool.map(lambda one: _post(one, ASKED), apis))

    assert {(one.status, json.dumps(one.body)) for one in answers} == {(201, json.dumps(answers[0].body))}
    assert len(api.get("/exemptions").body["exemptions"]) == 1


def test_a_repetition_gets_the_first_answer_after_it_was_revoked_too(api: Api) -> None:
    made = _post(api, ASKED)
    api.ask("DELETE", made.headers["Location"], headers={"if-match": '"1"'})

    assert _post(api, ASKED).body == made.body
    assert api.get(made.headers["Location"]).body["state"] == "revoked"


def test_a_key_belongs_to_its_caller_and_path_and_one_body(api: Api) -> None:
    made = _post(api, ASKED)

    other_body = _post(api, ASKED | {"reason": "another"})
    other_caller = _post(api, ASKED, caller=f"{CALLER}2")
    other_path = _post(api, OWN, path=f"/accounts/{ACCOUNT}/exemptions")

    assert other_body.status == 409
    assert "Idempotency-Key" in other_body.body["detail"]
    ids = {one.body["exemption_id"] for one in (made, other_caller, other_path)}
    assert len(ids) == 3


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"match": {}}, "body.match"),
        ({"match": {"account_id": "*"}}, "body.match"),
        ({"match": {"rule_id": "x"}}, "body.match.rule_id"),
        ({"match": {"color": "red"}}, "body.match.color"),
        ({"color": "red"}, "body.color"),
        ({"expires_at": "2026-11-19"}, "body.expires_at"),
        ({"expires_at": "2028-11-19"}, "body.expires_at"),
        ({"expires_at": "tomorrow!!"}, "body.expires_at"),
        ({"owner": " "}, "body.owner"),
        ({"reason": "a\x00"}, "body.reason"),
        ({"covers": "everything"}, "body.covers"),
    ],
)
def test_what_is_no_exemption_is_refused_by_its_field(api: Api, change: Any, where: str) -> None:
    answer = _post(api, ASKED | change)

    assert answer.status == 422
    assert where in {one["where"] for one in answer.body["faults"]}
    assert api.get("/exemptions").body["exemptions"] == []


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, json.dumps(ASKED), 400),
        ({"idempotency-key": "two words"}, json.dumps(ASKED), 400),
        (KEY, "{", 422),
        (KEY, "[]", 422),
        (KEY, "null", 422),
        (KEY, "[" * 16_000, 422),
        (KEY, '{"match": ' * 1_400 + "1" + "}" * 1_400, 422),
        (KEY, '{"reason": ' + "1" * 5_000 + "}", 422),
        (KEY, json.dumps(ASKED | {"reason": "\ud800"}), 422),
        (KEY, None, 422),
        (KEY, json.dumps(ASKED | {"reason": "x" * 20_000}), 413),
        (KEY | {"content-type": "text/plain"}, json.dumps(ASKED), 415),
        (KEY | {"content-type": "application/x-www-form-urlencoded"}, "reason=x&owner=y", 415),
        (KEY | {"content-type": "multipart/form-data; boundary=x"}, "--x--", 415),
    ],
)
def test_requests_that_are_none(api: Api, headers: Any, body: str | None, status: int) -> None:
    answer = api.ask("POST", "/exemptions", headers=headers, body=body)

    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")


def test_a_body_that_is_no_text_is_refused(api: Api) -> None:
    """API Gateway encodes what a media type calls binary."""
    event = request_event("POST", "/exemptions", headers=KEY, body="gP8=") | {"isBase64Encoded": True}

    assert api.app.resolve(event, Context())["statusCode"] == 400  # type: ignore[arg-type]


def test_nobody_unknown_decides(api: Api) -> None:
    assert api.ask("POST", "/exemptions", headers=KEY, body=json.dumps(ASKED), caller=None).status == 403


def test_only_who_saw_the_latest_may_revoke(api: Api) -> None:
    path = _post(api, ASKED).headers["Location"]

    assert api.ask("DELETE", path).status == 428
    assert api.ask("DELETE", path, headers={"if-match": "latest"}).status == 400
    assert api.ask("DELETE", path, headers={"if-match": '"2"'}).status == 412
    revoked = api.ask("DELETE", path, headers={"if-match": '"1"'})
    assert (revoked.status, revoked.body["state"], revoked.body["revoked_by"]) == (200, "revoked", CALLER)
    assert api.ask("DELETE", path, headers={"if-match": '"1"'}).status == 412
    again = api.ask("DELETE", path, headers={"if-match": "*"})
    assert (again.status, again.body) == (200, revoked.body)


def test_an_account_has_its_own_exemptions_alone(api: Api) -> None:
    base = f"/accounts/{ACCOUNT}/exemptions"
    own = _post(api, OWN, path=base)
    everyone = _post(api, {**ASKED, "match": {"rule_id": EGRESS}})
    other = _post(api, {**ASKED, "match": {"account_id": OTHER}}, headers={"idempotency-key": "b"})

    assert own.headers["Location"] == f"{base}/{own.body['exemption_id']}"
    assert own.body["match"] == {"account_id": ACCOUNT, "rule_id": EGRESS}
    assert _post(api, ASKED, path=base).status == 422  # it names its account by the path alone
    assert [one["exemption_id"] for one in api.get(base).body["exemptions"]] == [own.body["exemption_id"]]
    for one in (everyone, other):
        path = f"{base}/{one.body['exemption_id']}"
        assert api.get(path).status == 404
        assert api.ask("DELETE", path, headers={"if-match": "*"}).status == 404
    report = api.get(f"{base}/report").body
    assert [one["exemption_id"] for one in report["unused"]] == [own.body["exemption_id"]]
    assert report["in_force"] == 1
    assert api.get("/exemptions/report").body["in_force"] == 3


def test_the_report_of_an_account_asks_for_what_its_own_exemptions_cover_alone(
    api: Api, dynamodb: Any
) -> None:
    """Else a team that sees its account alone makes the hub read what thousands of others cover."""
    for number in range(20):
        path = f"/accounts/{ACCOUNT if number == 0 else OTHER}/exemptions"
        assert _post(api, OWN, path=path, headers={"idempotency-key": str(number)}).status == 201
    asked: list[str] = []

    def note(model: Any, **_: Any) -> None:
        asked.append(model.name)

    dynamodb.meta.events.register("before-call.dynamodb", note)
    try:
        report = api.get(f"/accounts/{ACCOUNT}/exemptions/report").body
    finally:
        dynamodb.meta.events.unregister("before-call.dynamodb", note)

    assert (report["in_force"], len(report["unused"])) == (1, 1)
    assert asked == ["Query", "Query"]


def test_the_report_names_what_deserves_a_look(api: Api, dynamodb: Any, table_name: str) -> None:
    _post(api, ASKED)
    malformed = {"pk": {"S": "EXEMPTIONS"}, "sk": {"S": f"vx-{'0' * 32}"}, "covers": {"S": "everything"}}
    dynamodb.put_item(TableName=table_name, Item=malformed)

    report = api.get("/exemptions/report").body

    assert [one["owner"] for one in report["unused"]] == ["team-payments"]
    assert [one["owner"] for one in report["expiring"]] == ["team-payments"]
    assert report["malformed"] == [f"vx-{'0' * 32}"]
    assert api.get(f"/exemptions/vx-{'0' * 32}").status == 404
