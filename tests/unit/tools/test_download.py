"""A downloaded file is complete and is the one that was pinned, or it is not there."""

import hashlib
import os
import stat
from pathlib import Path

import pytest

from tests.unit.tools.conftest import Server
from tools.bootstrap.download import download
from tools.bootstrap.errors import UnavailableError

CONTENT = b"a tool"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def test_the_pinned_file_is_put_in_place(server: Server, tmp_path: Path) -> None:
    server.files["/tool"] = CONTENT

    target = download(f"{server.url}/tool", SHA256, tmp_path / "new" / "tool", executable=True)

    assert target.read_bytes() == CONTENT
    assert os.access(target, os.X_OK)


def test_what_is_no_program_is_not_executable(server: Server, tmp_path: Path) -> None:
    server.files["/jar"] = CONTENT

    target = download(f"{server.url}/jar", SHA256, tmp_path / "jar")

    assert stat.S_IMODE(target.stat().st_mode) == 0o644


def test_other_content_is_refused_and_leaves_nothing_behind(server: Server, tmp_path: Path) -> None:
    server.files["/tool"] = b"another tool"

    with pytest.raises(UnavailableError, match=f"refused: {SHA256} was expected"):
        download(f"{server.url}/tool", SHA256, tmp_path / "tool")

    assert list(tmp_path.iterdir()) == []


def test_a_file_already_there_survives_a_failed_download(server: Server, tmp_path: Path) -> None:
    server.files["/tool"] = b"another tool"
    (tmp_path / "tool").write_bytes(CONTENT)

    with pytest.raises(UnavailableError):
        download(f"{server.url}/tool", SHA256, tmp_path / "tool")

    assert (tmp_path / "tool").read_bytes() == CONTENT


@pytest.mark.parametrize(("status", "times"), [(404, 1), (403, 1), (503, 3)])
def test_only_trouble_of_the_server_is_worth_asking_again(
    server: Server, tmp_path: Path, status: int, times: int
) -> None:
    server.status = status

    with pytest.raises(UnavailableError):
        download(f"{server.url}/tool", SHA256, tmp_path / "tool")

    assert server.asked == ["/tool"] * times


def test_no_server_is_a_reason_not_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="Connection refused"):
        download("http://127.0.0.1:1/tool", SHA256, tmp_path / "tool")
