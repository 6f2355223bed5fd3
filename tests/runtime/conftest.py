"""A layer with the real extension and the real OPA; the bundle is the one that a test needs."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from tests.support.sandbox import ROOT, lay_out_layer

POLICY = 'package sample\n\nanswer := sprintf("judged %s", [input.function])\n'


@pytest.fixture(scope="session")
def opa() -> Path:
    found = ROOT / ".tools" / "bin" / "opa"
    return found if found.exists() else Path(str(shutil.which("opa")))


@pytest.fixture
def opa_url() -> str:
    """A free port: two checkouts may be tested at once."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture(scope="session")
def sample_layer(tmp_path_factory: pytest.TempPathFactory, opa: Path) -> Path:
    """A layer whose policy is one line: for what the extension does, whatever the policies say."""
    folder = tmp_path_factory.mktemp("sample")
    (folder / "sample.rego").write_text(POLICY)
    bundle = folder / "bundle.tar.gz"
    subprocess.run([opa, "build", "--bundle", ".", "--output", bundle], cwd=folder, check=True)
    lay_out_layer(folder / "opt", opa=opa, bundle=bundle)
    return folder / "opt"
