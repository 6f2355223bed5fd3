"""The routes, their OpenAPI document and template.yaml say the same; answers hold what findings hold."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from tests.support.template import resources
from tools import api_docs
from vpcguard.api.app import mount_routes
from vpcguard.api.models import FindingDetails, HistoryEntry
from vpcguard.api.problems import routes_of
from vpcguard.findings import queries
from vpcguard.model import Finding

API = resources("AWS::Serverless::Api")["Api"]
DOCUMENT = json.loads(api_docs.DOCUMENT.read_text("utf-8"))


def test_the_document_is_current() -> None:
    """`make docs` writes it."""
    assert api_docs.text() == api_docs.DOCUMENT.read_text("utf-8")


def test_the_template_has_the_routes_and_no_others() -> None:
    app = mount_routes(APIGatewayRestResolver(enable_validation=True))
    routes = {(route.method, route.openapi_path) for route in routes_of(app)}
    events = resources("AWS::Serverless::Function")["ApiFunction"]["Events"].values()
    gateway = {(event["Properties"]["Method"], event["Properties"]["Path"]) for event in events}

    assert {event["Type"] for event in events} == {"Api"}
    assert gateway == routes
    assert gateway == {(method.upper(), path) for path, one in DOCUMENT["paths"].items() for method in one}


def test_every_request_is_authorized_by_iam_with_the_functions_own_role() -> None:
    assert API["Auth"] == {"DefaultAuthorizer": "AWS_IAM", "InvokeRole": "NONE"}
    for event in resources("AWS::Serverless::Function")["ApiFunction"]["Events"].values():
        assert "Auth" not in event["Properties"]


def test_every_path_of_the_organization_is_there_for_one_account() -> None:
    paths = set(DOCUMENT["paths"])
    of_accounts = {path.removeprefix("/accounts/{account_id}") for path in paths if "/accounts/" in path}

    assert of_accounts == {
        path.replace("/functions/{account_id}", "/functions") for path in paths if "/accounts/" not in path
    }


def test_what_is_logged_of_a_request_names_nothing_in_it() -> None:
    logged = json.loads(API["AccessLogSetting"]["Fn::If"][1]["Format"]).values()

    assert "$context.resourcePath" in logged
    assert not {"$context.path", "$context.requestOverride.path", "$context.customDomain"} & set(logged)
    assert API["MethodSettings"][0]["DataTraceEnabled"] is False


def test_a_finding_and_its_history_hold_what_the_model_has() -> None:
    assert set(FindingDetails.model_fields) == {field.name for field in fields(Finding)} | {"cause_id"}
    assert set(HistoryEntry.model_fields) <= {field.name for field in fields(queries.HistoryEntry)}


def test_every_answer_is_described_and_every_refusal_is_a_problem() -> None:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                (kind,) = answer.get("content", {"none": None})
                where = f"{method} {path} {status}"
                assert kind == ("application/json" if int(status) < 300 else "application/problem+json"), (
                    where
                )
            assert operation["summary"]
    assert not _nullable_parameters()


def _nullable_parameters() -> list[Any]:
    return [
        (path, parameter["name"])
        for path, methods in DOCUMENT["paths"].items()
        for operation in methods.values()
        for parameter in operation.get("parameters", ())
        if "null" in json.dumps(parameter["schema"])
    ]
