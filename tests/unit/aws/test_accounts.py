"""Which credentials read which account, how often a role is assumed, and what waits for Lambda's bucket."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError, NoCredentialsError

from vpcguard.audit.changes import GROUPS_AT_ONCE, READS_AT_ONCE
from vpcguard.aws.accounts import (
    FOREIGN_READERS,
    OUTSIDE_CONTROL_PLANE,
    WORST_REQUEST_SECONDS,
    AuditRole,
    AwsAccounts,
    AwsReader,
    RateLimiter,
    connect,
)
from vpcguard.settings import Settings
from vpcguard.snapshot import CaptureOptions

OWN, OTHER, REGION = "111122223333", "444455556666", "eu-west-1"


@pytest.fixture(autouse=True)
def no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


class Sts:
    """Answers STS for one session, and keeps what it was asked."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.asked: list[dict[str, Any]] = []
        self.expires_in = timedelta(hours=1)

    def session(self) -> botocore.session.Session:
        """Return a session whose STS answers here."""
        session: Any = botocore.session.Session()
        session.set_credentials("own-access", "own-secret")
        session.register("before-parameter-build.sts", self._keep)
        session.register("before-call.sts", self._answer)
        return cast("botocore.session.Session", session)

    def _keep(self, params: dict[str, Any], **_: Any) -> None:
        self.asked.append(dict(params))

    def _answer(self, model: Any, **_: Any) -> tuple[SimpleNamespace, dict[str, Any]]:
        if self.refuses:
            return SimpleNamespace(status_code=403), {"Error": {"Code": "AccessDenied", "Message": "no"}}
        if model.name == "GetCallerIdentity":
            return SimpleNamespace(status_code=200), {"Account": OWN}
        credentials = {
            "AccessKeyId": f"assumed-{len(self.asked)}",
            "SecretAccessKey": "secret",
            "SessionToken": "token",
            "Expiration": datetime.now(UTC) + self.expires_in,
        }
        return SimpleNamespace(status_code=200), {"Credentials": credentials}


def _signed_by(client: Any, call: Callable[[], Any]) -> str:
    """Return the access key that a call is signed with, without sending it."""
    found: list[str] = []

    def stop(request: Any, **_: Any) -> AWSResponse:
        found.append(str(request.headers["Authorization"]))
        raise InterruptedError

    client.meta.events.register_first("before-send", stop)
    with pytest.raises(InterruptedError):
        call()
    return found[0].partition("Credential=")[2].partition("/")[0]


def _reader(accounts: AwsAccounts, account_id: str, region: str = REGION) -> AwsReader:
    reader = accounts.reader(account_id, region)
    assert reader is not None
    return reader


def test_our_own_account_is_read_with_our_own_credentials() -> None:
    sts = Sts()
    accounts = AwsAccounts(session=sts.session(), own_account_id=OWN, audit_role=AuditRole(name="audit"))

    ec2 = _reader(accounts, OWN).client("ec2")

    assert _signed_by(ec2, ec2.describe_vpcs) == "own-access"
    assert sts.asked == []


def test_another_account_is_read_with_the_audit_role() -> None:
    sts = Sts()
    role = AuditRole(name="/security/audit", external_id="org-1")
    accounts = AwsAccounts(session=sts.session(), own_account_id=OWN, audit_role=role)

    reader = _reader(accounts, OTHER)
    ec2 = reader.client("ec2")

    assert sts.asked == [
        {
            "RoleArn": f"arn:aws:iam::{OTHER}:role/security/audit",
            "RoleSessionName": "vpcguard-audit",
            "ExternalId": "org-1",
        }
    ]
    assert _signed_by(ec2, ec2.describe_vpcs) == "assumed-1"
    assert (
        _signed_by(reader.client("iam"), lambda: reader.client("iam").get_role(RoleName="r")) == "assumed-1"
    )
    assert len(sts.asked) == 1


@pytest.mark.parametrize(
    ("region", "partition"),
    [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("eusc-de-east-1", "aws-eusc")],
)
def test_the_role_is_of_the_regions_partition(region: str, partition: str) -> None:
    sts = Sts()
    accounts = AwsAccounts(session=sts.session(), own_account_id=OWN, audit_role=AuditRole(name="audit"))

    accounts.reader(OTHER, region)

    assert sts.asked[0]["RoleArn"] == f"arn:{partition}:iam::{OTHER}:role/audit"


