"""Names and messages come from audited accounts: a terminal must show them, never obey them."""

from __future__ import annotations

import pytest

from vpcguard.cli.output import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("orders-api", "orders-api"),
        ("Bestellübersicht 注文", "Bestellübersicht 注文"),
        ("\x1b[2J\x1b]0;owned\x07", r"\x1b[2J\x1b]0;owned\x07"),
        ("a\nb\r\tc\x00", r"a\nb\r\tc\x00"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\x9b31m", r"\x9b31m"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("\ud800", r"\ud800"),
        ("line\u2028break", r"line\u2028break"),
    ],
)
def test_what_cannot_be_seen_is_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown
