"""Requests to a deployed API, signed (SigV4) with the user's own credentials, by botocore's own signer.

What goes wrong becomes an error that says what to do. A request that changes nothing is tried three times
where the API is throttled, failing or out of reach, and so is one that a key lets count once; any other is
sent once.
"""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.exceptions import (
    ConnectionError as NoConnectionError,
)
from botocore.exceptions import (
    ConnectTimeoutError,
    HTTPClientError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.httpsession import URLLib3Session
from botocore.session import Session
from botocore.utils import get_environ_proxies

from vpcguard.cli.hub import Answer, Request
from vpcguard.errors import ConfigurationError, ReadError

SERVICE = "execute-api"
ATTEMPTS = 3
PAUSE_SECONDS = 0.5  # before the second attempt, twice as long before the third
# API Gateway ends a request after 29 s
# (https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html); to connect takes no such time
TIMEOUTS_SECONDS = (5, 32)
_SAFE = frozenset({"GET", "HEAD"})
_TOO_MANY, _SERVER_ERROR = 429, 500
# https://docs.aws.amazon.com/general/latest/gr/apigateway.html: <id>.execute-api.<region>.amazonaws.com[.cn]
_HOST = re.compile(r"[a-z0-9-]+\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")


class SignedApi:
    """The API behind a URL; the stage belongs to the URL. Raises ConfigurationError for what is no such URL.

    region: to sign for; None: the one in the URL, else the session's. pause: waits between attempts.
    """

    def __init__(
        self,
        url: str,
        session: Session,
        *,
        region: str | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = _checked(url)
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        in_url = _HOST.fullmatch(parts.hostname or "")
        self._region = region or (in_url[1] if in_url else session.get_config_variable("region"))
        if not self._region:
            raise ConfigurationError(
                "no region to sign for: use --hub-region, AWS_DEFAULT_REGION or a profile that has one"
            )
        credentials = session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        self._credentials = credentials
        self._pause = pause
        self._http = URLLib3Session(
            verify=session.get_config_variable("ca_bundle") or True,
            proxies={} if is_loopback(parts.hostname or "") else get_environ_proxies(self.url),
            timeout=TIMEOUTS_SECONDS,  # type: ignore[arg-type]  # its stubs know one number alone
        )

    def __call__(self, request: Request) -> Answer:
        """Return what the API answers, whatever its status; raises ReadError where it does not answer."""
        is_repeatable = request.method in _SAFE or "idempotency-key" in request.headers
        attempts = ATTEMPTS if is_repeatable else 1
        for attempt in range(1, attempts + 1):
            is_last = attempt == attempts
            try:
                response = self._http.send(self._signed(request))
            except (HTTPClientError, NoConnectionError) as error:
                if is_last:
                    raise ReadError(f"{self.url} {_unanswered(error)}") from error
            else:
                status = int(response.status_code)
                if is_last or not (status == _TOO_MANY or status >= _SERVER_ERROR):
                    headers = {name.lower(): value for name, value in response.headers.items()}
                    return Answer(status, headers, response.content)
            self._pause(PAUSE_SECONDS * 2 ** (attempt - 1))
        raise AssertionError("the last attempt returns or raises")

    def _signed(self, request: Request) -> AWSPreparedRequest:
        """Return a request with its signature; each attempt has its own, since it holds the time."""
        asked = AWSRequest(
            method=request.method,
            url=f"{self.url}{request.target}",
            headers={"accept": "application/json", **request.headers},
            data=request.body,
        )
        SigV4Auth(self._credentials.get_frozen_credentials(), SERVICE, self._region).add_auth(asked)
        return asked.prepare()


def _checked(url: str) -> SplitResult:
    """Return the parts of the API's URL; https, but for this machine's own."""
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, an unclosed bracket
        parts, is_whole = None, False
    if parts is None or not is_whole or parts.username is not None or parts.query or parts.fragment:
        example = "https://abc123.execute-api.eu-west-1.amazonaws.com/v1"
        raise ConfigurationError(
            f"--api takes the URL of the API with its stage, e.g. {example}, not {url[:200]!r}"
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ConfigurationError(f"--api takes https://, since findings are for you alone, not {url[:200]!r}")
    return parts


def is_loopback(host: str) -> bool:
    """True for a name or address of this machine's loopback interface."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _unanswered(error: Exception) -> str:
    if isinstance(error, ConnectTimeoutError):
        return f"does not answer: no connection within {TIMEOUTS_SECONDS[0]} s"
    if isinstance(error, ReadTimeoutError):
        return f"does not answer: nothing came within {TIMEOUTS_SECONDS[1]} s"
    return f"cannot be reached: {error}"
