"""Shared by the tests of this folder: DynamoDB Local, a table for each; the command line, a snapshot file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from benchmarks.estate import snapshot_document
from dev.processes import dynamodb_local
from tests.support.dynamodb import create_findings_table, local_client
from vpcguard.findings.store import CLIENT_CONFIG

Json = dict[str, Any]
Run = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).parents[2]
# nothing answers there: whoever asks AWS fails at once
NO_AWS = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
_numbers = count()


@pytest.fixture
def vpcguard(tmp_path: Path) -> Run:
    """Runs the command line as a process of its own."""

    def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "vpcguard.cli", *map(str, arguments)]
        kept = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT / "functions")}
        variables = {**kept, **NO_AWS, **environment}
        return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)

    return run


@pytest.fixture(scope="module")
def document() -> Json:
    """Forty functions in nine networks, one kind each; every read was answered."""
    return snapshot_document(functions=40, vpcs=9)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Json], Path]:
    def written(document: Json) -> Path:
        path = tmp_path / "snapshot.json"
        path.write_text(json.dumps(document))
        return path

    return written


@pytest.fixture(scope="session")
def dynamodb_url() -> Iterator[str]:
    with dynamodb_local() as url:
        # a new server takes seconds for its first table where the machine is busy
        create_findings_table(local_client(url), "first")
        yield url


@pytest.fixture(scope="session")
def dynamodb(dynamodb_url: str) -> Any:
    """A client as the functions use it."""
    return local_client(dynamodb_url, config=CLIENT_CONFIG)


@pytest.fixture
def table_name(dynamodb_url: str) -> Iterator[str]:
    """An empty findings table, made from template.yaml, by a client that waits for a busy machine."""
    patient, name = local_client(dynamodb_url), f"findings-{next(_numbers)}"
    create_findings_table(patient, name)
    yield name
    patient.delete_table(TableName=name)
