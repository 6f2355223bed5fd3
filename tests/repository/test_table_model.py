"""template.yaml's table and the models that use it say the same, both ways."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from pynamodb.models import Model

from tests.support.dynamodb import table_resource
from tests.support.template import load_template
from vpcguard.findings import records, table
from vpcguard.findings.queries import HistoryEntry
from vpcguard.findings.table import DetailItem, FindingItem, HistoryItem, OutboxItem
from vpcguard.model import Finding

MODELS: tuple[type[Model], ...] = tuple(
    one
    for module in (table, records)
    for one in vars(module).values()
    if isinstance(one, type) and issubclass(one, Model) and one.__module__ == module.__name__
)
RESOURCE = table_resource()


def _schemas() -> list[Any]:
    return [model._get_schema() for model in MODELS]  # noqa: SLF001 - what PynamoDB would create the table from


def _key_schema(keys: list[dict[str, str]]) -> dict[str, str]:
    return {key["KeyType"]: key["AttributeName"] for key in keys}


def test_every_model_has_the_keys_of_the_table() -> None:
    for schema in _schemas():
        assert _key_schema(schema["key_schema"]) == _key_schema(RESOURCE["KeySchema"])


def test_the_indexes_of_the_models_are_the_indexes_of_the_table() -> None:
    """An index that only one side knows fails every query on it, or is paid for in vain."""
    modelled = {
        index["index_name"]: (_key_schema(index["key_schema"]), index["projection"])
        for schema in _schemas()
        for index in schema["global_secondary_indexes"]
    }
    declared = {
        index["IndexName"]: (_key_schema(index["KeySchema"]), index["Projection"])
        for index in RESOURCE["GlobalSecondaryIndexes"]
    }

    assert modelled == declared


def test_no_finding_moves_within_an_index() -> None:
    """Whoever goes through an index while a key changes loses the finding, or meets it twice."""
    for index in FindingItem._indexes.values():  # noqa: SLF001
        (key,) = [name for name, attribute in index.Meta.attributes.items() if attribute.is_range_key]
        assert key in ("finding_id", "account_sort")


def test_the_table_defines_its_key_attributes_and_no_other() -> None:
    """CloudFormation refuses an attribute that is no key."""
    modelled = {
        (attribute["AttributeName"], attribute["AttributeType"])
        for schema in _schemas()
        for attribute in schema["attribute_definitions"]
    }
    declared = [
        (attribute["AttributeName"], attribute["AttributeType"])
        for attribute in RESOURCE["AttributeDefinitions"]
    ]

    assert sorted(modelled) == sorted(declared)


def test_what_an_index_projects_is_an_attribute_of_its_model() -> None:
    """A misspelt name projects nothing, and the reader finds None."""
    for model in MODELS:
        attributes = model.get_attributes()
        for index in model._indexes.values():  # noqa: SLF001
            assert set(index.Meta.projection.non_key_attributes or ()) <= attributes.keys()
            assert {name for name in index.Meta.attributes if name not in attributes} == set()


def test_items_expire_by_the_attribute_that_the_models_set() -> None:
    attribute = RESOURCE["TimeToLiveSpecification"]["AttributeName"]

    assert RESOURCE["TimeToLiveSpecification"]["Enabled"] is True
    staying = {model for model in MODELS if attribute not in model.get_attributes()}
    # what was never published must not go unseen, what counts is removed by counting, a halt by a person
    counting = {records.CauseItem, records.CoverageItem}
    untold = {OutboxItem, records.NoticeItem}
    known = {records.AccountItem, records.ReadingItem}
    assert staying == {records.HaltItem} | untold | counting | known


def test_every_kind_of_item_says_what_it_is() -> None:
    kinds = [model(*"ab").to_simple_dict()["item_type"] for model in MODELS]

    assert len(kinds) == len(set(kinds))


def test_a_finding_is_stored_with_all_its_fields_and_what_the_table_needs() -> None:
    keys = {"pk", "sk", "shard", "live_shard", "account_sort", "rule_shard", "cause_key", "exemption_key"}
    names, own = {one.name for one in fields(Finding)}, {"item_type", "ttl"}
    at_length = {"advice", "evidence"}  # of megabytes, were they in the indexes
    detail = set(DetailItem.get_attributes())

    assert set(FindingItem.get_attributes()) == (names - at_length) | keys | own
    assert at_length <= detail <= names | {"pk", "sk", "undetermined"} | own


def test_a_change_is_stored_with_all_its_fields() -> None:
    in_its_key = {"sequence"}
    assert set(HistoryItem.get_attributes()) == {one.name for one in fields(HistoryEntry)} - in_its_key | {
        "pk",
        "sk",
        "item_type",
        "ttl",
    }


def test_the_table_outlives_its_stack_and_its_mistakes() -> None:
    resource = load_template()["Resources"]["FindingsTable"]

    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert RESOURCE["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert RESOURCE["SSESpecification"] == {"SSEEnabled": True}
    assert RESOURCE["BillingMode"] == "PAY_PER_REQUEST"
    assert "TableName" not in RESOURCE  # a named table cannot be replaced


def test_new_history_entries_reach_whoever_publishes_them() -> None:
    assert RESOURCE["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
