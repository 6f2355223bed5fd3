"""Routes of what is known beside single findings: functions, rules, the summary."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from vpcguard.api.edges import Edges, Service
from vpcguard.api.findings import summary_of
from vpcguard.api.models import (
    AccountPath,
    FunctionPath,
    Posture,
    RegionPath,
    RuleList,
    Summary,
    SummaryQuery,
)
from vpcguard.api.problems import not_found
from vpcguard.api.routing import new_router, route
from vpcguard.clock import rfc3339
from vpcguard.findings.pages import LARGEST_PAGE
from vpcguard.findings.search import Filters

router = new_router()


@route(router, "GET", "/functions/<account_id>/<region>/<function_name>")
def get_function(
    account_id: AccountPath, region: RegionPath, function_name: FunctionPath, edges: Edges
) -> Posture:
    """Show the latest look at a function, and its findings."""
    return _posture(edges, account_id, region, function_name)


@route(router, "GET", "/accounts/<account_id>/functions/<region>/<function_name>")
def get_account_function(
    account_id: AccountPath, region: RegionPath, function_name: FunctionPath, edges: Edges
) -> Posture:
    """Show the latest look at a function of this account, and its findings."""
    return _posture(edges, account_id, region, function_name)


@route(router, "GET", "/rules")
def list_rules(edges: Edges) -> RuleList:
    """List the rules as they are shipped.

    A configuration may overrule severity, stage and enabled: what was in force is said by each finding.
    """
    return RuleList.model_validate({"rules": edges.rules()})


@route(router, "GET", "/accounts/<account_id>/rules")
def list_account_rules(account_id: AccountPath, edges: Edges) -> RuleList:  # noqa: ARG001 - the same everywhere
    """List the rules as they are shipped: the same for every account."""
    return list_rules(edges)


@route(router, "GET", "/summary")
def get_summary(query: Annotated[SummaryQuery, Query()], edges: Edges) -> Summary:
    """Count the findings of all accounts that are not resolved, a thousand at a time.

    The parts add up: ask again with the cursor until it is null.
    """
    return _summary(edges, "/summary", query, None)


@route(router, "GET", "/accounts/<account_id>/summary")
def get_account_summary(
    account_id: AccountPath, query: Annotated[SummaryQuery, Query()], edges: Edges
) -> Summary:
    """Count the findings of this account that are not resolved, a thousand at a time.

    The parts add up: ask again with the cursor until it is null.
    """
    return _summary(edges, f"/accounts/{account_id}/summary", query, account_id)


def _posture(edges: Service, account_id: str, region: str, function_name: str) -> Posture:
    state = edges.findings.state(account_id, region, function_name)
    if state.revision == 0:
        raise not_found("a look at this function")
    filters = Filters(account_id=account_id, region=region, function_name=function_name)
    found = edges.findings.search(filters, page_size=LARGEST_PAGE)  # no function has more rules
    return Posture.model_validate(
        {
            "account_id": account_id,
            "region": region,
            "function_name": function_name,
            "judged_at": state.judged_at,
            "trigger": state.trigger,
            "policy_revision": state.policy_revision,
            "config_digest": state.config_digest,
            "snapshot_digest": state.snapshot_digest,
            "last_event_at": state.last_event_at,
            "function_modified_at": state.modified_at,
            "deleted_at": state.deleted_at,
            "findings": [summary_of(finding) for finding in found.items],
        }
    )


def _summary(edges: Service, path: str, query: SummaryQuery, account_id: str | None) -> Summary:
    cursor = edges.cursors.read(query.cursor, path=path, query={})
    counts = edges.findings.count(account_id=account_id, cursor=cursor)
    return Summary(
        as_of=rfc3339(edges.clock()),
        findings=counts.findings,
        by_status=dict(counts.by_status),
        by_verdict=dict(counts.by_verdict),
        by_severity=dict(counts.by_severity),
        by_rule={rule_id: dict(counted) for rule_id, counted in counts.by_rule.items()},
        cursor=edges.cursors.sign(counts.cursor, path=path, query={}),
    )
