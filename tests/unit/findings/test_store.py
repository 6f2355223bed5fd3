"""What DynamoDB refuses: a lost race leads to another attempt, everything else to an error."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError
from botocore.stub import ANY, Stubber

from tests.support.dynamodb import local_client
from tests.support.looks import ACCOUNT, EGRESS, FUNCTION, REGION, ZONES, a_look
from vpcguard.audit.changes import GROUPS_AT_ONCE
from vpcguard.errors import FindingStoreError
from vpcguard.findings.states import FunctionState
from vpcguard.findings.store import CALLERS, CLIENT_CONFIG, LOOKS_AT_ONCE, FindingStore


@pytest.fixture
def client() -> Any:
    return local_client("http://127.0.0.1:9")


@pytest.fixture
def dynamodb(client: Any) -> Iterator[Stubber]:
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def store(client: Any, pauses: list[float]) -> FindingStore:
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


def _answer_looks(dynamodb: Stubber, asked: list[str], unprocessed: list[str]) -> None:
    """Answer a BatchGetItem: there is no look, and of these functions nothing is known yet."""
    left = [_key(name) for name in unprocessed]
    dynamodb.add_response(
        "batch_get_item",
        {"Responses": {"findings": []}, "UnprocessedKeys": {"findings": {"Keys": left}} if left else {}},
        {
            "RequestItems": {"findings": {"ConsistentRead": True, "Keys": [_key(name) for name in asked]}},
            "ReturnConsumedCapacity": ANY,
        },
    )


def _key(name: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"F#{ACCOUNT}#{REGION}#{name}"}, "sk": {"S": "LOOK"}}


def test_looks_that_dynamodb_left_out_are_asked_for_again_after_a_while(
    store: FindingStore, dynamodb: Stubber, pauses: list[float]
) -> None:
    """It throttles without an error: the answer lacks some, and names them."""
    _answer_looks(dynamodb, ["a", "b", "c"], ["b", "c"])
    _answer_looks(dynamodb, ["b", "c"], ["c"])
    _answer_looks(dynamodb, ["c"], [])

    states = store.states([(ACCOUNT, REGION, name) for name in ("c", "a", "b")])

    assert {name: state.revision for (_, _, name), state in states.items()} == {"a": 0, "b": 0, "c": 0}
    assert len(pauses) == 2


def test_looks_that_dynamodb_goes_on_leaving_out_are_an_error(
    store: FindingStore, dynamodb: Stubber, pauses: list[float]
) -> None:
    """Taken for functions never seen, their findings would begin anew."""
    for _ in range(10):
        _answer_looks(dynamodb, ["a"], ["a"])

    with pytest.raises(FindingStoreError, match="1 items could not be read: DynamoDB left them out 10 times"):
        store.record_all([a_look(0, violated=[EGRESS], function="a")])

    assert len(pauses) == 9
    assert sum(pauses) < 4


def test_every_thread_that_records_has_a_connection_of_its_own() -> None:
    """Botocore throws connections away that its pool has no room for, and makes them anew with TLS."""
    assert CALLERS == GROUPS_AT_ONCE
    client = local_client("http://127.0.0.1:9", config=CLIENT_CONFIG)

    assert client.meta.config.max_pool_connections == GROUPS_AT_ONCE * LOOKS_AT_ONCE


def test_an_answer_that_does_not_come_in_time_is_an_error_that_says_so() -> None:
    """Of a single write, of a transaction and of a listing that goes on behind a cursor."""
    client = local_client("http://127.0.0.1:9", config=Config(retries={"total_max_attempts": 1}))

    def unanswered(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="http://127.0.0.1:9")

    client.meta.events.register("before-send", unanswered)
    store = FindingStore(client, "findings")
    unread = FunctionState(account_id=ACCOUNT, region=REGION, function_name=FUNCTION)
    behind = base64.urlsafe_b64encode(b'[0, {"pk": {"S": "x"}}]').decode()
    for attempt in (
        lambda: store.record(a_look(0), seen=unread),
        lambda: store.record(a_look(0, violated=[EGRESS]), seen=unread),
        lambda: store.list_all(cursor=behind),
        lambda: store.cause("vc-0"),
    ):
        with pytest.raises(FindingStoreError, match="could not be"):
            attempt()
