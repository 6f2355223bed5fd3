"""`vpcguard exemptions` by a signed API: what it makes, shows and ends is what the table holds."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest

from tests.support.looks import ACCOUNT, EGRESS, a_look
from tests.support.own_sts import CALLER, own_sts
from tests.support.signed_api import KEY, REGION, SECRET, signed_api
from vpcguard.cli.application import application
from vpcguard.cli.hub import Answer, Request
from vpcguard.findings.exemption_store import ExemptionStore
from vpcguard.findings.store import FindingStore

Json = dict[str, Any]
Run = Callable[..., subprocess.CompletedProcess[str]]
Ask = Callable[..., Json]
WHY = ("--reason", "it moves", "--owner", "payments", "--expires", f"{datetime.now(UTC):%Y-%m-%d}")
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": REGION}


@pytest.fixture
def api(
    table_name: str, dynamodb_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, list[str]]]:
    """A deployed API over an empty table, and what it was asked."""
    session = botocore.session.Session()
    session.set_credentials("local", "local")
    with own_sts() as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb_url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts)
        with signed_api(application(session, table_name=table_name, region=REGION)) as served:
            yield served


@pytest.fixture
def run(vpcguard: Run, api: tuple[str, list[str]]) -> Run:
    """Runs `vpcguard exemptions ... --api`."""
    return lambda *arguments: vpcguard("exemptions", *arguments, "--api", api[0], **_CREDENTIALS)


@pytest.fixture
def ask(run: Run) -> Ask:
    """Gives the JSON of a command that was to succeed."""

    def asked(*arguments: str) -> Json:
        done = run(*arguments, "--format", "json")
        assert (done.returncode, done.stderr) == (0, "")
        return dict(json.loads(done.stdout))

    return asked


def test_one_is_made_listed_shown_reported_and_revoked(
    run: Run, ask: Ask, api: tuple[str, list[str]], dynamodb: Any, table_name: str
) -> None:
    made = ask("create", "--rule", EGRESS, "--account", "1111*", *WHY, "--ticket", "NET-1")

    key = made["exemption_id"]
    stored = ExemptionStore(dynamodb, table_name).get(key).exemption
    assert {**stored.as_document(), "state": "in_force", "covered": made["covered"]} == made
    assert (made["created_by"], made["ticket"]) == (CALLER, "NET-1")
    assert [one["exemption_id"] for one in ask("list", "--state", "in_force")["exemptions"]] == [key]
    assert ask("list", "--state", "revoked") == {"exemptions": []}
    assert ask("show", key)["covered"] == {"findings": 0, "is_more": False, "first": []}
    assert [one["exemption_id"] for one in ask("report")["unused"]] == [key]

    refused = run("revoke", key, "--revision", "7")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "it was changed meanwhile" in refused.stderr
    revoked = ask("revoke", key, "--revision", "1")
    assert (revoked["state"], revoked["revoked_by"]) == ("revoked", CALLER)
    assert f"DELETE /v1/exemptions/{key}" in api[1]


def test_of_one_account_everything_is_below_its_path(ask: Ask, api: tuple[str, list[str]]) -> None:
    """So that a team may, which IAM lets see this account alone."""
    made = ask("create", "--rule", EGRESS, "--account", ACCOUNT, *WHY)
    key = made["exemption_id"]
    listed = ask("list", "--account", ACCOUNT)
    elsewhere = ask("list", "--account", "999988887777")
    ask("show", key, "--account", ACCOUNT)
    ask("report", "--account", ACCOUNT)
    ask("revoke", key, "--account", ACCOUNT)

    assert made["match"] == {"account_id": ACCOUNT, "rule_id": EGRESS}
    assert [one["exemption_id"] for one in listed["exemptions"]] == [key]
    assert elsewhere == {"exemptions": []}
    below = "/v1/accounts/111122223333/exemptions"
    assert {path.partition(" ")[2] for path in api[1]} == {
        *(below, f"{below}/{key}", f"{below}/report"),
        "/v1/accounts/999988887777/exemptions",
    }


def test_what_is_refused_names_the_field(run: Run) -> None:
    done = run("create", "--rule", "no rule", "--reason", "x", "--owner", "y", "--expires", "2020-01-01")

    assert (done.returncode, done.stdout) == (2, "")
    assert "body.match.rule_id" in done.stderr
    gone = run("show", "vx-" + "0" * 32)
    assert (gone.returncode, gone.stderr) == (2, "vpcguard: the exemption does not exist\n")


def test_an_import_is_for_the_table_alone(run: Run, vpcguard: Run) -> None:
    assert "unrecognized arguments: --api" in run("import", "exemptions.yaml").stderr
    on_the_table = vpcguard("exemptions", "list", "--account", ACCOUNT)
    assert on_the_table.returncode == 2
    assert "--account goes with --api" in on_the_table.stderr


def test_a_repeated_request_makes_one(vpcguard: Run, api: tuple[str, list[str]], ask: Ask) -> None:
    """The first answer is lost; the key of the second attempt is the same."""
    keys: list[str] = []

    def losing(request: Request) -> Answer:
        keys.append(request.headers["idempotency-key"])
        return Answer(503, {}, b"{}")

    with signed_api(losing) as (url, _):
        done = vpcguard(
            "exemptions", "create", "--rule", EGRESS, "--account", "*", *WHY, "--api", url, **_CREDENTIALS
        )

    assert (done.returncode, len(keys), len(set(keys))) == (3, 3, 1)


def test_what_is_exempt_by_the_api_is_shown_so(
    ask: Ask, vpcguard: Run, api: tuple[str, list[str]], dynamodb: Any, table_name: str
) -> None:
    made = ask("create", "--rule", EGRESS, "--account", ACCOUNT, *WHY)
    store = FindingStore(dynamodb, table_name, exemptions=ExemptionStore(dynamodb, table_name).read)
    store.record(a_look(0, violated=[EGRESS]))

    shown = vpcguard("findings", "list", "--status", "exempt", "--api", api[0], **_CREDENTIALS)

    assert "exempt (still violated) nat.no_internet_egress orders-api" in shown.stdout
    assert made["exemption_id"] in shown.stdout
    assert ask("show", made["exemption_id"])["covered"]["findings"] == 1
