"""The API in process: requests as API Gateway sends them, and the answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from vpcguard.api.app import mount
from vpcguard.api.cursors import Cursors
from vpcguard.api.edges import Service

CALLER = "arn:aws:sts::111122223333:assumed-role/approver/kim"
KEY = b"a key of thirty-two bytes, or more"


@dataclass
class Context:
    """What Lambda hands to a handler beside the event."""

    function_name: str = "vpcguard-api"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:111122223333:function:vpcguard-api"
    aws_request_id: str = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        """Return the time that is left."""
        return 29_000


@dataclass(frozen=True)
class Answer:
    """One answer; body: its JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def faults(self) -> list[str]:
        """What a problem says is wrong, and where."""
        return [f"{one['where']}: {one['reason']}" for one in self.body.get("faults", ())]


class Api:
    """The application over some edges, asked as API Gateway asks it."""

    def __init__(self, **edges: Any) -> None:
        service = Service(cursors=Cursors(KEY), **edges)
        self.findings, self.clock = service.findings, service.clock
        self.app = mount(APIGatewayRestResolver(enable_validation=True), service)

    def get(self, path: str, *, caller: str | None = CALLER, **query: str | Sequence[str]) -> Answer:
        """Ask for a path, with its query parameters."""
        return self.ask("GET", path, query=query, caller=caller)

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | Sequence[str]] | None = None,
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
        caller: str | None = CALLER,
    ) -> Answer:
        """Send one request."""
        event = request_event(method, path, query=query, headers=headers, body=body, caller=caller)
        answer = self.app.resolve(event, Context())  # type: ignore[arg-type]
        content = {name: ", ".join(values) for name, values in answer["multiValueHeaders"].items()}
        return Answer(answer["statusCode"], content, json.loads(answer["body"]) if answer["body"] else None)


def request_event(
    method: str,
    path: str,
    *,
    query: Mapping[str, str | Sequence[str]] | None = None,
    headers: Mapping[str, str] | None = None,
    body: str | None = None,
    caller: str | None = CALLER,
) -> dict[str, Any]:
    """Return a request as a REST API of API Gateway sends it.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    values = {name: [one] if isinstance(one, str) else list(one) for name, one in (query or {}).items()}
    sent = (
        {"content-type": "application/json", **(headers or {})} if body is not None else dict(headers or {})
    )
    return {
        "httpMethod": method,
        "path": unquote(path),
        "headers": sent or None,
        "multiValueHeaders": {name: [value] for name, value in sent.items()} or None,
        "queryStringParameters": {name: found[-1] for name, found in values.items()} or None,
        "multiValueQueryStringParameters": values or None,
        "body": body,
        "isBase64Encoded": False,
        "requestContext": {
            "stage": "v1",
            "path": f"/v1{path}",
            "requestId": "request-1",
            "identity": {"userArn": caller, "accountId": "111122223333" if caller else None},
        },
    }
