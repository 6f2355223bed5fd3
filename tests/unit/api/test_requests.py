"""What requests the API takes, and how it refuses the others: always as a problem."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest

from tests.support.api import KEY, Api
from tests.support.looks import ACCOUNT, a_finding
from vpcguard.api.cursors import Cursors
from vpcguard.errors import FindingStoreError, ListingError
from vpcguard.findings.pages import Page
from vpcguard.findings.search import Filters

OTHER = "444455556666"


@pytest.fixture
def findings() -> Any:
    fake = Mock(spec_set=["get", "history", "search"])
    fake.search.return_value = Page((a_finding(),), None)
    fake.get.return_value = a_finding()
    return fake


@pytest.fixture
def api(findings: Any) -> Api:
    return Api(findings=findings)


def test_filters_combine(api: Api, findings: Any) -> None:
    answer = api.get(
        "/findings",
        account_id=ACCOUNT,
        region="eu-west-1",
        function="orders-api",
        status=["open", "exempt"],
        changed_since="2026-11-29T07:00:00+01:00",
        limit="7",
    )

    assert answer.status == 200
    (filters,), asked = findings.search.call_args
    assert filters == Filters(
        account_id=ACCOUNT,
        region="eu-west-1",
        function_name="orders-api",
        status=frozenset({"open", "exempt"}),
        changed_since="2026-11-29T06:00:00.000000Z",
    )
    assert asked == {"page_size": 7, "cursor": None}


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ({"color": "red"}, "query.color: unknown"),
        ({"limit": ["1", "2"]}, "query.limit: given twice"),
        ({"limit": "0"}, "query.limit: Input should be greater than or equal to 1"),
        ({"limit": "101"}, "query.limit: Input should be less than or equal to 100"),
        ({"changed_since": "2026-11-29"}, "query.changed_since: expected a time such as"),
        ({"changed_since": "2026-02-30T00:00:00Z"}, "query.changed_since: expected a time such as"),
        ({"query": "a"}, "query.query: unknown"),
        ({"owner": "a\x00b"}, "query.owner: String should match"),
        ({"x\n" * 200: "1"}, "query.x?x?"),
    ],
)
def test_what_is_not_documented_is_refused(api: Api, findings: Any, query: Any, fault: str) -> None:
    answer = api.get("/findings", **query)

    assert (answer.status, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert [one[: len(fault)] for one in answer.faults] == [fault]
    assert not findings.search.called


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "1969-12-31t23:00:00.5z"])
def test_a_time_before_all_findings_is_the_first_there_is(api: Api, findings: Any, moment: str) -> None:
    assert api.get("/findings", changed_since=moment).status == 200
    assert findings.search.call_args.args[0].changed_since == "1970-01-01T00:00:00.000000Z"


def test_an_account_path_takes_no_other_account(api: Api) -> None:
    assert api.get(f"/accounts/{ACCOUNT}/findings", account_id=OTHER).status == 400


def test_a_finding_of_another_account_does_not_exist_by_an_account_path(api: Api) -> None:
    finding_id = a_finding().finding_id

    assert api.get(f"/accounts/{ACCOUNT}/findings/{finding_id}").status == 200
    assert api.get(f"/accounts/{OTHER}/findings/{finding_id}").status == 404
    assert api.get(f"/accounts/{OTHER}/findings/{finding_id}/history").status == 404


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/findings", {"region": "eu-west-1"}),
        (f"/accounts/{ACCOUNT}/findings", {}),
    ],
)
def test_a_cursor_belongs_to_its_path_and_filters(api: Api, findings: Any, path: str, query: Any) -> None:
    findings.search.return_value = Page((), "inner")
    cursor = api.get("/findings").body["cursor"]

    assert api.get("/findings", cursor=cursor, limit="3").status == 200
    assert findings.search.call_args.kwargs == {"page_size": 3, "cursor": "inner"}
    assert api.get(path, cursor=cursor, **query).status == 400


@pytest.mark.parametrize("cursor", ["a", "WyJhIiwiYiJd.aa.bb", "WzAsbnVsbF0", "..", "x" * 2_048])
def test_a_forged_cursor_is_refused(api: Api, findings: Any, cursor: str) -> None:
    answer = api.get("/findings", cursor=cursor)

    assert (answer.status, findings.search.called) == (400, False)


def test_a_cursor_of_another_key_or_of_yesterday_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    cursors = Cursors(KEY)
    signed = cursors.sign("inner", path="/findings", query={})

    with pytest.raises(ListingError, match="none of ours"):
        Cursors(KEY[::-1]).read(signed, path="/findings", query={})
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: 4_000_000_000)
    with pytest.raises(ListingError, match="older than a day"):
        cursors.read(signed, path="/findings", query={})


def test_a_short_key_signs_nothing() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Cursors(b"short")


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/nothing", 404, None),
        ("GET", "/findings/", 200, None),  # API Gateway's own resolver is lenient there
        ("POST", "/findings", 405, "GET"),
        ("TRACE", "/findings", 405, "GET"),
        ("DELETE", "/exemptions/report", 405, "GET"),
        ("PUT", f"/exemptions/vx-{'0' * 32}", 405, "DELETE, GET"),
        ("DELETE", f"/accounts/{ACCOUNT}/findings", 405, "GET"),
        ("GET", "/findings/vg-1", 400, None),
        ("GET", "/accounts/1/findings", 400, None),
    ],
)
def test_paths_and_methods_that_there_are_not(
    api: Api, method: str, path: str, status: int, allow: str | None
) -> None:
    answer = api.ask(method, path)

    assert (answer.status, answer.headers.get("Allow")) == (status, allow)
    if status != 200:
        assert answer.body["status"] == status


def test_a_fault_of_ours_says_nothing_of_the_inside(api: Api, findings: Any) -> None:
    findings.search.side_effect = KeyError("vpcguard-findings-secret-table")

    answer = api.get("/findings")

    assert answer.status == 500
    assert answer.body["detail"] == "a fault of ours; the log has it"


def test_a_table_that_does_not_answer_is_a_503(api: Api, findings: Any) -> None:
    findings.search.side_effect = FindingStoreError("table vpcguard-findings is throttled")

    answer = api.get("/findings")

    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert "vpcguard-findings" not in str(answer.body)


def test_an_answer_that_breaks_its_model_is_our_fault(api: Api, findings: Any) -> None:
    findings.search.return_value = Page((a_finding(severity="purple"),), None)

    assert api.get("/findings").status == 500


def test_hostile_texts_stay_data(api: Api, findings: Any) -> None:
    text = "</script>\u2028\x00'; DROP TABLE\r\nSet-Cookie: a=b"
    findings.get.return_value = a_finding(message=text, evidence={text: [text]})

    answer = api.get(f"/findings/{a_finding().finding_id}")

    assert (answer.body["message"], answer.body["evidence"]) == (text, {text: [text]})
    assert "Set-Cookie" not in answer.headers


def test_the_rules_are_the_same_by_every_path(api: Api) -> None:
    rules = api.get("/rules").body["rules"]

    assert [rule["id"] for rule in rules] == sorted(rule["id"] for rule in rules)
    assert len(rules) > 20
    assert api.get(f"/accounts/{ACCOUNT}/rules").body["rules"] == rules
