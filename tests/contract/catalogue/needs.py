"""Needs: which services a function calls itself, and at which of their endpoints."""

from __future__ import annotations

from typing import Any

from tests.contract.builder import PRIVATE_TABLE, A, B, Estate, role, working
from tests.contract.catalogue.endpoints import open_group
from tests.contract.catalogue.registry import Case, case, orders
from tests.contract.expectations import NOT_APPLICABLE, PASS, SILENT, unknown, violation

INFERRED = violation("medium") | {"basis": "inferred"}
SOURCES, DESTINATIONS = "lambda:ListEventSourceMappings", "lambda:GetFunctionEventInvokeConfig"
CONSUMER = [
    "sqs:ReceiveMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueUrl",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "kms:Decrypt",
]


def _allowed(*actions: str, **condition: Any) -> Estate:
    """An estate in which only endpoints lead to AWS services, and the role allows these actions."""
    estate = working()
    estate.drop_route(PRIVATE_TABLE)
    estate.roles["orders"] = role("orders", [*actions])
    if condition:
        document = estate.roles["orders"]["RolePolicyList"][0]["PolicyDocument"]
        document["Statement"][0]["Condition"] = condition
    return estate


def _polled(estate: Estate, service: str, **mapping: Any) -> Estate:
    source = {"UUID": "1", "EventSourceArn": f"arn:aws:{service}:eu-west-1:111122223333:jobs"}
    estate.entries[SOURCES]["orders"] = {"EventSourceMappings": [source | mapping]}
    return estate


@case
def queue_consumer_as_tools_write_it() -> Case:
    """Lambda polls the queue and decrypts its messages with the role: no call of the function."""
    return orders(_polled(_allowed(*CONSUMER), "sqs"), endpoints__service_unreachable=NOT_APPLICABLE)


@case
def queue_consumer_without_a_source() -> Case:
    """The same permissions without a source are for calls of the function's own."""
    return orders(_allowed(*CONSUMER), endpoints__service_unreachable=INFERRED)


@case
def queue_consumer_with_sources_denied() -> Case:
    """Whether Lambda polls or the function does, nobody knows."""
    estate = _allowed(*CONSUMER)
    estate.deny(SOURCES)
    return orders(estate, endpoints__service_unreachable=unknown(SOURCES, is_failed_read=True))


@case
def broker_consumer_as_tools_write_it() -> Case:
    """The poller of a broker looks for it, and reads its credentials."""
    actions = ["mq:DescribeBroker", "secretsmanager:GetSecretValue", "ec2:DescribeVpcs"]
    return orders(
        _polled(_allowed(*actions, "ec2:DescribeSecurityGroups"), "mq"),
        endpoints__service_unreachable=NOT_APPLICABLE,
    )


@case
def failures_of_a_source_go_to_a_queue() -> Case:
    """Lambda sends there what it could not process."""
    failed = {"OnFailure": {"Destination": "arn:aws:sqs:eu-west-1:111122223333:failed"}}
    estate = _polled(_allowed("sqs:SendMessage"), "kinesis", DestinationConfig=failed)
    return orders(estate, endpoints__service_unreachable=NOT_APPLICABLE)


@case
def asynchronous_invocations_go_to_a_topic() -> Case:
    """Lambda publishes there what came of them."""
    estate = _allowed("sns:Publish")
    succeeded = {"OnSuccess": {"Destination": "arn:aws:sns:eu-west-1:111122223333:done"}}
    estate.entries[DESTINATIONS]["orders"] = {"DestinationConfig": succeeded}
    return orders(estate, endpoints__service_unreachable=NOT_APPLICABLE)


@case
def destinations_left_out_on_purpose() -> Case:
    """A permission to send to such a place touches no finding then, and no other permission is in doubt."""
    estate = _allowed("sns:Publish")
    estate.leave_unread(DESTINATIONS)
    estate.not_requested.append(DESTINATIONS)
    return orders(estate, endpoints__service_unreachable=SILENT)


@case
def destinations_denied() -> Case:
    """Refused, they are a failed read like any other."""
    estate = _allowed("sns:Publish")
    estate.deny(DESTINATIONS, code="AccessDeniedException")
    return orders(estate, endpoints__service_unreachable=unknown(DESTINATIONS, is_failed_read=True))


@case
def keys_used_by_other_services() -> Case:
    """Under kms:ViaService it is the other service that calls."""
    via = {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}
    return orders(_allowed("kms:Decrypt", **via), endpoints__service_unreachable=NOT_APPLICABLE)


