"""What the hub recorded, for people and for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.looks import EGRESS, ZONES, a_doubt, a_finding
from vpcguard.api import models
from vpcguard.cli.findings import CAUSE_COLUMNS, CHANGE_COLUMNS, COLUMNS, COVERAGE_COLUMNS, added
from vpcguard.cli.recorded import (
    csv_rows,
    jsonl,
    write_causes,
    write_coverage,
    write_finding,
    write_history,
    write_listing,
    write_summary,
)

Json = dict[str, Any]
BEGINNINGS = ["=", "+", "-", "@", "\t=", "\r=", "\n=", " =", "\uff1d", "\uff0b", "\uff0d", "\uff20"]


def _written(write: Callable[[io.StringIO], None]) -> str:
    stream = io.StringIO()
    write(stream)
    return stream.getvalue()


def _listed(*findings: Json) -> str:
    return _written(lambda stream: write_listing(findings, stream, again="vpcguard findings show"))


def _shown(**fields: Any) -> str:
    return _written(lambda stream: write_finding(a_finding(**fields).as_document(), stream))


def _read_csv(documents: list[Json], fields: list[str]) -> list[list[str]]:
    text = _written(lambda stream: csv_rows(documents, fields, stream, has_head=False))
    assert text.count("\n") == len(documents)  # a record is a line, whatever its values hold
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_no_cell_of_a_spreadsheet_begins_a_formula(beginning: str) -> None:
    """A tag or a description of an audited account must not run on the desk of who opens the file."""
    [[cell, _]] = _read_csv([{"owner": f"{beginning}HYPERLINK(0)", "rule_id": "az"}], ["owner", "rule_id"])

    assert cell.startswith("'")


def test_a_csv_has_its_head_once_and_quotes_what_would_break_it() -> None:
    document = {"message": 'a,"b"\nc', "tags": {"team": "x"}, "times_reopened": 0, "resolved_at": None}
    fields = [*document]

    text = _written(lambda stream: csv_rows([document], fields, stream, has_head=True))

    assert text.splitlines()[0] == "message,tags,times_reopened,resolved_at"
    assert [*csv.reader(io.StringIO(text))][1] == ['a,"b"\\nc', '{"team":"x"}', "0", ""]


def test_jsonl_is_ascii_a_document_a_line() -> None:
    text = _written(lambda stream: jsonl([{"name": "注文\n"}, {"name": None}], stream))

    assert text.splitlines() == ['{"name":"\\u6ce8\\u6587\\n"}', '{"name":null}']


def test_a_listing_has_the_worst_first_what_is_open_before_what_is_not() -> None:
    findings = [
        a_finding(function="c", severity="low").as_document(),
        a_doubt(function="a", severity="critical").as_document(),
        a_finding(function="b", severity="critical").as_document(),
        a_finding(function="d", severity="critical", status="exempt", exemption_id="vx-1").as_document(),
    ]

    lines = _listed(*findings).splitlines()

    assert lines[0] == "4 findings: 2 open, 1 exempt, 1 undetermined"
    heads = [line for line in lines if "[111122223333 eu-west-1]" in line]
    assert [line.split()[0] for line in heads] == ["CRITICAL", "LOW", "CRITICAL", "CRITICAL"]
    assert [line.split()[-3] for line in heads] == ["b", "c", "d", "a"]
    assert lines[-1].startswith("Next: vpcguard findings show vg-")


def test_nothing_found_is_said() -> None:
    assert _listed() == "No findings.\n"


@pytest.mark.parametrize("width", ["80", "120"])
def test_a_listing_keeps_to_the_width_and_shows_ids_whole(
    monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    message = "orders-api cannot reach the internet: " + "from subnet-0123456789abcdef0, " * 20
    finding = a_finding(message=message, function="f" * 64, root_cause="nat-" + "0" * 17).as_document()

    lines = _listed(finding).splitlines()

    assert max(map(len, lines)) <= int(width)
    assert any(finding["finding_id"] in line for line in lines)


def test_names_cannot_write_to_the_terminal() -> None:
    evil = "\x1b[2J\u202eevil\nCRITICAL open"

    text = _listed(a_finding(message=evil, owner=evil, root_cause=evil).as_document()) + _shown(
        message=evil, advice=evil, tags={evil: evil}, evidence={evil: [evil]}
    )

    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not any(line.startswith("CRITICAL open") for line in text.splitlines()[1:])


def test_one_finding_shows_all_that_is_known_of_it() -> None:
    text = _shown(
        root_cause_name="shop-nat",
        root_cause_account="999988887777",
        times_reopened=2,
        evidence={
            "undetermined": {"since": "2026-11-20T12:05:00.000000Z", "message": "the NAT was not read"}
        },
    )

    for part in (
        "HIGH open nat.no_internet_egress: Function has no way to the internet",
        "111122223333, payments-prod, root/prod/payments, eu-west-1",
        "Create a NAT gateway",
        "nat-0a (shop-nat) of account 999988887777",
        "reopened 2 times",
        "since 2026-11-20 12:05:00Z: the NAT was not read",
        "sha256:aa",
    ):
        assert part in text


def test_a_verdict_beside_the_status_is_told_where_they_differ() -> None:
    """An exempt finding says whether its fault still stands."""
    exempt = a_finding(status="exempt", exemption_id="vx-1").as_document() | {"verdict": "violation"}
    as_ever = a_finding().as_document() | {"verdict": "violation"}

    doubtful = a_finding().as_document() | {"verdict": "unknown"}

    assert "exempt (still violated) nat." in _listed(exempt)
    assert "open (in doubt) nat." in _listed(doubtful)
    assert "open nat." in _listed(as_ever)


def test_history_says_what_became_of_what_and_why() -> None:
    entry = {
        "changed_at": "2026-11-20T12:00:00.000000Z",
        "change": "resolved",
        "status_before": "open",
        "status": "resolved",
        "status_reason": "fixed",
        "severity": "high",
        "actor": "kim",
        "trigger": "event:1",
    }

    line = _written(lambda stream: write_history([entry], stream))

    assert line == "2026-11-20 12:00:00Z  resolved  open -> resolved (fixed), high, by kim; event:1\n"
    assert _written(lambda stream: write_history([], stream)) == "No changes are kept.\n"


# ---- what findings have in common ----


def _a_cause(cause_id: str, **fields: Any) -> Json:
    return {
        "cause_id": cause_id,
        "owner_id": "111122223333",
        "region": "eu-west-1",
        "root_cause": f"nat-{cause_id}",
        "root_cause_kind": "nat_gateway",
        "root_cause_name": None,
        "rule_id": EGRESS,
        "title": "Function has no way to the internet",
        "accounts": ["111122223333"],
        "open": {"high": 1},
        "exempt": 0,
    } | fields


def test_causes_have_the_worst_first_then_what_has_most_findings() -> None:
    causes = [
        _a_cause("a", open={"low": 900}),
        _a_cause("b", open={"high": 2}),
        _a_cause("c", open={}, exempt=3),
        _a_cause("d", open={"low": 1, "critical": 1}, root_cause_name="shop-nat", accounts=["1", "2"]),
        _a_cause("e", open={"high": 400}),
    ]

    lines = _written(
        lambda stream: write_causes(causes, stream, again="vpcguard findings list --cause")
    ).splitlines()

    assert [line.split()[1] for line in lines if "[" in line] == ["nat-d", "nat-e", "nat-b", "nat-a", "nat-c"]
    assert "CRITICAL nat-d (shop-nat) [111122223333 eu-west-1]: 1 critical, 1 low in 2 accounts" in lines
    assert "EXEMPT nat-c [111122223333 eu-west-1]: 3 exempt" in lines
    assert lines[-1] == "Next: vpcguard findings list --cause d"
    assert _written(lambda stream: write_causes([], stream, again="")) == "No causes.\n"


def test_coverage_says_what_waits_for_which_read() -> None:
    waiting = {
        "account_id": "111122223333",
        "region": "eu-west-1",
        "operation": "ec2:DescribeNatGateways",
        "verdicts": 1_200,
        "functions": 1,
        "changed_at": "2026-11-20T12:00:00.000000Z",
    }

    line = _written(lambda stream: write_coverage([waiting], stream))

    for part in (
        "111122223333 eu-west-1",
        "ec2:DescribeNatGateways",
        "1,200 verdicts on 1 function wait for it",
    ):
        assert part in line
    assert _written(lambda stream: write_coverage([], stream)) == "No read failed that a verdict waits for.\n"


def test_a_summary_adds_up_part_by_part() -> None:
    part = {
        "as_of": "2026-11-20T12:00:00.000000Z",
        "findings": 2,
        "by_status": {"open": 1, "exempt": 1},
        "by_severity": {"high": 1},
        "by_rule": {EGRESS: {"open": 1, "exempt": 1}},
    }

    whole = added(added({}, part), part | {"as_of": "later", "by_rule": {ZONES: {"open": 3}}})

    assert whole == {
        "as_of": "later",
        "findings": 4,
        "by_status": {"open": 2, "exempt": 2},
        "by_severity": {"high": 2},
        "by_rule": {EGRESS: {"open": 1, "exempt": 1}, ZONES: {"open": 3}},
    }
    lines = _written(lambda stream: write_summary(whole, stream)).splitlines()
    assert lines[0] == "4 findings not resolved; 2 open, 2 exempt; 2 high"
    assert lines[1].split() == [ZONES, "3", "open"]


def test_the_columns_are_the_fields_that_the_api_answers_with() -> None:
    """A column that no answer has would be empty for ever, and a field without one would be lost."""
    assert {*COLUMNS} == {*models.FindingSummary.model_fields}
    assert {*CHANGE_COLUMNS} == {*models.HistoryEntry.model_fields}
    assert {*CAUSE_COLUMNS} == {*models.Cause.model_fields}
    assert {*COVERAGE_COLUMNS} == {*models.Waiting.model_fields}
