"""`make run`: `dev.example`, supervised, so that no server outlives it, however it ends."""

from __future__ import annotations

import sys

from dev.supervised import run_supervised

if __name__ == "__main__":
    sys.exit(run_supervised("dev.example", []))
