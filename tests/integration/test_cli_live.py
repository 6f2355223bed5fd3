"""`vpcguard audit` and `capture` against a live account: one that answers from a snapshot."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from benchmarks.auditing import environment, fake_aws

Json = dict[str, Any]
ROOT = Path(__file__).parents[2]
FUNCTIONS, VPCS = 60, 9


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    with fake_aws(FUNCTIONS, VPCS) as url:
        yield url


def _start(url: str, *arguments: str, **more: str) -> subprocess.Popen[str]:
    variables = {**environment(url), "PYTHONPATH": str(ROOT / "functions"), **more}
    return subprocess.Popen(
        [sys.executable, "-m", "vpcguard.cli", *arguments],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _run(url: str, *arguments: str, **more: str) -> tuple[int, str, str]:
    process = _start(url, *arguments, **more)
    stdout, stderr = process.communicate(timeout=60)
    return process.returncode, stdout, stderr


def _calls(url: str) -> dict[str, int]:
    with urlopen(f"{url}/_calls") as answer:  # noqa: S310  our own server
        return dict(json.load(answer))


def _reset(url: str, *, delay_ms: int = 0, refuse: str = "", code: str = "") -> None:
    refusal = f"&refuse={refuse}&code={code}" if refuse else ""
    urlopen(f"{url}/_reset?delay_ms={delay_ms}{refusal}").close()  # noqa: S310  our own server


def test_a_live_audit_and_its_capture_judged_later_say_the_same(aws: str, tmp_path: Path) -> None:
    """That is what a snapshot is for. Only the moment of reading, and what hangs on it, may differ."""
    file = tmp_path / "today.json.gz"

    code, stdout, stderr = _run(aws, "audit", "--format", "jsonl")
    captured = _run(aws, "capture", "--out", str(file))
    later = _run("http://127.0.0.1:9", "audit", "--snapshot", str(file), "--format", "jsonl")

    assert (code, stderr) == (0, "")
    assert captured == (0, "", f"written: {file}\n")
    assert later[0] == 0
    assert _verdicts(later[1]) == _verdicts(stdout) != []


def test_a_live_audit_makes_no_call_for_each_function_unless_asked(aws: str) -> None:
    """Lambda gives a whole account 15 such calls a second, and deployments need them."""
    _reset(aws)
    assert _run(aws, "audit", "--format", "jsonl")[0] == 0
    assert _calls(aws).get("lambda:GetFunctionConfiguration", 0) == 0

    _reset(aws)
    assert _run(aws, "audit", "--format", "jsonl", "--states", LAMBDA_CONTROL_PLANE_RPS="1000")[0] == 0
    assert _calls(aws)["lambda:GetFunctionConfiguration"] == FUNCTIONS


def test_an_opa_that_has_ended_stops_the_reading_too(aws: str, tmp_path: Path) -> None:
    """Nobody would judge what is read, and Lambda's calls are for all who share the account."""
    program = tmp_path / "opa"
    program.write_text("#!/bin/sh\necho no such machine; exit 7\n")
    program.chmod(0o755)
    _reset(aws, delay_ms=20)

    code, stdout, stderr = _run(aws, "audit", "--states", OPA_PATH=str(program))

    assert (code, stdout) == (2, "")
    assert f"{program} ended with code 7: no such machine" in stderr
    assert "lambda:GetFunctionConfiguration" not in _calls(aws)


def test_one_function_is_read_without_listing_the_account(aws: str) -> None:
    _reset(aws)

    code, stdout, stderr = _run(aws, "audit", "--format", "json", "--function", "function-00003")

    assert (code, stderr) == (0, "")
    assert json.loads(stdout)["looked"][0]["functions"] == ["function-00003"]
    assert _calls(aws).get("lambda:ListFunctions", 0) == 0


def test_one_function_is_captured_by_its_arn_and_no_namesake_elsewhere(aws: str, tmp_path: Path) -> None:
    file, arn = tmp_path / "one.json", "arn:aws:lambda:{}:111122223333:function:function-00003"

    code, _, said = _run(aws, "capture", "--out", str(file), "--function", arn.format("eu-north-1"))
    assert (code, file.exists()) == (2, False)
    assert "is elsewhere" in said

    assert _run(aws, "capture", "--out", str(file), "--function", arn.format("eu-west-1"))[0] == 0
    assert [*json.loads(file.read_text())["answers"]["lambda:GetFunctionConfiguration"]] == ["function-00003"]


