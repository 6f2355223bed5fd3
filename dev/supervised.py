"""Runs a module so that nothing outlives it: whatever it started dies with it, however it ends.

The module runs in a session of its own, so that Ctrl-C reaches only us: we ask it to stop, once, and
then end what is left of its process group. A signal between a fork and the line that remembers the
child would otherwise leave a server behind.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress

GRACE_SECONDS = 10.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_supervised(module: str, arguments: list[str]) -> int:
    """Run `python -m module` and return its exit code, 128 + number after a signal."""
    received: list[int] = []
    for number in SIGNALS:
        signal.signal(number, lambda got, _: received.append(got))
    command = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(command, start_new_session=True)
    try:
        code = _wait(process, received)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return 128 + received[0] if received else code


def _wait(process: subprocess.Popen[bytes], received: list[int]) -> int:
    while not received:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(0.1)
    process.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_SECONDS)
    return 1
