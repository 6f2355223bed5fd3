"""OPA and Regal: what is pinned, where the official binaries are, and how they are built otherwise."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.bootstrap.download import download
from tools.bootstrap.errors import ToolError, UnavailableError
from tools.bootstrap.go import provide_go, required_go
from tools.bootstrap.host import TOOLS, Host, say
from tools.bootstrap.sources import Source, Version, first_that_works, require_version, version_in


@dataclass(frozen=True, slots=True)
class Release:
    """One version of a tool: its official binaries with their SHA-256, and its Go module.

    The module's folder is tools/go/<name>; go.sum there pins every source file of a build.
    """

    name: str
    version: str
    too_new: Version
    repository: str
    files: Mapping[tuple[str, str], tuple[str, str]]
    linker_flags: str
    home: str

    @property
    def title(self) -> str:
        """Name and version, as they are told to the user."""
        return f"{self.name} {self.version}"


OPA = Release(
    name="opa",
    version="1.20.2",
    too_new=(2,),  # a newer OPA on PATH is welcome: the policy tests tell whether it judges the same
    repository="open-policy-agent/opa",
    files={
        ("linux", "amd64"): (
            "opa_linux_amd64_static",
            "69da5179ee403d10fa11bab6cfb4ffb0d23dba5f9b682fa977db772a1da5670f",
        ),
        ("linux", "arm64"): (
            "opa_linux_arm64_static",
            "431bed5a365578241ab06c7cc1c7d0cdff8c11dcbc6f12c3488590deb8b8d66d",
        ),
        ("darwin", "amd64"): (
            "opa_darwin_amd64",
            "e9b8d205db1aeaa6ec350855087b7d7fc014e7728b65cdf822464ee59e63f601",
        ),
        ("darwin", "arm64"): (
            "opa_darwin_arm64",
            "54e7008e696d39e8e4f96594e2b71bcbe45fd9a4f838102bcf1240638bf3fbe1",
        ),
    },
    linker_flags="-s -w",  # no symbols: 43 MB instead of 59
    home="https://www.openpolicyagent.org/docs#1-download-opa",
)
REGAL = Release(
    name="regal",
    version="0.42.0",
    too_new=(0, 43),  # another Regal knows other rules
    repository="open-policy-agent/regal",
    files={
        ("linux", "amd64"): (
            "regal_Linux_x86_64",
            "2ebd3c93e4b325b735dbc4851a033e4d7830e88a79c47c8d087ea75c061cec67",
        ),
    },
    # a build from the module proxy knows its version only if it is told
    linker_flags="-s -w -X github.com/open-policy-agent/regal/pkg/version.Version=0.42.0",
    home="https://www.openpolicyagent.org/projects/regal#download-regal",
)


def provide_release(host: Host, uv: Path, release: Release) -> Path:
    """Return the tool for this machine: from the cache, from PATH, downloaded or built."""
    on_path = Source("PATH", lambda: _on_path(host, release))
    return _provide(host, uv, release, (host.system, host.arch), on_path)


def place_release(host: Host, uv: Path, release: Release, platform: tuple[str, str], output: Path) -> Path:
    """Put the tool for any platform at a path of the caller's, as the Lambda layer needs OPA."""
    found = _provide(host, uv, release, platform)
    output.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(found, output)
    return output


def _provide(host: Host, uv: Path, release: Release, platform: tuple[str, str], *first: Source) -> Path:
    folder = host.cache / "-".join([release.name, release.version, *platform])
    target = folder / release.name
    sources = [
        *first,
        Source("official release", lambda: _download(host, release, platform, target)),
        Source("Go build", lambda: _build(host, uv, release, platform, target)),
    ]
    with host.locked(folder.name):
        if target.is_file():
            return target
        return first_that_works(release.title, sources, _advice(release))


def _on_path(host: Host, release: Release) -> Path:
    found = host.which(release.name)
    version = version_in(host.run([found, "version"]), r"Version:\s*v?(\d+(?:\.\d+)+)")
    require_version(version, at_least=version_in(release.version), below=release.too_new)
    return found


def _download(host: Host, release: Release, platform: tuple[str, str], target: Path) -> Path:
    if platform not in release.files:
        raise UnavailableError(f"no checksum is known for {'/'.join(platform)}")
    file, sha256 = release.files[platform]
    server = host.environ.get("VPCGUARD_RELEASES_URL", "https://github.com")
    url = f"{server}/{release.repository}/releases/download/v{release.version}/{file}"
    return download(url, sha256, target, executable=True)


def _build(host: Host, uv: Path, release: Release, platform: tuple[str, str], target: Path) -> Path:
    module = TOOLS / "go" / release.name
    try:
        go = provide_go(host, uv, required_go(module))
    except ToolError as error:
        reasons = "; ".join(f"{source}: {reason}" for source, reason in error.tried)
        raise UnavailableError(f"no Go ({reasons})") from error
    say(f"{release.title}: building from the Go module proxy, about a minute")
    system, arch = platform
    settings = {
        "CGO_ENABLED": "0",  # static: runs on musl and on Lambda's glibc alike
        "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false",
        "GOOS": system,
        "GOARCH": arch,
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        output = Path(folder) / release.name
        options = ("-ldflags", release.linker_flags, "-o", output)
        host.run((go, "-C", module, "build", *options, f"github.com/{release.repository}"), **settings)
        output.replace(target)
    return target


def _advice(release: Release) -> str:
    return (
        f"Put {release.title} on PATH ({release.home}), install Go,\n"
        "or set VPCGUARD_RELEASES_URL to a mirror of github.com; then run `make setup` again."
    )
