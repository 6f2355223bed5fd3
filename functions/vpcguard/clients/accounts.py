"""Readers for every account: our own by our own credentials, others through the audit role.

botocore is used without boto3's layer on top: the clients are the same, and importing boto3 would
add some 50 ms to a cold start for resources and transfers that nothing here uses.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import botocore.session
from botocore.exceptions import UnknownRegionError

from vpcguard.clients.config import client_config
from vpcguard.clients.credentials import assumed_session
from vpcguard.clients.limiter import RateLimiter
from vpcguard.clients.reader import AwsReader
from vpcguard.settings import Settings

FOREIGN_READERS = 8  # kept warm; a sweep over hundreds of accounts must not keep clients of them all

# Calls that do not share Lambda's control-plane bucket of 15 a second.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests
OUTSIDE_CONTROL_PLANE = frozenset(
    {"Invoke", "InvokeAsync", "InvokeWithResponseStream", "GetFunction", "GetPolicy"}
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
        assumes the role at once and raises ClientError when it refuses us.
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
            self._forget_readers()
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

    def _forget_readers(self) -> None:
        foreign = [key for key in self._readers if key[2] is not None]
        for key in foreign[:-FOREIGN_READERS]:
            del self._readers[key]

    def _audit_role_arn(self, account_id: str, region: str) -> str | None:
        if self._audit_role is None:
            return None
        return f"arn:{self._partition(region)}:iam::{account_id}:role/{self._audit_role.name.lstrip('/')}"

    def _partition(self, region: str) -> str:
        try:
            return str(self._session.get_partition_for_region(region))
        except UnknownRegionError:
            return "aws"

    def _assumed_session(self, role_arn: str, region: str) -> botocore.session.Session:
        return assumed_session(
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
            return session.create_client(service, region_name=region, config=client_config(), **keys)


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


def _limiter(settings: Settings) -> RateLimiter:
    return RateLimiter(calls_per_second=settings.lambda_calls_per_second, burst=settings.lambda_burst)


def _limit_control_plane(client: Any, limiter: RateLimiter) -> None:
    """Make every attempt of a control-plane call wait for its turn, retries included."""

    def wait_for_turn(event_name: str, **_: Mapping[str, Any]) -> None:
        if event_name.rpartition(".")[2] not in OUTSIDE_CONTROL_PLANE:
            limiter.acquire()

    client.meta.events.register("before-send.lambda", wait_for_turn)
