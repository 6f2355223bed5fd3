"""`vpcguard audit --snapshot`: the same file gives the same bytes and the same exit code, anywhere."""

from __future__ import annotations

import copy
import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from vpcguard.model import Finding

Json = dict[str, Any]
Run = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).parents[2]
ARN = "arn:aws:lambda:{}:{}:function:function-00003"


def test_the_same_file_gives_the_same_bytes_whatever_the_surroundings(
    vpcguard: Run, write: Callable[[Json], Path], document: Json, tmp_path: Path
) -> None:
    """A verdict that depends on locale, time zone, hash seed or compression cannot be compared."""
    path = write(document)
    packed = tmp_path / "snapshot.json.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))

    first = vpcguard("audit", "--snapshot", path, "--format", "jsonl", LANG="C.UTF-8", PYTHONHASHSEED="1")
    second = vpcguard(
        "audit", "--snapshot", packed, "--format", "jsonl", LANG="C", TZ="Asia/Tokyo", PYTHONHASHSEED="2"
    )

    assert (first.returncode, first.stderr) == (0, "")
    assert (second.returncode, second.stdout) == (0, first.stdout)


def test_jsonl_is_sorted_complete_and_alone_on_stdout(
    vpcguard: Run, write: Callable[[Json], Path], document: Json
) -> None:
    """semantics: every field, null where unknown, sorted by function name, then rule id."""
    run = vpcguard("audit", "--snapshot", write(document), "--format", "jsonl")

    findings = [json.loads(line) for line in run.stdout.splitlines()]
    assert {tuple(finding) for finding in findings} == {tuple(field.name for field in fields(Finding))}
    keys = [(finding["function_name"], finding["rule_id"]) for finding in findings]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys) > 10
    assert {finding["status"] for finding in findings} <= {"open", "undetermined"}
    moments = {finding[name] for finding in findings for name in ("first_seen", "last_seen", "changed_at")}
    assert moments == {document["captured_at"]}


@pytest.mark.parametrize(("fail_on", "code"), [("critical", 1), ("info", 1), (None, 0)])
def test_open_findings_fail_only_where_asked(
    vpcguard: Run, write: Callable[[Json], Path], document: Json, fail_on: str | None, code: int
) -> None:
    arguments = ["--fail-on", fail_on] if fail_on else []

    run = vpcguard("audit", "--snapshot", write(document), *arguments)

    assert (run.returncode, run.stderr) == (code, "")


def test_jsonl_tells_what_was_not_read_beside_the_findings(
    vpcguard: Run, write: Callable[[Json], Path], document: Json
) -> None:
    """A log that shows nothing but a 3 helps nobody; and nobody listed is not nobody at fault."""
    unlisted = copy.deepcopy(document)
    del unlisted["answers"]["lambda:ListFunctions"]

    run = vpcguard("audit", "--snapshot", write(unlisted), "--format", "jsonl")

    assert (run.returncode, run.stdout) == (3, "")
    assert run.stderr.startswith("Not read: lambda:ListFunctions in 111122223333 eu-west-1")


def test_a_refused_read_is_3_and_what_was_read_is_reported(
    vpcguard: Run, write: Callable[[Json], Path], document: Json
) -> None:
    """3 comes before 1: findings are there, but they are not all there may be."""
    refused = copy.deepcopy(document)
    del refused["answers"]["ec2:DescribeNatGateways"]
    refused["failures"] = {
        "ec2:DescribeNatGateways": {"code": "UnauthorizedOperation", "message": "not allowed"}
    }

    run = vpcguard("audit", "--snapshot", write(refused), "--fail-on", "info")

    assert (run.returncode, run.stderr) == (3, "")
    said = " ".join(run.stdout.split())
    assert "ec2:DescribeNatGateways in 111122223333 eu-west-1: UnauthorizedOperation: not allowed" in said
    assert "Grant ec2:DescribeNatGateways to the role that reads 111122223333." in said
    assert "az.single_az" in run.stdout


def test_an_unread_operation_is_3_only_where_a_verdict_waits_for_it(
    vpcguard: Run, write: Callable[[Json], Path], document: Json
) -> None:
    """Prefix lists decide nothing here; route tables decide nearly everything."""
    harmless, needed = copy.deepcopy(document), copy.deepcopy(document)
    del harmless["answers"]["lambda:ListEventSourceMappings"]
    del needed["answers"]["ec2:DescribeRouteTables"]

    assert vpcguard("audit", "--snapshot", write(needed), "--format", "jsonl").returncode == 3
    harmless["answers"]["lambda:ListFunctions"]["Functions"] = [
        function
        for function in harmless["answers"]["lambda:ListFunctions"]["Functions"]
        if "VpcConfig" not in function
    ]
    assert vpcguard("audit", "--snapshot", write(harmless), "--format", "jsonl").returncode == 0


