"""What leaves the process besides a report: its exit code, words on stderr, files.

Exit codes: 0 done, 1 open findings at or above --fail-on, 2 usage or configuration, 3 a read failed. Where
several hold, 2 comes before 3 and 3 before 1. A verdict that waits for an opaque target (a transit gateway,
say) is no failed read. An interrupt is 128 + signal, so that it is never taken for findings.
"""

from __future__ import annotations

import os
import sys
import tempfile
import unicodedata
from contextlib import suppress
from pathlib import Path
from typing import Final

from vpcguard.errors import ConfigurationError

DONE: Final = 0
FINDINGS: Final = 1
USAGE: Final = 2
READ_FAILED: Final = 3
BROKEN_PIPE: Final = 141  # as the shell reports SIGPIPE

# Cc: control characters and escapes; Cf: invisible and direction marks; Cs: lone surrogates, which no
# terminal encoding can write; Zl, Zp: line breaks that are no "\n"; Co, Cn: no meaning anywhere
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"})


def say(line: str) -> None:
    """Write a line to stderr, which escapes what the terminal cannot show."""
    sys.stderr.write(f"{line}\n")


def visible(text: str) -> str:
    r"""Return the text with everything invisible spelled out, e.g. an escape as \x1b.

    Names and messages come from audited accounts and from files: a terminal must show them, never obey them.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_spelled(character) for character in text)


def _spelled(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def write_file(path: Path, content: bytes) -> None:
    """Put content in place of a file: complete or not at all, readable by its owner alone.

    Raises ConfigurationError where the folder takes no file.
    """
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise
