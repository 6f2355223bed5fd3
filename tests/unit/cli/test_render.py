"""Text for people: at the width there is, and nothing of it lost."""

from __future__ import annotations

import io

import pytest

from vpcguard.cli.render import Line, write_lines


def _written(line: Line) -> list[str]:
    stream = io.StringIO()
    write_lines([line], stream)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("width", [50, 130])
def test_a_dumb_terminal_has_its_width_too(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rich takes a terminal that it knows nothing of for 80 columns."""
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", str(width))

    lines = _written(Line("word " * 100))

    assert width - 5 < max(map(len, lines)) <= width


def test_nothing_is_lost_beside_a_start_as_wide_as_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")

    words = " ".join(_written(Line("one two three four five six", "s" * 45 + " ", 4))).split()

    assert words[1:] == ["one", "two", "three", "four", "five", "six"]


def test_the_first_line_is_as_long_as_what_stands_before_it_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")

    assert _written(Line("a" * 18 + " " + "b" * 21 + " c", hang=4)) == ["a" * 18 + " " + "b" * 21, "    c"]


def test_a_label_without_text_is_a_blank_line() -> None:
    assert _written(Line("", "conf ", 5)) == [""]
