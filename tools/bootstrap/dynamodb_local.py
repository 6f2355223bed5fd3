"""DynamoDB Local: 77 jars, each pinned in tools/dynamodb-local.lock, in one flat folder."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from tools.bootstrap.download import download, sha256_of
from tools.bootstrap.errors import UnavailableError
from tools.bootstrap.host import TOOLS, Host, say
from tools.bootstrap.sources import Source, first_that_works

LOCK = TOOLS / "dynamodb-local.lock"
_POM = TOOLS / "dynamodb-local.pom.xml"
_CONNECTIONS = 8
_ADVICE = (
    "Make Maven Central reachable (HTTPS_PROXY is honoured), set VPCGUARD_MAVEN_URL to a mirror of\n"
    "https://repo1.maven.org/maven2, or install Maven with its settings; then run `make setup` again."
)


def provide_dynamodb_local(host: Host, lock: Path = LOCK) -> Path:
    """Return the folder with all jars: from the cache, else from Maven Central, else by Maven."""
    jars = read_lock(lock)
    target = host.cache / f"dynamodb-local-{_version(jars)}-{_digest(lock)}"
    sources = [
        Source("Maven Central", lambda: _filled(host, target, lambda to: _from_central(host, jars, to))),
        Source("mvn", lambda: _filled(host, target, lambda to: _from_maven(host, jars, to))),
    ]
    with host.locked(target.name):
        if target.is_dir():
            return target
        return first_that_works("DynamoDB Local", sources, _ADVICE)


def read_lock(lock: Path) -> Mapping[str, str]:
    """Return the SHA-256 of each jar by its path in a Maven repository."""
    lines = [line.split() for line in lock.read_text().splitlines() if not line.startswith("#")]
    return {path: sha256 for sha256, path in lines}


def _filled(host: Host, target: Path, fill: Callable[[Path], None]) -> Path:
    folder = Path(tempfile.mkdtemp(dir=host.cache, prefix=f".{target.name}."))
    try:
        fill(folder)
        folder.chmod(0o755)
        folder.rename(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return target


def _from_central(host: Host, jars: Mapping[str, str], folder: Path) -> None:
    server = host.environ.get("VPCGUARD_MAVEN_URL", "https://repo1.maven.org/maven2")
    say(f"DynamoDB Local: downloading {len(jars)} jars, 48 MB")
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        running = [
            pool.submit(download, f"{server}/{path}", sha256, folder / PurePosixPath(path).name)
            for path, sha256 in jars.items()
        ]
        try:
            for one in running:
                one.result()
        except UnavailableError:
            pool.shutdown(cancel_futures=True)
            raise


def _from_maven(host: Host, jars: Mapping[str, str], folder: Path) -> None:
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
    host.run([host.which("mvn"), "--batch-mode", "--quiet", "-f", _POM, *goal])
    expected = {PurePosixPath(path).name: sha256 for path, sha256 in jars.items()}
    for file in folder.iterdir():
        if file.name not in expected:
            file.unlink()  # native libraries, which the main jar carries as well
    found = {file.name: sha256_of(file) for file in folder.iterdir()}
    if wrong := sorted(name for name in expected if found.get(name) != expected[name]):
        raise UnavailableError(f"refused, other content than in {LOCK.name}: {', '.join(wrong)}")


def _version(jars: Mapping[str, str]) -> str:
    return next(PurePosixPath(path).parts[-2] for path in jars if "/DynamoDBLocal/" in path)


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()[:8]