def test_credentials_of_a_role_renew_themselves() -> None:
    """A warm function outlives an hour's credentials."""
    sts = Sts()
    sts.expires_in = timedelta(seconds=30)
    accounts = AwsAccounts(session=sts.session(), own_account_id=OWN, audit_role=AuditRole(name="audit"))

    ec2 = _reader(accounts, OTHER).client("ec2")
    sts.expires_in = timedelta(hours=1)

    assert _signed_by(ec2, ec2.describe_vpcs) == "assumed-2"


def test_without_a_role_another_account_has_no_reader() -> None:
    accounts = AwsAccounts(session=Sts().session(), own_account_id=OWN)

    assert accounts.reader(OTHER, REGION) is None
    assert _reader(accounts, OWN).owner(OTHER) is None


def test_a_role_that_refuses_us_says_so_at_once() -> None:
    accounts = AwsAccounts(
        session=Sts(refuses=True).session(), own_account_id=OWN, audit_role=AuditRole(name="audit")
    )

    with pytest.raises(ClientError, match="AssumeRole"):
        accounts.reader(OTHER, REGION)


def test_without_credentials_of_our_own_no_role_is_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    accounts = AwsAccounts(own_account_id=OWN, audit_role=AuditRole(name="audit"))

    with pytest.raises(NoCredentialsError):
        accounts.reader(OTHER, REGION)


def test_a_refusal_is_not_remembered() -> None:
    """The role may be there a minute later."""
    sts = Sts(refuses=True)
    accounts = AwsAccounts(session=sts.session(), own_account_id=OWN, audit_role=AuditRole(name="audit"))
    with pytest.raises(ClientError):
        accounts.reader(OTHER, REGION)

    sts.refuses = False

    assert _reader(accounts, OTHER).account_id == OTHER


def test_the_owner_of_a_shared_vpc_is_read_in_the_same_region() -> None:
    accounts = AwsAccounts(session=Sts().session(), own_account_id=OWN, audit_role=AuditRole(name="audit"))
    reader = _reader(accounts, OWN)

    owner = reader.owner(OTHER)

    assert owner is not None
    assert (owner.account_id, owner.region) == (OTHER, REGION)
    assert reader.owner(OWN) is reader
    assert reader.owner(OTHER) is owner


def test_whose_account_it_is_is_asked_once_and_only_when_nobody_said() -> None:
    sts = Sts()
    accounts = AwsAccounts(session=sts.session())

    assert [accounts.own_account_id() for _ in range(2)] == [OWN, OWN]
    assert len(sts.asked) == 1
    assert AwsAccounts(own_account_id=OTHER).own_account_id() == OTHER


def test_one_client_for_each_service_however_many_threads_ask() -> None:
    reader = _reader(AwsAccounts(session=Sts().session(), own_account_id=OWN), OWN)

    with ThreadPoolExecutor(8) as threads:
        clients = list(threads.map(lambda _: reader.client("sqs"), range(16)))

    assert {id(client) for client in clients} == {id(reader.client("sqs"))}


def test_clients_made_beforehand_are_those_that_are_used_later() -> None:
    made: list[str] = []

    def make(service: str) -> str:
        made.append(service)
        if service == "broken":
            raise LookupError
        return service

    reader = AwsReader(account_id=OWN, region=REGION, make_client=make, find_owner=lambda _: None)
    with pytest.raises(LookupError):
        reader.warm(["ec2", "iam", "broken"])

    assert [reader.client("ec2"), reader.client("iam")] == ["ec2", "iam"]
    assert made == ["ec2", "iam", "broken"]


def test_clients_have_short_timeouts_few_attempts_and_our_name() -> None:
    config = _reader(AwsAccounts(session=Sts().session(), own_account_id=OWN), OWN).client("sqs").meta.config

    assert (config.connect_timeout, config.read_timeout) == (2, 5)
    assert (config.retries["mode"], config.retries["total_max_attempts"]) == ("standard", 3)
    assert WORST_REQUEST_SECONDS == 3 * (2 + 5) + (1 + 5) + (2 + 5)
    assert "vpcguard/" in config.user_agent


