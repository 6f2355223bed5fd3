"""Who reads which account: our own by our own credentials, others through the audit role.

botocore is used without boto3's layer on top: the clients are the same, and nothing here uses boto3's
resources and transfers.

One request ends after WORST_REQUEST_SECONDS at the latest, after 21 seconds where an endpoint is silent:
three attempts, each 2 seconds to connect and 5 for the answer, and the pauses between them, which are long
only where AWS throttles. Not in it: an answer that trickles (the timeout is for each wait, not for all), a
name with several addresses (each is tried), the wait for our share of Lambda's call rate, and the number of
pages that a list has.
https://docs.aws.amazon.com/botocore/latest/reference/config.html
"""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import botocore
import botocore.session
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import NoCredentialsError
from botocore.parsers import ResponseParserError

from vpcguard.aws.answers import partition_of
from vpcguard.settings import Settings

FOREIGN_READERS = 8  # kept warm; a sweep over hundreds of accounts must not keep clients of them all
CONNECT_TIMEOUT_SECONDS = 2
READ_TIMEOUT_SECONDS = 5
ATTEMPTS = 3
_LONGEST_RETRY_AFTER = 5  # what AWS may ask for on top of botocore's pauses of at most 1, 2, 4 ... seconds
WORST_REQUEST_SECONDS = ATTEMPTS * (CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS) + sum(
    2**attempt + _LONGEST_RETRY_AFTER for attempt in range(ATTEMPTS - 1)
)
POOL_CONNECTIONS = 4 * 24  # the most threads that read one account: snapshots of a batch, threads of each
_JSON_PROTOCOLS = ("json", "rest-json")
_NO_SUCCESS = 300
_BEGINNING = 500  # of an XML document, where its root stands
ROLE_SESSION_NAME = "vpcguard-audit"

# Calls that do not share Lambda's control-plane bucket of 15 a second.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests
OUTSIDE_CONTROL_PLANE = frozenset(
    {"Invoke", "InvokeAsync", "InvokeWithResponseStream", "GetFunction", "GetPolicy"}
)

ClientMaker = Callable[[str], Any]
OwnerFinder = Callable[[str], "AwsReader | None"]