def test_a_capture_that_cannot_be_written_names_its_file(aws: str, tmp_path: Path) -> None:
    file = tmp_path / "no folder" / "today.json"

    code, stdout, stderr = _run(aws, "capture", "--out", str(file))

    assert (code, stdout) == (2, "")
    assert stderr == f"vpcguard: {file}: cannot be written: No such file or directory\n"


@pytest.mark.parametrize("regions", [["eu-west-1", "eu-north-1"], ["eu-west-1,eu-north-1"]])
def test_two_regions_are_one_report(aws: str, regions: list[str]) -> None:
    """The stand-in answers the same in every region; a finding is told apart by its own."""
    named = [word for region in regions for word in ("--region", region)]
    _reset(aws)

    code, stdout, _ = _run(aws, "audit", "--format", "jsonl", *named)

    findings = [json.loads(line) for line in stdout.splitlines()]
    keys = [(one["function_name"], one["rule_id"], one["account_id"], one["region"]) for one in findings]
    assert code == 0
    assert keys == sorted(keys)
    assert {key[3] for key in keys} == {"eu-north-1", "eu-west-1"}
    assert _calls(aws)["iam:GetAccountAuthorizationDetails"] == 1  # IAM is one for all regions


def test_all_regions_are_those_that_the_account_has_enabled(aws: str, tmp_path: Path) -> None:
    """The others are named once; a capture writes a file of each."""
    folder, skipped = tmp_path / "today", "skipped, not opted in: ap-east-1, me-south-1\n"
    _reset(aws)

    code, stdout, stderr = _run(aws, "audit", "--format", "json", "--all-regions")

    assert (code, stderr) == (0, skipped)
    looked = [(one["region"], len(one["functions"])) for one in json.loads(stdout)["looked"]]
    assert looked == [("eu-north-1", FUNCTIONS), ("eu-west-1", FUNCTIONS)]
    assert _calls(aws)["ec2:DescribeRegions"] == 1

    files = [folder / "eu-north-1.json.gz", folder / "eu-west-1.json.gz"]
    written = "".join(f"written: {file}\n" for file in files)
    assert _run(aws, "capture", "--all-regions", "--out", str(folder)) == (0, "", skipped + written)
    assert sorted(folder.iterdir()) == files


@pytest.mark.parametrize(
    "arguments",
    [
        ("audit", "--all-regions", "--region", "eu-west-1"),
        ("audit", "--all-regions", "--snapshot", "today.json"),
        ("capture", "--all-regions", "--region", "eu-west-1", "--out", "today"),
        ("capture", "--all-regions", "--out", __file__),
    ],
)
def test_all_regions_beside_what_says_otherwise_is_2(aws: str, arguments: tuple[str, ...]) -> None:
    _reset(aws)

    code, stdout, stderr = _run(aws, *arguments)

    assert (code, stdout, _calls(aws)) == (2, "", {})
    assert "--all-regions" in stderr


def test_a_refused_read_is_3_in_an_audit_and_in_a_capture(aws: str, tmp_path: Path) -> None:
    """What was read is judged and kept all the same."""
    file = tmp_path / "partial.json"
    _reset(aws, refuse="servicequotas:GetServiceQuota", code="AccessDeniedException")

    code, stdout, _ = _run(aws, "audit", "--format", "json")
    captured = _run(aws, "capture", "--out", str(file))
    _reset(aws)

    report = json.loads(stdout)
    assert (code, captured[0]) == (3, 3)
    assert [(one["operation"], one["code"]) for one in report["unread"]] == [
        ("servicequotas:GetServiceQuota", "AccessDeniedException")
    ]
    assert report["summary"]["open"]
    assert "Not read: servicequotas:GetServiceQuota" in captured[2]
    assert _run("http://127.0.0.1:9", "audit", "--snapshot", str(file))[0] == 3


