"""The OpenAPI document of the routes, as docs/openapi.json publishes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_type_hints

from aws_lambda_powertools.event_handler.api_gateway import ApiGatewayResolver, Route
from pydantic import BaseModel

from vpcguard.api.problems import routes_of

_POWERTOOLS_OWN = ("HTTPValidationError", "ResponseValidationError", "ValidationError")
_TEXT = """\
What Lambda VPC Guard knows: findings, causes, functions, rules, coverage, exemptions; and audits on request.

Every request is signed (SigV4) and authorized by IAM, path by path: the same paths under
`/accounts/{account_id}` can be granted for one account alone. Whatever is refused is answered as problem
details (RFC 9457). A page of a listing looks at a bounded number of entries, so where few of them are wanted
it may hold fewer than `limit`, even none: only a `cursor` of null ends a listing."""


def openapi_document(app: ApiGatewayResolver) -> dict[str, Any]:
    """Return the document of an application that `app.mount` made."""
    written: dict[str, Any] = json.loads(
        app.get_openapi_json_schema(
            title="Lambda VPC Guard",
            version="1",
            description=_TEXT,
        )
    )
    for route in routes_of(app):
        _mend(written["paths"][route.openapi_path][route.method.lower()], route)
    schemas = written["components"]["schemas"]
    for name in _POWERTOOLS_OWN:
        schemas.pop(name, None)
    written["components"]["securitySchemes"] = {
        "sigv4": {
            "type": "apiKey",
            "name": "Authorization",
            "in": "header",
            "x-amazon-apigateway-authtype": "awsSigv4",
        }
    }
    written["security"] = [{"sigv4": []}]
    written["paths"] = dict(sorted(written["paths"].items()))
    written["components"]["schemas"] = dict(sorted(schemas.items()))
    return written


def _mend(operation: dict[str, Any], route: Route) -> None:
    """Say what Powertools leaves out of a model of query parameters, and nothing that is not answered."""
    query = get_type_hints(route.func).get("query")
    if query is not None:
        others = [one for one in operation["parameters"] if one["in"] != "query"]
        operation["parameters"] = others + _parameters(query)
    answers = operation["responses"]
    if not route.responses or 422 not in route.responses:  # noqa: PLR2004 - Powertools adds one everywhere
        answers.pop("422", None)
    operation["responses"] = dict(sorted(answers.items()))


def _parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    """Return the query parameters of a model, each with its whole schema."""
    schema = model.model_json_schema()
    required = schema.get("required", ())
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            **({"description": one["description"]} if "description" in one else {}),
            "schema": _without_null(one),
        }
        for name, one in schema["properties"].items()
    ]


def _without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter that may be left out: null is no text."""
    kinds = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    only = kinds[0] if len(kinds) == 1 else dict(schema)
    kept = {key: one for key, one in schema.items() if key in ("description",)}
    return {key: one for key, one in {**only, **kept}.items() if key not in ("title", "default")} | (
        {"default": schema["default"]} if schema.get("default") is not None else {}
    )
