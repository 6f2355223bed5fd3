"""Ctrl-C and its kind: what was started is stopped on the way out, and nobody waits for AWS any more."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn


class InterruptError(KeyboardInterrupt):
    """A signal asked us to end; raised in the main thread."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def listen() -> None:
    """Turn SIGINT, SIGTERM and SIGHUP into an exception."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # Windows has no SIGHUP
            signal.signal(getattr(signal, name), _raise)


def leave(number: int) -> NoReturn:
    """End at once with 128 + signal, as shells report it.

    Threads that still wait for AWS would hold the process for as long as their timeouts; everything
    that must be undone has been, while the exception came up.
    """
    sys.stderr.write("vpcguard: interrupted\n")
    sys.stderr.flush()
    os._exit(128 + number)


def _raise(number: int, frame: object) -> NoReturn:
    del frame
    raise InterruptError(number)
