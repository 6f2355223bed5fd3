"""200 whole audits, each of an AWS of which one operation goes wrong: every one of them ends, and says so."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import pytest

from benchmarks.auditing import environment, fake_aws
from tests.contract.properties.test_faults import CALLED
from tests.support.disturbed_aws import EVERY, FAULTS, DisturbedAws, disturbed_aws

ROOT = Path(__file__).parents[2]
RUNS, AT_ONCE, SEED = 200, 8, 20261129
SECONDS = 300  # eight at a time on a slow machine; a silent endpoint alone takes some 20 for each region
REGIONS = FIRST, SECOND = "eu-west-1", "eu-north-1"
NOT_READ = "us-east-1"
NOT_CALLED = "ec2:GetManagedPrefixListEntries"  # no group of this account names a prefix list


@dataclass(frozen=True)
class Drawn:
    """What goes wrong in one audit, and what it is asked for."""

    operation: str
    fault: str
    region: str
    fail_on: bool


@dataclass(frozen=True)
class Ended:
    """How an audit ended; code None: it did not."""

    drawn: Drawn
    code: int | None
    stdout: str
    stderr: str
    seconds: float

    def complaint(self) -> str:
        """Return what is wrong with it; nothing, if it ended as it should."""
        is_of_iam = self.drawn.operation.startswith("iam:")  # which the first region reads for both
        is_spared = (
            self.drawn.region == NOT_READ
            or self.drawn.operation == NOT_CALLED
            or (is_of_iam and self.drawn.region == SECOND)
        )
        expected = 3 if not is_spared else 1 if self.drawn.fail_on else 0
        if self.code != expected:
            return (
                f"{self.drawn}: {self.code}, not {expected}, after {self.seconds:.0f} s: {self.stderr[-300:]}"
            )
        if "Traceback" in self.stderr:
            return f"{self.drawn}: {self.stderr[-2000:]}"
        looked = [one["region"] for one in json.loads(self.stdout)["looked"]]
        return "" if looked == [*REGIONS] else f"{self.drawn}: of {looked} alone"


def draw(number: int) -> Drawn:
    """Return the fault of one run; the same number, the same fault."""
    chance = random.Random(SEED + number)  # noqa: S311  nobody must not foresee it
    return Drawn(
        operation=chance.choice(CALLED["account"]),
        fault=chance.choice([*FAULTS]),
        region=chance.choice([*REGIONS, EVERY, NOT_READ]),
        fail_on=chance.random() < 0.5,
    )


def audit(drawn: Drawn, stand_ins: SimpleQueue[DisturbedAws]) -> Ended:
    """Run one process against a stand-in of its own."""
    aws, began = stand_ins.get(), time.monotonic()
    aws.disturb(drawn.operation, drawn.fault, region=drawn.region)
    asked = [word for region in REGIONS for word in ("--region", region)]
    command = [sys.executable, "-m", "vpcguard.cli", "audit", "--format", "json", *asked]
    try:
        run = subprocess.run(
            [*command, *(["--fail-on", "info"] if drawn.fail_on else [])],
            env={**environment(aws.url), "PYTHONPATH": str(ROOT / "functions")},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        code, stdout, stderr = run.returncode, run.stdout, run.stderr
    except subprocess.TimeoutExpired:
        code, stdout, stderr = None, "", "it did not end"
    finally:
        aws.calm()
        stand_ins.put(aws)
    return Ended(drawn, code, stdout, stderr, time.monotonic() - began)


@pytest.fixture(scope="module")
def stand_ins() -> Iterator[SimpleQueue[DisturbedAws]]:
    with ExitStack() as stack:
        url = stack.enter_context(fake_aws(20, 9))
        waiting: SimpleQueue[DisturbedAws] = SimpleQueue()
        for _ in range(AT_ONCE):
            waiting.put(stack.enter_context(disturbed_aws(url)))
        yield waiting


@pytest.mark.thorough
def test_two_hundred_audits_of_an_aws_that_goes_wrong_somewhere_all_end(
    stand_ins: SimpleQueue[DisturbedAws],
) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ended = list(pool.map(lambda number: audit(draw(number), stand_ins), range(RUNS)))

    assert [complaint for one in ended if (complaint := one.complaint())] == []
    assert len(ended) == RUNS
