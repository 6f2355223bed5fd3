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

from rich.cells import cell_len
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from vpcguard.cli.output import visible
from vpcguard.settings import has_dumb_terminal

FALLBACK_WIDTH = 100
_NARROWEST = 40
_NARROWEST_COLUMN = 12
_MOST_FURTHER_LINES = 2  # of a sentence on a page


class Line(NamedTuple):
    """One paragraph: start is put before its first line as it stands, hang blanks before the others.

    style: of Rich, for terminals; it repeats what the text says, and never says it alone.
    """

    text: str
    start: str = ""
    hang: int = 0
    style: str = ""


def write_lines(lines: Iterable[Line], stream: TextIO) -> None:
    """Write paragraphs, wrapped at blanks, everything invisible spelled out; without text, a blank line."""
    width = page_width()
    console = Console(file=stream)
    for line in lines:
        for number, text in enumerate(_wrapped(line, width, console)):
            start = " " * line.hang if number else line.start
            shown = f"{start}{text}".rstrip() if text else ""
            if line.style and stream.isatty():
                console.print(Text(shown, line.style), no_wrap=True, overflow="ignore", crop=False)
            else:
                stream.write(f"{shown}\n")


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


class Row(NamedTuple):
    """One paragraph of a page: `start`, which is never cut, and `text`, which may be.

    hang: blanks before its further lines. is_whole: takes as many lines as it needs, whatever room there is.
    """

    start: Text
    text: str = ""
    style: str = ""
    hang: int = 4
    is_whole: bool = False


def page_width() -> int:
    """Return how wide text for people is: as the terminal, without one COLUMNS or 100."""
    return max(shutil.get_terminal_size((FALLBACK_WIDTH, 24)).columns, _NARROWEST)


def laid_out(rows: Sequence[Row], width: int, most_lines: int) -> Iterator[Text]:
    """Yield the lines of a page of at most `most_lines`, if a line for each row allows that.

    What is longer than a line gets some more, from the top on, for as long as there is room, and is cut then,
    between words, with "...", which any terminal and any locale can show.
    """
    console = Console(width=width)
    wrapped = [_wrapped_row(row, width, console) for row in rows]
    least = sum(len(lines) if row.is_whole else 1 for row, lines in zip(rows, wrapped, strict=True))
    spare = most_lines - least
    for row, lines in zip(rows, wrapped, strict=True):
        last = len(lines) - 1
        if not row.is_whole:
            last = min(last, _MOST_FURTHER_LINES, max(spare, 0))
            spare -= last
        yield from lines[:last]
        yield lines[last] if last == len(lines) - 1 else _cut(lines[last], width)


def _wrapped_row(row: Row, width: int, console: Console) -> list[Text]:
    whole = Text.assemble(row.start, (one_line(row.text), row.style))
    first, *rest = whole.wrap(console, width, overflow="fold")
    if rest:
        left = whole[len(first.plain) :]  # Rich wraps all lines at one width: what is left, at its own
        left = left[len(left.plain) - len(left.plain.lstrip()) :]
        rest = [Text(" " * row.hang) + line for line in left.wrap(console, width - row.hang, overflow="fold")]
    lines = [first, *rest]
    for line in lines:
        line.rstrip()
    return lines


def _cut(line: Text, width: int) -> Text:
    """Return a line that says that more was to come."""
    room = width - 4
    if line.cell_len > room:
        kept = line.plain
        while cell_len(kept) > room:
            kept = kept[
                : room if len(kept) > room else -1
            ]  # the second: characters that are two columns wide
        before, blank, _ = kept.rpartition(" ")
        line = line[: len(before) if blank and before.strip() else len(kept)]
    return line + Text(" ...", "dim")


def named(names: Sequence[str], room: int) -> str:
    """Return as many names as there is room for, at least one, and how many more there are."""
    shown = one_line(names[0])
    for number, name in enumerate(names[1:], start=1):
        longer = f"{shown}, {one_line(name)}"
        more = len(names) - number - 1
        if cell_len(longer) + (len(f" and {more:,} more") if more else 0) > room:
            return f"{shown} and {len(names) - number:,} more"
        shown = longer
    return shown


def write_page(lines: Iterable[Text], stream: TextIO) -> None:
    """Write lines as they were laid out: with styles on a terminal that has some, plain elsewhere."""
    if stream.isatty() and not has_dumb_terminal():
        console = Console(file=stream, highlight=False)
        for line in lines:
            console.print(line, no_wrap=True, overflow="ignore", crop=False)
    else:
        stream.writelines(f"{line.plain}\n" for line in lines)


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
