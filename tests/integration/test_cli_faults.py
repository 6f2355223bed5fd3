"""`vpcguard audit` of an AWS of which something is broken: what was read is judged and shown, and it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.auditing import environment, fake_aws
from tests.support.disturbed_aws import EVERY, FAULTS, DisturbedAws, disturbed_aws

Json = dict[str, Any]
ROOT = Path(__file__).parents[2]
OPERATION = "ec2:DescribeNatGateways"
FEW = ("400", "500", "garbage", "half", "throttle")
HERE, THERE = "eu-west-1", "ap-east-1"
_ITS_OWN = {"snapshot_digest", "first_seen", "opened_at", "confirmed_at", "last_seen", "changed_at"}


@pytest.fixture(scope="module")
def aws() -> Iterator[DisturbedAws]:
    with fake_aws(20, 9) as url, disturbed_aws(url) as disturbed:
        yield disturbed


@pytest.fixture(autouse=True)
def _calm(aws: DisturbedAws) -> Iterator[None]:
    yield
    aws.calm()


def _audit(aws: DisturbedAws, *arguments: str) -> tuple[int, list[Json], str]:
    """Return the exit code, the findings, and what stderr says."""
    run = subprocess.run(
        [sys.executable, "-m", "vpcguard.cli", "audit", "--format", "jsonl", *arguments],
        env={**environment(aws.url), "PYTHONPATH": str(ROOT / "functions"), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return run.returncode, [json.loads(line) for line in run.stdout.splitlines()], run.stderr


@pytest.fixture(scope="module")
def undisturbed(aws: DisturbedAws) -> list[Json]:
    code, findings, said = _audit(aws)
    assert (code, said) == (0, "")
    return findings


def _check(aws: DisturbedAws, undisturbed: list[Json], fault: str) -> None:
    aws.disturb(OPERATION, fault)

    code, findings, said = _audit(aws, "--fail-on", "info")

    assert code == 3
    assert said.startswith(f"Not read: {OPERATION} in 111122223333 {HERE}: ")
    before = {_key(one): one for one in undisturbed}
    certain = [one for one in findings if one["status"] == "open"]
    assert len(certain) > 10
    for one in certain:
        whole = before[_key(one)]
        assert {name: one[name] for name in one.keys() - _ITS_OWN} == {
            name: whole[name] for name in whole.keys() - _ITS_OWN
        }
    waiting = [one for one in findings if one["status"] == "undetermined" and _key(one) not in before]
    assert all(OPERATION in one["evidence"]["unknown"] for one in waiting)


def _key(finding: Json) -> tuple[str, str]:
    return finding["function_name"], finding["rule_id"]


@pytest.mark.parametrize("fault", FEW)
def test_one_list_that_goes_wrong_is_3_and_the_rest_is_reported(
    aws: DisturbedAws, undisturbed: list[Json], fault: str
) -> None:
    _check(aws, undisturbed, fault)


@pytest.mark.thorough
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in FEW])
def test_one_list_that_goes_wrong_in_any_way_is_3(
    aws: DisturbedAws, undisturbed: list[Json], fault: str
) -> None:
    """All that the short run leaves out: every attempt at a silent endpoint takes its time."""
    _check(aws, undisturbed, fault)


@pytest.mark.parametrize(
    ("fault", "why"),
    [("not enabled", "most likely the account has not enabled this region"), ("500", "InternalFailure")],
)
def test_a_region_that_cannot_be_read_does_not_hide_the_others(
    aws: DisturbedAws, undisturbed: list[Json], fault: str, why: str
) -> None:
    aws.disturb(EVERY, fault, region=THERE)

    code, findings, said = _audit(aws, "--region", THERE, "--region", HERE)

    assert code == 3
    assert {(one["function_name"], one["rule_id"]) for one in findings} == {*map(_key, undisturbed)}
    assert said.startswith(f"Not read: the whole region in 111122223333 {THERE}: ")
    assert why in said


def test_where_nothing_at_all_can_be_read_it_is_2_and_says_why(aws: DisturbedAws) -> None:
    aws.disturb(EVERY, "500")

    code, findings, said = _audit(aws, "--region", THERE, "--region", HERE)

    assert (code, findings) == (2, [])
    assert said.startswith(f"vpcguard: nothing could be read in {THERE}: ")
    assert said.endswith(": InternalFailure: disturbed\n")


def test_regions_that_may_not_be_listed_are_2_and_say_what_to_grant(aws: DisturbedAws) -> None:
    aws.disturb("ec2:DescribeRegions", "403")

    code, findings, said = _audit(aws, "--all-regions")

    assert (code, findings) == (2, [])
    assert said == (
        "vpcguard: the regions may not be listed: UnauthorizedOperation: "
        "grant ec2:DescribeRegions, or name regions with --region\n"
    )


@pytest.mark.parametrize("fault", ["500", "garbage", "half", "list"])
def test_regions_that_cannot_be_listed_are_2(aws: DisturbedAws, fault: str) -> None:
    """What else there is to read is not known."""
    aws.disturb("ec2:DescribeRegions", fault)

    code, findings, said = _audit(aws, "--all-regions")

    assert (code, findings) == (2, [])
    assert said.startswith("vpcguard: ")
    assert "Traceback" not in said


def test_one_of_all_regions_that_cannot_be_read_is_3_and_the_others_are_reported(
    aws: DisturbedAws, undisturbed: list[Json]
) -> None:
    aws.disturb(EVERY, "500", region="eu-north-1")

    code, findings, said = _audit(aws, "--all-regions")

    assert code == 3
    assert {(one["region"], *_key(one)) for one in findings} == {(HERE, *_key(one)) for one in undisturbed}
    assert "Not read: the whole region in 111122223333 eu-north-1: " in said
