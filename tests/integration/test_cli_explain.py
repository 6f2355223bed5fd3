"""`vpcguard explain`: from a file and from a live account, with the exit codes of the other commands."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from benchmarks.auditing import environment, fake_aws

Json = dict[str, Any]
Run = Callable[..., subprocess.CompletedProcess[str]]
NAME = "function-00003"
ACCOUNT, REGION = "111122223333", "eu-west-1"


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    with fake_aws(60, 9) as url:
        yield url


def test_a_file_is_explained_and_violations_are_no_error(
    vpcguard: Run, write: Callable[[Json], Path], document: Json
) -> None:
    run = vpcguard("explain", NAME, "--snapshot", write(document), "--format", "json")

    assert (run.returncode, run.stderr) == (0, "")
    told = json.loads(run.stdout)
    assert (told["function"], told["account_id"], told["region"]) == (NAME, ACCOUNT, REGION)
    assert "violation" in {rule["verdict"] for rule in told["rules"]}
    assert all(rule["reason"] for rule in told["rules"])
    assert all(subnet["path"]["hops"] for subnet in told["subnets"])


def test_it_says_the_same_as_the_audit_of_the_same_file(
    vpcguard: Run, write: Callable[[Json], Path], document: Json
) -> None:
    path = write(document)

    audit = vpcguard("audit", "--snapshot", path, "--function", NAME, "--format", "jsonl")
    told = json.loads(vpcguard("explain", NAME, "--snapshot", path, "--format", "json").stdout)

    found = {(f["rule_id"], f["message"]) for f in map(json.loads, audit.stdout.splitlines())}
    assert found == {
        (rule["id"], rule["reason"]) for rule in told["rules"] if rule["verdict"] in ("violation", "unknown")
    }
    assert found


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("width", [80, 120])
def test_text_keeps_to_the_width_and_to_what_the_stream_can_write(
    vpcguard: Run, write: Callable[[Json], Path], document: Json, width: int, encoding: str
) -> None:
    path = write(document)

    run = vpcguard("explain", NAME, "--snapshot", path, COLUMNS=str(width), PYTHONIOENCODING=encoding)

    assert (run.returncode, run.stderr) == (0, "")
    assert max(map(len, run.stdout.splitlines())) <= width
    assert run.stdout.startswith(f"HIGH: {NAME} cannot reach the internet: ")
    assert run.stdout.isascii() == (encoding == "ascii")
    assert "\\u" not in run.stdout


def test_all_shows_what_passes_too(vpcguard: Run, write: Callable[[Json], Path], document: Json) -> None:
    path = write(document)

    few, every = (vpcguard("explain", NAME, "--snapshot", path, *more).stdout for more in ([], ["--all"]))

    assert "az.single_az: Its subnets lie in two or more" not in few
    assert "az.single_az: Its subnets lie in two or more" in every


@pytest.mark.parametrize("spelling", ["", ":$LATEST"])
def test_an_arn_is_a_name_as_well(
    vpcguard: Run, write: Callable[[Json], Path], document: Json, spelling: str
) -> None:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}{spelling}"

    assert vpcguard("explain", arn, "--snapshot", write(document)).returncode == 0


def test_an_alias_is_explained_by_what_it_serves(
    vpcguard: Run, write: Callable[[Json], Path], document: Json
) -> None:
    served = copy.deepcopy(document)
    [latest] = [
        one for one in served["answers"]["lambda:ListFunctions"]["Functions"] if one["FunctionName"] == NAME
    ]
    network = {**latest["VpcConfig"], "SubnetIds": latest["VpcConfig"]["SubnetIds"][:1]}
    weights = {"AdditionalVersionWeights": {"8": 0.1}}
    alias = {"Name": "live", "FunctionVersion": "7", "RoutingConfig": weights}
    versions = [{"Version": "7", "VpcConfig": network}, {"Version": "8", "VpcConfig": latest["VpcConfig"]}]
    served["answers"]["lambda:ListAliases"] = {NAME: {"Aliases": [alias]}}
    served["answers"]["lambda:ListVersionsByFunction"] = {NAME: {"Versions": versions}}
    served["not_requested"] = []

    run = vpcguard("explain", f"{NAME}:live", "--snapshot", write(served), "--format", "json")

    assert (run.returncode, run.stderr) == (0, "")
    told = json.loads(run.stdout)
    [other] = told["other_versions"]
    assert [told["qualifier"], told["version"], told["weight"], other["version"]] == ["live", "7", 0.9, "8"]
    assert [len(one["subnets"]) for one in (told, other)] == [1, len(latest["VpcConfig"]["SubnetIds"])]


def test_what_an_alias_serves_is_not_guessed(
    vpcguard: Run, write: Callable[[Json], Path], document: Json
) -> None:
    run = vpcguard("explain", f"{NAME}:live", "--snapshot", write(document))

    assert (run.returncode, run.stdout) == (3, "")
    assert "lambda:ListAliases was not read; it needs the permission lambda:ListAliases" in run.stderr


def test_the_configuration_counts(
    vpcguard: Run, write: Callable[[Json], Path], document: Json, tmp_path: Path
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("version: 1\nrules:\n  az.single_az: {enabled: false}\n")

    run = vpcguard("explain", NAME, "--snapshot", write(document), "--config", config, "--format", "json")

    rules = {rule["id"]: rule for rule in json.loads(run.stdout)["rules"]}
    assert rules["az.single_az"]["verdict"] == "off"
    assert rules["az.single_az"]["reason"] == "The configuration turns it off."


def test_a_refused_read_is_3_and_what_was_read_is_explained(
    vpcguard: Run, write: Callable[[Json], Path], document: Json
) -> None:
    refused = copy.deepcopy(document)
    del refused["answers"]["ec2:DescribeRouteTables"]
    refused["failures"] = {"ec2:DescribeRouteTables": {"code": "UnauthorizedOperation", "message": "no"}}

    run = vpcguard("explain", NAME, "--snapshot", write(refused))

    assert (run.returncode, run.stderr) == (3, "")
    assert run.stdout.startswith("NOT KNOWN, high: ")
    assert "To settle it: Grant ec2:DescribeRouteTables to the role that reads the account" in run.stdout
    assert f"Not read: ec2:DescribeRouteTables in {ACCOUNT} {REGION}: UnauthorizedOperation" in run.stdout


def test_a_read_that_never_happened_is_3_where_a_verdict_waits_for_it(
    vpcguard: Run, write: Callable[[Json], Path], document: Json
) -> None:
    unread = copy.deepcopy(document)
    del unread["answers"]["ec2:DescribeRouteTables"]

    run = vpcguard("explain", NAME, "--snapshot", write(unread), "--format", "json")

    assert run.returncode == 3
    assert [one["operation"] for one in json.loads(run.stdout)["unread"]] == ["ec2:DescribeRouteTables"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["function-00030x", "--snapshot", "FILE"], "did you mean function-00030"),
        (["FUNCTION-00007", "--snapshot", "FILE"], "did you mean function-00007"),
        (["zzz", "--snapshot", "FILE"], f"no function 'zzz' in {ACCOUNT} {REGION}\n"),
        (["a b\x1b[2J", "--snapshot", "FILE"], "neither the name nor the ARN"),
        ([f"arn:aws:lambda:{REGION}:999999999999:function:{NAME}", "--snapshot", "FILE"], "is elsewhere"),
        ([NAME, "--snapshot", "FILE", "--region", REGION], "--snapshot reads no AWS"),
        ([NAME, "--snapshot", "missing.json"], "missing.json"),
        ([NAME, "--snapshot", "FILE", "--format", "xml"], "xml"),
        ([NAME, "--region", REGION], "127.0.0.1:9"),
        (["--snapshot", "FILE"], "FUNCTION"),
    ],
)
def test_what_cannot_be_meant_is_2_with_a_reason(
    vpcguard: Run, write: Callable[[Json], Path], document: Json, arguments: list[str], said: str
) -> None:
    """A misspelt name must not look like a function in order."""
    path = str(write(document))

    run = vpcguard("explain", *(path if one == "FILE" else one for one in arguments))

    assert (run.returncode, run.stdout) == (2, "")
    assert said in run.stderr
    assert "Traceback" not in run.stderr
    assert "\x1b" not in run.stderr


def test_a_function_that_went_between_two_reads_is_not_there(
    vpcguard: Run, write: Callable[[Json], Path], document: Json
) -> None:
    """The list decides: what is left of it is in no verdict."""
    gone = copy.deepcopy(document)
    listed = gone["answers"]["lambda:ListFunctions"]["Functions"]
    (one,) = [function for function in listed if function["FunctionName"] == NAME]
    listed.remove(one)
    gone["answers"]["lambda:GetFunctionConfiguration"] = {NAME: one}

    run = vpcguard("explain", NAME, "--snapshot", write(gone))

    assert (run.returncode, run.stdout) == (2, "")
    assert f"no function '{NAME}' in {ACCOUNT} {REGION}" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_function_that_could_not_be_read_is_3(
    vpcguard: Run, write: Callable[[Json], Path], document: Json
) -> None:
    """Nobody knows whether it exists: that is no misspelling."""
    refused = copy.deepcopy(document)
    del refused["answers"]["lambda:ListFunctions"]
    refused["failures"] = {"lambda:ListFunctions": {"code": "AccessDeniedException", "message": "no"}}

    run = vpcguard("explain", "orders", "--snapshot", write(refused))

    assert (run.returncode, run.stdout) == (3, "")
    assert "orders could not be read: lambda:ListFunctions: AccessDeniedException" in run.stderr


@pytest.mark.parametrize(
    ("qualifier", "status", "said"), [("7", 0, ""), ("live", 2, f"{NAME} has no alias 'live'\n")]
)
def test_a_live_version_is_read_as_it_stands(
    vpcguard: Run, aws: str, qualifier: str, status: int, said: str
) -> None:
    run = vpcguard("explain", f"{NAME}:{qualifier}", "--region", REGION, **environment(aws))

    assert run.returncode == status
    assert said in run.stderr
    assert run.stdout.startswith(f"This is {NAME}:7, with the subnets" if status == 0 else "")


def test_a_live_function_is_explained_with_its_state(vpcguard: Run, aws: str) -> None:
    run = vpcguard("explain", NAME, "--region", REGION, "--format", "json", **environment(aws))

    assert (run.returncode, run.stderr) == (0, "")
    told = json.loads(run.stdout)
    assert told["function"] == NAME
    assert "state" in told["states"]


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        (
            "ResourceNotFoundException",
            2,
            f"no function '{NAME}' in {ACCOUNT} {REGION}; did you mean function-",
        ),
        ("AccessDeniedException", 3, f"{NAME} could not be read: lambda:GetFunctionConfiguration: Access"),
    ],
)
def test_a_live_function_that_is_not_there_is_told_from_one_that_is_hidden(
    vpcguard: Run, aws: str, code: str, status: int, said: str
) -> None:
    """The names of the others are asked for only then."""
    urlopen(f"{aws}/_reset?refuse=lambda:GetFunctionConfiguration&code={code}").close()  # noqa: S310  our own

    run = vpcguard("explain", NAME, "--region", REGION, **environment(aws))
    urlopen(f"{aws}/_reset").close()  # noqa: S310  our own server

    assert (run.returncode, run.stdout) == (status, "")
    assert said in run.stderr