def test_every_thread_that_reads_an_account_has_a_connection_to_keep() -> None:
    """One more would be made and thrown away with each call, TLS included."""
    config = _reader(AwsAccounts(session=Sts().session(), own_account_id=OWN), OWN).client("ec2").meta.config

    assert config.max_pool_connections == max(CaptureOptions().threads, GROUPS_AT_ONCE * READS_AT_ONCE)


def test_an_endpoint_from_the_environment_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")

    reader = _reader(AwsAccounts(session=Sts().session(), own_account_id=OWN), OWN)

    assert reader.client("lambda").meta.endpoint_url == "http://127.0.0.1:4566"


def test_a_sweep_over_many_accounts_keeps_few_clients() -> None:
    sts = Sts()
    accounts = AwsAccounts(session=sts.session(), own_account_id=OWN, audit_role=AuditRole(name="audit"))
    own = accounts.reader(OWN, REGION)
    for number in range(FOREIGN_READERS + 1):
        accounts.reader(f"{number:012}", REGION)

    accounts.reader(f"{FOREIGN_READERS:012}", REGION)
    assert len(sts.asked) == FOREIGN_READERS + 1
    accounts.reader(f"{0:012}", REGION)
    assert len(sts.asked) == FOREIGN_READERS + 2
    assert accounts.reader(OWN, REGION) is own


def test_settings_say_which_role_reads_other_accounts() -> None:
    sts = Sts()

    connect(
        Settings(account_id=OWN, audit_role_name="audit", external_id="org-1"), session=sts.session()
    ).reader(OTHER, REGION)

    assert [(asked["RoleArn"], asked["ExternalId"]) for asked in sts.asked] == [
        (f"arn:aws:iam::{OTHER}:role/audit", "org-1")
    ]


def test_settings_say_how_fast_lambda_is_asked() -> None:
    settings = Settings(account_id=OWN, lambda_calls_per_second=20, lambda_burst=1)
    functions = _reader(connect(settings, session=Sts().session()), OWN).client("lambda")
    started = time.monotonic()

    _sent(functions, lambda: [functions.list_functions() for _ in range(3)], [])

    assert time.monotonic() - started >= 0.09  # two waits of a twentieth of a second


def test_every_attempt_takes_a_turn() -> None:
    """Retries come out of the same bucket."""
    turns: list[str] = []
    accounts = AwsAccounts(
        session=Sts().session(), own_account_id=OWN, new_limiter=lambda: CountingLimiter(turns)
    )
    functions = _reader(accounts, OWN).client("lambda")
    statuses = iter([500, 200])
    functions.meta.events.register_last(
        "before-send", lambda **_: AWSResponse("", next(statuses), HTTPHeaders(), _Body())
    )

    functions.list_functions()

    assert turns == ["turn", "turn"]


def _sent(client: Any, call: Callable[[], Any], turns: list[str]) -> list[str]:
    """Return who was asked for a turn while a call is sent once."""
    client.meta.events.register_last("before-send", lambda **_: AWSResponse("", 200, HTTPHeaders(), _Body()))
    before = len(turns)
    call()
    return turns[before:]


class CountingLimiter(RateLimiter):
    """Lets everybody through and writes it down."""

    def __init__(self, turns: list[str]) -> None:
        super().__init__(calls_per_second=1, burst=1)
        self._turns = turns

    def acquire(self) -> None:
        """Write down one turn."""
        self._turns.append("turn")


class _Body:
    """The body of an HTTP answer."""

    def stream(self, **_: Any) -> list[bytes]:
        return [b"{}"]


def test_only_lambdas_control_plane_waits_for_its_turn() -> None:
    """Invocations and GetFunction have rates of their own, and other services have nothing to do with it."""
    turns: list[str] = []
    accounts = AwsAccounts(
        session=Sts().session(),
        own_account_id=OWN,
        new_limiter=lambda: CountingLimiter(turns),
    )
    functions = _reader(accounts, OWN).client("lambda")

    assert _sent(functions, functions.list_functions, turns) == ["turn"]
    assert _sent(functions, lambda: functions.get_function(FunctionName="f"), turns) == []
    assert "Invoke" in OUTSIDE_CONTROL_PLANE
    sqs = _reader(accounts, OWN).client("sqs")
    assert _sent(sqs, sqs.list_queues, turns) == []
