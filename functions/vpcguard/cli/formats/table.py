"""table: for people. What is wrong, why, and what to do; worst first, then what could not be said.

On a terminal a table with colours, elsewhere blocks of text that survive grep and diff. Both hold
to the width; what is longer is wrapped, never cut, so that every id can be copied.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from typing import TextIO

from vpcguard.cli.formats import closing
from vpcguard.cli.report import SEVERITIES, Report
from vpcguard.model import Finding
from vpcguard.settings import has_dumb_terminal

FALLBACK_WIDTH = 100


def write(report: Report, stream: TextIO) -> None:
    """Write the table and its closing lines."""
    write_findings(report.findings, closing.paragraphs(report), stream)


def write_findings(findings: Iterable[Finding], closing_lines: Sequence[str], stream: TextIO) -> None:
    """Write findings worst first, then the lines."""
    ordered = sorted(findings, key=_worst_first)
    if stream.isatty() and not has_dumb_terminal():
        from vpcguard.cli.formats import terminal  # noqa: PLC0415  Rich is needed on a terminal only

        terminal.write(ordered, closing_lines, stream)
    else:
        from vpcguard.cli.formats import plain  # noqa: PLC0415

        width = shutil.get_terminal_size((FALLBACK_WIDTH, 24)).columns
        plain.write(ordered, closing_lines, stream, width=width)


def _worst_first(finding: Finding) -> tuple[bool, int, str, str, str, str]:
    rank = SEVERITIES.index(finding.severity)
    name = (finding.function_name, finding.rule_id, finding.account_id, finding.region)
    return finding.status != "open", rank, *name
