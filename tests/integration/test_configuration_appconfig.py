"""The configuration from a real client against the stand-in's AppConfig: start, reload, faults, recovery."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import botocore.session
import pytest

from dev.processes import free_port, ministack
from tests.support.appconfig import Deployed, deployed
from tests.support.ministack import ACCOUNT, REGION, Account
from vpcguard.aws.appconfig import CLIENT_CONFIG, AppConfigDocument
from vpcguard.errors import ConfigurationError
from vpcguard.policy.configuration import Configuration, ConfigurationSource, Poll, load_configuration

EMPTY = b'{"version": 1}'
WARN = b'{"version": 1, "rules": {"az.single_az": {"stage": "warn"}}}'
TYPO = b'{"version": 1, "rules": {"nat.no_internet_egres": {"stage": "enforce"}}}'
REFUSED = (
    "configuration: rules.nat.no_internet_egres: there is no such rule; did you mean nat.no_internet_egress?"
)


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with ministack(account_id=ACCOUNT, region=REGION) as url:
        yield Account(url)


@dataclass
class Process:
    """A process that reads a configuration, and its clock."""

    url: str
    place: Deployed
    now: datetime = datetime(2026, 11, 20, 12, tzinfo=UTC)
    polls: list[Poll] = field(default_factory=list)

    def source(self) -> Callable[[], Configuration]:
        """Start anew, as a cold start does."""
        session = botocore.session.Session()
        session.set_credentials("local", "local")
        client = session.create_client(
            "appconfigdata", region_name=REGION, endpoint_url=self.url, config=CLIENT_CONFIG
        )
        place = self.place
        document = AppConfigDocument(
            client, application=place.application, environment=place.environment, profile=place.profile
        )
        self.client = client
        return ConfigurationSource(document, clock=lambda: self.now, report=self.polls.append)

    def pass_seconds(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


def test_a_deployed_change_is_in_force_within_a_minute(account: Account) -> None:
    process = Process(account.url, deployed(account, EMPTY))
    source = process.source()
    first = source()
    process.place.deploy(WARN)
    process.pass_seconds(60)

    assert (first, source()) == (load_configuration(), load_configuration(json.loads(WARN)))


def test_a_broken_reload_leaves_the_last_good_one_until_a_good_one_comes(account: Account) -> None:
    process = Process(account.url, deployed(account, WARN))
    source = process.source()
    good = source()
    for content in (TYPO, None, EMPTY):
        if content is not None:
            process.place.deploy(content)
        process.pass_seconds(60)
        source()

    empty = load_configuration()
    assert process.polls == [
        Poll(digest=good.digest, is_new=True),
        Poll(digest=good.digest, rejected=REFUSED),
        Poll(digest=good.digest, rejected=REFUSED),
        Poll(digest=empty.digest, is_new=True),
    ]


def test_a_cold_start_on_a_broken_document_judges_nothing(account: Account) -> None:
    process = Process(account.url, deployed(account, TYPO))
    source = process.source()

    with pytest.raises(ConfigurationError) as raised:
        source()

    assert str(raised.value) == REFUSED


def test_a_cold_start_where_nothing_is_deployed_judges_nothing(account: Account) -> None:
    """The same answer as a document without content; it must not read as "no overrides"."""
    source = Process(account.url, deployed(account, None)).source()

    with pytest.raises(ConfigurationError, match=r"^configuration: Expecting value"):
        source()


def test_a_cold_start_without_appconfig_judges_nothing(account: Account) -> None:
    process = Process(f"http://127.0.0.1:{free_port()}", deployed(account, EMPTY))

    with pytest.raises(ConfigurationError, match=r"^AppConfig could not be read: EndpointConnectionError$"):
        process.source()()


def test_an_appconfig_that_goes_away_leaves_the_last_good_one_and_comes_back(account: Account) -> None:
    process = Process(account.url, deployed(account, WARN))
    source = process.source()
    good = source()
    is_away = [True]

    def lead_astray(request: object, **_: object) -> None:
        if is_away[0]:
            request.url = f"http://127.0.0.1:{free_port()}/"  # type: ignore[attr-defined]

    process.client.meta.events.register("before-sign.appconfigdata", lead_astray)
    process.pass_seconds(60)
    while_away = source()
    is_away[0] = False
    process.place.deploy(EMPTY)
    process.pass_seconds(60)

    assert (while_away, source()) == (good, load_configuration())
    assert [poll.unread for poll in process.polls] == [
        None,
        "AppConfig could not be read: EndpointConnectionError",
        None,
    ]