@case
def keys_that_a_bucket_or_the_function_uses() -> Case:
    """The CDK's grant of an encrypted bucket: S3 uses the key, unless the function does so itself."""
    estate = _allowed("s3:GetObject*", "kms:Decrypt")
    estate.gateway_endpoint("vpce-s3", "s3", PRIVATE_TABLE, prefix_list="pl-s3")
    return orders(estate, endpoints__service_unreachable=unknown("kms", is_failed_read=False))


@case
def keys_used_by_the_function() -> Case:
    """Nothing else that the role allows would use the key."""
    return orders(_allowed("kms:Decrypt"), endpoints__service_unreachable=INFERRED)


@case
def power_user() -> Case:
    """What NotAction leaves out and is allowed by name again says no more than all the rest."""
    estate = _allowed("iam:ListRoles", "organizations:DescribeOrganization")
    document = estate.roles["orders"]["RolePolicyList"][0]["PolicyDocument"]
    all_but = {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}
    document["Statement"].append(all_but)
    return orders(estate, endpoints__service_unreachable=NOT_APPLICABLE)


@case
def image_that_lambda_pulls() -> Case:
    """The permissions to pull an image, of a function that is one."""
    estate = _allowed("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:GetAuthorizationToken")
    estate.functions["orders"]["PackageType"] = "Image"
    return orders(estate, endpoints__service_unreachable=NOT_APPLICABLE)


@case
def calls_to_resources_by_their_own_names() -> Case:
    """A database, a search domain and a file system answer in the VPC, at no endpoint of their service."""
    estate = _allowed("rds-db:connect", "es:ESHttpGet", "elasticfilesystem:ClientMount", "dax:GetItem")
    return orders(estate, endpoints__service_unreachable=NOT_APPLICABLE)


@case
def service_without_any_endpoint() -> Case:
    """No endpoint of a service can be lacking that has none."""
    return orders(_allowed("support:DescribeCases"), endpoints__service_unreachable=NOT_APPLICABLE)


@case
def model_invoked_by_its_endpoint() -> Case:
    """InvokeModel is called at bedrock-runtime."""
    estate = _allowed("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream")
    estate.interface_endpoint("vpce-rt", "bedrock-runtime", A, B, group=open_group(estate))
    return orders(estate, endpoints__service_unreachable=PASS)


@case
def models_listed_at_another_endpoint() -> Case:
    """ListFoundationModels is called at bedrock, and bedrock-runtime does not serve it."""
    estate = _allowed("bedrock:ListFoundationModels")
    estate.interface_endpoint("vpce-rt", "bedrock-runtime", A, B, group=open_group(estate))
    return orders(estate, endpoints__service_unreachable=INFERRED)


@case
def everything_of_a_service_with_several_endpoints() -> Case:
    """bedrock:* does not say which of them the function calls."""
    estate = _allowed("bedrock:*")
    estate.interface_endpoint("vpce-rt", "bedrock-runtime", A, B, group=open_group(estate))
    return orders(estate, endpoints__service_unreachable=unknown("bedrock", is_failed_read=False))


@case
def endpoint_declared() -> Case:
    """The declaration that settles it; blanks and semicolons separate."""
    estate = _allowed("bedrock:*")
    estate.tags["orders"] = {"vpcguard:services": "Bedrock-Runtime; com.amazonaws.eu-west-1.s3"}
    estate.interface_endpoint("vpce-rt", "bedrock-runtime", A, B, group=open_group(estate))
    found = violation("high") | {"basis": "declared"}
    return orders(estate, endpoints__service_unreachable=found)


@case
def nothing_declared_that_is_a_service() -> Case:
    """What is no service is left out; nothing left is undeclared, so that the role tells."""
    estate = _allowed("kms:Encrypt")
    estate.tags["orders"] = {"vpcguard:services": "dynamo, n/a"}
    return orders(estate, endpoints__service_unreachable=INFERRED)


@case
def endpoint_of_a_cell() -> Case:
    """Which cell an account is in is no part of what is needed."""
    estate = _allowed("timestream:WriteRecords")
    estate.interface_endpoint("vpce-ts", "timestream.ingest-cell2", A, B, group=open_group(estate))
    return orders(estate, endpoints__service_unreachable=PASS)


@case
def streams_by_an_endpoint_of_their_own() -> Case:
    """DynamoDB's gateway endpoint does not serve its streams."""
    estate = _allowed("dynamodb:GetRecords", "dynamodb:GetItem")
    estate.gateway_endpoint("vpce-db", "dynamodb", PRIVATE_TABLE, prefix_list="pl-db")
    return orders(estate, endpoints__service_unreachable=INFERRED)
