"""Untrusted text on a terminal: names and messages come from audited accounts and from files."""

from __future__ import annotations

import unicodedata

# Cc: control characters and escapes; Cf: invisible and direction marks; Cs: lone surrogates, which no
# terminal encoding can write; Zl, Zp: line breaks that are no "\n"; Co, Cn: no meaning anywhere
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"})


def visible(text: str) -> str:
    r"""Return the text with everything invisible spelled out, e.g. an escape as \x1b."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_spelled(character) for character in text)


def one_line(text: str) -> str:
    """Return a sentence as one line: metadata in YAML brings its own line breaks along."""
    return visible(" ".join(text.split()))


def _spelled(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
