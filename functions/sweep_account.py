"""Judges every function of one account in one region or several, as many pages as there is time for."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from vpcguard.audit.dependencies import Dependencies, build_dependencies
from vpcguard.audit.report import report_polls, report_regions, report_sweep
from vpcguard.audit.sweep import FINISHING_SECONDS, audit_account, audit_regions, parse_sweep
from vpcguard.settings import load_settings, runs_in_lambda

logger = Logger(service="vpcguard")
metrics = Metrics(namespace="LambdaVpcGuard", service="vpcguard")


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: Any, context: LambdaContext, *, deps: Dependencies | None = None) -> dict[str, Any]:
    """Sweep {"account_id", "region" or "regions", "marker"?}: "complete", or "partial" with a marker.

    A partial sweep is resumed by the same event with that marker.
    """
    request = parse_sweep(event)
    until = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - FINISHING_SECONDS
    logger.append_keys(account_id=request.account_id, region=request.region)
    deps = deps or dependencies()
    if request.region is None:
        swept = audit_regions(request.account_id, request.regions, deps=deps, page=request.page, until=until)
        return report_regions(swept, logger, metrics)
    one = audit_account(request.account_id, request.region, deps=deps, page=request.page, until=until)
    return report_sweep(one, logger, metrics)


@cache
def dependencies() -> Dependencies:
    """Return the real edges, built once per cold start."""
    return build_dependencies(load_settings(requires=("TABLE_NAME",)), report=report_polls(logger, metrics))


if runs_in_lambda():  # INIT has a whole CPU, the first invocation does not
    dependencies()
