"""What programs get of an audit keeps to the published schemas, and the page about them is current."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from benchmarks.estate import snapshot_document
from tools import output_docs
from vpcguard.audit.judging import judge
from vpcguard.aws.answers import LeftOut
from vpcguard.cli.formats import FormatName, write_report
from vpcguard.cli.report import Looked, Report, Unread, merged, report_of
from vpcguard.findings.causes import Cause
from vpcguard.model import Finding
from vpcguard.policy.configuration import load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.policy.server import running_opa
from vpcguard.snapshot import load_snapshot, parse_snapshot

Json = dict[str, Any]
CASES = sorted((Path(__file__).parents[1] / "contract" / "cases").glob("*/snapshot.json"))
AUDIT, FINDING = (json.loads((output_docs.SCHEMAS / f"{n}.json").read_text()) for n in ("audit", "finding"))


@pytest.fixture(scope="module")
def report() -> Report:
    """Every golden case, what is denied in some of them, and a generated account, as one audit."""
    configuration = load_configuration()
    with running_opa() as url, Policy(url) as policy:
        snapshots = [*map(load_snapshot, CASES), parse_snapshot(snapshot_document(functions=100, vpcs=20))]
        return merged(
            [
                report_of(judge(one, policy=policy, configuration=configuration, trigger="cli"))
                for one in snapshots
            ]
        )


def test_a_whole_document_keeps_to_its_schema(report: Report) -> None:
    left_out = LeftOut(account_id="111122223333", operation="ec2:A", name="a", vpc_id=None, lacks="State")
    document = json.loads(_written(replace(report, left_out=(left_out,)), "json"))

    jsonschema_rs.Draft202012Validator(AUDIT).validate(document)
    assert len(document["findings"]) > 500
    assert all(document[name] for name in document)


def test_a_finding_is_the_same_in_both_schemas() -> None:
    assert output_docs.audit_schema() == AUDIT


def test_every_line_keeps_to_the_schema_of_a_finding(report: Report) -> None:
    validator = jsonschema_rs.Draft202012Validator(FINDING)

    for line in _written(report, "jsonl").splitlines():
        validator.validate(json.loads(line))


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (Finding, FINDING),
        (Cause, AUDIT["$defs"]["cause"]),
        (Looked, AUDIT["$defs"]["looked"]),
        (Unread, AUDIT["$defs"]["unread"]),
        (LeftOut, AUDIT["$defs"]["left_out"]),
    ],
)
def test_the_schemas_have_the_fields_of_what_is_written_in_their_order(kind: type, schema: Json) -> None:
    """A field that is added, to a finding say, is published with what it means."""
    assert list(schema["properties"]) == [field.name for field in fields(kind)]


@pytest.mark.parametrize("schema", [AUDIT, FINDING], ids=["audit", "finding"])
def test_schemas_are_closed_and_every_field_is_told(schema: Json) -> None:
    for one in _objects(schema):
        assert one["additionalProperties"] is False
        assert one["required"] == list(one["properties"])
        assert all(field.get("description") or "$ref" in field for field in one["properties"].values())


def test_a_name_that_is_not_in_the_schema_is_refused(report: Report) -> None:
    validator = jsonschema_rs.Draft202012Validator(FINDING)
    line = json.loads(_written(report, "jsonl").partition("\n")[0])

    assert not validator.is_valid({**line, "seen": True})


def test_the_page_is_current() -> None:
    """Run `make docs` after a change of a schema."""
    assert output_docs.PAGE.read_text("utf-8") == output_docs.page()


def _written(report: Report, name: FormatName) -> str:
    stream = io.StringIO()
    write_report(report, name, stream)
    return stream.getvalue()


def _objects(schema: Json) -> Iterator[Json]:
    if "properties" in schema:
        yield schema
    for one in (*schema.get("$defs", {}).values(), *schema.get("properties", {}).values()):
        yield from _objects(one)
