"""`vpcguard audit` of 1,000 functions in 20 VPCs against a bare script, as whole processes."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from benchmarks.estate import snapshot_document
from benchmarks.figures import Figure, Section
from benchmarks.memory import PeakMemory
from dev.processes import stop

FUNCTIONS, VPCS = 1000, 20
RUNS = 5
DELAY_MS = 50
AUDIT = [sys.executable, "-m", "vpcguard.cli", "audit", "--region", "eu-west-1", "--format", "jsonl"]
BARE = [sys.executable, "-m", "benchmarks.bare_script", "all"]
BARER = [sys.executable, "-m", "benchmarks.bare_script", "networks"]
PER_FUNCTION = ("lambda:GetFunctionConfiguration", "lambda:ListTags", "lambda:ListAliases", "iam:GetRole")


def measure() -> Section:
    """Run both in turn, without and with 50 ms added to every answer."""
    with fake_aws(FUNCTIONS, VPCS) as url:
        audit, bare, barer = _compare(url, AUDIT, BARE, BARER, delay_ms=0)
        slow_audit, slow_bare = _compare(url, AUDIT, BARE, delay_ms=DELAY_MS)
        _reset(url, delay_ms=0)
        memory, _ = _run(AUDIT, url)
        calls = json.load(urlopen(f"{url}/_calls"))  # noqa: S310  our own server
    slow = f" with {DELAY_MS} ms added to every answer"
    figures = [
        Figure(name="AWS calls", value=sum(calls.values()), unit="calls", bound="at most", limit=115),
        Figure(
            name="AWS calls made per function",
            value=sum(calls.get(name, 0) for name in PER_FUNCTION),
            unit="calls",
            bound="at most",
            limit=0,
        ),
        Figure(name="wall time, vpcguard audit", value=audit, unit="s"),
        Figure(name="wall time, bare script", value=bare, unit="s"),
        Figure(name="ratio", value=audit / bare, unit="x", bound="at most", limit=4),
        Figure(name="wall time, bare script of functions and networks alone", value=barer, unit="s"),
        Figure(name="ratio to that", value=audit / barer, unit="x"),
        Figure(name=f"wall time, vpcguard audit,{slow}", value=slow_audit, unit="s"),
        Figure(name=f"wall time, bare script,{slow}", value=slow_bare, unit="s"),
        Figure(name=f"ratio,{slow}", value=slow_audit / slow_bare, unit="x", bound="at most", limit=1.2),
        Figure(name="peak memory, OPA included", value=memory / 1e6, unit="MB", bound="at most", limit=300),
    ]
    how = (
        f"{FUNCTIONS:,} functions in {VPCS} VPCs behind a server that pages ListFunctions at 50 "
        "(`benchmarks/fake_aws.py`), against plain boto3, one call after another, judging nothing "
        f"(`benchmarks/bare_script.py`). Whole processes, in turn; medians of {RUNS}."
    )
    return Section(title="Auditing an account", how=how, figures=figures)


@contextmanager
def fake_aws(functions: int, vpcs: int) -> Iterator[str]:
    """Serve a generated account; gives its URL."""
    with tempfile.TemporaryDirectory() as folder:
        snapshot = Path(folder) / "snapshot.json"
        snapshot.write_text(json.dumps(snapshot_document(functions=functions, vpcs=vpcs)))
        command = [sys.executable, "-m", "benchmarks.fake_aws", str(snapshot)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout  # noqa: S101  asked for above
                yield f"http://127.0.0.1:{int(process.stdout.readline())}"
            finally:
                stop(process)


def _compare(url: str, *commands: list[str], delay_ms: int) -> list[float]:
    """Return the median of each command in seconds."""
    _reset(url, delay_ms=delay_ms)
    for command in commands:
        _run(command, url)  # bytecode and the server's answers are made once
    rounds = [[_run(command, url)[1] for command in commands] for _ in range(RUNS)]
    return [statistics.median(walls) for walls in zip(*rounds, strict=True)]


def _run(command: list[str], url: str) -> tuple[int, float]:
    """Return peak memory in bytes, of the process and its children, and wall time in seconds."""
    start = time.perf_counter()
    process = subprocess.Popen(command, env=environment(url), stdout=subprocess.DEVNULL)
    with PeakMemory(process.pid) as memory:
        code = process.wait()
    if code:
        raise RuntimeError(f"{command[2]} ended with {code}")
    return memory.peak_bytes, time.perf_counter() - start


def environment(url: str) -> dict[str, str]:
    """Return an environment whose AWS is at `url`."""
    credentials = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
    place = {"AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true"}
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "PYTHONPATH") if key in os.environ}
    return {
        **kept,
        **credentials,
        **place,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def _reset(url: str, *, delay_ms: int) -> None:
    urlopen(f"{url}/_reset?delay_ms={delay_ms}").read()  # noqa: S310
