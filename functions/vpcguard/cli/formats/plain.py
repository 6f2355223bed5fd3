"""The table without a terminal: one block a finding, wrapped to the width."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TextIO

from vpcguard.cli.visible import one_line
from vpcguard.model import Finding

_INDENT = " " * 8


def write(findings: Sequence[Finding], closing: Sequence[str], stream: TextIO, *, width: int) -> None:
    """Write the blocks, then the closing lines."""
    for finding in findings:
        state = "" if finding.status == "open" else f" {finding.status}"
        head = f"{finding.severity.upper()}{state} {finding.rule_id} {finding.function_name}"
        _wrap(f"{one_line(head)} ({finding.account_id} {finding.region})", stream, width, indent="  ")
        _wrap(f"  what  {one_line(finding.title)}", stream, width, indent=_INDENT)
        _wrap(f"  why   {one_line(finding.message)}", stream, width, indent=_INDENT)
        if finding.status != "undetermined":  # whose message says what to do: the fault is not proven
            _wrap(f"  do    {one_line(finding.advice)}", stream, width, indent=_INDENT)
        stream.write("\n")
    for line in closing:
        _wrap(line, stream, width, indent="  ")


def _wrap(text: str, stream: TextIO, width: int, *, indent: str) -> None:
    lines = textwrap.wrap(text, max(width, 40), subsequent_indent=indent, break_on_hyphens=False)
    stream.write("\n".join(lines) + "\n")
