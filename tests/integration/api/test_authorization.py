"""Who may ask what: the template's policies and a team's own, on every path; signed, and for real."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dev.processes import ministack
from tests.support.deployed_api import DeployedApi
from tests.support.dynamodb import REGION
from tests.support.looks import ACCOUNT, EGRESS, FUNCTION, a_finding, a_look
from tests.support.template import resources
from tools import api_docs
from vpcguard.findings.store import FindingStore
from vpcguard.model import cause_of

ROOT = Path(__file__).parents[3]
OTHER = "444455556666"
DOCUMENT = json.loads(api_docs.DOCUMENT.read_text("utf-8"))
ROUTES = [
    (method.upper(), path)
    for path, methods in sorted(DOCUMENT["paths"].items())
    for method in sorted(methods)
]
VALUES = {
    "account_id": ACCOUNT,
    "region": REGION,
    "function_name": FUNCTION,
    "finding_id": a_finding().finding_id,
    "cause_id": str(cause_of(a_finding())),
    "exemption_id": f"vx-{'0' * 32}",
    "job_id": f"vj-{'0' * 32}",
}
# what each may beside reading, which all may; a team of its own account alone
CHANGES: dict[str, list[str]] = {
    "reader": [],
    "operator": [r"POST .*/audits"],
    "approver": [r"POST .*/exemptions", r"DELETE .*/exemptions/.*"],
    "team": [rf"POST /accounts/{ACCOUNT}/audits"],
}
BODIES: dict[str, dict[str, Any]] = {
    "audits": {"region": REGION, "function_name": FUNCTION},
    "exemptions": {
        "match": {"rule_id": EGRESS},
        "reason": "the gateway moves",
        "owner": "team",
        "expires_at": "2027-03-01",
    },
}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedApi]:
    with ministack(account_id=ACCOUNT, region=REGION, is_authorizing=True) as url:
        api = DeployedApi(url)
        api.deploy(tmp_path_factory.mktemp("function"))
        policies = resources("AWS::IAM::ManagedPolicy")
        for role in ("Reader", "Operator", "Approver"):
            api.add_caller(role.lower(), policies[f"Api{role}Policy"]["PolicyDocument"])
        text = (ROOT / "examples" / "team-policy.json").read_text()
        arn = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.names['Api']}/v1"
        api.add_caller("team", json.loads(text.replace("API_ARN", arn).replace("ACCOUNT_ID", ACCOUNT)))
        store = FindingStore(api.client("dynamodb"), api.names["FindingsTable"])
        store.record(a_look(0, violated=[EGRESS]))
        yield api


def _is_allowed(caller: str, method: str, path: str) -> bool:
    if method == "GET":
        return caller != "team" or path.startswith(f"/accounts/{ACCOUNT}/")
    return any(re.fullmatch(pattern, f"{method} {path}") for pattern in CHANGES[caller])


def _ask(
    api: DeployedApi, caller: str | None, method: str, template: str, account_id: str
) -> tuple[int, Any]:
    values = VALUES | {"account_id": account_id}
    path = re.sub(r"\{(\w+)\}", lambda found: values[found[1]], template)
    headers = {"idempotency-key": f"{caller}-{template}"} if method == "POST" else {}
    body = BODIES[path.rpartition("/")[2]] if method == "POST" else None
    if body is not None and path.startswith("/audits"):
        body = {**body, "account_id": account_id}
    if method == "DELETE":
        headers = {"if-match": "*"}
    return api.ask(caller, method, path, headers=headers, body=body)


@pytest.mark.parametrize("caller", list(CHANGES))
@pytest.mark.parametrize("account_id", [ACCOUNT, OTHER])
def test_every_caller_may_ask_what_its_policy_says_on_every_path(
    deployed: DeployedApi, caller: str, account_id: str
) -> None:
    routes = [(method, path) for method, path in ROUTES if account_id == ACCOUNT or "{account_id}" in path]

    answered = {
        f"{method} {path}": _ask(deployed, caller, method, path, account_id) for method, path in routes
    }

    values = VALUES | {"account_id": account_id}
    expected = {
        f"{method} {path}": _is_allowed(
            caller, method, re.sub(r"\{(\w+)\}", lambda found: values[found[1]], path)
        )
        for method, path in routes
    }
    assert {where: status != 403 for where, (status, _) in answered.items()} == expected
    assert {where: one for where, one in answered.items() if one[0] >= 500} == {}


def test_nobody_asks_without_a_signature(deployed: DeployedApi) -> None:
    assert {_ask(deployed, None, method, path, ACCOUNT)[0] for method, path in ROUTES} == {403}


def test_the_function_does_its_work_under_its_own_role(deployed: DeployedApi) -> None:
    """It reads the secret, the table and its indexes, keeps exemptions and jobs, and sends for audits."""
    user = deployed.client("iam").get_user(UserName="approver")["User"]["Arn"]

    status, page = deployed.ask("reader", "GET", "/findings", query={"limit": "1"})
    made, exemption = _ask(deployed, "approver", "POST", "/exemptions", ACCOUNT)
    asked, job = _ask(deployed, "operator", "POST", "/audits", ACCOUNT)

    assert (status, [one["function_name"] for one in page["findings"]]) == (200, [FUNCTION])
    assert (made, exemption["created_by"]) == (201, user)
    assert (asked, job["status"]) == (202, "queued")
    queue = deployed.client("sqs").receive_message(QueueUrl=deployed.names["AuditQueue"])
    assert json.loads(queue["Messages"][0]["Body"])["job_id"].startswith("vj-")
    _, shown = deployed.ask("reader", "GET", f"/exemptions/{exemption['exemption_id']}")
    assert shown["state"] == "in_force"


def test_the_command_line_asks_as_who_its_credentials_are(deployed: DeployedApi, vpcguard: Any) -> None:
    """What IAM refuses is told with the permission; a team sees its own account by naming it."""

    def run(caller: str, *arguments: str) -> tuple[int, str, str]:
        credentials = deployed.callers[caller]
        done = vpcguard(
            *arguments,
            *("--api", f"{deployed.url}/restapis/{deployed.names['Api']}/v1/_user_request_"),
            AWS_ACCESS_KEY_ID=credentials.access_key,
            AWS_SECRET_ACCESS_KEY=credentials.secret_key,
            AWS_DEFAULT_REGION=REGION,
        )
        return done.returncode, done.stdout, done.stderr

    found = run("reader", "findings", "list", "--rule", EGRESS, "--status", "any", "--format", "jsonl")
    own = run("team", "findings", "list", "--account", ACCOUNT, "--status", "any", "--format", "jsonl")
    refused = run("team", "findings", "list")
    made = ("--rule", EGRESS, "--account", ACCOUNT, "--reason", "it moves", "--owner", "kim")
    exempting = ("exemptions", "create", *made, "--expires", f"{datetime.now(UTC):%Y-%m-%d}")

    assert (found[0], found[2]) == (0, "")
    assert json.loads(found[1])["function_name"] == FUNCTION
    assert own == found
    assert refused[:2] == (2, "")
    assert "execute-api:Invoke" in refused[2]
    assert "GET/findings" in refused[2]
    assert run("reader", *exempting)[0] == 2
    assert (run("approver", *exempting)[0], run("reader", "exemptions", "list")[0]) == (0, 0)
