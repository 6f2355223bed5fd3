"""AppConfig's protocol: a session, then one token for every call, and a new session where a token is lost."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ConnectTimeoutError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from vpcguard.aws.appconfig import AppConfigDocument
from vpcguard.errors import ReadError

START = {
    "ApplicationIdentifier": "app1234",
    "EnvironmentIdentifier": "env1234",
    "ConfigurationProfileIdentifier": "pro1234",
    "RequiredMinimumPollIntervalInSeconds": 30,
}


@pytest.fixture
def client() -> Any:
    session = botocore.session.Session()
    session.set_credentials("local", "local")
    return session.create_client("appconfigdata", region_name="eu-west-1")


@pytest.fixture
def appconfig(client: Any) -> Iterator[Stubber]:
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


@pytest.fixture
def document(client: Any) -> AppConfigDocument:
    return AppConfigDocument(client, application="app1234", environment="env1234", profile="pro1234")


def started(stub: Stubber, token: str) -> None:
    stub.add_response("start_configuration_session", {"InitialConfigurationToken": token}, START)


def answered(stub: Stubber, content: bytes, *, token: str, following: str, seconds: int = 30) -> None:
    body = StreamingBody(io.BytesIO(content), len(content))
    answer = {
        "Configuration": body,
        "NextPollConfigurationToken": following,
        "NextPollIntervalInSeconds": seconds,
    }
    stub.add_response("get_latest_configuration", answer, {"ConfigurationToken": token})


def test_every_answer_brings_the_token_and_the_time_of_the_next(
    appconfig: Stubber, document: AppConfigDocument
) -> None:
    started(appconfig, "t1")
    answered(appconfig, b"{}", token="t1", following="t2")
    answered(appconfig, b"", token="t2", following="t3", seconds=90)
    answered(appconfig, b"[]", token="t3", following="t4")

    assert [document.poll() for _ in range(3)] == [(b"{}", 30.0), (None, 90.0), (b"[]", 30.0)]


def test_where_nothing_is_deployed_the_first_content_is_empty_not_unchanged(
    appconfig: Stubber, document: AppConfigDocument
) -> None:
    started(appconfig, "t1")
    answered(appconfig, b"", token="t1", following="t2")

    assert document.poll() == (b"", 30.0)


def test_a_refused_token_is_followed_by_a_new_session(
    appconfig: Stubber, document: AppConfigDocument
) -> None:
    """Tokens end after 24 hours, and with a lost answer: a process must not be blind from then on."""
    started(appconfig, "t1")
    answered(appconfig, b"{}", token="t1", following="t2")
    appconfig.add_client_error("get_latest_configuration", "BadRequestException", "s3cret")
    started(appconfig, "t9")
    answered(appconfig, b"{}", token="t9", following="t10")

    document.poll()
    with pytest.raises(ReadError) as raised:
        document.poll()

    assert (
        str(raised.value)
        == "AppConfig could not be read: GetLatestConfiguration was refused: BadRequestException"
    )
    assert document.poll() == (b"{}", 30.0)


def test_a_session_that_is_refused_names_the_code(appconfig: Stubber, document: AppConfigDocument) -> None:
    appconfig.add_client_error("start_configuration_session", "ResourceNotFoundException", "x")

    with pytest.raises(ReadError, match=r"StartConfigurationSession was refused: ResourceNotFoundException$"):
        document.poll()


def test_a_network_that_fails_is_a_read_error(client: Any, document: AppConfigDocument) -> None:
    def fail(**_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url="https://appconfigdata")

    client.meta.events.register("before-send.appconfigdata", fail)

    with pytest.raises(ReadError, match=r"^AppConfig could not be read: ConnectTimeoutError$"):
        document.poll()
