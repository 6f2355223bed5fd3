"""An answer that lacks one field is read like any other, and what it would have led to is not asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support import full_answers
from tests.support.recorded_aws import ACCOUNT, REGION, Answer, RecordedAws, always
from vpcguard.aws.operations import Operation
from vpcguard.facts import build_facts
from vpcguard.model import Scope
from vpcguard.resources import roles
from vpcguard.snapshot import OPERATIONS, capture

FIELDS = [
    (operation, path) for operation in OPERATIONS.values() for path in full_answers.fields(operation.shape)
]
OF_THE_ACCOUNT = {"lambda:ListFunctions", "tag:GetResources", "iam:GetAccountAuthorizationDetails"}
ANSWERS: dict[str, Answer] = {}
AWS = RecordedAws(ANSWERS)  # one for all: making clients is what takes time


def _name(value: Any) -> str:
    return value.key if isinstance(value, Operation) else ".".join(map(str, value))


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "_DOCUMENTS", {})


@pytest.mark.parametrize(("operation", "path"), FIELDS, ids=_name)
def test_a_snapshot_is_taken_without_any_one_field(operation: Operation, path: full_answers.Path) -> None:
    ANSWERS.update({key: always(full_answers.answer_of(one)) for key, one in OPERATIONS.items()})
    ANSWERS[operation.key] = always(full_answers.without(full_answers.answer_of(operation), path))

    if operation.key in OF_THE_ACCOUNT:
        scope = Scope(kind="account", account_id=ACCOUNT, region=REGION)
    else:
        names = (full_answers.FUNCTION,)
        scope = Scope(kind="function", account_id=ACCOUNT, region=REGION, function_names=names)
    build_facts(capture(scope, AWS, clock=lambda: datetime(2026, 11, 20, tzinfo=UTC)))
