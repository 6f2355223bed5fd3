"""The application: every route on a resolver, and its OpenAPI document."""

from __future__ import annotations

from typing import TypeVar

from aws_lambda_powertools.event_handler.api_gateway import ApiGatewayResolver

from vpcguard.api import audits, causes, exemptions, findings, posture
from vpcguard.api.edges import Service, get_service
from vpcguard.api.problems import handle_problems

Resolver = TypeVar("Resolver", bound=ApiGatewayResolver)

ROUTERS = (
    findings.router,
    causes.router,
    posture.router,
    exemptions.router,
    audits.router,
)


def mount(resolver: Resolver, service: Service) -> Resolver:
    """Return the resolver with every route of the API on it, served by these edges.

    Any resolver that was made with enable_validation=True: that of API Gateway, or HttpResolverLocal.
    Who calls is `edges.identify`; a resolver without IAM overrides it in `dependency_overrides`.
    """
    resolver.dependency_overrides[get_service] = lambda: service
    return mount_routes(resolver)


def mount_routes(resolver: Resolver) -> Resolver:
    """Return the resolver with every route on it, which nothing serves: enough for their document."""
    for router in ROUTERS:
        resolver.include_router(router)
    handle_problems(resolver)
    return resolver
