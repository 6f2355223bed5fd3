"""A report in the formats that --format offers: blocks or a table for people, json and jsonl for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, TextIO

from rich.box import ROUNDED
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vpcguard.cli.overview import STYLES, View, page
from vpcguard.cli.render import Line, one_line, page_width, write_json, write_lines, write_page
from vpcguard.cli.report import SEVERITIES, Report
from vpcguard.findings.causes import causes_of
from vpcguard.model import Finding
from vpcguard.settings import has_dumb_terminal

FormatName = Literal["table", "json", "jsonl"]


@dataclass(frozen=True, slots=True)
class Format:
    """How a report is written, and what its file ends in."""

    write: Callable[[Report, TextIO, View], None]
    extension: str


def write_report(report: Report, name: FormatName, stream: TextIO, view: View | None = None) -> None:
    """Write the report to a stream; view: how it is shown to people."""
    FORMATS[name].write(report, stream, view or View())


def _write_jsonl(report: Report, stream: TextIO, _: View) -> None:
    """One finding a line, every field always there, null where unknown; nothing else.

    ASCII only, so that no locale can change a byte.
    """
    encode = json.JSONEncoder(separators=(",", ":")).encode
    for finding in report.findings:
        stream.write(encode(finding.as_document()) + "\n")


def _write_document(report: Report, stream: TextIO, _: View) -> None:
    """The whole report as one object, for programs that also want causes, coverage and counts."""
    document = {
        "looked": [asdict(looked) for looked in report.looked],
        "summary": {
            "open": report.counts("open"),
            "undetermined": report.counts("undetermined"),
            "waiting_for": report.waiting_for(),
            "not_applicable": sum(len(looked.not_applicable) for looked in report.looked),
        },
        "unread": [asdict(unread) for unread in report.unread],
        "left_out": [asdict(one) for one in report.left_out],
        "causes": [cause.as_document() for cause in causes_of(report.findings)],
        "findings": [finding.as_document() for finding in report.findings],
    }
    write_json(document, stream)


def _write_table(report: Report, stream: TextIO, view: View) -> None:
    """Write what to repair first, with details every finding, and the next step."""
    lines, step = page(report, view, page_width())
    write_page(lines, stream)
    if view.is_detailed and report.findings:
        stream.write("\n")
        write_findings(report.findings, stream)
    stream.write("\n")
    write_page(step, stream)


FORMATS: Mapping[FormatName, Format] = {
    "table": Format(_write_table, "txt"),
    "json": Format(_write_document, "json"),
    "jsonl": Format(_write_jsonl, "jsonl"),
}


# ---- findings for people ----


def write_findings(findings: Iterable[Finding], stream: TextIO) -> None:
    """Write what is wrong, why, and what to do, worst first; then what is not known, last what is only told.

    On a terminal a table with colours, elsewhere blocks of text that survive grep and diff.
    """
    ordered = sorted(findings, key=_in_order)
    if stream.isatty() and not has_dumb_terminal():
        draw_findings(ordered, stream)
    else:
        write_lines(_blocks(ordered), stream)


def _in_order(finding: Finding) -> tuple[bool, bool, int, str, str, str, str]:
    rank = SEVERITIES.index(finding.severity)
    name = (finding.function_name, finding.rule_id, finding.account_id, finding.region)
    return finding.severity == SEVERITIES[-1], finding.status != "open", rank, *name


def _blocks(findings: Sequence[Finding]) -> Iterator[Line]:
    for number, finding in enumerate(findings):
        if number:
            yield Line("")
        state = "" if finding.status == "open" else f" {finding.status}"
        head = f"{finding.severity.upper()}{state} {finding.rule_id} {finding.function_name}"
        yield Line(f"{one_line(head)} ({finding.account_id} {finding.region})", hang=2)
        yield Line(one_line(finding.title), "  what  ", 8)
        yield Line(one_line(finding.message), "  why   ", 8)
        yield Line(one_line(finding.advice), "  do    ", 8)


def draw_findings(findings: Sequence[Finding], stream: TextIO) -> None:
    """Draw one row a finding."""
    Console(file=stream, highlight=False, soft_wrap=False).print(_table(findings))


def _table(findings: Iterable[Finding]) -> Table:
    table = Table(box=ROUNDED, show_lines=True, expand=True)
    table.add_column("Severity", overflow="fold", width=12)
    table.add_column("Function, rule", overflow="fold", ratio=5)
    table.add_column("What and why", overflow="fold", ratio=7)
    table.add_column("What to do", overflow="fold", ratio=5)
    for finding in findings:
        where = f"{finding.account_id} {finding.region}"
        table.add_row(
            _severity(finding),
            _stacked((finding.function_name, "bold"), (finding.rule_id, ""), (where, "dim")),
            _stacked((finding.title, "bold"), (finding.message, "")),
            Text(one_line(finding.advice)),
        )
    return table


def _severity(finding: Finding) -> Text:
    style = STYLES[SEVERITIES.index(finding.severity)]
    text = Text(finding.severity, style)
    return text if finding.status == "open" else text + Text(f"\n{finding.status}", "dim")


def _stacked(*lines: tuple[str, str]) -> Text:
    # Text, never markup: "[red]" in a function's description is shown as it stands
    return Text("\n").join(Text(one_line(line), style) for line, style in lines)
