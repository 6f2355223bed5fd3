"""What the use cases need from outside: tests hand in fakes, the handlers what is built here.

`build_dependencies` is called once per cold start and calls nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

from vpcguard.audit.judging import Judge
from vpcguard.audit.queues import QUEUE_CONFIG, ChangeQueue, DeadLetterQueue
from vpcguard.aws.accounts import connect
from vpcguard.aws.appconfig import CLIENT_CONFIG as APPCONFIG_CLIENT_CONFIG
from vpcguard.aws.appconfig import AppConfigDocument
from vpcguard.aws.codes import clean_message
from vpcguard.clock import Clock, system_clock
from vpcguard.errors import FindingStoreError, NoOrganizationError, ReadError
from vpcguard.findings.accounts import Accounts
from vpcguard.findings.exemption_store import ExemptionStore
from vpcguard.findings.states import FunctionState
from vpcguard.findings.store import CLIENT_CONFIG, FindingStore, KeptExemptions, Recorded
from vpcguard.model import Change, Look, Scope, Snapshot
from vpcguard.organization import AccountStore
from vpcguard.policy.configuration import (
    Configuration,
    ConfigurationSource,
    OwnRules,
    Poll,
    load_configuration,
    load_own_rules,
)
from vpcguard.policy.deciding import Policy
from vpcguard.settings import Settings
from vpcguard.snapshot import Captured, CaptureOptions, capture_pages
from vpcguard.snapshot.archive import CLIENT_CONFIG as ARCHIVE_CLIENT_CONFIG
from vpcguard.snapshot.archive import Bucket, Folder, SnapshotArchive

# What nearly every look reads with. Making a client takes its time, which INIT pays better than an event.
WARM_CLIENTS = ("lambda", "ec2", "iam", "resourcegroupstaggingapi", "service-quotas")

_KNOWN_FOR = timedelta(minutes=5)  # what is known about an account, in a process

Function = tuple[str, str, str]  # account id, region, name


class Capture(Protocol):
    """Reads a scope: vpcguard.snapshot.capture_pages with a clock."""

    def __call__(self, scope: Scope, aws: Any, /, *, options: CaptureOptions) -> Captured:
        """Return what AWS answered; raises ReadError and botocore's own errors."""


class Store(Protocol):
    """Where looks are recorded: vpcguard.findings.store.FindingStore; all raise FindingStoreError."""

    def states(self, functions: Collection[Function], /) -> Mapping[Function, FunctionState]:
        """Return what is remembered about functions."""

    def record_all(
        self,
        looks: Sequence[Look],
        /,
        *,
        seen: Mapping[Function, FunctionState] | None = None,
        until: float = ...,
        before_change: Callable[[], None] | None = None,
    ) -> list[Recorded]:
        """Record looks and return what each changed; repeating is safe.

        seen: what `states` said while AWS was read; what it lacks is read now. until: a moment of
        time.monotonic() after which none is begun. before_change: called before a finding changes.
        """

    def resolve_deleted(
        self, *, account_id: str, region: str, function_name: str, judged_at: str, trigger: str
    ) -> Recorded:
        """Resolve the findings of a function that does not exist."""

    def functions_not_seen_since(self, account_id: str, region: str, moment: str, /) -> Sequence[str]:
        """Return the functions whose latest look is older than a moment."""

    def functions_with_findings(
        self, account_id: str, region: str, rule_ids: Iterable[str], /
    ) -> Sequence[str]:
        """Return the functions about which rules have found something that is not resolved."""


class Queue(Protocol):
    """Delivers again: vpcguard.audit.queues.ChangeQueue; all methods raise QueueError.

    until: a moment of time.monotonic() after which SQS is not called.
    """

    def send(self, delayed: Sequence[tuple[Change, int]], /, *, until: float) -> None:
        """Send changes, each with its delay in seconds."""

    def put_back(self, bodies: Sequence[str], /, *, until: float) -> int:
        """Send messages as they were received, to be delivered as new ones; return how many were."""

    def bring_back(self, receipts: Sequence[tuple[str, int]], /, *, until: float) -> None:
        """Have messages delivered again, each (receipt handle, seconds from now)."""


class DeadLetters(Protocol):
    """Takes what cannot be judged: vpcguard.audit.queues.DeadLetterQueue."""

    def send(self, body: str, /, *, reason: str, message_id: str) -> None:
        """Keep a message with its reason; raises QueueError."""


