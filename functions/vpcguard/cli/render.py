"""The one place where text for people is laid out, by Rich.

Text keeps to the width of the terminal, and without one to COLUMNS or 100; what is longer is wrapped, never
cut, so that every id can be copied.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TextIO

from rich.console import Console
from rich.text import Text

from vpcguard.cli.output import visible

FALLBACK_WIDTH = 100
_NARROWEST = 40
_NARROWEST_COLUMN = 12


class Line(NamedTuple):
    """One paragraph: start is put before its first line as it stands, hang blanks before the others."""

    text: str
    start: str = ""
    hang: int = 0


def console_of(stream: TextIO) -> Console:
    """Return what lays text out for a stream; no word of it is coloured for what it looks like."""
    width = max(shutil.get_terminal_size((FALLBACK_WIDTH, 24)).columns, _NARROWEST)
    return Console(file=stream, width=width, highlight=False)


def write_lines(lines: Iterable[Line], stream: TextIO) -> None:
    """Write paragraphs, wrapped at blanks, everything invisible spelled out."""
    console = console_of(stream)
    for line in lines:
        for number, text in enumerate(_wrapped(line, console)):
            start = " " * line.hang if number else line.start
            stream.write(f"{start}{text}".rstrip() + "\n")


def _wrapped(line: Line, console: Console) -> Iterator[str]:
    width = max(console.width, line.hang + _NARROWEST_COLUMN)
    text = Text(visible(line.text))
    first, *others = text.wrap(console, width - len(line.start), overflow="fold")
    yield first.plain.rstrip()
    if others and len(line.start) != line.hang:  # Rich wraps all lines at one width
        rest = Text(text.plain[len(first.plain) :].lstrip())
        others = list(rest.wrap(console, width - line.hang, overflow="fold"))
    for other in others:
        yield other.plain.rstrip()


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
