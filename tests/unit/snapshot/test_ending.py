"""Captures that fail end, all of them, and leave no thread behind: a warm process takes the next one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_two_hundred_captures_with_an_error_somewhere_all_end() -> None:
    """A future that is cancelled wakes nobody who waits for it by `concurrent.futures.wait`."""
    command = [sys.executable, "-m", "tests.support.failing_captures", "20261129", "200"]

    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (run.returncode, run.stderr) == (0, "")
    ended, failed = (int(word) for word in run.stdout.split() if word.isdecimal())
    assert ended == 200
    assert failed > 100
