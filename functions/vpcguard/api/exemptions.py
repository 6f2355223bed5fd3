"""Routes of exemptions: list, make, show, revoke, and the report that none of them can hide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from vpcguard.api.decisions import (
    AccountExemptionRequest,
    Exemption,
    ExemptionPage,
    ExemptionQuery,
    ExemptionReport,
    ExemptionRequest,
)
from vpcguard.api.edges import Caller, Edges, Identity, Service
from vpcguard.api.models import AccountPath, ExemptionPath, IdempotencyKey, IfMatch
from vpcguard.api.problems import ApiError, Fault, not_found
from vpcguard.api.routing import json_answer, new_router, route
from vpcguard.audit.exemptions import ShownExemption, TableExemptions
from vpcguard.errors import ExemptionError, NoExemptionError, RevisionError
from vpcguard.findings.exemptions import derived_id, problems, said

router = new_router()

_TAGGED = {"ETag": "what If-Match takes"}
_MADE = {**_TAGGED, "Location": "where it is shown"}


@route(router, "GET", "/exemptions")
def list_exemptions(query: Annotated[ExemptionQuery, Query()], edges: Edges) -> ExemptionPage:
    """List exemptions, by id."""
    return _page(edges, "/exemptions", query, None)


@route(router, "GET", "/accounts/<account_id>/exemptions")
def list_account_exemptions(
    account_id: AccountPath, query: Annotated[ExemptionQuery, Query()], edges: Edges
) -> ExemptionPage:
    """List the exemptions that name this account by its id, by their own id."""
    return _page(edges, f"/accounts/{account_id}/exemptions", query, account_id)


@route(router, "POST", "/exemptions", status=201, headers=_MADE, problems=[409])
def create_exemption(
    key: IdempotencyKey, request: Annotated[ExemptionRequest, Body()], edges: Edges, caller: Caller
) -> Response[Exemption]:
    """Make an exemption; it holds at once, for findings too that do not exist yet."""
    return _create(edges, caller, key, request.model_dump(exclude_none=True), "")


@route(router, "POST", "/accounts/<account_id>/exemptions", status=201, headers=_MADE, problems=[409])
def create_account_exemption(
    account_id: AccountPath,
    key: IdempotencyKey,
    request: Annotated[AccountExemptionRequest, Body()],
    edges: Edges,
    caller: Caller,
) -> Response[Exemption]:
    """Make an exemption of this account; it holds at once, for findings too that do not exist yet."""
    given = request.model_dump(exclude_none=True)
    given["match"]["account_id"] = account_id
    return _create(edges, caller, key, given, f"/accounts/{account_id}")


@route(router, "GET", "/exemptions/report")
def report_exemptions(edges: Edges) -> ExemptionReport:
    """Say which exemptions are unused, expiring, lapsed or malformed."""
    return _report(edges, None)


@route(router, "GET", "/accounts/<account_id>/exemptions/report")
def report_account_exemptions(account_id: AccountPath, edges: Edges) -> ExemptionReport:
    """Say which of the exemptions that name this account by its id are unused, expiring or lapsed."""
    return _report(edges, account_id)


@route(router, "GET", "/exemptions/<exemption_id>", headers=_TAGGED)
def get_exemption(exemption_id: ExemptionPath, edges: Edges) -> Response[Exemption]:
    """Show an exemption and what it covers."""
    return _shown(_one(edges, exemption_id, None))


@route(router, "GET", "/accounts/<account_id>/exemptions/<exemption_id>", headers=_TAGGED)
def get_account_exemption(
    account_id: AccountPath, exemption_id: ExemptionPath, edges: Edges
) -> Response[Exemption]:
    """Show an exemption that names this account by its id, and what it covers."""
    return _shown(_one(edges, exemption_id, account_id))


@route(router, "DELETE", "/exemptions/<exemption_id>", headers=_TAGGED, problems=[412, 428])
def revoke_exemption(
    exemption_id: ExemptionPath, if_match: IfMatch, edges: Edges, caller: Caller
) -> Response[Exemption]:
    """Revoke an exemption: it ends now, for ever, and stays listed."""
    return _revoke(edges, caller, exemption_id, if_match, None)


@route(
    router, "DELETE", "/accounts/<account_id>/exemptions/<exemption_id>", headers=_TAGGED, problems=[412, 428]
)
def revoke_account_exemption(
    account_id: AccountPath, exemption_id: ExemptionPath, if_match: IfMatch, edges: Edges, caller: Caller
) -> Response[Exemption]:
    """Revoke an exemption that names this account by its id: it ends now, for ever, and stays listed."""
    return _revoke(edges, caller, exemption_id, if_match, account_id)


def _table(edges: Service, caller: Identity | None = None) -> TableExemptions:
    arn = "" if caller is None else caller.arn  # nobody's where nothing is changed
    return TableExemptions(edges.findings.exemptions, edges.findings, caller=lambda: arn, clock=edges.clock)


def _page(edges: Service, path: str, query: ExemptionQuery, account_id: str | None) -> ExemptionPage:
    given = query.model_dump(exclude={"limit", "cursor"}, exclude_none=True)
    cursor = edges.cursors.read(query.cursor, path=path, query=given)
    page = _table(edges).page(state=query.state, page_size=query.limit, cursor=cursor)
    return ExemptionPage.model_validate(
        {
            "exemptions": [one.as_document() for one in _of(page.items, account_id)],
            "cursor": edges.cursors.sign(page.cursor, path=path, query=given),
        }
    )


def _of(shown: Iterable[ShownExemption], account_id: str | None) -> list[ShownExemption]:
    """Return those that name an account by its id; None: all."""
    return [one for one in shown if account_id in (None, one.exemption.match.account_id)]


def _create(
    edges: Service, caller: Identity, key: str, given: dict[str, Any], prefix: str
) -> Response[Exemption]:
    """Make what is asked for, or answer again what this caller was answered for the same key and body.

    The id is derived from both, so that of two that come at once one is kept, and none twice.
    """
    faults = [Fault(where=f"body.{one.field}", reason=one.words) for one in problems(given, edges.clock())]
    if faults:
        raise ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "the exemption is refused", faults=faults)
    exemption_id = derived_id("api", caller.arn, prefix, key)
    kept = _table(edges, caller).create(given, exemption_id=exemption_id)
    asked = {name: value for name, value in kept.as_document().items() if name in said(given)}
    if asked != said(given):
        raise ApiError(HTTPStatus.CONFLICT, "this Idempotency-Key was used with another body; take a new one")
    made = replace(kept, revoked_at=None, revoked_by=None, revision=1)  # as the first answer had it
    answer = _shown(ShownExemption(made, made.state(made.created_at)), HTTPStatus.CREATED)
    answer.headers["Location"] = f"{prefix}/exemptions/{exemption_id}"
    return answer


def _one(edges: Service, exemption_id: str, account_id: str | None) -> ShownExemption:
    """Return an exemption; one that does not name this account does not exist for who asks about it."""
    try:
        shown = _table(edges).show(exemption_id)
    except (NoExemptionError, ExemptionError) as error:
        raise not_found("the exemption") from error
    if not _of([shown], account_id):
        raise not_found("the exemption")
    return shown


def _revoke(
    edges: Service, caller: Identity, exemption_id: str, if_match: str, account_id: str | None
) -> Response[Exemption]:
    _one(edges, exemption_id, account_id)
    revision = None if if_match == "*" else int(if_match.strip('"'))
    try:
        return _shown(_table(edges, caller).revoke(exemption_id, revision=revision))
    except RevisionError as error:
        raise ApiError(HTTPStatus.PRECONDITION_FAILED, "it was changed meanwhile: read it again") from error
    except (NoExemptionError, ExemptionError) as error:
        raise not_found("the exemption") from error


def _shown(shown: ShownExemption, status: HTTPStatus = HTTPStatus.OK) -> Response[Exemption]:
    body = Exemption.model_validate(shown.as_document())
    return json_answer(body, status, ETag=f'"{body.revision}"')


def _report(edges: Service, account_id: str | None) -> ExemptionReport:
    return ExemptionReport.model_validate(_table(edges).report(account_id).as_document())