def test_throttling_that_lasts_is_3_and_says_so(aws: str) -> None:
    """Nobody was judged, and nobody may take the silence for good news."""
    _reset(aws, refuse="lambda:ListFunctions", code="TooManyRequestsException")

    code, stdout, stderr = _run(aws, "audit", "--fail-on", "info")
    _reset(aws)

    assert (code, stderr) == (3, "")
    said = "Not read: lambda:ListFunctions in 111122223333 eu-west-1: TooManyRequestsException: refused"
    assert said in " ".join(stdout.split())


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.skipif(sys.platform != "linux", reason="looks for children in /proc")
def test_an_interrupt_ends_it_at_once_and_opa_with_it(aws: str, name: str) -> None:
    """Nobody who gives up waits for AWS to time out, and no OPA stays behind."""
    _reset(aws, delay_ms=3000)
    process = _start(aws, "audit")
    opa = _child_named("opa", of=process.pid)

    process.send_signal(getattr(signal, name))
    began = time.monotonic()
    stdout, stderr = process.communicate(timeout=20)
    _reset(aws)

    assert (process.returncode, stdout, stderr) == (
        128 + getattr(signal, name),
        "",
        "vpcguard: interrupted\n",
    )
    assert time.monotonic() - began < 2.5
    assert not Path(f"/proc/{opa}").exists()


def _child_named(name: str, *, of: int) -> int:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for task in Path(f"/proc/{of}/task").iterdir():
            for child in (task / "children").read_text().split():
                if Path(f"/proc/{child}/exe").readlink().name == name:
                    time.sleep(0.3)  # it runs, and AWS is being waited for
                    return int(child)
        time.sleep(0.02)
    raise AssertionError(f"no {name} was started")


def _verdicts(stdout: str) -> list[Json]:
    own = ("first_seen", "opened_at", "confirmed_at", "last_seen", "changed_at", "snapshot_digest")
    return [{k: v for k, v in json.loads(line).items() if k not in own} for line in stdout.splitlines()]


def test_what_a_rule_needs_that_the_configuration_turns_on_is_read(aws: str, tmp_path: Path) -> None:
    """Live, and into a file that is judged later by the same configuration."""
    file, config = tmp_path / "today.json", tmp_path / "config.json"
    config.write_text('{"version": 1, "rules": {"ip.legacy_eni_estimate": {"enabled": true}}}', "utf-8")
    _reset(aws)

    assert _run(aws, "audit", "--format", "jsonl")[0] == 0
    assert "lambda:GetFunctionConcurrency" not in _calls(aws)
    assert _run(aws, "audit", "--format", "jsonl", "--config", str(config))[0] == 0
    assert _calls(aws)["lambda:GetFunctionConcurrency"] > 0
    assert _run(aws, "capture", "--out", str(file), "--config", str(config))[0] == 0
    assert "lambda:GetFunctionConcurrency" in json.loads(file.read_text("utf-8"))["answers"]


def test_configuration_by_unit_is_no_secret_where_the_unit_is_not_known(aws: str, tmp_path: Path) -> None:
    """It would be silently without effect."""
    file = tmp_path / "by_unit.yaml"
    file.write_text("version: 1\ntrusted_egress: [{organization_unit: 'root/prod/*'}]\n")
    snapshot = tmp_path / "today.json"
    _run(aws, "capture", "--out", str(snapshot))

    _reset(aws, refuse="organizations:DescribeAccount", code="AccessDeniedException")
    live = _run(aws, "audit", "--config", str(file), "--format", "jsonl")
    _reset(aws)
    stored = _run("http://127.0.0.1:9", "audit", "--config", str(file), "--snapshot", str(snapshot))

    assert "organizations:DescribeAccount" in live[2]
    for code, _, stderr in (live, stored):
        assert code == 0
        assert "the organization unit of account 111122223333 is not known" in stderr


def test_configuration_by_unit_is_refused_where_there_is_no_organization(aws: str, tmp_path: Path) -> None:
    file = tmp_path / "by_unit.yaml"
    file.write_text("version: 1\ntrusted_egress: [{organization_unit: 'root/prod/*'}]\n")
    _reset(aws, refuse="organizations:DescribeAccount", code="AWSOrganizationsNotInUseException")

    code, stdout, stderr = _run(aws, "audit", "--config", str(file))
    _reset(aws)

    assert (code, stdout) == (2, "")
    assert "no organization" in stderr
