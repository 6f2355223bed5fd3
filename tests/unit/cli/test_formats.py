"""The same report for people, pipes and programs."""

from __future__ import annotations

import io
import json
from dataclasses import fields, replace

import pytest

from vpcguard.aws.answers import LeftOut
from vpcguard.cli.formats import FormatName, draw_findings, write_findings, write_report
from vpcguard.cli.report import Looked, Report, Unread, not_read
from vpcguard.model import Finding

LEFT_OUT = LeftOut(
    account_id="111122223333",
    operation="ec2:DescribeVpcEndpoints",
    name="vpce-0a",
    vpc_id="vpc-0a",
    lacks="ServiceName",
)
LONG_ID = "subnet-" + "0123456789abcdef" * 8


def _written(report: Report, name: FormatName) -> str:
    stream = io.StringIO()
    write_report(report, name, stream)
    return stream.getvalue()


def test_jsonl_is_one_finding_a_line_with_every_field(report: Report) -> None:
    """Consumers index columns: a field that comes and goes breaks them."""
    lines = [json.loads(line) for line in _written(report, "jsonl").splitlines()]

    assert [line["rule_id"] for line in lines] == ["az.single_az", "nat.no_internet_egress"]
    assert [list(line) for line in lines] == [[field.name for field in fields(Finding)]] * 2
    assert lines[0]["resolved_at"] is None


def test_jsonl_of_nothing_is_nothing(report: Report) -> None:
    """No summary, no blank line: `wc -l` counts findings."""
    assert _written(replace(report, findings=()), "jsonl") == ""


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_machine_formats_are_ascii_whatever_the_names_hold(report: Report, name: FormatName) -> None:
    """A locale without UTF-8, or half a surrogate pair from a file, must not end the output."""
    strange = replace(report.findings[0], message="注文 \ud800 \x1b[2J\n")

    text = _written(replace(report, findings=(strange,)), name)

    assert text.isascii()
    assert "\x1b" not in text


def test_json_holds_counts_coverage_and_findings(report: Report) -> None:
    unread = Unread(
        account_id="111122223333", region="eu-west-1", operation="ec2:DescribeVpcs", code="Denied"
    )

    document = json.loads(_written(replace(report, unread=(unread,), left_out=(LEFT_OUT,)), "json"))

    assert document["summary"] == {
        "open": {"medium": 1},
        "undetermined": {"high": 1},
        "waiting_for": {"tgw-0a": 1},
        "not_applicable": 1,
    }
    assert [one["operation"] for one in document["unread"]] == ["ec2:DescribeVpcs"]
    assert [one["name"] for one in document["left_out"]] == ["vpce-0a"]
    assert document["looked"][0]["not_applicable"] == ["webhook"]
    assert [one["function_name"] for one in document["findings"]] == ["orders-api", "orders-api"]


def test_blocks_say_what_why_and_what_to_do(report: Report) -> None:
    text = _drawn("plain", report.findings[0])

    assert "MEDIUM az.single_az orders-api (111122223333 eu-west-1)" in text
    assert "  what  Function runs in a single Availability Zone" in text
    assert "  why   orders-api has all its subnets in one zone: subnet-0a." in text
    assert "  do    Add a subnet in a second zone." in text


@pytest.mark.parametrize("kind", ["plain", "terminal"])
def test_what_is_not_proven_is_not_repaired(
    report: Report, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """What to do is what settles it; the rule's repair may be of no use."""
    monkeypatch.setenv("COLUMNS", "200")
    proven, undetermined = report.findings

    assert "Add a subnet in a second zone." in _drawn(kind, proven)
    drawn = _drawn(kind, undetermined)
    assert "leaves through tgw-0a" in drawn
    assert "Not known whether the function can reach the internet" in drawn
    assert "Declare tgw-0a if it works." in drawn
    assert "Add a subnet" not in drawn


@pytest.mark.parametrize(
    ("functions", "rules", "said"),
    [
        (("orders-api",), 1, "Judged 1 function of 111122223333 in eu-west-1 by 1 rule, as"),
        ((), 2, "Judged 0 functions of 111122223333 in eu-west-1 by 2 rules, as"),
    ],
)
def test_one_is_no_plural(
    report: Report, looked: Looked, functions: tuple[str, ...], rules: int, said: str
) -> None:
    alone = replace(looked, functions=functions, rules=rules)

    assert said in " ".join(_written(replace(report, looked=(alone,)), "table").split())


def test_the_table_names_functions_that_no_rule_judges(report: Report) -> None:
    """A short list of causes is good news only if everything was seen."""
    lines = " ".join(_written(replace(report, left_out=(LEFT_OUT,)), "table").split())

    assert "no rule speaks about 1 function: webhook" in lines
    assert (
        "Left out: 1 resource that AWS answered without what judging takes. Left out: in 111122223333 "
        in lines
    )
    assert "ec2:DescribeVpcEndpoints answered without ServiceName" in lines


def test_a_refusal_without_a_message_ends_with_its_code() -> None:
    refused = Unread(
        account_id="111122223333", region="eu-west-1", operation="ec2:DescribeVpcs", code="HTTP 404"
    )

    assert not_read(replace(refused, message="")).endswith("eu-west-1: HTTP 404")


def _drawn(kind: str, finding: Finding) -> str:
    stream = io.StringIO()
    if kind == "plain":
        write_findings([finding], stream)
    else:
        draw_findings([finding], stream)
    return stream.getvalue()


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("kind", ["plain", "terminal"])
def test_no_line_is_wider_than_the_terminal_and_no_id_is_cut(
    report: Report, monkeypatch: pytest.MonkeyPatch, kind: str, width: int
) -> None:
    """An id that ends in dots cannot be pasted into a console."""
    monkeypatch.setenv("COLUMNS", str(width))
    name = "f" * 64
    long = replace(report.findings[0], message=f"all in {LONG_ID}", function_name=name)

    lines = _drawn(kind, long).splitlines()

    assert max(map(len, lines)) <= width
    assert kind == "plain" or {len(line) for line in lines if "│" in line} == {width}
    cells = [line.split("│") for line in lines if "│" in line] or [["", "", line, line] for line in lines]
    columns = ["".join(cell[i].strip() for cell in cells) for i in (2, 3)]
    assert name in columns[0]
    assert LONG_ID in columns[1]


@pytest.mark.parametrize("kind", ["plain", "terminal"])
def test_markup_and_escapes_are_shown_not_obeyed(
    report: Report, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A function's name and description are somebody else's text."""
    monkeypatch.setenv("COLUMNS", "200")
    hostile = replace(
        report.findings[0],
        advice="on two\nlines",
        message="[red]x[/red] [/] \x1b[2J",
        title="[link=http://evil]",
    )

    text = _drawn(kind, hostile)

    assert "[red]x[/red] [/] \\x1b[2J" in text
    assert "[link=http://evil]" in text
    assert "on two lines" in text
    assert "\x1b" not in text
