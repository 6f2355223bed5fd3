"""jsonl: one finding a line, every field always there, null where unknown; nothing else."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, TextIO

from vpcguard.cli.report import Report
from vpcguard.model.finding import Finding

_NAMES = tuple(field.name for field in fields(Finding))


def write(report: Report, stream: TextIO) -> None:
    """Write the findings in the report's order. ASCII only, so that no locale can change a byte."""
    encode = json.JSONEncoder(separators=(",", ":")).encode
    for finding in report.findings:
        stream.write(encode(as_object(finding)) + "\n")


def as_object(finding: Finding) -> dict[str, Any]:
    """Return all fields in the order of the class.

    Not as_document(): it copies the evidence down to its last leaf, most of the time of a large report.
    """
    return {name: getattr(finding, name) for name in _NAMES}
