"""The page of an audit: what to repair first, alike on a terminal and in a pipe, whatever names hold."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from rich.cells import cell_len

from tests.support.looks import a_doubt, a_finding
from vpcguard.cli.formats import write_report
from vpcguard.cli.overview import View
from vpcguard.cli.report import Looked, Report, Unread
from vpcguard.model import Finding

Written = Callable[..., list[str]]
ADVICE = "Replace {0} by a NAT gateway that is available, and point the default route of its table to it."
MESSAGE = (
    "{1} cannot reach the internet: from subnet-0a1b2c3d4e5f6a001 (app-private-a, eu-west-1a) and "
    "subnet-0a1b2c3d4e5f6a002 (app-private-b, eu-west-1b), 0.0.0.0/0 goes to {0}, which is deleted."
)
HOSTILE = (
    "[red]x[/red] [/] [link=http://evil]y[/link]",
    "\x1b[2J\x1b]0;owned\x07",
    "two\nlines\r\tand a tab",
    "\u202eevil\u2066",
    "注文" * 60,
    "x" * 400,
    "",
)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


@pytest.fixture
def written(looked: Looked, monkeypatch: pytest.MonkeyPatch) -> Written:
    """Return the lines of a report at a width: in a pipe, or as a terminal gets them, without its styles."""
    monkeypatch.setenv("TERM", "xterm")

    def lines(
        findings: Sequence[Finding] = (),
        *,
        width: int = 100,
        functions: int = 3,
        stream: io.StringIO | None = None,
        unread: Sequence[Unread] = (),
        view: View | None = None,
        **fields: Any,
    ) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(width))
        names = tuple(f"function-{number:05}" for number in range(functions))
        given = {"functions": names, "not_applicable": (), "vpc_ids": ("vpc-0a", "vpc-0b"), **fields}
        given.setdefault("families", {"az": functions, "config": functions, "nat": functions, "placement": 0})
        report = Report(looked=(replace(looked, **given),), findings=tuple(findings), unread=tuple(unread))
        stream = stream or io.StringIO()
        write_report(report, "table", stream, view or View(again=("--snapshot", "today.json")))
        return stream.getvalue().splitlines()

    return lines


def _causes(number: int, functions: int, **fields: Any) -> list[Finding]:
    """Return a finding for each function, spread over so many NAT gateways, the first ones critical."""
    found = []
    for index in range(functions):
        cause, name = index % number, f"function-{index:05}"
        nat = f"nat-0a1b2c3d4e5f6{cause:04}"
        texts = {"message": MESSAGE.format(nat, name), "advice": ADVICE.format(nat)}
        severity = "critical" if cause < 3 else "medium"
        named = {"root_cause": nat, "root_cause_name": f"egress-{cause}", "severity": severity}
        found.append(a_finding(function=name, **{**texts, **named, **fields}))
    return found


def test_what_to_repair_first_stands_in_one_entry_a_cause(written: Written) -> None:
    """The whole page, as a person reads it."""
    said = MESSAGE.removeprefix("{1} ").format("nat-0a1b2c3d4e5f60000")
    one = replace(_causes(1, 1)[0], function_name="orders-api", message=f"orders-api {said}")
    two = replace(one, function_name="orders-worker", severity="high", message=f"orders-worker {said}")
    doubt = a_doubt("az.single_az", function="orders-report", severity="medium", advice="Look again.")
    zones = a_finding(
        "az.single_az",
        function="orders-api",
        severity="medium",
        root_cause=None,
        message="orders-api runs in one Availability Zone, eu-west-1a.",
        advice="Add a subnet in another zone.",
    )

    assert "\n".join(written([one, two, doubt, zones])) == (
        """\
3 functions, 2 VPCs: 2 with findings, 2 causes; 1 verdict undetermined
Judged 3 functions of 111122223333 in eu-west-1 by 2 rules, as read at 2026-11-20T12:00:00Z.

           critical  high  medium  low  info  undetermined
az                0     0       1    0     0             1
config            0     0       0    0     0             0
nat               1     1       0    0     0             0
placement         -     -       -    -     -             -
           0 clean, ? undetermined, - not applicable

CRITICAL nat-0a1b2c3d4e5f60000 (egress-0), 2 functions (1 critical): orders-api, orders-worker
  nat.no_internet_egress: cannot reach the internet: from 2 subnets, 0.0.0.0/0 goes to
    nat-0a1b2c3d4e5f60000, which is deleted.
  Repair: Replace nat-0a1b2c3d4e5f60000 by a NAT gateway that is available, and point the default
    route of its table to it.
