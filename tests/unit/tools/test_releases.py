"""OPA and Regal come from the first of: cache, PATH, official release, Go build."""

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.tools.conftest import Program, Server
from tools.bootstrap.errors import ToolError
from tools.bootstrap.host import TOOLS, Host
from tools.bootstrap.releases import OPA, REGAL, Release, place_release, provide_release

BINARY = b"the official binary"
SHA256 = hashlib.sha256(BINARY).hexdigest()
RELEASE = replace(OPA, files={("linux", "amd64"): ("opa_linux_amd64_static", SHA256)})
ADDRESS = f"/open-policy-agent/opa/releases/download/v{OPA.version}/opa_linux_amd64_static"
UV = Path("/no/uv")
GO = """
if [ "$1" = version ]; then echo "go version go1.99.0 linux/amd64"; exit 0; fi
while [ "$1" != -o ]; do shift; done
echo "built for $GOOS/$GOARCH" > "$2"
"""


def test_a_newer_one_on_path_is_used(host: Host, program: Program, server: Server) -> None:
    opa = program("opa", 'echo "Version: 1.22.0"')

    assert provide_release(host, UV, RELEASE) == opa
    assert server.asked == []


@pytest.mark.parametrize("version", ["1.4.2", "2.0.0", "unknown"])
def test_one_on_path_that_does_not_fit_is_passed_over(
    host: Host, program: Program, server: Server, version: str
) -> None:
    program("opa", f'echo "Version: {version}"')
    server.files[ADDRESS] = BINARY

    assert provide_release(host, UV, RELEASE).read_bytes() == BINARY


def test_the_release_is_downloaded_once(host: Host, server: Server) -> None:
    server.files[ADDRESS] = BINARY

    first = provide_release(host, UV, RELEASE)

    assert provide_release(host, UV, RELEASE) == first
    assert server.asked == [ADDRESS]


def test_a_release_with_another_checksum_is_refused_and_built_instead(
    host: Host, program: Program, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.files[ADDRESS] = b"not the official binary"
    program("go", GO)

    assert provide_release(host, UV, RELEASE).read_text() == "built for linux/amd64\n"
    assert f"refused: {SHA256} was expected" in capsys.readouterr().err


def test_a_platform_without_a_known_checksum_is_built(host: Host, program: Program, server: Server) -> None:
    program("go", GO)

    found = provide_release(replace(host, system="darwin", arch="arm64"), UV, RELEASE)

    assert found.read_text() == "built for darwin/arm64\n"
    assert server.asked == []


def test_the_layer_gets_the_binary_of_its_own_platform(host: Host, program: Program, tmp_path: Path) -> None:
    """One on PATH is for this machine, not for Lambda."""
    program("opa", 'echo "Version: 1.22.0"')
    program("go", GO)

    output = place_release(host, UV, RELEASE, ("linux", "arm64"), tmp_path / "layer" / "opa")

    assert output.read_text() == "built for linux/arm64\n"


def test_nothing_works(host: Host, program: Program, server: Server) -> None:
    program("opa", 'echo "Version: 1.4.2"')
    program("go", 'echo "go version go1.19.1 linux/amd64"')

    with pytest.raises(ToolError) as raised:
        provide_release(host, UV, RELEASE)

    assert str(raised.value).splitlines() == [
        "opa 1.20.2 could not be made available. Tried:",
        "  - PATH: is 1.4.2, needs at least 1.20.2 and below 2",
        f"  - official release: {server.url}{ADDRESS}: HTTP Error 404: Not Found",
        (
            "  - Go build: no Go (PATH: is 1.19.1, needs at least 1.26.0 and below 2; "
            "PyPI: /no/uv: No such file or directory)"
        ),
        "Put opa 1.20.2 on PATH (https://www.openpolicyagent.org/docs#1-download-opa), install Go,",
        "or set VPCGUARD_RELEASES_URL to a mirror of github.com; then run `make setup` again.",
    ]


@pytest.mark.parametrize("release", [OPA, REGAL], ids=lambda release: release.name)
def test_release_and_go_module_pin_the_same_version(release: Release) -> None:
    module = (TOOLS / "go" / release.name / "go.mod").read_text()

    assert f"github.com/{release.repository} v{release.version}" in module
    assert all(re.fullmatch("[0-9a-f]{64}", sha256) for _, sha256 in release.files.values())


def test_lambda_layer_needs_no_build_where_the_release_can_be_downloaded() -> None:
    assert ("linux", "arm64") in OPA.files
