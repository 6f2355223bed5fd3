"""What the API reads: filters that combine, page by page, over DynamoDB Local."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.api import Api
from tests.support.looks import ACCOUNT, EGRESS, FUNCTION, REGION, ZONES, a_doubt, a_finding, a_look, at
from vpcguard.findings.search import FindingSearch
from vpcguard.findings.store import FindingStore
from vpcguard.model import cause_of

OTHER = "444455556666"
Json = dict[str, Any]


@pytest.fixture
def estate(store: FindingStore) -> FindingStore:
    """Sixty functions in two accounts and two regions; of all severities, owners and units, some resolved."""
    severities, looks, fixed = ("critical", "high", "low"), [], []
    for number in range(60):
        name = f"function-{number:02}"
        place: Json = {
            "account_id": (ACCOUNT, OTHER)[number % 2],
            "region": (REGION, "us-east-1")[number % 3 == 0],
        }
        said: Json = {
            **place,
            "severity": severities[number % 3],
            "owner": f"team-{number % 4}",
            "organization_unit": ("root/prod/payments", "root/production", "root/prod")[number % 3],
            "root_cause": f"nat-{number % 5}",
            "vpc_id": f"vpc-{number % 2}",
            "function": name,
        }
        doubts = [a_doubt(ZONES, **(said | {"root_cause": None}))] if number % 5 == 0 else []
        looks.append(a_look(0, violated=[a_finding(EGRESS, **said)], unknown=doubts, function=name, **place))
        if number % 4 == 0:
            fixed.append(a_look(1, passed=[EGRESS], function=name, **place))
    store.record_all(looks)
    store.record_all(fixed)
    return store


def _all(api: Api, path: str, **query: Any) -> list[Json]:
    """Read a listing to its end, five at a time."""
    found, cursor = [], None
    for _ in range(1_000):
        answer = api.get(path, limit="5", **query, **({"cursor": cursor} if cursor else {}))
        assert answer.status == 200, answer.body
        assert len(answer.body["findings"]) <= 5
        found += answer.body["findings"]
        cursor = answer.body["cursor"]
        if cursor is None:
            return found
    raise AssertionError("the listing has no end")


def _unit(unit: str) -> Callable[[Json], bool]:
    return lambda one: f"{one['organization_unit']}/".startswith(f"{unit}/")


def _any(_: Json) -> bool:
    return True


CAUSE = str(cause_of(a_finding(EGRESS, root_cause="nat-1", account_id=OTHER, region="eu-west-1")))
QUERIES: list[tuple[Json, Callable[[Json], bool]]] = [
    ({}, _any),
    ({"account_id": ACCOUNT}, lambda one: one["account_id"] == ACCOUNT),
    ({"region": REGION}, lambda one: one["region"] == REGION),
    (
        {"account_id": ACCOUNT, "region": REGION, "rule_id": ZONES, "owner": "team-2"},
        lambda one: (
            (one["account_id"], one["region"], one["rule_id"], one["owner"])
            == (ACCOUNT, REGION, ZONES, "team-2")
        ),
    ),
    ({"rule_id": ZONES}, lambda one: one["rule_id"] == ZONES),
    ({"family": "az", "severity": "low"}, lambda one: (one["family"], one["severity"]) == ("az", "low")),
    ({"status": ["open", "resolved"]}, lambda one: one["status"] in ("open", "resolved")),
    ({"status": "undetermined"}, lambda one: one["status"] == "undetermined"),
    (
        {"severity": ["low", "critical"], "status": "open"},
        lambda one: one["severity"] in ("low", "critical") and one["status"] == "open",
    ),
    ({"organization_unit": "root/prod"}, _unit("root/prod")),
    ({"organization_unit": "root/prod/", "account_id": OTHER}, lambda one: one["account_id"] == OTHER),
    ({"vpc_id": "vpc-1", "root_cause": "nat-3"}, lambda one: one["root_cause"] == "nat-3"),
    ({"function": "function-07"}, lambda one: one["function_name"] == "function-07"),
    ({"account_id": OTHER, "region": REGION, "function": "function-07"}, _any),
    ({"changed_since": at(1)}, lambda one: one["changed_at"] >= at(1)),
    ({"cause_id": CAUSE, "account_id": OTHER}, lambda one: one["cause_id"] == CAUSE),
    (
        {"cause_id": CAUSE, "account_id": OTHER, "region": REGION, "function": "function-07"},
        lambda one: one["cause_id"] == CAUSE,
    ),
    ({"verdict": ["unknown", "pass"]}, lambda one: one["verdict"] in ("unknown", "pass")),
    ({"owner": "team-'; DROP TABLE"}, lambda one: one["owner"] is None),
]


def test_filters_combine_and_pages_add_up(api: Api, estate: FindingStore) -> None:
    everything = _all(api, "/findings")
    assert len({one["finding_id"] for one in everything}) == len(everything) == 72

    for query, wanted in QUERIES:
        found = _all(api, "/findings", **query)

        expected = [
            one
            for one in everything
            if wanted(one)
            and query.get("account_id", one["account_id"]) == one["account_id"]
            and query.get("region", one["region"]) == one["region"]
            and query.get("function", one["function_name"]) == one["function_name"]
            and query.get("vpc_id", one["vpc_id"]) == one["vpc_id"]
            and _unit(query.get("organization_unit", "root").rstrip("/"))(one)
            and not ("cause_id" in query and one["status"] == "resolved")
        ]
        assert sorted(one["finding_id"] for one in found) == sorted(one["finding_id"] for one in expected), (
            query
        )


def test_an_account_path_lists_that_account_alone(api: Api, estate: FindingStore) -> None:
    found = _all(api, f"/accounts/{OTHER}/findings", status="open")

    assert {(one["account_id"], one["status"]) for one in found} == {(OTHER, "open")}
    assert _all(api, f"/accounts/{OTHER}/findings", cause_id=CAUSE)
    assert not _all(api, f"/accounts/{ACCOUNT}/findings", cause_id=CAUSE)


def test_causes_have_their_counts_and_findings(api: Api, estate: FindingStore) -> None:
    listed, cursor = [], None
    while True:
        page = api.get("/causes", limit="2", **({"cursor": cursor} if cursor else {})).body
        listed += page["causes"]
        cursor = page["cursor"]
        if cursor is None:
            break
    found = api.get(f"/causes/{CAUSE}").body
    own = api.get(f"/accounts/{OTHER}/causes").body["causes"]

    assert len({one["cause_id"] for one in listed}) == len(listed)
    assert sum(sum(one["open"].values()) for one in listed) == 45
    assert {one["account_id"] for one in found["findings"]} == set(found["accounts"]) == {OTHER}
    assert len(found["findings"]) == sum(found["open"].values())
    assert {one["cause_id"] for one in own} == {one["cause_id"] for one in listed if OTHER in one["accounts"]}
    assert api.get(f"/accounts/{ACCOUNT}/causes/{CAUSE}").status == 404
    assert api.get(f"/causes/vc-{'0' * 32}").status == 404


def test_what_waits_for_a_failed_read_is_coverage(api: Api, store: FindingStore) -> None:
    read = "ec2:DescribeNatGateways"
    doubt = a_look(0, unknown=[EGRESS], failed_reads={EGRESS: (read,)}, unread=frozenset({EGRESS}))
    store.record(doubt)

    listed = api.get("/coverage").body["coverage"]

    assert [(one["account_id"], one["operation"], one["verdicts"]) for one in listed] == [(ACCOUNT, read, 1)]
    assert api.get(f"/accounts/{ACCOUNT}/coverage").body["coverage"] == listed
    assert api.get(f"/accounts/{OTHER}/coverage").body["coverage"] == []


def test_a_cause_has_no_resolved_findings_to_show(api: Api, estate: FindingStore) -> None:
    answer = api.get("/findings", cause_id=CAUSE, status=["open", "resolved"])

    assert answer.status == 400
    assert "cause_id" in answer.body["detail"]


def test_one_finding_comes_with_its_evidence_and_history(api: Api, store: FindingStore) -> None:
    store.record(a_look(0, violated=[EGRESS]))
    store.record(a_look(1, passed=[EGRESS]))
    finding_id = a_finding().finding_id

    found = api.get(f"/findings/{finding_id}").body
    history = api.get(f"/findings/{finding_id}/history", limit="1").body
    rest = api.get(f"/findings/{finding_id}/history", limit="5", cursor=history["cursor"]).body

    assert (found["status"], found["evidence"]) == ("resolved", a_finding().evidence)
    assert [one["status"] for one in (*history["history"], *rest["history"])] == ["resolved", "open"]
    assert api.get(f"/findings/vg-{'0' * 32}").status == 404
    assert api.get(f"/findings/vg-{'0' * 32}/history").status == 404


def test_a_function_has_its_latest_look_and_its_findings(api: Api, store: FindingStore) -> None:
    store.record(a_look(0, violated=[EGRESS], unknown=[ZONES]))
    store.record(a_look(3, violated=[EGRESS], unknown=[ZONES]))

    hub, own = (
        api.get(f"/functions/{ACCOUNT}/{REGION}/{FUNCTION}"),
        api.get(f"/accounts/{ACCOUNT}/functions/{REGION}/{FUNCTION}"),
    )

    assert hub.body == own.body
    assert hub.body["judged_at"] == at(3)
    assert [one["rule_id"] for one in hub.body["findings"]] == [ZONES, EGRESS]
    assert api.get(f"/accounts/{OTHER}/functions/{REGION}/{FUNCTION}").status == 404


def test_the_summary_counts_what_is_not_resolved(
    api: Api, estate: FindingStore, search: FindingSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = api.get("/summary").body
    monkeypatch.setattr("vpcguard.findings.search.MOST_READ", 10)
    monkeypatch.setattr("vpcguard.findings.pages.MOST_READ", 10)
    parts, cursor = Counter[str](), None
    while True:
        part = api.get("/summary", **({"cursor": cursor} if cursor else {})).body
        parts.update(part["by_status"])
        cursor = part["cursor"]
        if cursor is None:
            break

    monkeypatch.undo()
    assert whole["cursor"] is None
    assert whole["by_status"] == dict(parts) == {"open": 45, "undetermined": 12}
    assert sum(whole["by_severity"].values()) == 45
    assert whole["by_rule"] == {EGRESS: {"open": 45}, ZONES: {"undetermined": 12}}
    own = [api.get(f"/accounts/{account}/summary").body["findings"] for account in (ACCOUNT, OTHER)]
    assert sum(own) == whole["findings"] == 57
