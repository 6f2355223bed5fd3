"""`vpcguard exemptions` on a table of DynamoDB Local, as whoever STS says that we are."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dev.processes import ministack
from tests.support.dynamodb import REGION
from tests.support.looks import EGRESS, a_look
from vpcguard.findings.exemption_store import ExemptionStore
from vpcguard.findings.store import FindingStore

ACCOUNT = "111122223333"
Run = Callable[..., subprocess.CompletedProcess[str]]
MATCH = ("--rule", "nat.no_internet_egress", "--account", "1111*")
WHY = ("--reason", "it moves", "--owner", "payments", "--expires", f"{datetime.now(UTC):%Y-%m-%d}")


@pytest.fixture(scope="module")
def sts() -> Iterator[str]:
    with ministack(account_id=ACCOUNT, region=REGION) as url:
        yield url


@pytest.fixture
def exemptions(vpcguard: Any, dynamodb_url: str, sts: str, table_name: str) -> Run:
    """Runs `vpcguard exemptions` on an empty table."""

    def run(command: str, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        variables = {
            "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url,
            "AWS_ENDPOINT_URL_STS": sts,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": REGION,
        }
        table = () if "--table" in arguments else ("--table", table_name)
        found: subprocess.CompletedProcess[str] = vpcguard(
            "exemptions", command, *arguments, *table, **variables | environment
        )
        return found

    return run


def answer(told: subprocess.CompletedProcess[str]) -> Any:
    """What a command that was to succeed answered."""
    assert (told.returncode, told.stderr) == (0, "")
    return json.loads(told.stdout)


def test_one_is_made_listed_shown_and_revoked(exemptions: Run) -> None:
    made = answer(exemptions("create", *MATCH, *WHY, "--ticket", "NET-1", "--format", "json"))

    assert made["match"] == {"account_id": "1111*", "rule_id": "nat.no_internet_egress"}
    assert made["created_by"].startswith(f"arn:aws:iam::{ACCOUNT}:")
    assert (made["state"], made["ticket"], made["revision"]) == ("in_force", "NET-1", 1)
    key = made["exemption_id"]
    (listed,) = answer(exemptions("list", "--format", "json"))["exemptions"]
    assert listed == made
    assert answer(exemptions("list", "--state", "revoked", "--format", "json")) == {"exemptions": []}
    covered = {"findings": 0, "is_more": False, "first": []}
    assert answer(exemptions("show", key, "--format", "json")) == {**made, "covered": covered}

    refused = exemptions("revoke", key, "--revision", "7")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "its revision is 1, not 7" in refused.stderr
    revoked = answer(exemptions("revoke", key, "--revision", "1", "--format", "json"))
    assert (revoked["state"], revoked["revoked_by"]) == ("revoked", made["created_by"])
    told = exemptions("list")
    assert told.returncode == 0
    assert f"{key} revoked, ended " in told.stdout
    assert "violations of account_id=1111* rule_id=nat.no_internet_egress" in told.stdout
    assert "There are no exemptions." in exemptions("list", "--state", "in_force").stdout


def test_what_is_covered_is_shown_and_reported(exemptions: Run, dynamodb: Any, table_name: str) -> None:
    key = answer(exemptions("create", *MATCH, *WHY, "--format", "json"))["exemption_id"]
    answer(exemptions("create", "--family", "az", *WHY, "--format", "json"))
    findings = FindingStore(dynamodb, table_name, exemptions=ExemptionStore(dynamodb, table_name).read)
    findings.record(a_look(1, violated=[EGRESS]))

    shown = answer(exemptions("show", key, "--format", "json"))
    assert shown["covered"]["findings"] == 1
    assert shown["covered"]["first"][0]["function_name"] == "orders-api"
    assert "exempts   1 finding\n" in exemptions("show", key).stdout
    report = answer(exemptions("report", "--format", "json"))
    assert report["in_force"] == 2
    assert [one["match"] for one in report["unused"]] == [{"family": "az"}]
    assert len(report["expiring"]) == 2
    told = exemptions("report").stdout
    assert "Cover nothing now: 1" in told
    assert "End within 14 days: 2" in told


def test_what_is_no_exemption_is_refused_by_its_field(exemptions: Run) -> None:
    for arguments, words in (
        (("--region", "eu-west-1", *WHY), "match: it matches everything"),
        ((*MATCH, *WHY[:-1], "2020-01-01"), "expires_at: 2020-01-01 is in the past"),
        ((*MATCH, *WHY, "--owner", " "), "owner: it is empty"),
        (("--account", "[1", *WHY), "match.account_id: expected a glob"),
    ):
        refused = exemptions("create", *arguments)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert words in refused.stderr
        assert "Traceback" not in refused.stderr
    for name in ("show", "revoke"):
        refused = exemptions(name, "vx-\x1b[31m")
        assert refused.returncode == 2
        assert "there is no exemption" in refused.stderr
        assert "\x1b" not in refused.stderr


def test_a_name_that_no_shipped_rule_has_is_told(exemptions: Run) -> None:
    """It may be one's own; misspelt, it would exempt nothing and nobody would know."""
    made = exemptions("create", "--rule", "nat.no_internet_egres", *WHY)
    assert made.returncode == 0
    assert made.stderr == (
        "vpcguard: rule_id nat.no_internet_egres is none of the shipped ones;"
        " did you mean nat.no_internet_egress?\n"
    )
    assert "within the hour" in made.stdout
    assert "family acme is none" in exemptions("create", "--family", "acme", *WHY).stderr


