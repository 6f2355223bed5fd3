"""`vpcguard findings` on the table and against a signed API: the same, filter by filter, to the byte."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import botocore.session
import pytest

from tests.support.dynamodb import create_findings_table
from tests.support.looks import ACCOUNT, EGRESS, ZONES, a_doubt, a_finding, a_look, at
from tests.support.signed_api import KEY, REGION, SECRET, signed_api
from vpcguard.cli.application import Application, application
from vpcguard.cli.hub import Answer, Request
from vpcguard.findings.store import FindingStore
from vpcguard.model import finding_id

Json = dict[str, Any]
Run = Callable[..., subprocess.CompletedProcess[str]]
OTHER = "999988887777"
MANY = 130  # more than a page
FIRST = finding_id(ACCOUNT, REGION, "orders-00", EGRESS)
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": REGION}


@pytest.fixture(scope="module")
def table(dynamodb: Any) -> Iterator[str]:
    """130 functions with an open finding, every tenth also undetermined; one resolved; one elsewhere."""
    table_name = "listed-findings"
    create_findings_table(dynamodb, table_name)
    store = FindingStore(dynamodb, table_name)
    for number in range(MANY):
        name = f"orders-{number:02}"
        found = a_finding(function=name, minute=number % 50, severity="low" if number else "critical")
        doubts = [a_doubt(ZONES, function=name, minute=number % 50)] if number % 10 == 0 else []
        store.record(a_look(number % 50, function=name, violated=[found], unknown=doubts))
    gone = a_finding(function="gone")
    store.record(a_look(0, function="gone", violated=[gone]))
    store.record(a_look(1, function="gone", passed=[EGRESS], digest="sha256:bb"))
    there = a_finding(
        function="theirs",
        account_id=OTHER,
        owner="team-b",
        vpc_id="vpc-0b",
        root_cause="nat-0b",
        organization_unit="root/dev",
        minute=55,
    )
    store.record(a_look(55, function="theirs", account_id=OTHER, violated=[there]))
    yield table_name
    dynamodb.delete_table(TableName=table_name)


@pytest.fixture
def run(vpcguard: Run, dynamodb_url: str, table: str) -> Run:
    """Runs `vpcguard findings ... --table`, with credentials for DynamoDB Local alone."""

    def asked(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {"AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url, "AWS_DEFAULT_REGION": REGION}
        local = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
        return vpcguard("findings", *arguments, "--table", table, **environment, **local)

    return asked


def _documents(done: subprocess.CompletedProcess[str]) -> list[Json]:
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def _names(done: subprocess.CompletedProcess[str]) -> list[str]:
    return sorted(f"{one['function_name']} {one['status']}" for one in _documents(done))


def test_every_page_of_what_is_not_resolved_is_listed_once(run: Run) -> None:
    found = _documents(run("list", "--format", "jsonl"))

    assert len({one["finding_id"] for one in found}) == len(found) == MANY + MANY // 10 + 1
    assert {one["status"] for one in found} == {"open", "undetermined"}


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--account", OTHER], ["theirs open"]),
        (["--unit", "root/dev"], ["theirs open"]),
        (["--owner", "team-b", "--severity", "high"], ["theirs open"]),
        (["--vpc", "vpc-0b", "--family", "nat", "--verdict", "violation"], ["theirs open"]),
        (["--root-cause", "nat-0b"], ["theirs open"]),
        (["--changed-since", at(55)], ["theirs open"]),
        (["--status", "resolved"], ["gone resolved"]),
        (["--severity", "critical", "--rule", EGRESS], ["orders-00 open"]),
        (
            ["--function", "orders-00", "--account", ACCOUNT, "--region", REGION],
            ["orders-00 open", "orders-00 undetermined"],
        ),
        (
            ["--function", "gone", "--account", ACCOUNT, "--region", REGION, "--status", "any"],
            ["gone resolved"],
        ),
        (
            ["--function", "orders-10", "--status", "undetermined", "--rule", ZONES],
            ["orders-10 undetermined"],
        ),
        (["--region", "us-east-1"], []),
    ],
)
def test_filters_combine(run: Run, options: list[str], names: list[str]) -> None:
    assert _names(run("list", "--format", "jsonl", *options)) == names


def test_the_limit_is_kept_and_said(run: Run) -> None:
    done = run("list", "--format", "json", "--limit", "120")

    assert len(json.loads(done.stdout)["findings"]) == 120
    assert done.stderr == "vpcguard: findings: these are the first 120, as --limit says; there may be more\n"


def test_csv_has_a_row_for_each_finding(run: Run) -> None:
    done = run("list", "--format", "csv", "--severity", "critical")

    [row] = csv.DictReader(io.StringIO(done.stdout))
    assert (row["finding_id"], row["status"], row["resolved_at"]) == (FIRST, "open", "")


def test_one_finding_with_its_evidence_and_its_history(run: Run) -> None:
    shown, history = run("show", FIRST), run("history", FIRST)
    [entry] = _documents(run("history", FIRST, "--format", "jsonl"))

    assert "Create a NAT gateway" in shown.stdout
    assert '"cause": "blackhole"' in shown.stdout
    assert (entry["change"], entry["status"]) == ("opened", "open")
    assert "opened" in history.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "vg-" + "0" * 32], "the finding does not exist"),
        (["show", FIRST, "--account", OTHER], "the finding does not exist"),
        (["show", "vg-1"], "path.finding_id"),
        (["list", "--rule", "no rule"], "query.rule_id"),
        (["list", "--changed-since", "yesterday"], "query.changed_since"),
        (["list", "--cause", "vc-" + "0" * 32, "--status", "resolved"], "cause_id"),
        (["list", "--account", "1"], "12 digits"),
        (["list", "--limit", "0"], "from 1 on"),
    ],
)
def test_what_cannot_be_asked_is_a_usage_error(run: Run, arguments: list[str], words: str) -> None:
    done = run(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_table_that_does_not_exist_is_named_with_what_to_do(vpcguard: Run, dynamodb_url: str) -> None:
    done = vpcguard("findings", "list", AWS_ENDPOINT_URL_DYNAMODB=dynamodb_url, AWS_DEFAULT_REGION=REGION)

    assert (done.returncode, done.stdout) == (2, "")
    assert "no table vpcguard-findings in eu-west-1" in done.stderr
    assert "--table" in done.stderr


def test_without_credentials_or_a_region_it_says_how_to_get_them(vpcguard: Run) -> None:
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}

    for where in (["--api", "https://abc.execute-api.eu-west-1.amazonaws.com/v1"], ["--hub-region", REGION]):
        done = vpcguard("findings", "list", *where, **nobody)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Sign in, name a profile with --profile" in done.stderr

    assert "no region: use --hub-region" in vpcguard("findings", "list").stderr


def test_a_table_out_of_reach_is_a_read_that_failed(vpcguard: Run) -> None:
    done = vpcguard(
        "findings", "list", AWS_ENDPOINT_URL_DYNAMODB="http://127.0.0.1:9", AWS_DEFAULT_REGION=REGION
    )

    assert (done.returncode, done.stdout) == (3, "")
    assert "try again later" in done.stderr
    assert "Traceback" not in done.stderr


# ---- a deployed API ----


@pytest.fixture
def behind(table: str, dynamodb_url: str, monkeypatch: pytest.MonkeyPatch) -> Application:
    """What the deployed API answers."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb_url)
    session = botocore.session.Session()
    session.set_credentials("local", "local")
    return application(session, table_name=table, region=REGION)


