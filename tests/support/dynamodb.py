"""The findings table as template.yaml declares it, on DynamoDB Local."""

from __future__ import annotations

from typing import Any

import botocore.session
from botocore.config import Config

from tests.support.template import resources

REGION = "eu-west-1"
# what CreateTable takes of the resource; DynamoDB Local knows neither encryption nor point-in-time recovery
_CREATE = (
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
)


def table_resource() -> dict[str, Any]:
    """Return the properties of template.yaml's FindingsTable."""
    return dict(resources("AWS::DynamoDB::Table")["FindingsTable"])


def local_session() -> botocore.session.Session:
    """A session that reads no profile and no environment; DynamoDB Local keeps tables apart by its key."""
    session = botocore.session.Session()
    session.set_credentials("local", "local")
    session.set_config_variable("region", REGION)
    return session


def local_client(url: str, *, config: Config | None = None) -> Any:
    """Return a client for DynamoDB Local."""
    return local_session().create_client("dynamodb", region_name=REGION, endpoint_url=url, config=config)


def create_findings_table(client: Any, table_name: str, *, has_stream: bool = False) -> None:
    """Create an empty table from template.yaml's resource, time to live included.

    has_stream: with its stream. DynamoDB Local keeps the streams of tables that are gone, and takes the
    longer for each write the more there are: three times after sixty tables.
    """
    resource = table_resource()
    options = {key: resource[key] for key in _CREATE}
    if has_stream:
        options["StreamSpecification"] = {"StreamEnabled": True, **resource["StreamSpecification"]}
    client.create_table(TableName=table_name, **options)
    client.update_time_to_live(
        TableName=table_name, TimeToLiveSpecification=resource["TimeToLiveSpecification"]
    )
