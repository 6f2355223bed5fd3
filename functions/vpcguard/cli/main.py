"""`vpcguard`: the command line's entry. A new command is a module beside this one and a row here."""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from importlib.metadata import version
from typing import NoReturn

from vpcguard.cli.output import BROKEN_PIPE, DONE, READ_FAILED, USAGE, say, visible
from vpcguard.errors import ReadError, VpcGuardError

# Module of a command -> the first line of its help. Each is imported when its command is asked for:
# what reads AWS and asks OPA is slow to import, and `rules` and --help need none of it.
COMMANDS = {
    "vpcguard.cli.audit": "Judge the networks of a live account's functions, or of a snapshot. Read-only.",
    "vpcguard.cli.capture": (
        "Write a snapshot of an account and region: what AWS answered, without environment values or code."
    ),
    "vpcguard.cli.explain": (
        "Say what is wrong with one function, or with what an alias or version of it serves, "
        "and draw its way to the internet."
    ),
    "vpcguard.cli.exemptions": "What is exempt, who said so, and until when; import from a file.",
    "vpcguard.cli.findings": "What the hub recorded, from its table or its API. Read-only.",
    "vpcguard.cli.rules": "The rules: what they judge, and how they are shipped.",
    "vpcguard.cli.serve": "The hub's API on this machine, with a page for the browser.",
}


def app(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command that the arguments name, by default those of the process, and exit with its code."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # Windows has no SIGHUP
            signal.signal(getattr(signal, name), _interrupt)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names can hold what a terminal cannot show
    sys.exit(_code_of(partial(_run, sys.argv[1:] if arguments is None else list(arguments))))


def _run(arguments: list[str]) -> int:
    """Parse and run; argparse ends with 2 for arguments it does not take, as usage errors must."""
    parser = _parser(arguments)
    found, unrecognized = parser.parse_known_args(arguments)
    options = vars(found)
    used: argparse.ArgumentParser = options.pop("used", parser)
    run: Callable[..., int] | None = options.pop("run", None)
    is_version_asked = options.pop("version")
    if unrecognized:  # told by the command's own parser, with its own usage
        used.error(f"unrecognized arguments: {' '.join(unrecognized)}")
    if is_version_asked:
        sys.stdout.write(f"vpcguard {version('vpcguard')}\n")
        return DONE
    if run is None:  # a command is missing
        used.print_help(sys.stderr)
        return USAGE
    return run(**options)


def _parser(arguments: list[str]) -> argparse.ArgumentParser:
    words = "Finds Lambda functions whose VPC network cannot do what they need; changes nothing in them."
    parser = argparse.ArgumentParser(prog="vpcguard", description=words, allow_abbrev=False)
    parser.add_argument("--version", action="store_true", help="show the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    asked = next((one for one in arguments if not one.startswith("-")), None)
    for module, summary in COMMANDS.items():
        name = module.rpartition(".")[2]
        command = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        command.set_defaults(used=command)
        if name == asked:
            import_module(module).add_options(command)
    return parser


# ---- errors and signals ----


class InterruptError(KeyboardInterrupt):
    """A signal asked us to end; raised in the main thread, so that what was started is stopped."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _interrupt(number: int, frame: object) -> NoReturn:
    del frame
    raise InterruptError(number)


def _code_of(command: Callable[[], int]) -> int:
    """Return a command's exit code; an error becomes words on stderr and a code.

    An error never ends as 1, which means findings: errors of usage, configuration, credentials and
    reach, and faults of our own end as 2, reads that AWS kept refusing as 3.
    """
    try:
        code = command()
        sys.stdout.flush()
    except InterruptError as interrupt:
        say("vpcguard: interrupted")
        sys.stderr.flush()
        # At once: threads that still wait for AWS would hold the process for as long as their timeouts, and
        # everything that must be undone has been, while the exception came up.
        os._exit(128 + interrupt.number)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains at exit
        return BROKEN_PIPE
    except ReadError as error:
        _say_error(error)
        return READ_FAILED
    except (VpcGuardError, OSError) as error:
        _say_error(error)
        if advice := _advice_on(error):
            say(f"vpcguard: {advice}")
        return USAGE
    except Exception as error:  # noqa: BLE001  Python would end with 1, which means findings
        # by name, so that commands without AWS need not import botocore
        is_of_aws = type(error).__module__.partition(".")[0] == "botocore"
        if not is_of_aws:
            traceback.print_exc()
        _say_error(error)
        if is_of_aws and (advice := _advice_on(error)):
            say(f"vpcguard: {advice}")
        return USAGE
    return code


def _say_error(error: Exception) -> None:
    """Say what an error says; of a file, which one and what is wrong with it, without the number."""
    words = str(error)
    if isinstance(error, OSError) and error.filename and error.strerror:
        words = f"{error.filename}: {error.strerror}"
    say(f"vpcguard: {visible(words) or type(error).__name__}")


_EXPIRED = "The credentials have expired: sign in again."
_INVALID = "AWS does not know these credentials: sign in again, or check key, secret and session token."
_NONE = "Sign in, name a profile with --profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
_ROLE_REFUSED = (
    "The role does not exist, does not trust these credentials, or they may not assume it; "
    "one that expects an external id gets it from EXTERNAL_ID, together with AUDIT_ROLE_NAME."
)
# https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html; others have names of their own
_ADVICE_BY_CODE = {
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "RequestExpired": _EXPIRED,
    "AuthFailure": _INVALID,
    "InvalidClientTokenId": _INVALID,
    "InvalidSignatureException": _INVALID,
    "SignatureDoesNotMatch": _INVALID,
    "UnrecognizedClientException": _INVALID,
}
_ADVICE_BY_TYPE = {
    "NoCredentialsError": _NONE,
    "PartialCredentialsError": _NONE,
    "CredentialRetrievalError": _NONE,
}


def _advice_on(error: Exception) -> str | None:
    """Return what to do about an error of botocore's or a NothingReadError; None: not about who asks."""
    response = getattr(error, "response", None)
    code = (
        response.get("Error", {}).get("Code") if isinstance(response, dict) else getattr(error, "code", None)
    )
    if code == "AccessDenied" and getattr(error, "operation_name", None) == "AssumeRole":
        return _ROLE_REFUSED
    known = _ADVICE_BY_CODE | _ADVICE_BY_TYPE
    return known.get(str(code)) or known.get(type(error).__name__)
