"""Which AWS operation an HTTP request asks for, read with botocore's service models."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

# signing name -> (name of the model, service of the snapshot's keys)
SERVICES = {
    "ec2": ("ec2", "ec2"),
    "iam": ("iam", "iam"),
    "lambda": ("lambda", "lambda"),
    "organizations": ("organizations", "organizations"),
    "servicequotas": ("service-quotas", "servicequotas"),
    "sts": ("sts", "sts"),
    "tagging": ("resourcegroupstaggingapi", "tag"),
}


class Request(NamedTuple):
    """What tells one call from another; `service` is the signing name."""

    method: str
    path: str
    target: str
    service: str
    body: bytes


def operation_of(request: Request) -> tuple[OperationModel, str, dict[str, str]]:
    """Return the operation, the service as the snapshot spells it, and the parameters."""
    model_name, service = SERVICES[request.service]
    model = service_model(model_name)
    if model.resolved_protocol == "rest-json":
        name, parameters = _rest(model, request)
    elif model.resolved_protocol == "json":
        name, parameters = request.target.rpartition(".")[2], json.loads(request.body)
    else:
        parameters = dict(parse_qsl(request.body.decode()))
        name = parameters["Action"]
    return model.operation_model(name), service, parameters


@cache
def service_model(name: str) -> ServiceModel:
    """Return botocore's model of one service."""
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


def _rest(model: ServiceModel, request: Request) -> tuple[str, dict[str, str]]:
    url = urlsplit(request.path)
    for name, method, pattern in _routes(model.service_name):
        if method == request.method and (match := pattern.fullmatch(url.path)):
            return name, {k: unquote(v) for k, v in match.groupdict().items()} | dict(parse_qsl(url.query))
    raise LookupError(request.path)


@cache
def _routes(service: str) -> list[tuple[str, str, re.Pattern[str]]]:
    model = service_model(service)
    routes = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(urlsplit(http["requestUri"]).path))
        routes.append((name, http["method"], re.compile(path)))
    return routes
