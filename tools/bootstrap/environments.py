"""The Python environments: the project's own in .venv, and MiniStack's in the cache."""

import hashlib
import os
from pathlib import Path

from tools.bootstrap.errors import ToolError, UnavailableError
from tools.bootstrap.host import ROOT, TOOLS, Host, say

_ADVICE = "Make PyPI reachable (uv reads UV_DEFAULT_INDEX and HTTPS_PROXY), then run `make setup` again."


def sync_project(host: Host, uv: Path) -> Path:
    """Make .venv hold what uv.lock says, no more and no less; return where it is."""
    environment = ROOT / ".venv"
    if not environment.is_dir():
        say("Python environment: installing what uv.lock names into .venv")
    _sync(host, uv, ROOT, environment, "the Python environment")
    return environment


def provide_ministack(host: Host, uv: Path) -> Path:
    """Return the MiniStack program; its environment is apart, for it pins an older botocore."""
    project = TOOLS / "ministack"
    digest = hashlib.sha256((project / "uv.lock").read_bytes()).hexdigest()[:8]
    environment = host.cache / f"ministack-{digest}"
    program = environment / "bin" / "ministack"
    with host.locked(environment.name):
        if not (program.exists() and (environment / "bin" / "python").exists()):
            say("MiniStack: installing from PyPI")
            _sync(host, uv, project, environment, "MiniStack")
    return program


def _sync(host: Host, uv: Path, project: Path, environment: Path, title: str) -> None:
    try:
        command = (uv, "sync", "--quiet", "--locked", "--project", project)
        host.run(command, UV_PROJECT_ENVIRONMENT=os.fspath(environment))
    except UnavailableError as error:
        raise ToolError(title, [("uv sync", str(error))], _ADVICE) from error
