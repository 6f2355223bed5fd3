"""jsonl: one finding a line, every field always there, null where unknown; nothing else."""

from __future__ import annotations

import json
from typing import TextIO

from vpcguard.cli.report import Report


def write(report: Report, stream: TextIO) -> None:
    """Write the findings in the report's order. ASCII only, so that no locale can change a byte."""
    encode = json.JSONEncoder(separators=(",", ":")).encode
    for finding in report.findings:
        stream.write(encode(finding.as_document()) + "\n")
