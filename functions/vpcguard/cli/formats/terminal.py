"""The table on a terminal, drawn by Rich."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from rich.box import ROUNDED
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vpcguard.cli.report import SEVERITIES
from vpcguard.cli.visible import one_line
from vpcguard.model import Finding

_STYLES = ("bold white on red", "bold red", "yellow", "cyan", "dim")  # by rank, worst first


def write(findings: Sequence[Finding], closing: Sequence[str], stream: TextIO) -> None:
    """Write one row a finding, then the closing lines."""
    console = Console(file=stream, highlight=False, soft_wrap=False)
    if findings:
        console.print(_table(findings))
    for line in closing:
        console.print(Text(line), overflow="fold")


def _table(findings: Sequence[Finding]) -> Table:
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
            # an undetermined one's message says what to do: the fault is not proven
            Text("" if finding.status == "undetermined" else one_line(finding.advice)),
        )
    return table


def _severity(finding: Finding) -> Text:
    style = _STYLES[SEVERITIES.index(finding.severity)]
    text = Text(finding.severity, style)
    return text if finding.status == "open" else text + Text(f"\n{finding.status}", "dim")


def _stacked(*lines: tuple[str, str]) -> Text:
    # Text, never markup: "[red]" in a function's description is shown as it stands
    return Text("\n").join(Text(one_line(line), style) for line, style in lines)
