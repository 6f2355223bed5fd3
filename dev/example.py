"""The main job on this machine, from CloudTrail events and a sweep to findings in DynamoDB.

Real are OPA with the policies, DynamoDB Local and the two Lambda handlers, called in process; AWS is
MiniStack. Everything is started here, on free ports. `dev.run_example` runs this supervised.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, TextIO

import boto3
from rich.text import Text

from dev.deliveries import EVENTS, Context, batches, delivery_of
from dev.estate import ACCOUNT, REGION, TEAMS, build_estate
from dev.hub import api, exempt_and_revoke, finding_of, publish, read_causes, read_findings, start_hub
from dev.processes import ROOT, dynamodb_local, ministack
from tests.support.dynamodb import create_findings_table
from vpcguard.cli.capture import write_snapshot
from vpcguard.cli.hub import Hub
from vpcguard.cli.overview import MOST_LINES, View, cause_rows, headline, next_step
from vpcguard.cli.reading import Selection, read_regions
from vpcguard.cli.render import Line, Row, laid_out, page_width, write_lines, write_page
from vpcguard.cli.report import Report, Unread
from vpcguard.errors import ReadError
from vpcguard.findings.causes import abridged, causes_of
from vpcguard.findings.store import FindingStore
from vpcguard.model import Finding
from vpcguard.policy.server import running_opa

TABLE = "vpcguard-findings"
LOG = ROOT / "out" / "run.log"
SNAPSHOT = ROOT / "out" / "snapshot.json"
PROGRAM = ".venv/bin/vpcguard"
FOLLOWED = "CreateFunction20150331.console.json"
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
        follow_one_event(log)
        deliver_events(log)
        functions = sweep(log)
        write_what_was_read()
        hub = api(log)
        follow_one_exemption(hub, log)
        findings = read_by_the_api(hub)
        publish_changes(log)
    print(f"Everything stopped again, after {time.monotonic() - started:.0f} s. Logs of the handlers: {LOG}")
    write_lines(
        [Line(f"What was read of AWS at the end: {SNAPSHOT}"), Line(CANNOT_SHOW), Line("")], sys.stdout
    )
    show(findings, functions)
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
    create_findings_table(client("dynamodb"), TABLE, has_stream=True)
    start_hub()


def _point_at(aws: str, dynamodb: str, opa: str) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]  # a user's profile has no place here
    os.environ |= {
        "AWS_ENDPOINT_URL": aws,
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb,
        "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": dynamodb,
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


def follow_one_event(log: TextIO) -> None:
    """Hand one event to the handler, and show in four lines what becomes of it."""
    batch, event = delivery_of(FOLLOWED), json.loads((EVENTS / FOLLOWED).read_text())["detail"]
    name = event["requestParameters"]["functionName"]
    with step(f"Following one event, {FOLLOWED}"), redirect_stdout(log):
        from evaluate_change import handler  # noqa: PLC0415  its logger writes to what is stdout now

        handler(batch, Context("vpcguard-evaluate-change"))
    store = FindingStore(client("dynamodb"), TABLE)
    [finding, *_] = sorted(store.list_by_function(ACCOUNT, REGION, name).items, key=attrgetter("rule_id"))
    who = event["userIdentity"]["principalId"].partition(":")[2]
    rows = (
        ("event", f"{event['eventName']} of {name}, by {who} ({finding.managed_by})"),
        ("snapshot", f"it and {finding.vpc_id} read anew at {finding.first_seen}"),
        ("decision", f"{finding.rule_id} is violated, says OPA (policies {finding.policy_revision[:15]}...)"),
        ("finding", f"{finding.severity}, {finding.status}: {abridged(finding.message)}"),
    )
    page = [Row(Text(f"  {what:10}", "bold"), text) for what, text in rows]
    write_page(laid_out(page, page_width(), len(page)), sys.stdout)


def deliver_events(log: TextIO) -> None:
    """Hand the events of events/ to the handler, in batches as SQS does."""
    judged, returned = 0, []
    with (
        step("Delivering the CloudTrail events of events/ to evaluate_change.handler") as note,
        redirect_stdout(log),
    ):
        from evaluate_change import handler  # noqa: PLC0415

        for event, names in batches():
            answer = handler(event, Context("vpcguard-evaluate-change"))
            back = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            returned += sorted(back)
            judged += len(names) - len(back)
            note(f"{judged} taken")
    dead = sorted(_dead_letters())
    print(f"  {judged} messages taken, {len(dead)} of them dead letters:")
    by_reason = groupby(dead, key=itemgetter(0))
    reasons = [Line(f"{why}: {', '.join(file for _, file in ones)}", "    ", 6) for why, ones in by_reason]
    come = f"{len(returned)} come back, there is no role to read their account: {', '.join(returned)}"
    write_lines([*reasons, Line(come, "  ", 4)], sys.stdout)


def sweep(log: TextIO) -> int:
    """Sweep the account, resuming until it is complete; return how many functions it has."""
    with step("Sweeping the account with sweep_account.handler") as note, redirect_stdout(log):
        from sweep_account import handler  # noqa: PLC0415

        event = {"account_id": ACCOUNT, "region": REGION}
        answer = handler(event, Context("vpcguard-sweep-account"))
        while answer["status"] != "complete":
            note(f"{answer['functions']} functions")
            answer = handler({**event, "marker": answer["marker"]}, Context("vpcguard-sweep-account"))
    unread = ", ".join(answer["failed_reads"]) or "nothing"
    print(f"  {answer['functions']} functions judged; reads that failed: {unread}")
    return int(answer["functions"])


def write_what_was_read() -> None:
    """Read the account once more, and keep it as a file that can be judged and explained without it."""
    [snapshot] = read_regions(Selection(regions=[REGION]))
    if isinstance(snapshot, Unread):
        raise ReadError(f"{snapshot.operation}: {snapshot.message}")
    write_snapshot(snapshot, SNAPSHOT)


def follow_one_exemption(hub: Hub, log: TextIO) -> None:
    """Exempt the finding of the event that was followed, and show what becomes of it, in four lines."""
    name = json.loads((EVENTS / FOLLOWED).read_text())["detail"]["requestParameters"]["functionName"]
    with step("Exempting one finding by the API, and revoking that"):
        rows = [*exempt_and_revoke(hub, finding_of(hub, name), log)]
    page = [Row(Text(f"  {what:10}", "bold"), text) for what, text in rows]
    write_page(laid_out(page, page_width(), 2 * len(page)), sys.stdout)


def read_by_the_api(hub: Hub) -> list[Finding]:
    """Return what the hub holds now of what is wrong or not known."""
    with step("Reading findings and causes by the API"):
        findings, causes = read_findings(hub), read_causes(hub)
    print(f"  {len(findings)} findings, {len(causes)} causes that name one resource")
    return sorted(findings, key=attrgetter("status", "rule_id", "function_name"))


def publish_changes(log: TextIO) -> None:
    """Publish all changes, and show what came out of EventBridge."""
    with step("Publishing the changes with publish_changes.handler, from the table's stream to EventBridge"):
        kinds, first = publish(log)
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    detail = first["detail"]
    said = f"first {first['detail-type']}: {detail['rule_id']} of {detail['function_name']}"
    write_lines([Line(f"{sum(kinds.values())} events: {counts}", "  ", 4), Line(said, "  ", 4)], sys.stdout)


def show(findings: Sequence[Finding], functions: int) -> None:
    """Show the causes of what DynamoDB held, as the command line does, and a command that goes on."""
    networks = sum(team.build is not None for team in TEAMS.values())
    report = Report(looked=(), findings=tuple(findings), unread=())
    view = View(is_detailed=True, again=("--snapshot", str(SNAPSHOT.relative_to(ROOT))), program=PROGRAM)
    causes = causes_of(findings)
    at_fault = {finding.function_name for finding in findings if finding.status == "open"}
    said = headline(functions=functions, vpcs=networks, at_fault=len(at_fault), causes=len(causes))
    rows = [Row(Text(said, "bold")), *cause_rows(causes, page_width(), view=view, places=[(ACCOUNT, REGION)])]
    if unsettled := sum(report.counts("undetermined").values()):
        rows.append(Row(Text(f"Undetermined: {unsettled} verdicts.")))
    write_page(laid_out(rows, page_width(), 2 * MOST_LINES), sys.stdout)
    print()
    write_page(next_step(causes, report, view, page_width()), sys.stdout)


def _dead_letters() -> Iterator[tuple[str, str]]:
    """Yield the messages that nobody can judge: why, and the name of the file."""
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName="vpcguard-dead-letters")["QueueUrl"]
    asked = {"QueueUrl": url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
    while messages := sqs.receive_message(**asked).get("Messages"):
        for message in messages:
            attributes = message["MessageAttributes"]
            yield attributes["reason"]["StringValue"], attributes["message_id"]["StringValue"]


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nStopped.")
