"""Routes of findings: listings, one finding, its history."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query

from vpcguard.api.edges import Edges, Service
from vpcguard.api.models import (
    AccountPath,
    FindingDetails,
    FindingPage,
    FindingPath,
    FindingQuery,
    HistoryEntry,
    HistoryPage,
    OrganizationFindingQuery,
    PageQuery,
)
from vpcguard.api.problems import not_found
from vpcguard.api.routing import new_router, route
from vpcguard.findings.search import Filters
from vpcguard.model import Finding, cause_of

router = new_router()

_DETAILS = ("advice", "evidence")


@route(router, "GET", "/findings")
def list_findings(query: Annotated[OrganizationFindingQuery, Query()], edges: Edges) -> FindingPage:
    """List findings of all accounts."""
    return _page(edges, "/findings", query, query.account_id)


@route(router, "GET", "/accounts/<account_id>/findings")
def list_account_findings(
    account_id: AccountPath, query: Annotated[FindingQuery, Query()], edges: Edges
) -> FindingPage:
    """List findings of one account."""
    return _page(edges, f"/accounts/{account_id}/findings", query, account_id)


@route(router, "GET", "/findings/<finding_id>")
def get_finding(finding_id: FindingPath, edges: Edges) -> FindingDetails:
    """Show a finding with its advice and evidence."""
    return _details(_finding(edges, finding_id, None))


@route(router, "GET", "/accounts/<account_id>/findings/<finding_id>")
def get_account_finding(account_id: AccountPath, finding_id: FindingPath, edges: Edges) -> FindingDetails:
    """Show a finding of this account with its advice and evidence."""
    return _details(_finding(edges, finding_id, account_id))


@route(router, "GET", "/findings/<finding_id>/history")
def get_finding_history(
    finding_id: FindingPath, query: Annotated[PageQuery, Query()], edges: Edges
) -> HistoryPage:
    """List what happened to a finding, newest first."""
    return _history(edges, f"/findings/{finding_id}/history", finding_id, None, query)


@route(router, "GET", "/accounts/<account_id>/findings/<finding_id>/history")
def get_account_finding_history(
    account_id: AccountPath, finding_id: FindingPath, query: Annotated[PageQuery, Query()], edges: Edges
) -> HistoryPage:
    """List what happened to a finding of this account, newest first."""
    path = f"/accounts/{account_id}/findings/{finding_id}/history"
    return _history(edges, path, finding_id, account_id, query)


def summary_of(finding: Finding) -> dict[str, Any]:
    """Return a finding as a listing shows it."""
    document = finding.as_document() | {"cause_id": cause_of(finding)}
    return {name: value for name, value in document.items() if name not in _DETAILS}


def _page(edges: Service, path: str, query: FindingQuery, account_id: str | None) -> FindingPage:
    given = query.model_dump(exclude={"limit", "cursor"}, exclude_none=True)
    cursor = edges.cursors.read(query.cursor, path=path, query=given)
    filters = Filters(
        account_id=account_id,
        organization_unit=query.organization_unit,
        region=query.region,
        function_name=query.function,
        vpc_id=query.vpc_id,
        rule_id=query.rule_id,
        family=query.family,
        severity=_any_of(query.severity),
        status=_any_of(query.status),
        verdict=_any_of(query.verdict),
        root_cause=query.root_cause,
        cause_id=query.cause_id,
        owner=query.owner,
        changed_since=query.changed_since,
    )
    page = edges.findings.search(filters, page_size=query.limit, cursor=cursor)
    return FindingPage.model_validate(
        {
            "findings": [summary_of(finding) for finding in page.items],
            "cursor": edges.cursors.sign(page.cursor, path=path, query=given),
        }
    )


def _any_of(values: Any) -> frozenset[str] | None:
    return frozenset(values) if values else None


def _finding(edges: Service, finding_id: str, account_id: str | None) -> Finding:
    """Return a finding; one of another account does not exist for who asks about an account."""
    found = edges.findings.get(finding_id)
    if found is None or account_id not in (None, found.account_id):
        raise not_found("the finding")
    return found


def _details(finding: Finding) -> FindingDetails:
    return FindingDetails.model_validate(finding.as_document() | {"cause_id": cause_of(finding)})


def _history(
    edges: Service, path: str, finding_id: str, account_id: str | None, query: PageQuery
) -> HistoryPage:
    _finding(edges, finding_id, account_id)
    cursor = edges.cursors.read(query.cursor, path=path, query={})
    page = edges.findings.history(finding_id, page_size=query.limit, cursor=cursor)
    shown = HistoryEntry.model_fields
    return HistoryPage.model_validate(
        {
            "history": [{name: getattr(entry, name) for name in shown} for entry in page.items],
            "cursor": edges.cursors.sign(page.cursor, path=path, query={}),
        }
    )
