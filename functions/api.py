"""Answers the API: requests of API Gateway, each signed and authorized by IAM before it comes here."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.utilities.typing import LambdaContext

from vpcguard.api.app import mount
from vpcguard.api.edges import build_service
from vpcguard.settings import load_settings, runs_in_lambda

logger = Logger(service="vpcguard")


@logger.inject_lambda_context(clear_state=True, correlation_id_path="requestContext.requestId")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request; the log says who asked for which path, as it is declared, without its values."""
    answer = application().resolve(event, context)
    caller = event["requestContext"].get("identity", {}).get("userArn")
    asked = {"method": event["httpMethod"], "path": event.get("resource"), "caller": caller}
    logger.info("answered", status=answer["statusCode"], **asked)
    return answer


@cache
def application() -> APIGatewayRestResolver:
    """Return the application over the real edges, built once per cold start."""
    settings = load_settings(requires=("TABLE_NAME", "CURSOR_SECRET_ARN"))
    return mount(APIGatewayRestResolver(enable_validation=True), build_service(settings))


if runs_in_lambda():  # INIT has a whole CPU, the first request does not
    application()
