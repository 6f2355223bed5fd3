"""Reads the organization's accounts with their units and tags: daily, and what one of its events changed."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from vpcguard.clock import system_clock
from vpcguard.findings.accounts import Accounts
from vpcguard.findings.store import CLIENT_CONFIG
from vpcguard.findings.table import bound_table
from vpcguard.organization import Organization, connect_organization
from vpcguard.settings import load_settings

logger = Logger(service="vpcguard")
metrics = Metrics(namespace="LambdaVpcGuard", service="vpcguard")


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(
    event: Any,
    context: LambdaContext,  # noqa: ARG001
    *,
    organization: Organization | None = None,
) -> dict[str, Any]:
    """Refresh what {"refresh": "if_due"} or an event of AWS Organizations asks for; return what was done."""
    refreshed = (organization or dependencies()).refresh(event)
    metrics.add_metric(name="OrganizationAccountsRead", unit=MetricUnit.Count, value=refreshed.accounts)
    logger.info("organization read" if refreshed.was_due else "organization is known", **refreshed.as_dict())
    return refreshed.as_dict()


@cache
def dependencies() -> Organization:
    """Return the real edges, built when the first invocation needs them: a role is assumed at once."""
    settings = load_settings(requires=("TABLE_NAME",))
    session = botocore.session.Session()
    table = session.create_client("dynamodb", config=CLIENT_CONFIG)
    accounts = Accounts(bound_table(settings.table_name or "", table))
    return Organization(connect_organization(settings, session), accounts, clock=system_clock)
