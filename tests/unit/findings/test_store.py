"""What DynamoDB refuses: a lost race leads to another attempt, everything else to an error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from tests.support.dynamodb import local_client
from tests.support.looks import ACCOUNT, EGRESS, FUNCTION, REGION, ZONES, a_look
from vpcguard.errors import FindingStoreError
from vpcguard.findings.lifecycle import FunctionState
from vpcguard.findings.store import FindingStore


@pytest.fixture
def client() -> Any:
    return local_client("http://127.0.0.1:9")


@pytest.fixture
def dynamodb(client: Any) -> Iterator[Stubber]:
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def store(client: Any) -> FindingStore:
    pauses: list[float] = []
    return FindingStore(client, "findings", pause=pauses.append)


def _cancel(dynamodb: Stubber, *codes: str) -> None:
    reasons = [{"Code": code, "Message": f"about {code}"} for code in codes]
    dynamodb.add_client_error(
        "transact_write_items",
        "TransactionCanceledException",
        modeled_fields={"CancellationReasons": reasons},
    )


def _accept(dynamodb: Stubber) -> None:
    dynamodb.add_response("transact_write_items", {})


@pytest.mark.parametrize(
    "code",
    ["ConditionalCheckFailed", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"],
)
def test_a_transaction_that_came_second_or_was_throttled_is_tried_again(
    store: FindingStore, dynamodb: Stubber, code: str
) -> None:
    """Botocore does not look into the reasons of a cancelled transaction."""
    dynamodb.add_response("get_item", {})
    _cancel(dynamodb, code, "None", "None")
    dynamodb.add_response("get_item", {})
    _accept(dynamodb)

    assert store.record(a_look(0, violated=[EGRESS])).opened == (EGRESS,)


@pytest.mark.parametrize("code", ["ValidationError", "ItemCollectionSizeLimitExceeded", "AccessDenied"])
def test_a_transaction_refused_for_another_reason_is_an_error_that_names_it(
    store: FindingStore, dynamodb: Stubber, code: str
) -> None:
    dynamodb.add_response("get_item", {})
    _cancel(dynamodb, "ConditionalCheckFailed", code, "None")

    with pytest.raises(FindingStoreError, match=f"{code}: about {code}"):
        store.record(a_look(0, violated=[EGRESS]))


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ResourceNotFoundException", "InternalServerError"]
)
def test_a_transaction_that_was_not_even_tried_is_an_error(
    store: FindingStore, dynamodb: Stubber, code: str
) -> None:
    dynamodb.add_response("get_item", {})
    dynamodb.add_client_error("transact_write_items", code)

    with pytest.raises(FindingStoreError, match="could not be written"):
        store.record(a_look(0, violated=[EGRESS]))


@pytest.mark.parametrize("code", ["ConditionalCheckFailedException", "TransactionConflictException"])
def test_a_look_alone_that_came_second_is_tried_again(
    store: FindingStore, dynamodb: Stubber, code: str
) -> None:
    dynamodb.add_response("get_item", {})
    dynamodb.add_client_error("put_item", code)
    dynamodb.add_response("get_item", {})
    dynamodb.add_response("put_item", {})

    assert store.record(a_look(0, passed=[EGRESS])).outcome == "recorded"


def test_a_look_alone_that_is_refused_is_an_error(store: FindingStore, dynamodb: Stubber) -> None:
    dynamodb.add_response("get_item", {})
    dynamodb.add_client_error("put_item", "AccessDeniedException")

    with pytest.raises(FindingStoreError, match="AccessDenied"):
        store.record(a_look(0, passed=[EGRESS]))


def test_a_look_that_cannot_be_read_is_an_error_and_nothing_is_written(
    store: FindingStore, dynamodb: Stubber
) -> None:
    """No look record would be taken for a function never seen."""
    dynamodb.add_client_error("get_item", "AccessDeniedException")

    with pytest.raises(FindingStoreError, match=FUNCTION):
        store.record(a_look(0, violated=[EGRESS]))


def test_a_look_read_early_costs_no_read(store: FindingStore, dynamodb: Stubber) -> None:
    _accept(dynamodb)
    nothing = FunctionState(account_id=ACCOUNT, region=REGION, function_name=FUNCTION)

    assert store.record(a_look(0, unknown=[ZONES]), seen=nothing).undetermined == (ZONES,)


def test_a_table_that_does_not_answer_is_an_error(client: Any) -> None:
    """No connection at all: the message goes back to the queue."""
    with pytest.raises(FindingStoreError):
        FindingStore(client, "findings").record(a_look(0, violated=[EGRESS]))
