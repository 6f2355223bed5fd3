"""The one place where text for people is laid out, and the spinner turns: all of it by Rich.

Text keeps to the width of the terminal, and without one to COLUMNS or 100; what is longer is wrapped, never
cut, so that every id can be copied.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TextIO

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
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


def write_lines(lines: Iterable[Line], stream: TextIO) -> None:
    """Write paragraphs, wrapped at blanks, everything invisible spelled out; without text, a blank line."""
    width = max(shutil.get_terminal_size((FALLBACK_WIDTH, 24)).columns, _NARROWEST)
    console = Console(file=stream)
    for line in lines:
        for number, text in enumerate(_wrapped(line, width, console)):
            start = " " * line.hang if number else line.start
            stream.write(f"{start}{text}".rstrip() + "\n" if text else "\n")


def _wrapped(line: Line, width: int, console: Console) -> Iterator[str]:
    text = Text(visible(line.text))
    of_others = max(width - line.hang, _NARROWEST_COLUMN)
    of_first = max(width - len(line.start), _NARROWEST_COLUMN)
    first, *others = text.wrap(console, of_first, overflow="fold")
    yield first.plain.rstrip()
    if others and of_first != of_others:  # Rich wraps all lines at one width: what is left, at the other
        rest = Text(text.plain[len(first.plain) :].lstrip())
        others = list(rest.wrap(console, of_others, overflow="fold"))
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


@contextmanager
def progress(doing: str) -> Iterator[Callable[[str], None]]:
    """Show a spinner with elapsed time on stderr, if it is a terminal.

    The function it gives counts what is done and names the last; threads may call it.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    shown = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*shown, console=Console(stderr=True), transient=True) as spinner:
        task = spinner.add_task(doing, total=None)

        def note(what: str) -> None:
            spinner.advance(task)
            done = int(spinner.tasks[0].completed)
            spinner.update(task, description=f"{doing}: {done} answers, last {what}")

        yield note
