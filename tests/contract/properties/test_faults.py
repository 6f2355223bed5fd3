"""One operation goes wrong, in every way it can: nothing else is lost, nothing untrue is said, it ends.

The clients, collectors and policies are the real ones; AWS answers over the network, except for what is
disturbed.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from zlib import crc32

import botocore.session
import pytest

from benchmarks.answering import Account
from benchmarks.auditing import environment
from benchmarks.estate import snapshot_document
from benchmarks.fake_aws import Server
from tests.contract.properties.merging import Verdicts, verdicts_of
from tests.support.disturbed_aws import FAULTS, DisturbedAws, disturbed_aws
from tests.unit.audit.fakes import DeadLetters, Queue, Table, change
from vpcguard.audit.changes import audit_messages
from vpcguard.audit.dependencies import Dependencies
from vpcguard.audit.judging import Judgement, judge
from vpcguard.audit.sweep import Swept, audit_account
from vpcguard.aws import accounts
from vpcguard.aws.accounts import AwsAccounts, AwsReader, RateLimiter
from vpcguard.changes import Message, look_again_event
from vpcguard.cli.output import READ_FAILED
from vpcguard.cli.report import report_of
from vpcguard.errors import ReadError, ThrottledError
from vpcguard.facts import build_facts
from vpcguard.model import Look, Scope, Snapshot
from vpcguard.policy.configuration import load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.resources import roles
from vpcguard.snapshot import ON_REQUEST, OPERATIONS, CaptureOptions, capture, capture_pages

ACCOUNT, REGION = "111122223333", "eu-west-1"
LISTS = [
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeEgressOnlyInternetGateways",
    "ec2:DescribeInstances",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeManagedPrefixLists",
    "ec2:DescribeNatGateways",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeTransitGatewayVpcAttachments",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcBlockPublicAccessOptions",
    "ec2:DescribeVpcEndpointServices",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcs",
    "ec2:GetManagedPrefixListEntries",
    "lambda:ListEventSourceMappings",
    "servicequotas:GetServiceQuota",
]
CALLED = {
    "account": [
        *LISTS,
        "iam:GetAccountAuthorizationDetails",
        "lambda:ListFunctions",
        "tag:GetResources",
    ],
    "function": [
        *LISTS,
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:ListAttachedRolePolicies",
        "iam:ListRolePolicies",
        "lambda:GetFunctionConcurrency",
        "lambda:GetFunctionConfiguration",
        "lambda:GetFunctionEventInvokeConfig",
        "lambda:ListAliases",
        "lambda:ListTags",
    ],
}
CASES = [(kind, operation, fault) for kind in CALLED for operation in CALLED[kind] for fault in FAULTS]
FEW = [case for case in CASES if crc32("|".join(case).encode()) % 12 == 0]
NAMES = tuple(f"function-{number:05}" for number in (1, 6, 9))
_NOT_TRIGGERED = {"lambda:GetFunctionConcurrency"}  # read where a rule that is off by default is on
_CLEAN = {"pass", "not_applicable"}  # which of them it is may hang on a fact that no violation hangs on


@dataclass(frozen=True)
class World:
    """A disturbed AWS, who reads it, with patience or, where it is silent, with little, and who judges."""

    aws: DisturbedAws
    patient: AwsReader
    impatient: AwsReader
    policy: Policy

    def read(self, kind: str, fault: str = "", *, raises: type[ReadError] | None = None) -> Snapshot:
        """Return a snapshot of the account, or of some functions of it; fault: what is to be expected."""
        reader = self.impatient if fault == "timeout" else self.patient
        names = NAMES if kind == "function" else ()
        scope = Scope(
            kind="function" if names else "account", account_id=ACCOUNT, region=REGION, function_names=names
        )
        roles._DOCUMENTS.clear()  # noqa: SLF001  a process reads a policy once
        options = CaptureOptions(reads=ON_REQUEST if names else frozenset(), raises=raises)
        return capture(scope, reader, clock=lambda: datetime.now(UTC), options=options)

    def judged(self, kind: str, fault: str = "") -> Judgement:
        """Return what is said of it."""
        snapshot = self.read(kind, fault)
        return judge(snapshot, policy=self.policy, configuration=load_configuration(), trigger="matrix")


@pytest.fixture(scope="module")
def world(patient_policy: Policy) -> Iterator[World]:
    document = snapshot_document(functions=20, vpcs=9)
    group = document["answers"]["ec2:DescribeSecurityGroups"]["SecurityGroups"][0]
    group["IpPermissionsEgress"][0]["PrefixListIds"] = [{"PrefixListId": "pl-s3"}]
    entries = {"pl-s3": {"Entries": [{"Cidr": "52.218.0.0/17"}]}}
    document["answers"]["ec2:GetManagedPrefixListEntries"] = entries
    with pytest.MonkeyPatch.context() as patched, Server(Account(document)) as upstream:
        threading.Thread(target=upstream.serve_forever, daemon=True).start()
        with disturbed_aws(f"http://127.0.0.1:{upstream.server_address[1]}") as aws:
            for name, value in environment(aws.url).items():
                patched.setitem(os.environ, name, value)
            patched.setattr(accounts, "ATTEMPTS", 1)  # what is tried again is botocore's business
            patient, impatient = _reader(patched, 30), _reader(patched, 4)  # slow machines included
            yield World(aws, patient, impatient, patient_policy)
        upstream.shutdown()
    accounts._client_config.cache_clear()  # noqa: SLF001


def _reader(patched: pytest.MonkeyPatch, read_timeout_seconds: int) -> AwsReader:
    patched.setattr(accounts, "READ_TIMEOUT_SECONDS", read_timeout_seconds)
    accounts._client_config.cache_clear()  # noqa: SLF001  it is made once a process
    own = AwsAccounts(
        session=botocore.session.Session(),
        own_account_id=ACCOUNT,
        new_limiter=lambda: RateLimiter(calls_per_second=1e6, burst=1_000_000),
    )
    reader = own.reader(ACCOUNT, REGION)
    assert reader is not None
    reader.warm(operation.client for operation in OPERATIONS.values())
    return reader


@pytest.fixture(scope="module")
def undisturbed(world: World) -> dict[str, Verdicts]:
    judged = {kind: world.judged(kind) for kind in CALLED}
    assert [dict(one.snapshot.own.failures) for one in judged.values()] == [{}, {}]
    return {kind: _verdicts(one) for kind, one in judged.items()}


def _verdicts(judgement: Judgement) -> Verdicts:
    return verdicts_of(judgement.decision, build_facts(judgement.snapshot))


def _check(world: World, undisturbed: Verdicts, kind: str, operation: str, fault: str) -> None:
    world.aws.calm()
    world.aws.disturb(operation, fault)
    try:
        judgement = world.judged(kind, fault)
    finally:
        world.aws.calm()

    assert operation in judgement.snapshot.own.failures
    assert report_of(judgement).exit_code(None) == READ_FAILED
    for (function, rule_id), found in _verdicts(judgement).items():
        before = undisturbed[function, rule_id]["verdict"]
        if found["verdict"] in {before, "silent"} or {found["verdict"], before} <= _CLEAN:
            continue  # silent: what else would tell was left out on purpose
        assert found["verdict"] == "unknown", f"{rule_id} of {function} was {before}: {found}"
        assert operation in found["waits_for"], f"{rule_id} of {function}: {found}"


@pytest.mark.parametrize("kind", CALLED)
def test_the_matrix_has_every_operation_that_is_called(world: World, kind: str) -> None:
    world.aws.calm()

    snapshot = world.read(kind)

    assert sorted(world.aws.calls) == sorted(CALLED[kind])
    assert dict(snapshot.own.failures) == {}


@pytest.mark.parametrize(("kind", "operation", "fault"), FEW)
def test_an_operation_that_goes_wrong_costs_what_rests_on_it(
    world: World, undisturbed: dict[str, Verdicts], kind: str, operation: str, fault: str
) -> None:
    _check(world, undisturbed[kind], kind, operation, fault)


@pytest.mark.thorough
@pytest.mark.parametrize(("kind", "operation", "fault"), [case for case in CASES if case not in FEW])
def test_any_operation_that_goes_wrong_costs_what_rests_on_it(
    world: World, undisturbed: dict[str, Verdicts], kind: str, operation: str, fault: str
) -> None:
    """All that the short run leaves out."""
    _check(world, undisturbed[kind], kind, operation, fault)


@pytest.mark.parametrize("fault", FAULTS)
def test_what_may_pass_brings_an_event_back_and_throttling_a_sweep(world: World, fault: str) -> None:
    """A refusal is judged at once: no retry helps."""
    raised = {}
    for raises in (ReadError, ThrottledError):
        world.aws.calm()
        world.aws.disturb("ec2:DescribeNatGateways", fault)
        try:
            world.read("function", fault, raises=raises)
        except ReadError as error:
            raised[raises] = type(error)
    world.aws.calm()

    if fault in {"403", "not enabled"}:
        assert raised == {}
    elif fault == "throttle":
        assert raised == {ReadError: ThrottledError, ThrottledError: ThrottledError}
    else:
        assert raised == {ReadError: ReadError}


Looks = dict[tuple[str, str], str]  # function and rule -> status of its finding


@dataclass(frozen=True)
class Triggered:
    """What became of a batch of messages, or of a sweep, and of the messages that were given up."""

    looks: list[Look]
    given_up: DeadLetters
    came_back: int = 0
    swept: Swept | None = None

    @property
    def findings(self) -> Looks:
        """What is open, or in doubt."""
        return {(look.function_name, one.rule_id): one.status for look in self.looks for one in look.findings}


def _delivered(world: World, *, fault: str = "", receives: int = 1) -> Triggered:
    """Deliver a change of each of some functions, to the code that stands behind the queue."""
    table, letters = Table(), DeadLetters()
    changes = [change(name, account_id=ACCOUNT, region=REGION) for name in NAMES]
    audited = audit_messages(
        [
            Message(message_id=one.function_name, body=json.dumps(look_again_event(one)), receives=receives)
            for one in changes
        ],
        deps=_dependencies(world, fault, table, letters),
    )
    failed = [one for one in audited.messages if one.error is not None]
    return Triggered(looks=table.looks, given_up=letters, came_back=len(failed))


def _swept(world: World, *, fault: str = "") -> Triggered:
    table, letters = Table(), DeadLetters()
    swept = audit_account(ACCOUNT, REGION, deps=_dependencies(world, fault, table, letters))
    return Triggered(looks=table.looks, given_up=letters, swept=swept)


def _dependencies(world: World, fault: str, table: Table, letters: DeadLetters) -> Dependencies:
    roles._DOCUMENTS.clear()  # noqa: SLF001  a process reads a policy once
    return Dependencies(
        reader=lambda *_: world.impatient if fault == "timeout" else world.patient,
        capture=partial(capture_pages, clock=lambda: datetime.now(UTC)),
        policy=world.policy,
        configuration=load_configuration,
        store=table,
        directory=lambda _account_id, *, needs_unit: None,  # noqa: ARG005  the account tells nothing
        queue=Queue(),
        dead_letters=letters,
        lambda_calls_per_second=1e6,
    )


@contextmanager
def _disturbed(world: World, operation: str, fault: str) -> Iterator[None]:
    world.aws.calm()
    world.aws.disturb(operation, fault)
    try:
        yield
    finally:
        world.aws.calm()


def _nothing_untrue(before: Triggered, after: Triggered) -> None:
    """What rests on the read may be in doubt, or untold; nothing opens, and nothing is called fixed."""
    judged = {(look.function_name, rule_id) for look in after.looks for rule_id in look.judged}
    functions = {look.function_name for look in after.looks}
    opened = {key for key, status in after.findings.items() if status == "open"}
    assert opened <= {key for key, status in before.findings.items() if status == "open"}
    for key, status in before.findings.items():
        if key[0] in functions and key in judged:
            assert after.findings.get(key) == status, key


def _check_messages(world: World, before: Triggered, operation: str, fault: str) -> None:
    with _disturbed(world, operation, fault):
        first = _delivered(world, fault=fault)
    with _disturbed(world, operation, fault):
        last = _delivered(world, fault=fault, receives=5)

    # first: judged, or it comes back; a refusal is an answer, by some codes also that of a region not enabled
    assert len(first.looks) + first.came_back == len(NAMES)
    assert first.came_back in {0, len(NAMES)}
    if fault != "not enabled":
        is_judged_at_once = fault == "403" and operation != "lambda:GetFunctionConfiguration"
        assert first.came_back == (0 if is_judged_at_once else len(NAMES))
    # at last: judged, or a dead letter with its reason
    assert len(last.looks) + len(last.given_up.sent) == len(NAMES)
    assert all(reason for _, _, reason in last.given_up.sent)
    if fault != "throttle" and operation != "lambda:GetFunctionConfiguration":
        assert len(last.looks) == len(NAMES)
    for after in (first, last):
        _nothing_untrue(before, after)


def _check_sweep(world: World, before: Triggered, operation: str, fault: str) -> None:
    with _disturbed(world, operation, fault):
        if operation == "lambda:ListFunctions" and fault != "throttle":
            with pytest.raises(ReadError, match="lambda:ListFunctions was refused"):
                _swept(world, fault=fault)
            return
        after = _swept(world, fault=fault)

    assert after.swept is not None
    if fault == "throttle":
        assert isinstance(after.swept.stopped_by, ThrottledError)
        assert after.swept.next_page is not None
    else:
        assert after.swept.next_page is None
        assert after.swept.failed_reads == {operation}
        assert {look.function_name for look in after.looks} == {look.function_name for look in before.looks}
    _nothing_untrue(before, after)


@pytest.fixture(scope="module")
def calm(world: World) -> dict[str, Triggered]:
    world.aws.calm()
    found = {"function": _delivered(world), "account": _swept(world)}
    assert found["function"].came_back == 0
    return found


TRIGGERED = [(kind, operation, fault) for kind, operation, fault in CASES if operation not in _NOT_TRIGGERED]
FEW_TRIGGERED = [case for case in TRIGGERED if crc32("|".join(case).encode()) % 12 == 1]


@pytest.mark.parametrize(("kind", "operation", "fault"), FEW_TRIGGERED)
def test_an_operation_that_goes_wrong_loses_no_message_and_no_place(
    world: World, calm: dict[str, Triggered], kind: str, operation: str, fault: str
) -> None:
    check = _check_messages if kind == "function" else _check_sweep
    check(world, calm[kind], operation, fault)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("kind", "operation", "fault"), [case for case in TRIGGERED if case not in FEW_TRIGGERED]
)
def test_any_operation_that_goes_wrong_loses_no_message_and_no_place(
    world: World, calm: dict[str, Triggered], kind: str, operation: str, fault: str
) -> None:
    """All that the short run leaves out."""
    check = _check_messages if kind == "function" else _check_sweep
    check(world, calm[kind], operation, fault)
