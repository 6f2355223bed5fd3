"""`vpcguard serve` as a process of its own, over a table in DynamoDB Local."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dev.processes import stop

ROOT = Path(__file__).parents[2]
START_SECONDS = 60


def serving_environment(dynamodb: str, sts: str) -> Mapping[str, str]:
    """Return what the process needs to know: DynamoDB Local, an STS, and credentials for both."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "functions"),
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb,
        "AWS_ENDPOINT_URL_STS": sts,
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",  # nothing else is asked
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def start_serving(*options: str, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start it on a free port, unless the options say otherwise."""
    return subprocess.Popen(
        [sys.executable, "-m", "vpcguard.cli", "serve", "--port", "0", *options],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def url_of(process: subprocess.Popen[str]) -> str:
    """Return the URL that it prints once it listens, without the slash at its end."""
    assert process.stdout is not None
    assert process.stderr is not None
    if not select.select([process.stdout], [], [], START_SECONDS)[0]:
        raise AssertionError("vpcguard serve says nothing")
    return process.stdout.readline().strip().removesuffix("/") or process.stderr.read()


@contextmanager
def serving(*options: str, environment: Mapping[str, str]) -> Iterator[str]:
    """Serve for as long as the context lasts; gives the URL."""
    process = start_serving(*options, environment=environment)
    try:
        yield url_of(process)
    finally:
        stop(process)
        process.communicate()
