"""The table of operations agrees with AWS's own models, and every action stands beside its call."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from vpcguard.aws.answers import KNOWS_EVERY_FIELD
from vpcguard.aws.operations import Each, Kind, Operation, Shape
from vpcguard.snapshot import ACTIONS, IAM_ACTIONS, OPERATIONS, SCOPE_ACTIONS

_SESSION: Any = botocore.session.Session()
_TYPES = {
    Kind.TEXT: {"string", "timestamp"},
    Kind.WHOLE: {"integer", "long"},
    Kind.NUMBER: {"double", "float", "integer", "long"},
    Kind.FLAG: {"boolean"},
    Kind.ANY: {"string", "structure"},  # IAM's documents arrive as text and are parsed by botocore
}


def _expected(shape: Shape) -> set[str]:
    if isinstance(shape, Kind):
        return _TYPES[shape]
    if isinstance(shape, list):
        return {"list"}
    return {"map"} if isinstance(shape, Each) else {"structure"}


def _differences(shape: Shape, model: Any, place: str) -> list[str]:
    """Return where a shape of ours is not the shape that AWS answers."""
    if model.type_name not in _expected(shape):
        return [f"{place}: {model.type_name}"]
    if isinstance(shape, Kind):
        return []
    if isinstance(shape, list):
        return _differences(shape[0], model.member, f"{place}[]")
    if isinstance(shape, Each):
        return _differences(shape.shape, model.value, f"{place}{{}}")
    unknown = [f"{place}.{field}: unknown" for field in shape if field not in model.members]
    known = [
        found
        for field, inner in shape.items()
        if field in model.members
        for found in _differences(inner, model.members[field], f"{place}.{field}")
    ]
    return unknown + known


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_every_field_exists_in_awss_model_with_its_type(operation: Operation) -> None:
    """A misspelt field would be a fact that is always absent."""
    model = _SESSION.get_service_model(operation.client).operation_model(operation.name)

    assert _differences(operation.shape, model.output_shape, operation.key) == []
    assert operation.method == xform_name(operation.name)


def test_no_reader_of_ours_is_older_than_a_field_that_is_kept() -> None:
    """What every installation may use knows every field, and the oldest one knows those that are young."""
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text("utf-8"))["project"]
    [floor] = [line for line in project["dependencies"] if line.startswith("boto3")]
    oldest = tuple(map(int, floor.removeprefix("boto3>=").partition(",")[0].split(".")))

    young = [(operation, name) for operation in OPERATIONS.values() for name in operation.young]

    assert oldest >= (1, 44, 8)
    assert max(operation.young[name].since for operation, name in young) == KNOWS_EVERY_FIELD <= oldest
    assert [name for operation, name in young if name not in repr(operation.shape)] == []


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_what_aws_pages_is_read_page_by_page(operation: Operation) -> None:
    """The first page alone would look like everything."""
    pages = _SESSION.get_paginator_model(operation.client)._paginator_config  # noqa: SLF001  no public list of them
    if operation.key == "lambda:ListFunctions":  # paged by its own marker, so that it can be resumed
        assert operation.name in pages
    elif operation.key == "tag:GetResources":  # a row by ARN, without pages, beside the paged one
        assert operation.page_size in (None, 100)
    else:
        assert operation.paged == (operation.name in pages)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_pages_are_as_big_as_aws_allows(operation: Operation) -> None:
    if operation.page_size is None:
        return
    limit_key = _SESSION.get_paginator_model(operation.client).get_paginator(operation.name)["limit_key"]
    model = _SESSION.get_service_model(operation.client).operation_model(operation.name)

    assert operation.page_size <= model.input_shape.members[limit_key].metadata.get("max", 1000)


def test_every_operation_of_the_design_is_in_the_table() -> None:
    services = {"lambda", "tag", "ec2", "elasticfilesystem", "servicequotas", "iam"}
    assert {key.partition(":")[0] for key in OPERATIONS} == services
    assert len(OPERATIONS) == 39


def test_actions_are_those_of_the_operations() -> None:
    assert set(OPERATIONS) == set(IAM_ACTIONS) == ACTIONS
    assert set().union(*IAM_ACTIONS.values()) == ACTIONS
    assert set().union(*SCOPE_ACTIONS.values()) == ACTIONS


def test_a_function_scope_does_not_list_functions() -> None:
    assert ACTIONS - SCOPE_ACTIONS["function"] == {"lambda:ListFunctions"}
