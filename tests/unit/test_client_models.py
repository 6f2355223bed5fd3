"""The models of AWS's services, cut down to what is called."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ProfileNotFound, UnknownServiceError
from botocore.session import Session

from vpcguard.clients import new_session
from vpcguard.snapshot import CLIENT_OPERATIONS, OPERATIONS
from vpcguard.snapshot.operation import Operation

REGION = "eu-west-1"


@pytest.fixture(scope="module", autouse=True)
def _credentials() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "x")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "x")
        yield


@pytest.fixture(scope="module")
def lean() -> Session:
    return new_session(operations=CLIENT_OPERATIONS)


@pytest.fixture(scope="module")
def whole() -> Session:
    return Session()


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda one: one.key)
def test_an_operation_in_use_is_as_botocore_describes_it(
    operation: Operation, lean: Session, whole: Session
) -> None:
    """Shapes and all: a lost shape would be a lost field of an answer."""
    found, known = (
        session.get_service_model(operation.client).operation_model(operation.name)
        for session in (lean, whole)
    )
    assert _described(found.input_shape) == _described(known.input_shape)
    assert _described(found.output_shape) == _described(known.output_shape)


@pytest.mark.parametrize("service", CLIENT_OPERATIONS)
def test_a_client_can_make_its_calls_and_page_them(service: str, lean: Session) -> None:
    client = lean.create_client(service, region_name=REGION)
    for operation in OPERATIONS.values():
        if operation.client == service:
            assert callable(getattr(client, operation.method))
            assert client.can_paginate(operation.method) or not operation.paged


def test_a_client_has_no_other_operations() -> None:
    client = new_session(operations={"ec2": {"DescribeVpcs"}}).create_client("ec2", region_name=REGION)

    assert list(client.meta.service_model.operation_names) == ["DescribeVpcs"]
    assert not hasattr(client, "delete_vpc")


def test_a_service_that_is_not_named_keeps_all_of_its_operations(lean: Session, whole: Session) -> None:
    model = lean.get_service_model("sqs")

    assert list(model.operation_names) == list(whole.get_service_model("sqs").operation_names)


def test_the_documentation_is_left_out_and_a_member_of_that_name_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape = {"type": "structure", "members": {"documentation": {"shape": "Text"}}, "documentation": "words"}
    _write_service(tmp_path, {"Page": shape, "Text": {"type": "string"}})
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    service = new_session(operations={"library": {"GetPage"}}).get_service_model("library")
    output = service.operation_model("GetPage").output_shape

    assert output
    assert output.documentation == ""
    assert list(output.members) == ["documentation"]


def test_a_home_that_is_closed_to_us_holds_no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container under a foreign user, say: botocore looks into ~/.aws/models and finds nothing there."""

    def refuse(path: object, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    closed = str(Path("~/.aws/models").expanduser())
    stat = os.stat
    monkeypatch.setattr(
        os, "stat", lambda path, **keys: refuse(path) if str(path).startswith(closed) else stat(path, **keys)
    )

    client = new_session(operations={}).create_client("sts", region_name=REGION)

    assert client.meta.service_model.service_name == "sts"


def test_a_service_that_aws_does_not_have_is_told_by_name() -> None:
    with pytest.raises(UnknownServiceError, match="lambada"):
        new_session(operations={}).create_client("lambada", region_name=REGION)


def test_a_profile_that_is_not_there_is_told_by_name() -> None:
    with pytest.raises(ProfileNotFound, match="nobody"):
        new_session("nobody", operations={})


def _described(shape: object, above: tuple[str, ...] = ()) -> object:
    """A shape and all below it, without the words."""
    if shape is None:
        return None
    name, kind = shape.name, shape.type_name  # type: ignore[attr-defined]
    if name in above:
        return name
    below = {**getattr(shape, "members", {}), "": getattr(shape, "member", None)}
    inner = {key: _described(one, (*above, name)) for key, one in below.items()}
    return name, kind, shape.serialization, shape.metadata, inner  # type: ignore[attr-defined]


def _write_service(folder: Path, shapes: object) -> None:
    place = folder / "library" / "2020-01-01"
    place.mkdir(parents=True)
    operation = {
        "name": "GetPage",
        "http": {"method": "POST", "requestUri": "/"},
        "output": {"shape": "Page"},
    }
    metadata = {"protocol": "json", "endpointPrefix": "library", "serviceId": "library", "apiVersion": "1"}
    model = {"metadata": metadata, "operations": {"GetPage": operation}, "shapes": shapes}
    (place / "service-2.json").write_text(json.dumps(model))
