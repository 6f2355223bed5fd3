"""The ways of one function as pictures in text: a hop a line, with a mark before it. Pure.

Rego says what each line says and how it is marked (policies/schemas/explanation.json); no colour carries a
meaning of its own, and where the stream cannot write the marks, letters stand for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TextIO

from vpcguard.cli.render import Line, one_line

Json = Mapping[str, Any]
Marks = Mapping[str, str]

MARKS: Final[Marks] = {"passed": "▼", "broken": "✗", "beyond": "┊", "in_doubt": "?", "end": "┴"}
_LETTERS: Final[Marks] = {"passed": "v", "broken": "X", "beyond": ":", "in_doubt": "?", "end": "-"}
_STYLES = {"passed": "green", "broken": "bold red", "beyond": "dim", "in_doubt": "yellow"}
_GUTTER = 2  # columns before a mark, and behind it
_WIDEST = 34  # columns of a name that has its description beside it: most ids with a name tag


def marks_for(stream: TextIO) -> Marks:
    """Return the marks that a stream can write."""
    try:
        "".join(MARKS.values()).encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return _LETTERS
    return MARKS


def draw_way(way: Json, marks: Marks) -> Iterator[Line]:
    """Yield one way to the internet: what it comes to, its subnets, its hops, and what to repair first."""
    yield Line(one_line(way["text"]), style="bold")
    yield Line("")
    rows = [("", subnet["text"], "") for subnet in way["subnets"]]
    rows += [(hop["mark"], hop["text"], hop["about"]) for hop in way["hops"]]
    yield from draw_rows(rows, marks)
    faults = way["faults"]
    if len(faults) == 1:  # the advice of the violation says it
        return
    indent = " " * (2 * _GUTTER + 1)
    for number, fault in enumerate(faults, start=1):
        if number == 1:
            yield Line("")
            yield Line("All that is broken, in the order of repair:", start=indent, hang=len(indent))
        words = one_line(fault["repair"] or f"{fault['text']}.")
        yield Line(words, start=f"{indent}{number}. ", hang=len(indent) + 3)


def draw_calls(calls: Sequence[Json], subnets: Mapping[str, str], marks: Marks) -> Iterator[Line]:
    """Yield what calls to AWS services come to; subnets: those that were seen, by id, in words."""
    rows = []
    for call in calls:
        here = call["subnet_ids"]
        where = "" if len(here) == len(subnets) else f"; from {', '.join(subnets[one] for one in here)}"
        rows.append((call["mark"], f"{call['service']} ({call['basis']})", f"{call['text']}{where}"))
    yield from draw_rows(rows, marks)


def draw_rows(rows: Iterable[tuple[str, str, str]], marks: Marks) -> Iterator[Line]:
    """Yield rows of a mark, a name and what is said of it, beside it or, where the name is long, below."""
    shown = [(mark, one_line(name), one_line(about)) for mark, name, about in rows]
    widest = max((len(name) for _, name, about in shown if about and _is_short(name)), default=0)
    hang = 2 * _GUTTER + 1 + widest + _GUTTER
    for mark, name, about in shown:
        gutter = f"{'':{_GUTTER}}{marks.get(mark, ' ')}{'':{_GUTTER}}"
        style = _STYLES.get(mark, "")
        if about and _is_short(name):
            yield Line(about, start=f"{gutter}{name:<{widest}}{'':{_GUTTER}}", hang=hang, style=style)
            continue
        yield Line(name, start=gutter, hang=len(gutter), style=style)
        if about:
            yield Line(about, start=" " * hang, hang=hang, style=style)


def _is_short(name: str) -> bool:
    return len(name) <= _WIDEST and name.isascii()  # others may be wider than they are long
