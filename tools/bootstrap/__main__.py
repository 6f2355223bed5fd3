"""Set the checkout up, or place OPA for another platform: `python3 -m tools.bootstrap --help`."""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.bootstrap.checkout import LINKS, is_current, link_tools
from tools.bootstrap.dynamodb_local import provide_dynamodb_local
from tools.bootstrap.environments import provide_ministack, sync_project
from tools.bootstrap.errors import BootstrapError
from tools.bootstrap.host import ROOT, Host, say, this_host
from tools.bootstrap.java import provide_java
from tools.bootstrap.releases import OPA, REGAL, place_release, provide_release
from tools.bootstrap.uv import provide_uv


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.bootstrap", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="{setup,opa}")
    commands.add_parser("setup", help="put every tool at its place in .tools/ and fill .venv (the default)")
    opa = commands.add_parser("opa", help="write the OPA binary of a platform to a file")
    opa.add_argument("--os", required=True, choices=["linux", "darwin"])
    opa.add_argument("--arch", required=True, choices=["amd64", "arm64"])
    opa.add_argument("--output", required=True, type=Path)
    chosen = parser.parse_args(arguments)
    host = this_host()
    try:
        if chosen.command == "opa":
            place_release(host, provide_uv(host), OPA, (chosen.os, chosen.arch), chosen.output.absolute())
        else:
            set_up(host)
    except BootstrapError as error:
        say(f"\n{error}")
        return 1
    return 0


def set_up(host: Host) -> None:
    """Provide every tool; what needs the network and what needs the processor overlap."""
    if is_current():
        sync_project(host, ROOT / ".tools" / LINKS["uv"])
        return
    uv = provide_uv(host)
    with ThreadPoolExecutor() as others, ThreadPoolExecutor(1) as builds:  # a build takes every processor
        environment = others.submit(sync_project, host, uv)
        running = {
            "opa": builds.submit(provide_release, host, uv, OPA),
            "regal": builds.submit(provide_release, host, uv, REGAL),
            "ministack": others.submit(provide_ministack, host, uv),
            "java": others.submit(provide_java, host, uv),
            "dynamodb-local": others.submit(provide_dynamodb_local, host),
        }
    failures = [failure for job in (environment, *running.values()) if (failure := job.exception())]
    if failures:
        raise BootstrapError("\n\n".join(str(failure) for failure in failures)) from failures[0]
    link_tools({"uv": uv, **{name: job.result() for name, job in running.items()}})
    say("Tools are ready in .tools/, the Python environment in .venv/")


if __name__ == "__main__":
    sys.exit(main())
