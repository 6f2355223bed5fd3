"""The real edges of the use case, built once per cold start from the environment; calls nothing."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import botocore.session
from botocore.config import Config

from vpcguard.audit.dependencies import Dependencies
from vpcguard.audit.messages import DeadLetters, Retries
from vpcguard.audit.queue import ChangeQueue, DeadLetterQueue
from vpcguard.aws.accounts import connect
from vpcguard.aws.appconfig import CLIENT_CONFIG as APPCONFIG_CLIENT_CONFIG
from vpcguard.aws.appconfig import AppConfigDocument
from vpcguard.clock import system_clock
from vpcguard.findings.store import CLIENT_CONFIG, FindingStore
from vpcguard.policy.configuration import Configuration, ConfigurationSource, Poll, load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.settings import Settings
from vpcguard.snapshot import capture_pages

# What nearly every look reads with. Making a client takes 5 to 70 ms, which INIT pays better than an event.
WARM_CLIENTS = ("lambda", "ec2", "iam", "resourcegroupstaggingapi", "service-quotas")
_QUEUE_CONFIG = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 4}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPath:
    """What the handler of changes needs; max_receives: after which receipt the queue gives a message up."""

    audit: Dependencies
    dead_letters: DeadLetters | None = None
    retries: Retries | None = None
    max_receives: int = Settings().max_receives


def build_event_path(settings: Settings, *, report: Callable[[Poll], None]) -> EventPath:
    """Return the edges of the event path; QUEUE_URL and DEAD_LETTER_QUEUE_URL may be missing.

    report: told about every look at the configuration.
    """
    session = botocore.session.Session()
    audit = _dependencies(settings, session, report)
    if settings.queue_url is None and settings.dead_letter_queue_url is None:
        return EventPath(audit=audit, max_receives=settings.max_receives)
    sqs = session.create_client("sqs", config=_QUEUE_CONFIG)
    queue = ChangeQueue(sqs, settings.queue_url) if settings.queue_url else None
    dead_letters = settings.dead_letter_queue_url
    return EventPath(
        audit=replace(audit, later=queue),
        dead_letters=DeadLetterQueue(sqs, dead_letters) if dead_letters else None,
        retries=queue,
        max_receives=settings.max_receives,
    )


def build_sweep(settings: Settings, *, report: Callable[[Poll], None]) -> Dependencies:
    """Return the edges of the sweep; report: told about every look at the configuration."""
    return _dependencies(settings, botocore.session.Session(), report)


def _dependencies(settings: Settings, session: Any, report: Callable[[Poll], None]) -> Dependencies:
    table = session.create_client("dynamodb", config=CLIENT_CONFIG)
    accounts = connect(settings, session=session)
    region = session.get_config_variable("region")
    if settings.account_id is not None and region is not None:
        own = accounts.reader(settings.account_id, region)
        if own is not None:
            own.warm(WARM_CLIENTS)
    gc.freeze()  # the models of AWS's services stay: no collection has to walk through them again
    return Dependencies(
        reader=accounts.reader,
        capture=partial(capture_pages, clock=system_clock),
        policy=Policy(settings.opa_url),
        configuration=_configuration(settings, session, report),
        store=FindingStore(table, settings.table_name or ""),
        clock=system_clock,
    )


def _configuration(
    settings: Settings, session: Any, report: Callable[[Poll], None]
) -> Callable[[], Configuration]:
    """Return what gives the configuration in force; AppConfig is read when the first verdict needs it."""
    if settings.appconfig is None:
        configuration = load_configuration(settings.configuration_file)
        return lambda: configuration
    client = session.create_client("appconfigdata", config=APPCONFIG_CLIENT_CONFIG)
    document = AppConfigDocument(client, **asdict(settings.appconfig))
    return ConfigurationSource(document, clock=system_clock, report=report)
