"""The main job on this machine, from CloudTrail events and a sweep to findings in DynamoDB.

Real are OPA with the policies, DynamoDB Local and the two Lambda handlers, called in process; AWS is
MiniStack. Everything is started here, on free ports. `dev.run_example` runs this supervised.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from typing import Any, TextIO

import boto3

from dev.deliveries import Context, batches
from dev.estate import ACCOUNT, REGION, TEAMS, build_estate
from dev.processes import ROOT, dynamodb_local, ministack
from tests.support.dynamodb import create_findings_table
from vpcguard.cli.formats import write_findings
from vpcguard.cli.report import Report, count_lines
from vpcguard.findings.store import FindingStore
from vpcguard.model import Finding, Status
from vpcguard.policy.server import running_opa

TABLE = "vpcguard-findings"
LOG = ROOT / "out" / "run.log"
CANNOT_SHOW = (
    "Not shown here, because the stand-in lacks it: black-hole routes, regional NAT gateways, transit "
    "gateways, subnets shared by another account, Block Public Access. tests/contract/cases holds them."
)


def main() -> int:
    """Do everything, one step after another; return the exit code."""
    started = time.monotonic()
    LOG.parent.mkdir(exist_ok=True)
    with ExitStack() as stack:
        log = stack.enter_context(LOG.open("w", buffering=1))
        start_everything(stack)
        deliver_events(log)
        sweep(log)
        show_findings()
    print(
        f"\nEverything stopped again, after {time.monotonic() - started:.0f} s. Logs of the handlers: {LOG}"
    )
    return 0


@contextmanager
def step(what: str) -> Iterator[Callable[[str], None]]:
    """Say what is being done, and how long it took; on a terminal also how far it is."""
    screen, began = sys.stdout, time.monotonic()  # the handlers' stdout goes elsewhere meanwhile
    is_live = screen.isatty()

    def show(text: str, *, end: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        print(f"\r{text[:width].ljust(width)}" if is_live else text, end=end, file=screen, flush=True)

    show(f"{what} ...", end="" if is_live else "\n")
    yield lambda detail: show(f"{what}: {detail}", end="") if is_live else None
    show(f"{what}: {time.monotonic() - began:.1f} s", end="\n")


def start_everything(stack: ExitStack) -> None:
    """Start the servers, fill the account, make the table, and point this process's AWS at all that."""
    with step("Starting OPA, DynamoDB Local and the stand-in for AWS (MiniStack)") as note:
        note("OPA")
        opa = stack.enter_context(running_opa())
        note("DynamoDB Local")
        dynamodb = stack.enter_context(dynamodb_local())
        note("MiniStack")
        aws = stack.enter_context(ministack(account_id=ACCOUNT, region=REGION))
    _point_at(aws, dynamodb, opa)
    with step("Building an account through the AWS APIs") as note:
        functions = build_estate(client, note)
    networks = sum(team.build is not None for team in TEAMS.values())
    print(f"  {functions} functions of {len(TEAMS)} teams, {networks} VPCs")
    create_findings_table(client("dynamodb"), TABLE)


def _point_at(aws: str, dynamodb: str, opa: str) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]  # a user's profile has no place here
    os.environ |= {
        "AWS_ENDPOINT_URL": aws,
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "ACCOUNT_ID": ACCOUNT,
        "TABLE_NAME": TABLE,
        "OPA_URL": opa,
        "LAMBDA_CONTROL_PLANE_RPS": "1000",  # nobody else deploys here
        "LAMBDA_CONTROL_PLANE_BURST": "1000",
        "POWERTOOLS_SERVICE_NAME": "vpcguard",
        "POWERTOOLS_METRICS_NAMESPACE": "LambdaVpcGuard",
        "POWERTOOLS_TRACE_DISABLED": "true",
    }
    sqs = client("sqs")
    os.environ["QUEUE_URL"] = sqs.create_queue(QueueName="vpcguard-changes")["QueueUrl"]
    os.environ["DEAD_LETTER_QUEUE_URL"] = sqs.create_queue(QueueName="vpcguard-dead-letters")["QueueUrl"]


def client(service: str) -> Any:
    """Return a client of the local AWS."""
    return boto3.client(service)  # type: ignore[call-overload]


def deliver_events(log: TextIO) -> None:
    """Hand the events of events/ to the handler, in batches as SQS does."""
    judged, returned = 0, []
    with (
        step("Delivering the CloudTrail events of events/ to evaluate_change.handler") as note,
        redirect_stdout(log),
    ):
        from evaluate_change import handler  # noqa: PLC0415  its logger writes to what is stdout now

        for event, names in batches():
            answer = handler(event, Context("vpcguard-evaluate-change"))
            back = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            returned += sorted(back)
            judged += len(names) - len(back)
            note(f"{judged} taken")
    print(
        f"  {judged} messages taken, {_waiting('vpcguard-dead-letters')} of them dead letters with a reason"
    )
    print(f"  {len(returned)} come back, there is no role to read their account: {', '.join(returned)}")


def sweep(log: TextIO) -> None:
    """Sweep the account, resuming until it is complete."""
    with step("Sweeping the account with sweep_account.handler") as note, redirect_stdout(log):
        from sweep_account import handler  # noqa: PLC0415

        event = {"account_id": ACCOUNT, "region": REGION}
        answer = handler(event, Context("vpcguard-sweep-account"))
        while answer["status"] != "complete":
            note(f"{answer['functions']} functions")
            answer = handler({**event, "marker": answer["marker"]}, Context("vpcguard-sweep-account"))
    unread = ", ".join(answer["failed_reads"]) or "nothing"
    print(f"  {answer['functions']} functions judged; reads that failed: {unread}")


def show_findings() -> None:
    """Show what DynamoDB holds now, as the command line shows an audit."""
    store = FindingStore(client("dynamodb"), TABLE)
    statuses: tuple[Status, ...] = ("open", "undetermined")
    findings = [finding for status in statuses for finding in _listed(store, status)]
    report = Report(looked=(), findings=tuple(findings), unread=())
    print()
    write_findings(findings, ["In DynamoDB now:", *count_lines(report), CANNOT_SHOW], sys.stdout)


def _listed(store: FindingStore, status: Status) -> Iterator[Finding]:
    cursor: str | None = None
    while True:
        page = store.list_by_status(status, cursor=cursor)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return


def _waiting(queue: str) -> int:
    url = client("sqs").get_queue_url(QueueName=queue)["QueueUrl"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]
    attributes = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes.get(name, 0)) for name in names)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nStopped.")