class Archive(Protocol):
    """Keeps what verdicts rest on: vpcguard.snapshot.archive.SnapshotArchive."""

    def keeping(self, snapshot: Snapshot, configuration: Mapping[str, Any], /) -> Callable[[], None]:
        """Return what keeps a snapshot and the override document in force, once; it raises ArchiveError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """The edges of the use cases.

    reader: account id, region -> reader of AWS there; None: there is no way to read that account.
    configuration: the one in force at this moment. queue: None: what AWS is still changing is left to the
    sweep, and what failed comes back when SQS says. dead_letters: None: SQS moves what failed too often.
    max_receives: after which receipt the queue gives a message up. lambda_calls_per_second: our share of
    Lambda's control-plane rate, which decides how many functions are read together. directory: what is known
    about an account beside what it answers, as Directory says it. archive: None: snapshots are not kept.
    """

    reader: Callable[[str, str], Any]
    capture: Capture
    policy: Judge
    configuration: Callable[[], Configuration]
    store: Store
    directory: Callable[..., Mapping[str, Any] | None]
    archive: Archive | None = None
    queue: Queue | None = None
    dead_letters: DeadLetters | None = None
    max_receives: int = Settings().max_receives
    lambda_calls_per_second: float = Settings().lambda_calls_per_second
    clock: Clock = system_clock

    def reader_of(self, account_id: str, region: str) -> Any:
        """Return the reader of an account; raises ReadError without a role, or where it refuses us."""
        try:
            aws = self.reader(account_id, region)
        except (ClientError, BotoCoreError) as error:
            raise ReadError(f"account {account_id} cannot be read: {clean_message(str(error))}") from error
        if aws is None:
            raise ReadError(f"account {account_id} cannot be read: there is no role to read it with")
        return aws


class Directory:
    """What is known about accounts, as kept in the table; each is read again after some minutes.

    organization_id: None: this installation has no organization. Safe to share between threads: two may read
    the same account.
    """

    def __init__(self, store: AccountStore, *, clock: Clock, organization_id: str | None) -> None:
        self._organization_id = organization_id
        self._store = store
        self._clock = clock
        self._known: dict[str, tuple[datetime, Mapping[str, Any] | None]] = {}

    def __call__(self, account_id: str, *, needs_unit: bool) -> Mapping[str, Any] | None:
        """Return name, unit and tags as a snapshot has them; None: nothing is known about the account.

        needs_unit: the configuration matches by unit. Raises ReadError then where the unit is not known
        (yet), NoOrganizationError where there is none to match, and FindingStoreError.
        """
        read_at, found = self._known.get(account_id, (None, None))
        now = self._clock()
        if (
            read_at is None
            or not timedelta(0) <= now - read_at < _KNOWN_FOR
            or (needs_unit and found is None)
        ):
            account = self._store.account(account_id)
            found = None if account is None else account.as_document()
            self._known[account_id] = now, found
            if found is None and needs_unit:
                self._require_organization()
                raise ReadError(
                    f"the configuration matches by organization unit, and that of account {account_id} is not"
                    " known: the organization was not read yet, or does not have this account"
                )
        return found

    def refusal(self, configuration: Configuration) -> str | None:
        """Return why a configuration cannot be meant for here; None: nothing speaks against it."""
        if not configuration.names_units:
            return None
        try:
            self._require_organization()
        except NoOrganizationError as error:
            return str(error)
        except FindingStoreError:  # every look asks again, and none passes without its answer
            return None
        return None

    def _require_organization(self) -> None:
        if self._organization_id is None:
            reason = "this installation has no organization (parameter OrganizationId)"
        elif (read := self._store.organization()) is not None and not read.is_in_use:
            reason = "this account is in no organization"
        else:
            return
        raise NoOrganizationError(f"organization_unit: {reason}, so that nothing could ever match")


def build_dependencies(settings: Settings, *, report: Callable[[Poll], None]) -> Dependencies:
    """Return the real edges; QUEUE_URL and DEAD_LETTER_QUEUE_URL may be missing, as the sweep's are.

    report: told about every look at the configuration.
    """
    session = botocore.session.Session()
    accounts = connect(settings, session=session)
    region = session.get_config_variable("region")
    if settings.account_id is not None and region is not None:
        own = accounts.reader(settings.account_id, region)
        if own is not None:
            own.warm(WARM_CLIENTS)
    table = session.create_client("dynamodb", config=CLIENT_CONFIG)
    queue_url, dead_letter_queue_url = settings.queue_url, settings.dead_letter_queue_url
    sqs = session.create_client("sqs", config=QUEUE_CONFIG) if queue_url or dead_letter_queue_url else None
    own_rules = load_own_rules(settings.own_rules)
    table_name = settings.table_name or ""
    exemptions = KeptExemptions(ExemptionStore(table, table_name).read, clock=system_clock)
    store = FindingStore(table, table_name, exemptions=exemptions)
    directory = Directory(
        Accounts(store.table),
        clock=system_clock,
        organization_id=settings.organization_id,
    )
    gc.freeze()  # else the collections of botocore's models, one in 160 events, break the promised p99
    return Dependencies(
        reader=accounts.reader,
        capture=partial(capture_pages, clock=system_clock),
        policy=Policy(settings.opa_url, own_rules=own_rules),
        configuration=_configuration(settings, session, own_rules, report, directory.refusal),
        store=store,
        archive=_archive(settings, session),
        queue=ChangeQueue(sqs, queue_url) if queue_url else None,
        dead_letters=DeadLetterQueue(sqs, dead_letter_queue_url) if dead_letter_queue_url else None,
        max_receives=settings.max_receives,
        lambda_calls_per_second=settings.lambda_calls_per_second,
        directory=directory,
    )


def _archive(settings: Settings, session: Any) -> Archive | None:
    if settings.snapshot_folder is not None:
        return SnapshotArchive(Folder(settings.snapshot_folder))
    if settings.snapshot_bucket is None:
        return None
    connect = partial(session.create_client, "s3", config=ARCHIVE_CLIENT_CONFIG)
    return SnapshotArchive(Bucket(settings.snapshot_bucket, connect))


def _configuration(
    settings: Settings,
    session: Any,
    own_rules: OwnRules,
    report: Callable[[Poll], None],
    refusal: Callable[[Configuration], str | None],
) -> Callable[[], Configuration]:
    """Return what gives the configuration in force; AppConfig is read when the first verdict needs it."""
    if settings.appconfig is None:
        configuration = load_configuration(settings.configuration_file, own_rules)
        return lambda: configuration
    client = session.create_client("appconfigdata", config=APPCONFIG_CLIENT_CONFIG)
    document = AppConfigDocument(client, **asdict(settings.appconfig))
    return ConfigurationSource(document, clock=system_clock, report=report, own=own_rules, refusal=refusal)
