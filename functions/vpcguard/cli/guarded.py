"""What an error becomes for the caller of a command: words on stderr and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from vpcguard.cli.credentials import advice_on
from vpcguard.cli.exits import BROKEN_PIPE, READ_FAILED, USAGE
from vpcguard.cli.interrupts import InterruptError, leave
from vpcguard.cli.visible import visible
from vpcguard.errors import ReadError, VpcGuardError

P = ParamSpec("P")


def guarded(command: Callable[P, int]) -> Callable[P, None]:
    """Turn a function that returns an exit code into a command that ends with it.

    An error never ends as 1, which means findings: errors of usage, configuration, credentials and
    reach, and faults of our own end as 2, reads that AWS kept refusing as 3.
    """

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        raise SystemExit(_code_of(command, *args, **kwargs))

    return run


def _code_of(command: Callable[P, int], *args: P.args, **kwargs: P.kwargs) -> int:
    try:
        code = command(*args, **kwargs)
        sys.stdout.flush()
    except InterruptError as interrupt:
        leave(interrupt.number)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains at exit
        return BROKEN_PIPE
    except ReadError as error:
        return _said(error, READ_FAILED)
    except (VpcGuardError, OSError) as error:
        return _said(error, USAGE)
    except Exception as error:  # noqa: BLE001  Python would end with 1, which means findings
        if type(error).__module__.partition(".")[0] in ("botocore", "boto3"):
            _said(error, USAGE)  # by name, so that commands without AWS need not import botocore
            if (advice := advice_on(error)) is not None:
                say(f"vpcguard: {advice}")
            return USAGE
        import traceback  # noqa: PLC0415  only where a fault of ours is shown

        traceback.print_exc()
        return _said(error, USAGE)
    return code


def _said(error: Exception, code: int) -> int:
    say(f"vpcguard: {visible(_words(error)) or type(error).__name__}")
    return code


def _words(error: Exception) -> str:
    """Return what an error says; of a file, which one and what is wrong with it, without the number."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def say(line: str) -> None:
    """Write a line to stderr, which escapes what the terminal cannot show."""
    sys.stderr.write(f"{line}\n")
