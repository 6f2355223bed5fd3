"""What `vpcguard explain` shows people: kept word by word, at every width, on terminals and in pipes.

Read the texts in tests/contract/explanations as who is woken by an alarm would.
"""

from __future__ import annotations

import io
import os
import unicodedata
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.text import Text

from tests.contract.explanation_texts import ESTATES, TEXTS_FOLDER, explained, text_of, texts
from vpcguard.cli.picture import MARKS, marks_for
from vpcguard.cli.render import write_lines
from vpcguard.policy.deciding import Policy


class Terminal(io.StringIO):
    """A stream that shows colours."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.fixture(autouse=True)
def width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def test_the_texts_are_those_that_were_read(policy: Policy) -> None:
    """`.venv/bin/python -m tests.contract.explanation_texts` writes them anew: read what changes."""
    stored = {path.name: path.read_text("utf-8") for path in TEXTS_FOLDER.iterdir()}

    assert dict(texts(policy)) == stored


def test_the_documentation_shows_one_of_them() -> None:
    """What people read there is what they get."""
    page = (Path(__file__).parents[2] / "docs" / "explain.md").read_text("utf-8")

    assert (TEXTS_FOLDER / "broken_nat.txt").read_text("utf-8") in page


@pytest.mark.parametrize("columns", [80, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal(
    policy: Policy, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))

    for name in ESTATES:
        lines = text_of(name, policy, everything=True).splitlines()
        assert max(map(cell_len, lines)) <= columns, name
        assert all(line == line.rstrip() for line in lines), name


def test_hostile_names_are_shown_and_never_obeyed(policy: Policy) -> None:
    """A line break in a name begins no line, and an escape moves no cursor."""
    text = text_of("hostile_names", policy, everything=True)

    hidden = {one for one in text if unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp")}
    assert hidden == {"\n"}
    assert "[red]" in text
    assert not [line for line in text.splitlines() if line.startswith("VERDICT")]


def test_a_terminal_shows_the_same_text_in_colours(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal, pipe = Terminal(), io.StringIO()

    for stream in (terminal, pipe):
        write_lines(explained("hostile_names", policy).as_lines(MARKS, everything=True), stream)

    assert "\x1b[1;31m" in terminal.getvalue()
    assert "\x1b" not in pipe.getvalue()
    assert Text.from_ansi(terminal.getvalue()).plain.rstrip() == pipe.getvalue().rstrip()


def test_where_a_stream_cannot_write_the_marks_letters_stand_for_them(policy: Policy) -> None:
    latin = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")

    text = text_of("broken_nat", policy, marks=marks_for(latin))

    assert marks_for(io.StringIO()) is MARKS
    assert text.isascii()
    pictured = [line[2] for line in text.splitlines() if line.startswith("  ") and line[2] in "vX:"]
    assert pictured == ["v", "X", ":", "X", ":"]


@pytest.mark.parametrize("name", sorted(ESTATES))
def test_the_verdict_comes_first(policy: Policy, name: str) -> None:
    """Before anything else, but for what an alias serves."""
    [first] = [one for one in text_of(name, policy).split(os.linesep * 2) if "Violations: " in one][:1]

    assert first.startswith(("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFO", "NOT KNOWN", "No", "version"))