def connect(settings: Settings, *, session: botocore.session.Session | None = None) -> AwsAccounts:
    """Return the accounts that these settings let us read; calls nothing."""
    role = None
    if settings.audit_role_name is not None:
        role = AuditRole(name=settings.audit_role_name, external_id=settings.external_id)
    return AwsAccounts(
        session=session,
        own_account_id=settings.account_id,
        audit_role=role,
        new_limiter=partial(_limiter, settings),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRole:
    """The role to assume in an account that is not ours; name may carry the role's path."""

    name: str
    external_id: str | None = None


class AwsAccounts:
    """Makes readers, and keeps one for each account and region.

    own_account_id: None asks STS when it matters. audit_role: None: only our own account is readable.
    new_limiter: makes what Lambda's control plane of one account and region waits for.
    """

    def __init__(
        self,
        *,
        session: botocore.session.Session | None = None,
        own_account_id: str | None = None,
        audit_role: AuditRole | None = None,
        new_limiter: Callable[[], RateLimiter] | None = None,
    ) -> None:
        self._session = session or botocore.session.Session()
        self._own_account_id = own_account_id
        self._audit_role = audit_role
        self._new_limiter = new_limiter or partial(_limiter, Settings())
        self._lock = threading.RLock()
        self._readers: OrderedDict[tuple[str, str, str | None], AwsReader] = OrderedDict()
        self._limiters: dict[tuple[str, str], RateLimiter] = {}

    def own_account_id(self) -> str:
        """Return the account our credentials belong to: sts:GetCallerIdentity at most once."""
        if self._own_account_id is None:
            region = self._session.get_config_variable("region") or "us-east-1"
            sts = self._create_client("sts", session=self._session, region=region)
            self._own_account_id = str(sts.get_caller_identity()["Account"])
        return self._own_account_id

    def reader(self, account_id: str, region: str, *, role_arn: str | None = None) -> AwsReader | None:
        """Return the reader of an account and region; None: not ours, and there is no role to read it with.

        role_arn names a role to use instead of the audit role. The first reader of another account
        assumes the role at once and raises ClientError when it refuses us. Raises UnknownRegionError for a
        region of no partition.
        """
        if role_arn is None and account_id != self.own_account_id():
            role_arn = self._audit_role_arn(account_id, region)
            if role_arn is None:
                return None
        key = (account_id, region, role_arn)
        reader = self._readers.get(key)
        if reader is None:
            session = self._session if role_arn is None else self._assumed_session(role_arn, region)
            reader = self._new_reader(account_id, region, session)
        with self._lock:
            reader = self._readers.setdefault(key, reader)  # two threads may have made one: the first is kept
            self._readers.move_to_end(key)
            foreign = [key for key in self._readers if key[2] is not None]
            for forgotten in foreign[:-FOREIGN_READERS]:
                del self._readers[forgotten]
        return reader

    def _new_reader(self, account_id: str, region: str, session: botocore.session.Session) -> AwsReader:
        with self._lock:
            limiter = self._limiters.setdefault((account_id, region), self._new_limiter())

        def make_client(service: str) -> Any:
            client = self._create_client(service, session=session, region=region)
            if service == "lambda":
                _limit_control_plane(client, limiter)
            return client

        return AwsReader(
            account_id=account_id,
            region=region,
            make_client=make_client,
            find_owner=lambda owner: self.reader(owner, region),
        )

    def _audit_role_arn(self, account_id: str, region: str) -> str | None:
        if self._audit_role is None:
            return None
        return f"arn:{partition_of(region)}:iam::{account_id}:role/{self._audit_role.name.lstrip('/')}"

    def _assumed_session(self, role_arn: str, region: str) -> botocore.session.Session:
        return _assumed_session(
            self._session,
            role_arn=role_arn,
            external_id=None if self._audit_role is None else self._audit_role.external_id,
            create_client=partial(self._create_client, session=self._session, region=region),
        )

    def _create_client(
        self, service: str, *, session: botocore.session.Session, region: str, **keys: Any
    ) -> Any:
        # STS too is asked in the region, botocore's default: the global one may be out of reach
        with self._lock:  # sessions share loader and resolver between clients without locks of their own
            client = session.create_client(service, region_name=region, config=_client_config(), **keys)
        client.meta.events.register("before-parse", _refuse_garbage)
        return client


class AwsReader:
    """What a snapshot reads with.

    make_client: service name -> botocore client of this account and region.
    find_owner: account id -> reader of that account in the same region, or None.
    """

    def __init__(
        self, *, account_id: str, region: str, make_client: ClientMaker, find_owner: OwnerFinder
    ) -> None:
        self.account_id = account_id
        self.region = region
        self._make_client = make_client
        self._find_owner = find_owner
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """Return the one client of a service, e.g. "ec2"; clients are thread-safe, making one is not.

        https://docs.aws.amazon.com/boto3/latest/guide/clients.html#multithreading-or-multiprocessing-with-clients
        """
        client = self._clients.get(service)
        if client is None:
            with self._lock:
                client = self._clients.get(service)
                if client is None:
                    client = self._clients[service] = self._make_client(service)
        return client

    def warm(self, services: Iterable[str]) -> None:
        """Make clients before they are needed."""
        for service in services:
            self.client(service)

    def owner(self, account_id: str) -> AwsReader | None:
        """Return a reader of the account that owns a shared VPC; None: there is no role to read it with.

        Raises ClientError when the role refuses us.
        """
        return self if account_id == self.account_id else self._find_owner(account_id)


class RateLimiter:
    """A token bucket shared by threads: `burst` calls at once, then `calls_per_second`.

    clock returns seconds and never goes back; sleep waits that many seconds.
    """

    def __init__(
        self,
        *,
        calls_per_second: float,
        burst: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._calls_per_second = calls_per_second
        self._burst = float(burst)
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._tokens = self._burst
        self._filled_at = clock()

    def acquire(self) -> None:
        """Take one token, waiting until there is one; callers are served in the order they came."""
        with self._lock:
            now = self._clock()
            grown = (now - self._filled_at) * self._calls_per_second
            # below zero: tokens promised to callers that are still waiting
            self._tokens = min(self._burst, self._tokens + grown) - 1
            self._filled_at = now
            wait_seconds = -self._tokens / self._calls_per_second
        if wait_seconds > 0:
            self._sleep(wait_seconds)


def _limiter(settings: Settings) -> RateLimiter:
    return RateLimiter(calls_per_second=settings.lambda_calls_per_second, burst=settings.lambda_burst)


def _limit_control_plane(client: Any, limiter: RateLimiter) -> None:
    """Make every attempt of a control-plane call wait for its turn, retries included."""

    def wait_for_turn(event_name: str, **_: Mapping[str, Any]) -> None:
        if event_name.rpartition(".")[2] not in OUTSIDE_CONTROL_PLANE:
            limiter.acquire()

    client.meta.events.register("before-send.lambda", wait_for_turn)


def _refuse_garbage(
    *, operation_model: Any, response_dict: Mapping[str, Any], **_: Mapping[str, Any]
) -> None:
    """Raise ResponseParserError for a success that is no answer of AWS: a proxy's page, half a document.

    botocore takes it for an answer without any field, and an empty list for "there is nothing".
    """
    body: bytes = response_dict["body"]
    if response_dict["status_code"] >= _NO_SUCCESS:
        return
    if operation_model.service_model.resolved_protocol in _JSON_PROTOCOLS:
        try:
            is_answer = isinstance(json.loads(body), dict)
        except (ValueError, RecursionError):
            is_answer = False
    else:
        is_answer = f"<{operation_model.name}Response".encode() in body[:_BEGINNING]
    if not is_answer:
        raise ResponseParserError(f"the answer to {operation_model.name} is not one of AWS")


@lru_cache(maxsize=1)
def _client_config() -> Config:
    """Return the one configuration of all clients: bounded in time and in attempts, and under our name."""
    return Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=POOL_CONNECTIONS,
        user_agent_extra=f"vpcguard/{READER['vpcguard']}",
    )


def _version() -> str:
    try:
        return version("vpcguard")
    except PackageNotFoundError:  # the Lambda package holds the code without its metadata
        return "unpackaged"


# what reads AWS here, as snapshots name it; once a process
READER: Mapping[str, str] = {"vpcguard": _version(), "botocore": botocore.__version__}


def _assumed_session(
    own: botocore.session.Session,
    *,
    role_arn: str,
    external_id: str | None,
    create_client: Callable[..., Any],
) -> botocore.session.Session:
    """Return a session of the role; asks STS at once, so that a refusal shows here.

    create_client makes the STS client, as Session.create_client does. Raises ClientError when the role
    refuses us and NoCredentialsError when we have none to ask with.
    """
    source = own.get_credentials()
    if source is None:
        raise NoCredentialsError
    extra = {"RoleSessionName": ROLE_SESSION_NAME} | (
        {} if external_id is None else {"ExternalId": external_id}
    )
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=create_client, source_credentials=source, role_arn=role_arn, extra_args=extra
    )
    credentials = DeferredRefreshableCredentials(
        refresh_using=fetcher.fetch_credentials, method="assume-role"
    )
    credentials.get_frozen_credentials()
    session = botocore.session.Session(profile=own.profile)
    # parsing a service's model is what makes a client slow: every account uses the one parsed copy
    session.register_component("data_loader", own.get_component("data_loader"))
    session.register_component("credential_provider", _Provider(credentials))
    return session


class _Provider:
    """Hands a session credentials made elsewhere, where it would look through environment and files."""

    def __init__(self, credentials: DeferredRefreshableCredentials) -> None:
        self._credentials = credentials

    def load_credentials(self) -> DeferredRefreshableCredentials:
        return self._credentials
