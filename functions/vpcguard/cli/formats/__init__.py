"""A report as text, one file a format; `FORMATS` is the table `--format` chooses from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Literal, NamedTuple, TextIO, cast

from vpcguard.cli.report import Report

FormatName = Literal["table", "json", "jsonl"]


class Format(NamedTuple):
    """Where a format is written (its module's `write`), and what its file ends in."""

    module: str
    extension: str


FORMATS: Mapping[FormatName, Format] = {
    "table": Format("table", "txt"),
    "json": Format("document", "json"),
    "jsonl": Format("lines", "jsonl"),
}


def write_report(report: Report, name: FormatName, stream: TextIO) -> None:
    """Write the report to a stream; the module of a format is imported when it is asked for."""
    module = import_module(f"{__name__}.{FORMATS[name].module}")
    write = cast("Callable[[Report, TextIO], None]", module.write)
    write(report, stream)
