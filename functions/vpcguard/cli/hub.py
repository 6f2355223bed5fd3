"""What the hub recorded, asked for in the API's words, whoever answers.

That is a deployed API (`signing`), or the same application in this process over the findings table
(`application`). A transport takes a Request to an Answer of any status. Here an answer becomes a document,
or an error that names what, where and what to do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from vpcguard.cli.output import visible
from vpcguard.errors import ConfigurationError, NothingReadError, ReadError

Json = dict[str, Any]
Query = Mapping[str, str | Sequence[str]]
PAGE_SIZE = 100  # items that one page is asked for
ERROR_TYPE = "x-amzn-errortype"  # the header in which AWS names its reason
NO_SUCH_RESOURCE = "ResourceNotFoundException"
_LONGEST_WORDS = 2_000
_SUCCESS = range(200, 300)
_SIGN_IN, _FORBIDDEN, _MISSING, _TOO_MANY, _SERVER_ERROR = 401, 403, 404, 429, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. target: path and query as they are sent, quoted; body: JSON, None: none."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


class Answer(NamedTuple):
    """What came back; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Part(NamedTuple):
    """Items of a listing; is_last: there are no more."""

    items: tuple[Json, ...]
    is_last: bool


Transport = Callable[[Request], Answer]


class Hub:
    """Asks for documents. place: what answers, for messages."""

    def __init__(self, send: Transport, place: str) -> None:
        self._send = send
        self.place = place

    def get(self, *path: str, query: Query | None = None) -> Json:
        """Return the document at a path, given by its parts."""
        return self.ask("GET", *path, query=query)[0]

    def ask(
        self,
        method: str,
        *path: str,
        query: Query | None = None,
        document: Json | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[Json, Mapping[str, str]]:
        """Send a request, return the document and the headers of its answer.

        Raises ConfigurationError for what the caller must mend (a filter, an id that does not exist),
        NothingReadError with AWS's code where who asks may not, ReadError where trying later may help.
        """
        sent = {**(headers or {}), **({"content-type": "application/json"} if document is not None else {})}
        request = Request(
            method=method,
            target=target(path, query or {}),
            headers=sent,
            body=None if document is None else json.dumps(document).encode(),
        )
        answer = self._send(request)
        if answer.status not in _SUCCESS:
            raise self._refused(request, answer)
        return self._document(answer), answer.headers

    def pages(self, *path: str, query: Query, name: str, limit: int) -> Iterator[Part]:
        """Yield a listing part by part, `limit` items at most in all; what comes after them is not read.

        name: of the field that holds the items. A part may be empty and not the last: only the cursor tells.
        """
        cursor: str | None = None
        left = limit
        while left > 0:
            asked = {**query, "limit": str(min(left, PAGE_SIZE)), **({"cursor": cursor} if cursor else {})}
            page = self.get(*path, query=asked)
            items, cursor = page.get(name), page.get("cursor")
            if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
                raise ReadError(f"{self.place}: /{'/'.join(path)} answered without {name}: is this the API?")
            left -= len(items)
            yield Part(tuple(items), is_last=cursor is None)
            if cursor is None:
                return

    def _document(self, answer: Answer) -> Json:
        found = _parsed(answer)
        if found is None:
            kind = answer.headers.get("content-type", "no content type")
            raise ReadError(f"{self.place} answered {answer.status} with {kind}, no JSON: is this the API?")
        return found

    def _refused(self, request: Request, answer: Answer) -> Exception:
        """Return the error of an answer that is no success, in the answer's own words where it has some."""
        path = request.target.partition("?")[0]
        what = f"{request.method} {path}"
        said = _said(answer)
        code = answer.headers.get(ERROR_TYPE, "").partition(":")[0]
        if answer.status in (_SIGN_IN, _FORBIDDEN):
            return NothingReadError(
                f"{self.place} refused {what}: {said}{_on_refusal(said, what)}", code=code
            )
        if code == NO_SUCH_RESOURCE:
            return ConfigurationError(said)
        if answer.status == _TOO_MANY or answer.status >= _SERVER_ERROR:
            return ReadError(f"{self.place} failed at {what}: {answer.status}: {said}; try again later")
        return ConfigurationError(f"{what}: {said}" if answer.status != _MISSING else said)


def _on_refusal(said: str, what: str) -> str:
    """Return what to do where API Gateway lets nobody through, in its own words for it.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
    """
    if said.startswith("Missing Authentication Token"):  # a path it does not have, whoever asks
        return ": it has no such path; check the stage in the URL"
    if "execute-api:Invoke" in said or "not authorized" in said.lower():
        return f"; these credentials need execute-api:Invoke on {what.replace(' ', '')}"
    return ""


def target(path: Sequence[str], query: Query) -> str:
    """Return path and query as they are sent; a parameter with several values is repeated."""
    quoted = "".join(f"/{quote(part, safe='')}" for part in path)
    asked = urlencode(query, doseq=True, quote_via=quote, safe="-_.~")
    return f"{quoted}?{asked}" if asked else quoted


def _parsed(answer: Answer) -> Json | None:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _said(answer: Answer) -> str:
    """Return what an answer says of its refusal: problem details' own words, or API Gateway's message."""
    document = _parsed(answer) or {}
    words = (
        document.get("detail") or document.get("message") or document.get("Message") or document.get("title")
    )
    if not isinstance(words, str):
        return f"answered {answer.status} without a reason"
    faults = document.get("faults")
    if isinstance(faults, list):
        found = [one for one in faults if isinstance(one, dict)]
        words += "".join(f"; {one.get('where')}: {one.get('reason')}" for one in found)
    return visible(words)[:_LONGEST_WORDS]
