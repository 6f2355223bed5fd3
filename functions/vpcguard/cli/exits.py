"""Exit codes: 0 done, 1 open findings at or above --fail-on, 2 usage or configuration, 3 a read failed.

Where several hold, 2 comes before 3 and 3 before 1. A verdict that waits for an opaque target (a
transit gateway, say) is no failed read. An interrupt is 128 + signal, so that it is never taken for findings.
"""

from __future__ import annotations

from typing import Final

from vpcguard.cli.report import SEVERITIES, Report
from vpcguard.model import Severity

DONE: Final = 0
FINDINGS: Final = 1
USAGE: Final = 2
READ_FAILED: Final = 3
BROKEN_PIPE: Final = 141  # as the shell reports SIGPIPE


def status_of(report: Report, fail_on: Severity | None) -> int:
    """Return the exit code of an audit that ran to its end."""
    if report.unread:
        return READ_FAILED
    if fail_on is None:
        return DONE
    failing = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    return FINDINGS if any(severity in failing for severity in report.counts("open")) else DONE
