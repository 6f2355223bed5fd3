"""What is signed for which region, how often it is sent, and what is said where nobody answers."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from botocore.session import Session

from vpcguard.cli import signing
from vpcguard.cli.hub import Request
from vpcguard.cli.signing import ATTEMPTS, SignedApi
from vpcguard.errors import ReadError

URL = "https://abc123.execute-api.eu-north-1.amazonaws.com/v1/"
GET = Request(method="GET", target="/findings?owner=a%20b")
POST = Request(method="POST", target="/exemptions", body=b"{}")
KEYED = Request(method="POST", target="/exemptions", body=b"{}", headers={"idempotency-key": "k"})


class _Http:
    """Answers with statuses, or raises; keeps what it was sent."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.outcomes: Iterator[Any] = iter(())

    def send(self, request: Any) -> Any:
        self.sent.append(request)
        outcome = next(self.outcomes, 200)
        if isinstance(outcome, Exception):
            raise outcome
        return SimpleNamespace(status_code=outcome, headers={"X-Name": "value"}, content=b"{}")


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> _Http:
    fake = _Http()
    monkeypatch.setattr(signing, "URLLib3Session", lambda **_: fake)
    return fake


def _api(url: str = URL, *, region: str | None = None) -> SignedApi:
    session = Session()
    session.set_credentials("AKIDEXAMPLE", "secret", "a token")
    session.set_config_variable("region", "us-east-1")
    return SignedApi(url, session, region=region, pause=lambda _: None)


@pytest.mark.parametrize(
    ("url", "region", "signed_for"),
    [
        (URL, None, "eu-north-1"),
        (URL, "eu-west-1", "eu-west-1"),
        ("https://guard.example.com/v1", None, "us-east-1"),
        ("https://x.execute-api.cn-north-1.amazonaws.com.cn/v1", None, "cn-north-1"),
        ("https://x.execute-api.eu-north-1.amazonaws.com.evil.example/v1", None, "us-east-1"),
    ],
)
def test_it_is_signed_for_the_region_of_the_url(
    http: _Http, url: str, region: str | None, signed_for: str
) -> None:
    answer = _api(url, region=region)(GET)

    [sent] = http.sent
    assert sent.url == f"{url.rstrip('/')}/findings?owner=a%20b"
    assert f"/{signed_for}/execute-api/aws4_request" in str(sent.headers["Authorization"])
    assert sent.headers["X-Amz-Security-Token"] == "a token"
    assert (answer.status, answer.headers) == (200, {"x-name": "value"})


@pytest.mark.parametrize(
    ("request_", "outcomes", "status", "attempts"),
    [
        (GET, [503, 429, 200], 200, 3),
        (GET, [500] * 9, 500, ATTEMPTS),
        (GET, [404, 200], 404, 1),
        (GET, [ReadTimeoutError(endpoint_url=URL), 200], 200, 2),
        (POST, [503, 201], 503, 1),  # it may have been done
        (KEYED, [503, 201], 201, 2),
    ],
)
def test_what_may_be_repeated_is(
    http: _Http, request_: Request, outcomes: list[Any], status: int, attempts: int
) -> None:
    http.outcomes = iter(outcomes)

    assert _api()(request_).status == status
    assert len(http.sent) == attempts


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectTimeoutError(endpoint_url=URL), "no connection within 5 s"),
        (ReadTimeoutError(endpoint_url=URL), "nothing came within 32 s"),
        (EndpointConnectionError(endpoint_url=URL), "cannot be reached"),
    ],
)
def test_silence_is_a_failed_read_that_names_the_api(http: _Http, error: Exception, words: str) -> None:
    http.outcomes = iter([error] * ATTEMPTS)

    with pytest.raises(ReadError, match=r"abc123\.execute-api") as caught:
        _api()(GET)

    assert words in str(caught.value)
    assert "AKIDEXAMPLE" not in str(caught.value)


def test_what_changes_something_is_not_sent_again_into_silence(http: _Http) -> None:
    http.outcomes = iter([ReadTimeoutError(endpoint_url=URL)])

    with pytest.raises(ReadError):
        _api()(POST)

    assert len(http.sent) == 1
