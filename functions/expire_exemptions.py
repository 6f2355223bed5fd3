"""Has findings show which exemptions began or ended: hourly, and once a day for all of them."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import botocore.session
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from vpcguard.audit.expiry import FINISHING_SECONDS, Expiry, report_applied
from vpcguard.clock import system_clock
from vpcguard.findings.exemption_store import ExemptionStore
from vpcguard.findings.store import CLIENT_CONFIG, FindingStore, KeptExemptions
from vpcguard.settings import load_settings

logger = Logger(service="vpcguard")
metrics = Metrics(namespace="LambdaVpcGuard", service="vpcguard")


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(
    event: Any,  # noqa: ARG001 - the schedule says all there is to say
    context: LambdaContext,
    *,
    expiry: Expiry | None = None,
) -> dict[str, Any]:
    """Apply what began or ended since the last run, as much as there is time for; return what was done."""
    until = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - FINISHING_SECONDS
    return report_applied((expiry or dependencies()).run(until=until), logger, metrics)


@cache
def dependencies() -> Expiry:
    """Return the real edges, built when the first invocation needs them."""
    table_name = load_settings(requires=("TABLE_NAME",)).table_name or ""
    client = botocore.session.Session().create_client("dynamodb", config=CLIENT_CONFIG)
    store = ExemptionStore(client, table_name)
    kept = KeptExemptions(store.read)
    return Expiry(store, kept, FindingStore(client, table_name, exemptions=kept), clock=system_clock)