@pytest.fixture
def api(behind: Application) -> Iterator[tuple[str, list[str]]]:
    with signed_api(behind) as (url, asked):
        yield url, asked


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["list", "--format", "csv", "--severity", "low", "--severity", "critical"],
        ["list", "--format", "jsonl", "--unit", "root/dev", "--status", "any"],
        ["show", FIRST],
        ["show", FIRST, "--account", ACCOUNT, "--format", "json"],
        ["history", FIRST],
        ["causes"],
        ["causes", "--account", OTHER, "--format", "csv"],
        ["coverage"],
        ["summary"],
    ],
)
def test_a_signed_api_and_the_table_give_the_same(
    run: Run, vpcguard: Run, api: tuple[str, list[str]], arguments: list[str]
) -> None:
    url, asked = api
    done = vpcguard("findings", *arguments, "--api", url, **_CREDENTIALS)

    assert (done.returncode, done.stderr) == (0, "")
    # the last line of a listing names how it was asked
    assert _without_step(done.stdout) == _without_step(run(*arguments).stdout) != ""
    assert asked


def _without_step(text: str) -> str:
    return text.partition("\nNext: ")[0]


def test_an_account_is_part_of_the_path_that_iam_grants(vpcguard: Run, api: tuple[str, list[str]]) -> None:
    url, asked = api
    vpcguard("findings", "list", "--account", OTHER, "--api", url, **_CREDENTIALS)

    assert asked == [f"GET /v1/accounts/{OTHER}/findings"]


def test_a_wrong_secret_is_told_as_such(vpcguard: Run, api: tuple[str, list[str]]) -> None:
    wrong = {**_CREDENTIALS, "AWS_SECRET_ACCESS_KEY": "another"}
    done = vpcguard("findings", "list", "--api", api[0], **wrong)

    assert (done.returncode, done.stdout) == (2, "")
    assert "AWS does not know these credentials" in done.stderr


def test_what_is_throttled_is_asked_again_and_what_stays_so_is_a_failed_read(vpcguard: Run) -> None:
    left = [429, 503, 200]

    def answering(_: Request) -> Answer:
        return Answer(left.pop(0) if left else 500, {}, b'{"findings": [], "cursor": null}')

    with signed_api(answering) as (url, asked):
        fine = vpcguard("findings", "list", "--api", url, **_CREDENTIALS)
        failed = vpcguard("findings", "list", "--api", url, **_CREDENTIALS)

    assert (fine.returncode, fine.stdout, len(asked)) == (0, "No findings.\n", 6)
    assert (failed.returncode, failed.stdout) == (3, "")
    assert "failed at GET /findings: 500" in failed.stderr


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("abc.execute-api.eu-west-1.amazonaws.com/v1", "--api takes the URL"),
        ("https://user:password@example.com/v1", "--api takes the URL"),
        ("https://example.com/v1?x=1", "--api takes the URL"),
        ("http://example.com/v1", "--api takes https://"),
        ("https://[", "--api takes the URL"),
        ("", "--api takes the URL"),
    ],
)
def test_what_is_no_url_of_an_api_is_refused(vpcguard: Run, url: str, words: str) -> None:
    done = vpcguard("findings", "list", "--api", url, **_CREDENTIALS)

    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


def test_an_api_out_of_reach_is_a_failed_read(vpcguard: Run) -> None:
    done = vpcguard("findings", "list", "--api", "http://127.0.0.1:9/v1", **_CREDENTIALS)

    assert (done.returncode, done.stdout) == (3, "")
    assert "http://127.0.0.1:9/v1 cannot be reached" in done.stderr