def test_hostile_texts_are_shown_and_not_obeyed(exemptions: Run) -> None:
    made = exemptions("create", "--family", "nat", *WHY[2:], "--reason", "\u202eevil\n[red]x[/red]")

    assert made.returncode == 0
    assert "\\u202eevil [red]x[/red]" in made.stdout
    assert "\\u202eevil [red]x[/red]" in exemptions("list").stdout


def test_a_file_is_imported_once_and_pruned(exemptions: Run, tmp_path: Path) -> None:
    until = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"
    entries = [
        {"id": name, "match": {"family": name}, "reason": "r", "owner": "o", "expires_at": until}
        for name in ("az", "nat")
    ]
    path = tmp_path / "exemptions.json"
    path.write_text(json.dumps({"version": 1, "source": "team", "exemptions": entries}))

    assert (
        "2 created, 0 revoked, 0 unchanged, had it been done"
        in exemptions("import", path, "--dry-run").stdout
    )
    told = exemptions("import", path)
    assert (told.returncode, told.stderr) == (0, "")
    assert "2 created, 0 revoked, 0 unchanged\n" in told.stdout
    before = answer(exemptions("list", "--format", "json"))
    assert "0 created, 0 revoked, 2 unchanged\n" in exemptions("import", path, "--prune").stdout
    assert answer(exemptions("list", "--format", "json")) == before

    path.write_text(
        json.dumps({"version": 1, "source": "team", "exemptions": [{**entries[0], "reason": "s"}]})
    )
    assert "1 created, 1 revoked, 0 unchanged\n" in exemptions("import", path).stdout
    assert "left  " in exemptions("import", path).stdout
    assert "0 created, 1 revoked, 1 unchanged\n" in exemptions("import", path, "--prune").stdout
    listed = answer(exemptions("list", "--format", "json"))["exemptions"]
    assert sorted((one["state"], one["source"]) for one in listed) == [
        ("in_force", "team#az"),
        ("revoked", "team#az"),
        ("revoked", "team#nat"),
    ]


def test_a_file_with_a_fault_changes_nothing(exemptions: Run, tmp_path: Path) -> None:
    path = tmp_path / "exemptions.yaml"
    path.write_text(
        "version: 1\nsource: team\nexemptions:\n"
        "  - {match: {family: az}, reason: r, owner: o, expires_at: 2027-01-01}\n"
        "  - {match: {family: az}, reason: r}\n"
    )

    refused = exemptions("import", path)

    assert (refused.returncode, refused.stdout) == (2, "")
    assert f"{path}, line 5, entry 2: owner: it is missing" in refused.stderr
    assert "nothing was changed" in refused.stderr
    assert answer(exemptions("list", "--format", "json")) == {"exemptions": []}


def test_who_may_not_or_has_no_table_is_told(exemptions: Run, vpcguard: Any) -> None:
    missing = exemptions("list", "--table", "no-such-table")
    assert missing.returncode == 2
    assert "ResourceNotFoundException" in missing.stderr
    unreachable = exemptions("create", *MATCH, *WHY, AWS_ENDPOINT_URL_STS="http://127.0.0.1:9")
    assert unreachable.returncode == 2
    assert "Traceback" not in unreachable.stderr
    nobody = exemptions(
        "list", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="", AWS_EC2_METADATA_DISABLED="true"
    )
    assert nobody.returncode == 2
    assert "Sign in" in nobody.stderr
    nowhere = vpcguard("exemptions", "list", AWS_EC2_METADATA_DISABLED="true")
    assert nowhere.returncode == 2
    assert "--hub-region" in nowhere.stderr
