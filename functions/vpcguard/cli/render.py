"""The one place where text for people is wrapped.

Text keeps to the width of the terminal, and without one to COLUMNS or 100; what is longer is wrapped, never
cut, so that every id can be copied. By textwrap, as Rich takes many times as long for the same lines; on a
terminal Rich draws the table of findings (`terminal`).
"""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TextIO

from vpcguard.cli.output import visible

FALLBACK_WIDTH = 100
_NARROWEST = 40
_NARROWEST_COLUMN = 12


class Line(NamedTuple):
    """One paragraph: start is put before its first line as it stands, hang blanks before the others."""

    text: str
    start: str = ""
    hang: int = 0


def write_lines(lines: Iterable[Line], stream: TextIO, *, break_on_hyphens: bool = False) -> None:
    """Write paragraphs, wrapped, everything invisible spelled out; ids are not broken at their hyphens."""
    width = max(shutil.get_terminal_size((FALLBACK_WIDTH, 24)).columns, _NARROWEST)
    for line in lines:
        wrapped = textwrap.wrap(
            visible(line.text),
            max(width, line.hang + _NARROWEST_COLUMN),
            initial_indent=line.start,
            subsequent_indent=" " * line.hang,
            break_on_hyphens=break_on_hyphens,
        )
        stream.write("\n".join(wrapped) + "\n")


def columns(rows: Sequence[tuple[str, ...]]) -> Iterator[Line]:
    """Yield rows in columns; only the last column is wrapped, below itself."""
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    for *cells, last in rows:
        start = "".join(f"{cell:<{width}}  " for cell, width in zip(cells, widths, strict=True))
        yield Line(last, start, len(start))


def one_line(text: str) -> str:
    """Return a sentence as one line: metadata in YAML brings its own line breaks along."""
    return visible(" ".join(text.split()))


def write_json(document: Any, stream: TextIO) -> None:
    """Write one JSON value for programs. ASCII only, whatever the locale."""
    json.dump(document, stream, indent=2)
    stream.write("\n")
