"""Routes of what findings have in common: causes, and the reads that failed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query

from vpcguard.api.edges import Edges, Service
from vpcguard.api.findings import summary_of
from vpcguard.api.models import AccountPath, CauseDetails, CausePage, CausePath, CoveragePage, PageQuery
from vpcguard.api.problems import not_found
from vpcguard.api.routing import new_router, route
from vpcguard.findings.counts import CauseCounts
from vpcguard.findings.search import Filters

router = new_router()


@route(router, "GET", "/causes")
def list_causes(query: Annotated[PageQuery, Query()], edges: Edges) -> CausePage:
    """List what is at fault, each with how many findings it has."""
    return _causes(edges, "/causes", query, None)


@route(router, "GET", "/accounts/<account_id>/causes")
def list_account_causes(
    account_id: AccountPath, query: Annotated[PageQuery, Query()], edges: Edges
) -> CausePage:
    """List what is at fault for functions of this account, and how many of them; whoever owns it."""
    return _causes(edges, f"/accounts/{account_id}/causes", query, account_id)


@route(router, "GET", "/causes/<cause_id>")
def get_cause(cause_id: CausePath, query: Annotated[PageQuery, Query()], edges: Edges) -> CauseDetails:
    """Show a cause and its findings."""
    return _cause(edges, f"/causes/{cause_id}", cause_id, query, None)


@route(router, "GET", "/accounts/<account_id>/causes/<cause_id>")
def get_account_cause(
    account_id: AccountPath, cause_id: CausePath, query: Annotated[PageQuery, Query()], edges: Edges
) -> CauseDetails:
    """Show a cause and its findings in this account."""
    return _cause(edges, f"/accounts/{account_id}/causes/{cause_id}", cause_id, query, account_id)


@route(router, "GET", "/coverage")
def list_coverage(query: Annotated[PageQuery, Query()], edges: Edges) -> CoveragePage:
    """List the reads that failed, and how many verdicts wait for each."""
    return _coverage(edges, "/coverage", query, None)


@route(router, "GET", "/accounts/<account_id>/coverage")
def list_account_coverage(
    account_id: AccountPath, query: Annotated[PageQuery, Query()], edges: Edges
) -> CoveragePage:
    """List the reads of this account that failed, and how many verdicts wait for each."""
    return _coverage(edges, f"/accounts/{account_id}/coverage", query, account_id)


def _causes(edges: Service, path: str, query: PageQuery, account_id: str | None) -> CausePage:
    cursor = edges.cursors.read(query.cursor, path=path, query={})
    page = edges.findings.causes(account_id=account_id, page_size=query.limit, cursor=cursor)
    return CausePage.model_validate(
        {
            "causes": [_document(one) for one in page.items],
            "cursor": edges.cursors.sign(page.cursor, path=path, query={}),
        }
    )


def _cause(
    edges: Service, path: str, cause_id: str, query: PageQuery, account_id: str | None
) -> CauseDetails:
    cursor = edges.cursors.read(query.cursor, path=path, query={})
    counts = edges.findings.cause(cause_id, account_id=account_id)
    if counts is None:
        raise not_found("the cause")
    filters = Filters(cause_id=cause_id, account_id=account_id)
    page = edges.findings.search(filters, page_size=query.limit, cursor=cursor)
    return CauseDetails.model_validate(
        _document(counts)
        | {
            "findings": [summary_of(finding) for finding in page.items],
            "cursor": edges.cursors.sign(page.cursor, path=path, query={}),
        }
    )


def _document(counts: CauseCounts) -> dict[str, Any]:
    return asdict(counts) | {"accounts": list(counts.accounts)}


def _coverage(edges: Service, path: str, query: PageQuery, account_id: str | None) -> CoveragePage:
    cursor = edges.cursors.read(query.cursor, path=path, query={})
    page = edges.findings.coverage(account_id=account_id, page_size=query.limit, cursor=cursor)
    return CoveragePage.model_validate(
        {
            "coverage": [asdict(one) for one in page.items],
            "cursor": edges.cursors.sign(page.cursor, path=path, query={}),
        }
    )