MEDIUM vpc-0a, 1 function: orders-api
  az.single_az: runs in one Availability Zone, eu-west-1a.
  Repair: Add a subnet in another zone.

Not known, because of
? ec2:DescribeNatGateways: 1 verdict on 1 function. Look again.

Next: vpcguard explain orders-api --snapshot today.json"""
    )


@pytest.mark.parametrize("width", [80, 100, 120, 200])
@pytest.mark.parametrize("functions", [1, 38, 1000])
def test_terminal_and_pipe_show_the_same_lines_within_the_width(
    written: Written, monkeypatch: pytest.MonkeyPatch, width: int, functions: int
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    findings = _causes(min(14, functions), functions)

    piped = written(findings, width=width, functions=functions)
    shown = written(findings, width=width, functions=functions, stream=Terminal())

    assert max(map(cell_len, piped)) <= width
    assert [_without_styles(line) for line in shown] == piped
    assert "\x1b" not in "".join(piped)


def test_a_thousand_functions_with_14_causes_are_under_80_lines(written: Written) -> None:
    """With room for whole sentences of the worst."""
    findings = _causes(14, 1000)

    lines = written(findings, functions=1000)

    assert len(lines) < 80
    assert lines[0] == "1,000 functions, 2 VPCs: 1,000 with findings, 14 causes"
    assert len([line for line in lines if "  Repair: " in line]) == 14
    assert "which is deleted." in "\n".join(lines).split("CRITICAL")[1]


def test_no_id_of_what_to_repair_is_ever_cut(written: Written) -> None:
    """An id that ends in dots cannot be pasted into a console."""
    heads = [line for line in written(_causes(14, 14), width=80) if "function-" in line]

    assert all(f"nat-0a1b2c3d4e5f6{number:04}" in "\n".join(heads) for number in range(14))


@pytest.mark.parametrize("causes", [16, 300])
def test_causes_that_are_left_out_are_counted_and_can_be_seen(written: Written, causes: int) -> None:
    lines = written(_causes(causes, causes), functions=causes)
    everything = written(_causes(causes, causes), functions=causes, view=View(is_detailed=True))

    left = causes - 15
    assert f"And {left} more {'cause' if left == 1 else 'causes'} ({left} medium): --details." in lines
    assert len(lines) < 80
    assert len([line for line in everything if line.startswith("  Repair: ")]) == causes


def test_details_show_every_finding_what_is_only_told_last(written: Written) -> None:
    """An observation must not stand between a fault and a doubt."""
    findings = [
        a_finding("az.missing_az", function="a", severity="info"),
        a_doubt("nat.cross_az", function="b", severity="medium"),
        a_finding("ip.low_headroom", function="c", severity="low"),
        a_finding("nat.mixed_egress", function="d", severity="high"),
    ]

    lines = written(findings, view=View(is_detailed=True))

    heads = [line for line in lines if "(111122223333 eu-west-1)" in line]
    assert [head.split(" (")[0] for head in heads] == [
        "HIGH nat.mixed_egress d",
        "LOW ip.low_headroom c",
        "MEDIUM undetermined nat.cross_az b",
        "INFO az.missing_az a",
    ]
    assert lines[-1] == "Next: vpcguard explain d"
    assert "(111122223333 eu-west-1)" not in "\n".join(written(findings))


def test_clean_unknown_and_not_applicable_are_three_things(written: Written) -> None:
    """A 0 where nobody looked would be read as peace."""
    lines = written(
        [a_doubt("nat.cross_az", severity="medium"), a_doubt("nat.mixed_egress", severity="high")]
    )

    cells = {
        line.split()[0]: line.split()[1:] for line in lines if line.startswith(("az", "nat", "placement"))
    }
    assert cells == {
        "az": ["0", "0", "0", "0", "0", "0"],
        "nat": ["0", "?", "?", "0", "0", "2"],
        "placement": ["-", "-", "-", "-", "-", "-"],
    }


def test_a_read_that_failed_is_said_once_with_what_waits_and_what_to_grant(written: Written) -> None:
    place = {"account_id": "111122223333", "region": "eu-west-1"}
    denied = {"code": "UnauthorizedOperation", "message": "You are not authorized."}
    unread = [
        Unread(operation="ec2:DescribeNatGateways", **denied, **place),
        Unread(operation="iam:GetRole", subject="a-role", code="AccessDenied", message="No.", **place),
        Unread(operation="iam:GetRole", subject="b-role", code="AccessDenied", message="No.", **place),
        Unread(operation="ec2:DescribeVpcs", code="HTTP 500", **place),
    ]
    doubts = [a_doubt("nat.cross_az", function=name) for name in ("a", "b")]

    lines = written(doubts, unread=unread, width=200)

    assert lines[-6:] == [
        (
            "Not read, and 2 verdicts on 2 functions wait for it: ec2:DescribeNatGateways in 111122223333 "
            "eu-west-1: UnauthorizedOperation: You are not authorized."
        ),
        "Not read, alike of 1 more: iam:GetRole of a-role in 111122223333 eu-west-1: AccessDenied: No.",
        "Not read: ec2:DescribeVpcs in 111122223333 eu-west-1: HTTP 500",
        "Grant ec2:DescribeNatGateways, iam:GetRole to the role that reads 111122223333.",
        "",
        "Next: grant what could not be read, and audit again.",
    ]
    assert "\n".join(lines).count("ec2:DescribeNatGateways") == 2


def test_many_reads_that_failed_stay_few_lines_and_all_are_named(written: Written) -> None:
    names = [f"ec2:Describe{number:02}" for number in range(40)]
    unread = [
        Unread(
            account_id="111122223333",
            region="eu-west-1",
            operation=name,
            code="AccessDenied",
            message="m " * 150,
        )
        for name in names
    ]

    lines = written(_causes(14, 40), unread=unread)

    assert len(lines) < 100
    assert all(name in "\n".join(lines) for name in names)


@pytest.mark.parametrize(
    ("unread", "said"),
    [
        ((), "NOTHING WAS JUDGED: 111122223333 eu-west-1 has no function."),
        (
            ("lambda:ListFunctions",),
            "NOTHING WAS JUDGED: 111122223333 eu-west-1 could not list its functions.",
        ),
    ],
)
def test_nothing_judged_is_said_loudly(written: Written, unread: Sequence[str], said: str) -> None:
    ones = [Unread(account_id="111122223333", region="eu-west-1", operation=name) for name in unread]

    assert written(functions=0, unread=ones, families={})[0] == said


@pytest.mark.parametrize(
    "hostile", HOSTILE, ids=["markup", "escapes", "lines", "bidi", "wide", "long", "empty"]
)
@pytest.mark.parametrize(
    "field",
    ["function_name", "root_cause", "root_cause_name", "root_cause_account", "message", "advice", "rule_id"],
)
def test_hostile_names_are_shown_and_not_obeyed(written: Written, hostile: str, field: str) -> None:
    """Names come from audited accounts; they break no line, no colour and no pasted command."""
    named: dict[str, Any] = {field: hostile}
    bad = replace(_causes(1, 1)[0], **named)

    piped = written([bad], width=80)
    shown = written([bad], width=80, stream=Terminal())

    text = "\n".join(piped)
    assert all(line.isprintable() for line in piped)
    assert max(map(cell_len, piped)) <= 80
    assert [_without_styles(line) for line in shown] == piped
    if field == "function_name":
        assert "Next: vpcguard" not in text
    if hostile.startswith("["):
        assert hostile.replace(" ", "") in text.replace(" ", "").replace("\n", "")


@pytest.mark.parametrize("setting", [{"TERM": "dumb"}, {"NO_COLOR": "1"}])
def test_a_terminal_without_colours_gets_none(
    written: Written, monkeypatch: pytest.MonkeyPatch, setting: dict[str, str]
) -> None:
    for name, value in setting.items():
        monkeypatch.setenv(name, value)

    text = "\n".join(written(_causes(2, 2), stream=Terminal()))

    assert not any(f"\x1b[{code}" in text for code in ("31", "33", "1;31", "36", "1;37;41"))


def test_the_next_step_is_a_command_with_the_options_of_this_one(written: Written) -> None:
    """A shell takes it as it stands, on several lines too."""
    again = ("--profile", "audit me", "--config", "a-long-path/" * 4 + "config.yaml")

    lines = written(_causes(1, 1), view=View(again=again, is_live=True), width=80)

    assert lines[-2:] == [
        "Next: vpcguard explain function-00000 --region eu-west-1 --profile 'audit me' \\",
        "      --config a-long-path/a-long-path/a-long-path/a-long-path/config.yaml",
    ]


def _without_styles(line: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", line)
