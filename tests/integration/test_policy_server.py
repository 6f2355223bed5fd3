"""The OPA that we start ourselves: it comes up, it is ours, and nothing of it stays."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from vpcguard.errors import OpaUnavailableError
from vpcguard.policy.bundle import build_bundle
from vpcguard.policy.server import running_opa, starting_opa

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "policies").mkdir()
    (folder / "policies" / "a.rego").write_text("package vpcguard\n\ndecision := 1\n")
    build_bundle(folder / "policies", folder / "bundle.tar.gz")
    return folder / "bundle.tar.gz"


def _answers(url: str) -> bool:
    host, _, port = url.removeprefix("http://").partition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def test_it_answers_inside_the_block_and_is_gone_behind_it(bundle: Path) -> None:
    with running_opa(bundle) as url:
        assert _answers(url)

    assert not _answers(url)


@pytest.mark.parametrize(
    "drawn", ["1234567890123456", "0000000000000000", "0123456789012345", "1e5", "12e4567890123456"]
)
def test_it_starts_whatever_digits_are_drawn_to_know_it_by(
    bundle: Path, monkeypatch: pytest.MonkeyPatch, drawn: str
) -> None:
    """OPA reads a label of digits alone as a number and ends: one start in 1,900 was of that kind."""
    monkeypatch.setattr(secrets, "token_hex", lambda _: drawn)

    with running_opa(bundle) as url:
        assert _answers(url)


@pytest.mark.thorough
def test_a_thousand_starts_come_up(bundle: Path) -> None:
    def start(_: int) -> bool:
        with running_opa(bundle) as url:
            return _answers(url)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(start, range(1_000))) == 1_000


def test_an_exception_in_the_block_leaves_nothing_running(bundle: Path) -> None:
    with pytest.raises(KeyboardInterrupt), running_opa(bundle) as url:  # noqa: PT012  the block is the subject
        assert _answers(url)
        raise KeyboardInterrupt

    assert not _answers(url)


def test_two_at_once_do_not_meet(bundle: Path) -> None:
    with running_opa(bundle) as first, running_opa(bundle) as second:
        assert first != second
        assert _answers(first)
        assert _answers(second)


def test_policies_that_do_not_compile_are_named(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "a.rego").write_text("package vpcguard\n\ndecision := undefined_function(1)\n")
    build_bundle(tmp_path / "policies", tmp_path / "bundle.tar.gz")

    with (
        pytest.raises(OpaUnavailableError, match="undefined function undefined_function"),
        running_opa(tmp_path / "bundle.tar.gz"),
    ):
        pass


def test_a_program_that_never_answers_is_stopped(bundle: Path, tmp_path: Path) -> None:
    program = tmp_path / "opa"
    program.write_text("#!/bin/sh\necho nothing works; exit 3\n")
    program.chmod(0o755)

    with (
        pytest.raises(OpaUnavailableError, match=r"(did not come up|ended with code 3): nothing works"),
        running_opa(bundle, opa=program),
    ):
        pass


def test_a_script_around_opa_takes_opa_along(bundle: Path, tmp_path: Path) -> None:
    program = tmp_path / "opa"
    program.write_text(f'#!/bin/sh\n{ROOT}/.tools/bin/opa "$@"\nexit $?\n')
    program.chmod(0o755)

    with running_opa(bundle, opa=program) as url:
        assert _answers(url)

    deadline = time.monotonic() + 5  # its parent is waited for, and it dies at the same time
    while _answers(url) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _answers(url)


def test_what_is_coming_up_can_be_asked_whether_it_still_is(bundle: Path, tmp_path: Path) -> None:
    program = tmp_path / "opa"
    program.write_text("#!/bin/sh\necho nothing works; exit 3\n")
    program.chmod(0o755)

    with starting_opa(bundle) as opa:
        opa.check()
        assert _answers(opa.url())
        opa.check()
    with starting_opa(bundle, opa=program) as opa:
        opa.process.wait()
        with pytest.raises(OpaUnavailableError, match="ended with code 3: nothing works"):
            opa.check()


def test_a_port_taken_in_between_is_not_taken_for_ours(bundle: Path, tmp_path: Path) -> None:
    """Between finding a free port and binding it, anybody can take it, even another OPA."""
    opa = ROOT / ".tools" / "bin" / "opa"
    program = tmp_path / "opa"  # at its first start another OPA is faster
    program.write_text(
        textwrap.dedent(f"""\
            #!/bin/sh
            if [ ! -e {tmp_path}/stranger ]; then
                for one in "$@"; do case $one in --addr=*) address=$one ;; esac; done
                setsid {opa} run --server "$address" --skip-version-check --log-level=error &
                echo $! > {tmp_path}/stranger
                sleep 0.5
            fi
            exec {opa} "$@"
            """)
    )
    program.chmod(0o755)

    try:
        with running_opa(bundle, opa=program) as url:
            assert requests.post(f"{url}/v1/data/vpcguard/decision", timeout=5).json()["result"] == 1
    finally:
        os.kill(int((tmp_path / "stranger").read_text()), signal.SIGKILL)


CHILD = """
import sys, time
from pathlib import Path
from vpcguard.policy.server import running_opa
with running_opa(Path(sys.argv[1])) as url:
    print(url, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_a_parent_that_is_stopped(bundle: Path, how: signal.Signals) -> None:
    """No clean-up of ours runs when we are killed, and Ctrl-C comes at any time."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "functions")}
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(bundle)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    ) as child:
        assert child.stdout is not None
        url = child.stdout.readline().strip()
        assert _answers(url)
        child.send_signal(how)
        child.wait(10)

    deadline = time.monotonic() + 5
    while _answers(url) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _answers(url)
