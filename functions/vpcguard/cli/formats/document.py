"""json: the whole report as one object, for programs that also want coverage and counts."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TextIO

from vpcguard.cli.report import Report


def write(report: Report, stream: TextIO) -> None:
    """Write one JSON object: looked, summary, unread, findings. ASCII only, whatever the locale."""
    document = {
        "looked": [asdict(looked) for looked in report.looked],
        "summary": {
            "open": report.counts("open"),
            "undetermined": report.counts("undetermined"),
            "waiting_for": report.waiting_for(),
            "not_applicable": sum(len(looked.not_applicable) for looked in report.looked),
        },
        "unread": [asdict(unread) for unread in report.unread],
        "findings": [finding.as_document() for finding in report.findings],
    }
    json.dump(document, stream, indent=2)
    stream.write("\n")
