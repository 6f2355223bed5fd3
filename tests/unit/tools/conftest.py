"""A machine made of temporary folders, and a server on loopback with the files a test gives it."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tools.bootstrap.host import Host

Program = Callable[[str, str], Path]


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """The only folder on PATH besides the one the shell is in."""
    folder = tmp_path / "programs"
    folder.mkdir()
    return folder


@pytest.fixture
def program(programs: Path) -> Program:
    """Puts a shell script on PATH."""

    def write(name: str, script: str) -> Path:
        path = programs / name
        path.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
        path.chmod(0o755)
        return path

    return write


@dataclass
class Server:
    """Answers with its files, and with a status for what it does not have."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    status: int = 404
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on loopback."""
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            content = state.files.get(self.path)
            self.send_response(state.status if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def host(tmp_path: Path, programs: Path, server: Server) -> Host:
    """A machine with an empty cache that knows no server but the test's own."""
    environ = {
        "PATH": str(programs),
        "VPCGUARD_RELEASES_URL": server.url,
        "VPCGUARD_MAVEN_URL": f"{server.url}/maven2",
    }
    return Host(system="linux", arch="amd64", cache=tmp_path / "cache", environ=environ)
