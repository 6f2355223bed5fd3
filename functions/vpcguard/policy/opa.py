"""The one place that speaks to OPA's client: a question in, OPA's whole answer out, every failure ours.

opa-python-client raises what `requests` raises and retries what it must not; it is set up and wrapped
once here.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from functools import partial
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import requests

from vpcguard.errors import (
    DecisionError,
    FactsError,
    InvalidDecisionError,
    OpaTimeoutError,
    OpaUnavailableError,
    PolicyEvaluationError,
)

# The asynchronous client would import aiohttp, half of the whole cold start, for nothing.
_unused = ModuleType("opa_client.opa_async")
_unused.AsyncOpaClient = None  # type: ignore[attr-defined]
sys.modules.setdefault("opa_client.opa_async", _unused)

from opa_client.opa import OpaClient  # noqa: E402  after the line that spares aiohttp

DECISION = "vpcguard.decision"  # entrypoints of the policies, below data
EXPLANATION = "vpcguard.explanation.answer"
# a built-in that fails makes a rule undefined, silently, unless it is told to be strict
_PARAMETERS = {"strict-builtin-errors": "true", "provenance": "true"}
_CONNECT_SECONDS = 0.5
_RETRY_WAIT_SECONDS = 0.05
_OVERLOADED = frozenset({502, 503, 504})
_LONGEST_TEXT = 2000


class Opa:
    """A connection to one OPA server.

    timeout_seconds: how long one answer may take. retries: how often a refused or broken connection is
    tried again, which a question without side effects allows; a timeout is not tried again. most_bytes: how
    long an answer may be; None: as long as it is.
    """

    def __init__(
        self, url: str, *, timeout_seconds: float, retries: int, most_bytes: int | None = None
    ) -> None:
        parts = urlsplit(url)
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._retries = retries
        self._client = OpaClient(
            host=_host(parts.hostname or "127.0.0.1"),
            port=parts.port or (443 if parts.scheme == "https" else 80),
            ssl=parts.scheme == "https",
            retries=0,
            timeout=(_CONNECT_SECONDS, timeout_seconds),
            # OPA would compress each answer as well as it can, and loopback gains nothing by it
            headers={"Accept-Encoding": "identity"},
        )
        # a proxy variable would capture even 127.0.0.1, and a .netrc entry the authorization
        self._client._session.trust_env = False  # noqa: SLF001  the client offers no other way
        if most_bytes is not None:
            self._client._session.hooks["response"].append(partial(_read_at_most, most_bytes))  # noqa: SLF001

    def ask(
        self, document: Mapping[str, Any], entrypoint: str = DECISION, key: str | None = None
    ) -> dict[str, Any]:
        """Return OPA's whole answer to one question; raises DecisionError or FactsError.

        key: of which entry of the entrypoint alone, which may have dots in its name.
        """
        for left in range(self._retries, -1, -1):
            try:
                return self._ask_once(document, entrypoint, key)
            except requests.exceptions.Timeout as error:
                raise OpaTimeoutError(
                    f"no answer from OPA at {self._url} within {self._timeout_seconds} s"
                ) from error
            except (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
                if not left:
                    raise OpaUnavailableError(f"OPA at {self._url} cannot be reached: {error}") from error
                time.sleep(_RETRY_WAIT_SECONDS)
        raise AssertionError  # the last round returns or raises

    def wait_until_ready(self, timeout_seconds: float) -> bool:
        """Return True once OPA answers that it is healthy, False if it does not in time."""
        deadline = time.monotonic() + timeout_seconds
        while not self._client.check_health():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def labels(self) -> Mapping[str, Any]:
        """Return the labels that the server was started with."""
        try:
            labels = self._client.get_config().get("result", {}).get("labels", {})
        except (requests.exceptions.RequestException, AttributeError):
            return {}
        return labels if isinstance(labels, dict) else {}

    def close(self) -> None:
        """Close the connection."""
        self._client.close_connection()

    def _ask_once(self, document: Mapping[str, Any], entrypoint: str, key: str | None) -> dict[str, Any]:
        try:
            body = self._client.query_rule(dict(document), entrypoint, key, query_params=_PARAMETERS)
        except requests.exceptions.JSONDecodeError as error:
            raise InvalidDecisionError(f"OPA at {self._url} answered no JSON") from error
        except (requests.exceptions.InvalidJSONError, TypeError) as error:
            raise FactsError(f"facts that are no JSON: {error}") from error
        except requests.exceptions.HTTPError as error:
            raise _refusal(error.response) from error
        if not isinstance(body, dict):
            raise InvalidDecisionError(f"OPA at {self._url} answered no JSON object")
        return body


def _read_at_most(most_bytes: int, response: requests.Response, **_: object) -> None:
    """Read an answer before requests does, which knows no bound."""
    content = response.raw.read(most_bytes + 1)
    if len(content) > most_bytes:
        response.close()
        raise InvalidDecisionError(f"OPA's answer has more than {most_bytes:,} bytes")
    response._content = content  # noqa: SLF001  where requests keeps what it read


def _host(name: str) -> str:
    return f"[{name}]" if ":" in name else name


def _refusal(response: requests.Response) -> DecisionError:
    """Return the error for a status other than 200, with OPA's own text."""
    if response.status_code in _OVERLOADED:
        return OpaUnavailableError(f"OPA answered {response.status_code}")
    try:
        body = response.json()
    except ValueError:
        body = None
    text = _texts(body) if isinstance(body, dict) else response.text
    return PolicyEvaluationError(f"OPA answered {response.status_code}: {text[:_LONGEST_TEXT]}")


def _texts(body: Mapping[str, Any]) -> str:
    errors = body.get("errors")
    messages = (
        [str(one.get("message")) for one in errors if isinstance(one, dict)]
        if isinstance(errors, list)
        else []
    )
    return "; ".join([str(body.get("message", "")), *messages])