def test_an_odd_resource_is_left_out_named_and_no_failed_read(
    vpcguard: Run, write: Callable[[Json], Path], document: Json
) -> None:
    """Endpoints of VPC Lattice have no ServiceName: one of them must not hide a whole account."""
    odd = copy.deepcopy(document)
    endpoints = odd["answers"]["ec2:DescribeVpcEndpoints"]["VpcEndpoints"]
    vpc_id = endpoints[0]["VpcId"]
    more = {"VpcId": vpc_id, "State": "available"}
    endpoints += [
        {"VpcEndpointId": "vpce-0resource", "VpcEndpointType": "Resource", **more},
        {"VpcEndpointId": "vpce-0network", "VpcEndpointType": "ServiceNetwork", **more},
    ]
    unheard = copy.deepcopy(odd)
    unheard["answers"]["ec2:DescribeVpcEndpoints"]["VpcEndpoints"] += [
        {"VpcEndpointId": "vpce-0odd", "VpcEndpointType": "Interface", **more}
    ]
    for subnet in unheard["answers"]["ec2:DescribeSubnets"]["Subnets"]:
        del subnet["AvailabilityZoneId"]

    whole, lattice, without = (
        vpcguard("audit", "--snapshot", write(one), "--format", "jsonl") for one in (document, odd, unheard)
    )

    assert (lattice.returncode, lattice.stderr) == (0, "")
    kept = ("function_name", "rule_id", "status", "message")
    assert [[json.loads(line)[key] for key in kept] for line in lattice.stdout.splitlines()] == [
        [json.loads(line)[key] for key in kept] for line in whole.stdout.splitlines()
    ]
    assert without.returncode == 0
    assert without.stderr.splitlines() == [
        "Left out: 1 resource that AWS answered without what judging takes.",
        "Left out: in 111122223333 ec2:DescribeVpcEndpoints answered without ServiceName of vpce-0odd.",
    ]
    assert "undetermined" in without.stdout


def test_a_missing_resource_and_an_opaque_path_are_no_failed_reads(
    vpcguard: Run, write: Callable[[Json], Path], document: Json
) -> None:
    """The transit gateway of the generated account is a question, not a fault of ours."""
    absent = copy.deepcopy(document)
    absent["failures"] = {
        "lambda:GetFunctionConfiguration": {
            "gone": {"code": "ResourceNotFoundException", "message": "Function not found"}
        }
    }

    run = vpcguard("audit", "--snapshot", write(absent), "--format", "json")

    assert (run.returncode, run.stderr) == (0, "")
    assert "tgw-central" in json.loads(run.stdout)["summary"]["waiting_for"]


def test_one_function_is_reported_alone(vpcguard: Run, write: Callable[[Json], Path], document: Json) -> None:
    path = write(document)
    everything = vpcguard("audit", "--snapshot", path, "--format", "jsonl").stdout.splitlines(keepends=True)

    run = vpcguard("audit", "--snapshot", path, "--format", "jsonl", "--function", "function-00003")

    assert run.returncode == 0
    assert run.stdout == "".join(line for line in everything if '"function_name":"function-00003"' in line)
    assert run.stdout


def test_an_arn_is_a_name_as_well(vpcguard: Run, write: Callable[[Json], Path], document: Json) -> None:
    path = write(document)
    arn = f"{ARN.format('eu-west-1', '111122223333')}:live"

    by_arn = vpcguard("audit", "--snapshot", path, "--format", "jsonl", "--function", arn)
    by_name = vpcguard("audit", "--snapshot", path, "--format", "jsonl", "--function", "function-00003")

    assert (by_arn.returncode, by_arn.stderr) == (0, "")
    assert by_arn.stdout == by_name.stdout != ""


def test_a_folder_receives_the_report_and_stdout_nothing(
    vpcguard: Run, write: Callable[[Json], Path], document: Json, tmp_path: Path
) -> None:
    path = write(document)

    run = vpcguard("audit", "--snapshot", path, "--format", "jsonl", "--out", tmp_path / "a" / "b")

    assert (run.returncode, run.stdout) == (0, "")
    written = (tmp_path / "a" / "b" / "findings.jsonl").read_text()
    assert written == vpcguard("audit", "--snapshot", path, "--format", "jsonl").stdout


def test_the_page_is_the_same_on_stdout_and_in_a_file_and_details_add_every_finding(
    vpcguard: Run, write: Callable[[Json], Path], document: Json, tmp_path: Path
) -> None:
    path = write(document)
    shown = vpcguard("audit", "--snapshot", path).stdout
    detailed = vpcguard("audit", "--snapshot", path, "--details").stdout
    findings = vpcguard("audit", "--snapshot", path, "--format", "jsonl").stdout.splitlines()

    vpcguard("audit", "--snapshot", path, "--out", tmp_path / "out")

    assert (tmp_path / "out" / "findings.txt").read_text() == shown
    assert len(shown.splitlines()) < 80
    assert detailed.count(" (111122223333 eu-west-1)\n") == len(findings)
    assert " (111122223333 eu-west-1)\n" not in shown


