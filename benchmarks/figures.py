"""A measured value beside the promise it has to keep, and how both are shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One value: what was measured, in which unit, and the limit it must keep, if there is one."""

    name: str
    value: float
    unit: str
    bound: Literal["at most", "at least", "for comparison"] = "for comparison"
    limit: float | None = None

    @property
    def is_kept(self) -> bool:
        """True unless the promise is broken."""
        if self.limit is None:
            return True
        return self.value <= self.limit if self.bound == "at most" else self.value >= self.limit

    def row(self) -> tuple[str, str, str, str]:
        """Return name, value, promise and verdict as text."""
        promise = "" if self.limit is None else f"{self.bound} {_number(self.limit)} {self.unit}"
        verdict = "" if self.limit is None else ("kept" if self.is_kept else "BROKEN")
        return self.name, f"{_number(self.value)} {self.unit}", promise, verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Figures of one measurement, with a sentence on how they were taken."""

    title: str
    how: str
    figures: Sequence[Figure]


def markdown(sections: Iterable[Section], *, machine: str) -> str:
    """Return docs/performance.md."""
    lines = [
        "# Performance",
        "",
        "Written by `make bench`; every promise below is checked by it, and it fails when one is broken.",
        f"Machine: {machine}. Times are for comparison; ratios are measured within one run.",
    ]
    for section in sections:
        lines += [
            "",
            f"## {section.title}",
            "",
            section.how,
            "",
            "| figure | measured | promise | |",
            "|---|---|---|---|",
        ]
        lines += [f"| {' | '.join(figure.row())} |" for figure in section.figures]
    return "\n".join(lines) + "\n"


def plain(section: Section) -> str:
    """Return a section as lines for a terminal."""
    rows = [figure.row() for figure in section.figures]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    cells = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([section.title, *(f"  {line.rstrip()}" for line in cells)])


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}".rstrip("0").rstrip(".")  # noqa: PLR2004
