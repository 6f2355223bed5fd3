"""What is answered where something is wrong: problem details (RFC 9457), and nothing of the inside."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import ApiGatewayResolver, Route
from aws_lambda_powertools.event_handler.exceptions import NotFoundError, ServiceError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
    ResponseValidationError,
)
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent
from pydantic import BaseModel, ConfigDict, Field

from vpcguard.errors import FindingStoreError, ListingError, QueueError

PROBLEM_JSON = "application/problem+json"
LARGEST_BODY = 16_384  # bytes; the largest exemption there can be has a quarter of it
_LONGEST_NAME = 100  # of what a problem says of the caller's own words

logger = Logger(service="vpcguard")


class Fault(BaseModel):
    """One thing that is wrong with a request: where it stands, and why."""

    model_config = ConfigDict(extra="forbid")

    where: str = Field(description="query.limit, body.match.region, path.account_id ...")
    reason: str


class Problem(BaseModel):
    """Why a request was not answered (RFC 9457); type is always about:blank, title that of the status."""

    model_config = ConfigDict(extra="forbid")

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    faults: list[Fault] | None = Field(default=None, description="of a request that is not as documented")


class ApiError(Exception):
    """A request that is refused; detail is shown to its caller."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.faults = faults
        self.headers = headers or {}


def not_found(what: str) -> ApiError:
    """Return the error for what does not exist, or does not for this caller."""
    return ApiError(HTTPStatus.NOT_FOUND, f"{what} does not exist")


def problem(error: ApiError) -> Response[str]:
    """Return the answer that tells an error."""
    said = Problem(
        title=error.status.phrase,
        status=error.status,
        detail=error.detail,
        faults=list(error.faults) or None,
    )
    return Response(
        status_code=error.status,
        content_type=PROBLEM_JSON,
        headers={"Cache-Control": "no-store", **error.headers},
        body=said.model_dump_json(exclude_none=True),
    )


def refused_body(event: BaseProxyEvent) -> ApiError | None:
    """Return why the body of a request is not even read; None: it is, or there is none."""
    body = event.body
    if not body or event.http_method.upper() != "POST":
        return None
    try:
        text = event.decoded_body or ""
    except ValueError:
        return ApiError(HTTPStatus.BAD_REQUEST, "the body is no text in UTF-8")
    if len(text) > LARGEST_BODY:
        return ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body has more than {LARGEST_BODY} bytes")
    content_type = event.headers.get("content-type") or ""
    if content_type.partition(";")[0].strip().lower() != "application/json":
        return ApiError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body must be application/json")
    return None


def _unreadable(event: BaseProxyEvent) -> ApiError | None:
    """Return the refusal of JSON that nobody can read: too deep, or a number of thousands of digits."""
    if event.http_method.upper() != "POST":
        return None
    try:
        json.loads(event.decoded_body or "null")
    except (ValueError, RecursionError):
        return ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "the body is no JSON that can be read")
    return None


def handle_problems(app: ApiGatewayResolver) -> None:
    """Have whatever goes wrong answered as a problem."""

    def refuse_request(error: RequestValidationError) -> Response[str]:
        refused = refused_body(app.current_event) or _misrouted(app)
        return problem(refused or _invalid(error))

    def refuse_media_type(_: RequestUnsupportedContentType) -> Response[str]:
        refused = refused_body(app.current_event)
        return problem(refused or ApiError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "expected application/json"))

    def refuse_path(_: NotFoundError) -> Response[str]:
        return problem(_unrouted(app))

    def refuse_listing(error: ListingError) -> Response[str]:
        return problem(ApiError(HTTPStatus.BAD_REQUEST, str(error)))

    def refuse(error: ApiError) -> Response[str]:
        return problem(error)

    def fail(error: Exception) -> Response[str]:
        # Powertools reads the body before anything of ours is asked, and lets through what that raises
        refused = refused_body(app.current_event) or _unreadable(app.current_event)
        return _failed(error) if refused is None else problem(refused)

    def refuse_service(error: ServiceError) -> Response[str]:
        return problem(ApiError(HTTPStatus(error.status_code), HTTPStatus(error.status_code).phrase))

    handlers: dict[type[Exception], Callable[[Any], Response[str]]] = {
        RequestValidationError: refuse_request,
        RequestUnsupportedContentType: refuse_media_type,
        NotFoundError: refuse_path,
        ServiceError: refuse_service,
        ListingError: refuse_listing,
        ApiError: refuse,
        FindingStoreError: _unavailable,
        QueueError: _unavailable,
        ResponseValidationError: fail,
        Exception: fail,
    }
    for kind, handler in handlers.items():
        app.exception_handler(kind)(handler)


def _unavailable(error: Exception) -> Response[str]:
    logger.error("request not served", exc_info=error)
    detail = "what this rests on does not answer; try again later"
    return problem(ApiError(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": "5"}))


def _failed(error: Exception) -> Response[str]:
    logger.error("request failed", exc_info=error)
    return problem(ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, "a fault of ours; the log has it"))


def _invalid(error: RequestValidationError) -> ApiError:
    """Return what is wrong with a request: 422 for its body, 400 for anything before it."""
    found = error.errors()
    faults = [Fault(where=_where(one["loc"]), reason=_reason(one)) for one in found]
    if any(tuple(one["loc"]) == ("header", "if-match") and one["type"] == "missing" for one in found):
        return ApiError(HTTPStatus.PRECONDITION_REQUIRED, "If-Match is missing: say which ETag you saw")
    of_body = all(one["loc"] and one["loc"][0] == "body" for one in found)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if of_body else HTTPStatus.BAD_REQUEST
    return ApiError(status, "the request is not as documented", faults=faults)


def _reason(error: Mapping[str, Any]) -> str:
    return str(error.get("msg", error["type"])).removeprefix("Value error, ")


def _where(location: Sequence[Any]) -> str:
    if location[:2] == (
        "query",
        "query",
    ):  # the model of all query parameters, which is named so in the routes
        location = location[1:]
    return ".".join(shown(str(part)) for part in location)


def shown(name: str) -> str:
    """Return a name of the caller's own, short and on one line."""
    printable = "".join(one if one.isprintable() else "?" for one in name)
    return printable if len(printable) <= _LONGEST_NAME else printable[:_LONGEST_NAME] + "…"


def _unrouted(app: ApiGatewayResolver) -> ApiError:
    """Tell a path that there is not from one that takes other methods: Powertools answers 404 for both."""
    methods = _methods(app)
    if not methods:
        return ApiError(HTTPStatus.NOT_FOUND, "there is no such path")
    allowed = ", ".join(methods)
    return ApiError(HTTPStatus.METHOD_NOT_ALLOWED, f"this path takes {allowed}", headers={"Allow": allowed})


def _misrouted(app: ApiGatewayResolver) -> ApiError | None:
    """Return the refusal where Powertools found /exemptions/<id> for another method of /exemptions/report."""
    return None if app.current_event.http_method.upper() in _methods(app) else _unrouted(app)


def _methods(app: ApiGatewayResolver) -> list[str]:
    """Return the methods of the path that a request is for: of several that match, the most literal one."""
    path = app.context["_path"]
    found = [route for route in routes_of(app) if re.match(route.rule, path)]
    fewest = min((route.path.count("<") for route in found), default=0)
    return sorted({route.method for route in found if route.path.count("<") == fewest})


def routes_of(app: ApiGatewayResolver) -> list[Route]:
    """Return every route of an application."""
    return [*app._static_routes, *app._dynamic_routes]  # noqa: SLF001 - there is no public list
