"""uv: makes the Python environment, and installs the tools that come as wheels."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.bootstrap.errors import UnavailableError
from tools.bootstrap.host import Host
from tools.bootstrap.sources import Source, first_that_works, require_version, version_in
from tools.bootstrap.wheels import install_wheel, wheel_folder

OLDEST, TOO_NEW = (0, 9), (1,)
_ADVICE = (
    "Install uv (https://docs.astral.sh/uv/getting-started/installation/) so that `uv` is on PATH,\n"
    "or give Python its pip (Debian: apt install python3-pip), then run `make setup` again."
)


def provide_uv(host: Host) -> Path:
    """Return a uv that fits: from the cache, from PATH or from PyPI."""
    cached = _inside(wheel_folder(host, "uv"))
    if cached.is_file():
        return cached
    sources = [Source("PATH", lambda: _on_path(host)), Source("PyPI", lambda: _from_pypi(host))]
    return first_that_works("uv", sources, _ADVICE)


def _on_path(host: Host) -> Path:
    uv = host.which("uv")
    require_version(version_in(host.run([uv, "--version"])), at_least=OLDEST, below=TOO_NEW)
    return uv


def _from_pypi(host: Host) -> Path:
    with tempfile.TemporaryDirectory() as folder:
        return _inside(install_wheel(host, "uv", _pip(host, Path(folder))))


def _inside(wheel: Path) -> Path:
    return wheel / "bin" / "uv"


def _pip(host: Host, folder: Path) -> Sequence[str | Path]:
    """Return a pip command: Python's own, else one from an environment made for the purpose."""
    options = ["-m", "pip", "--disable-pip-version-check", "install"]
    try:
        host.run([sys.executable, "-m", "pip", "--version"])
    except UnavailableError:
        host.run([sys.executable, "-m", "venv", folder])
        return [folder / "bin" / "python", *options]
    return [sys.executable, *options]