def test_the_configuration_counts(
    vpcguard: Run, write: Callable[[Json], Path], document: Json, tmp_path: Path
) -> None:
    """A rule that is switched off says nothing, and the digest of the configuration is on every finding."""
    config = tmp_path / "config.yaml"
    config.write_text("version: 1\nrules:\n  az.single_az: {enabled: false}\n")
    path = write(document)

    plain = [
        json.loads(line)
        for line in vpcguard("audit", "--snapshot", path, "--format", "jsonl").stdout.splitlines()
    ]
    run = vpcguard("audit", "--snapshot", path, "--format", "jsonl", "--config", config)
    configured = [json.loads(line) for line in run.stdout.splitlines()]

    assert "az.single_az" in {finding["rule_id"] for finding in plain}
    assert "az.single_az" not in {finding["rule_id"] for finding in configured}
    assert {f["config_digest"] for f in plain}.isdisjoint({f["config_digest"] for f in configured})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "does not hold JSON"),
        (b"\x1f\x8b broken", "does not hold JSON"),
        (b"[]", "must be an object"),
        (b'{"schema_version": 2}', "schema_version"),
        (b"\xff\xfe", "does not hold JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (gzip.compress(b" " * (1 << 20)) * 3_000, "more than 512 MiB of JSON"),  # 3 MB that unpack to 3 GB
    ],
    ids=["no JSON", "broken gzip", "a list", "another version", "no UTF-8", "nested deeply", "a bomb"],
)
def test_a_file_that_is_no_snapshot_is_2(vpcguard: Run, tmp_path: Path, content: bytes, said: str) -> None:
    """2, never 1: a broken file must not look like findings, and not like none."""
    path = tmp_path / "snapshot.json"
    path.write_bytes(content)

    run = vpcguard("audit", "--snapshot", path, "--format", "jsonl")

    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith(f"vpcguard: {path}: ")
    assert said in run.stderr
    assert run.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--snapshot", "missing.json"], ": missing.json: cannot be read: No such file or directory\n"),
        (["--snapshot", "."], ": .: cannot be read: Is a directory\n"),
        (["--snapshot", "FILE", "--out", "FILE"], "cannot be written: --out takes a folder"),
        (["--snapshot", "FILE", "--out", "FILE/below"], "FILE/below: Not a directory"),
        (["--snapshot", "FILE", "--function", "a b"], "neither the name nor the ARN"),
        (["--snapshot", "FILE", "--function", ARN.format("eu-north-1", "111122223333")], "is elsewhere"),
        (["--snapshot", "FILE", "--function", ARN.format("eu-west-1", "999999999999")], "is elsewhere"),
        (["--snapshot", "FILE", "--region", "eu-west-1"], "--snapshot reads no AWS"),
        (["--snapshot", "FILE", "--states"], "--snapshot reads no AWS"),
        (["--snapshot", "FILE", "--function", "no-such"], "no such function: no-such"),
        (["--snapshot", "FILE", "--config", "missing.yaml"], "missing.yaml: cannot be read: No such file"),
        (["--snapshot", "FILE", "--config", "FILE"], "'schema_version' was unexpected"),
        (["--snapshot", "FILE", "--format", "csv"], "csv"),
        (["--snapshot", "FILE", "--fail-on", "worst"], "worst"),
        (["--snapshot", "FILE", "--nonsense"], "--nonsense"),
        (["--role-arn", "admin", "--region", "eu-west-1"], "ARN of an IAM role"),
        ([], "no region"),
        (["--region", "eu-west-1"], "127.0.0.1:9"),
        (["--region", "eu west 1"], "there is no region 'eu west 1'; did you mean eu-west-1?"),
        (["--region", "xx-weird-5"], "there is no region 'xx-weird-5'"),
        (["--profile", "nobody"], "nobody"),
    ],
)
def test_what_cannot_be_meant_is_2_with_a_reason(
    vpcguard: Run, write: Callable[[Json], Path], document: Json, arguments: list[str], said: str
) -> None:
    """Usage, configuration, credentials and an endpoint out of reach: the caller has to change something."""
    path = str(write(document))

    run = vpcguard("audit", *(one.replace("FILE", path) for one in arguments))

    assert (run.returncode, run.stdout) == (2, "")
    assert said.replace("FILE", path) in run.stderr
    assert "[Errno" not in run.stderr
    assert "Traceback" not in run.stderr


def test_missing_credentials_are_2(vpcguard: Run) -> None:
    nowhere = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}

    run = vpcguard("audit", "--region", "eu-west-1", **nowhere)

    assert (run.returncode, run.stdout) == (2, "")
    assert "credentials" in run.stderr


def test_a_reader_that_leaves_early_is_no_finding(
    vpcguard: Run, write: Callable[[Json], Path], document: Json
) -> None:
    """`vpcguard audit ... | head -1` in a pipeline: 141, as every program ends there, never 1."""
    command = [
        sys.executable,
        "-m",
        "vpcguard.cli",
        "audit",
        "--snapshot",
        str(write(document)),
        "--format",
        "jsonl",
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    process.stdout.close()

    assert (process.wait(60), process.stderr.read()) == (141, b"")
    process.stderr.close()
