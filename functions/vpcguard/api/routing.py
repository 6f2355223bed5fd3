"""One way to declare a route: its documented answers, and the query parameters it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from inspect import getdoc
from typing import Any, TypeVar, get_type_hints

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import BaseModel

from vpcguard.api.problems import PROBLEM_JSON, ApiError, Fault, Problem, refused_body, shown

Model = TypeVar("Model", bound=BaseModel)
Handler = TypeVar("Handler", bound=Callable[..., Any])

_ALWAYS = (400, 403, 429, 500, 503)
_OF_BODIES = (413, 415, 422)
_MEANINGS = {
    400: "The path, the query or a header is not as documented",
    403: "The caller may not do this",
    404: "There is no such thing, or not in this account",
    409: "Another body came with this Idempotency-Key, or nobody works on requests here",
    412: "It was changed meanwhile: read it again",
    413: "The body is too large",
    415: "The body is not application/json",
    422: "The body is not as documented",
    428: "If-Match is missing",
    429: "Too many requests",
    500: "A fault of ours",
    503: "What this rests on does not answer",
}


def new_router() -> Router:
    """Return an empty router."""
    return Router()  # type: ignore[no-untyped-call]


def route(
    router: Router,
    method: str,
    path: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    problems: Sequence[int] = (),
) -> Callable[[Handler], Handler]:
    """Add a route with the name, the summary and the models of its function.

    headers: of the answer, by name what each says. problems: statuses beside those that any route may answer.
    """

    def add(handler: Handler) -> Handler:
        summary, _, description = (getdoc(handler) or "").partition("\n\n")
        query = get_type_hints(handler).get("query")
        answers: dict[int, Any] = {
            code: _problem_answer(code)
            for code in sorted(
                {
                    *_ALWAYS,
                    *problems,
                    *([404] if "<" in path else ()),
                    *(_OF_BODIES if method == "POST" else ()),
                }
            )
        }
        good: Any = {"description": HTTPStatus(status).phrase}
        if headers:
            said = {
                name: {"description": text, "schema": {"type": "string"}} for name, text in headers.items()
            }
            good["headers"] = said
        router.route(
            path,
            method,
            summary=summary,
            description=description or None,
            operation_id=handler.__name__,
            tags=[handler.__module__.rpartition(".")[2]],
            responses={status: good, **answers},
            status_code=status,
            custom_response_validation_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
            middlewares=[_strict(query)],
        )(handler)
        return handler

    return add


def json_answer(body: Model, status: HTTPStatus, **headers: str) -> Response[Model]:
    """Return an answer with headers of its own."""
    return Response(status_code=status, content_type="application/json", headers=headers, body=body)


def _problem_answer(code: int) -> Any:
    return {"description": _MEANINGS[code], "content": {PROBLEM_JSON: {"model": Problem}}}


def _strict(query: type[BaseModel] | None) -> Callable[..., Response[Any]]:
    """Return what refuses query parameters that are unknown, or given twice where one counts."""
    fields = query.model_fields if query is not None else {}
    several = {name for name, field in fields.items() if "list[" in str(field.annotation)}

    def strict(app: Any, next_middleware: Callable[[Any], Response[Any]]) -> Response[Any]:
        refused = refused_body(app.current_event)
        if refused is not None:
            raise refused
        # validation adds to what resolved_query_string_parameters returns; the event itself stays as it came
        event = app.current_event.raw_event
        times = event.get("multiValueQueryStringParameters") or {}
        faults = [
            Fault(where=f"query.{shown(name)}", reason="unknown" if name not in fields else "given twice")
            for name in event.get("queryStringParameters") or {}
            if name not in fields or (name not in several and len(times.get(name) or ()) > 1)
        ]
        if faults:
            raise ApiError(HTTPStatus.BAD_REQUEST, "the request is not as documented", faults=faults)
        answer = next_middleware(app)
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer

    return strict
