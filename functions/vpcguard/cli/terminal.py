"""What Rich draws on a terminal: the table of findings, and the spinner while something is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from rich.box import ROUNDED
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from vpcguard.cli.formats import advice_on
from vpcguard.cli.render import one_line
from vpcguard.cli.report import SEVERITIES
from vpcguard.model import Finding

_STYLES = ("bold white on red", "bold red", "yellow", "cyan", "dim")  # by rank, worst first


def draw(findings: Sequence[Finding], summary: Iterable[str], stream: TextIO) -> None:
    """Draw one row a finding, then the lines of the summary."""
    console = Console(file=stream, highlight=False, soft_wrap=False)
    if findings:
        console.print(_table(findings))
    for line in summary:
        console.print(Text(line), overflow="fold")


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
            Text(advice_on(finding)),
        )
    return table


def _severity(finding: Finding) -> Text:
    style = _STYLES[SEVERITIES.index(finding.severity)]
    text = Text(finding.severity, style)
    return text if finding.status == "open" else text + Text(f"\n{finding.status}", "dim")


def _stacked(*lines: tuple[str, str]) -> Text:
    # Text, never markup: "[red]" in a function's description is shown as it stands
    return Text("\n").join(Text(one_line(line), style) for line, style in lines)


@contextmanager
def spinner(doing: str) -> Iterator[Callable[[str], None]]:
    """Show a spinner on stderr; the function it gives counts what is done and names the last."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(doing, total=None)

        def note(what: str) -> None:
            progress.advance(task)
            done = int(progress.tasks[0].completed)
            progress.update(task, description=f"{doing}: {done} answers, last {what}")

        yield note
