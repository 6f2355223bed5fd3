"""The reads of a function scope: what is asked, in how many rounds, and what ends in the snapshot."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import botocore
import pytest

from tests.support.recorded_aws import (
    ACCOUNT,
    REGION,
    Answer,
    Json,
    RecordedAws,
    RefusedError,
    a_function,
    a_network,
    always,
    by,
    document,
    functions,
    networks,
    refused,
)
from vpcguard.errors import ThrottledError
from vpcguard.model import Failure, Scope, Snapshot
from vpcguard.snapshot import ON_REQUEST, SCOPE_ACTIONS, CaptureOptions, Hints, capture

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ORDERS, BILLS, HOOK = (
    a_function("orders"),
    a_function("bills", vpc_id="vpc-0b"),
    a_function("hook", vpc_id=None),
)
POLICY = "arn:aws:iam::aws:policy/eni"
ROLE: dict[str, Answer] = {
    "iam:GetRole": lambda asked: {"Role": {"RoleName": asked["RoleName"], "Arn": "arn:role"}},
    "iam:ListAttachedRolePolicies": always({"AttachedPolicies": [{"PolicyName": "p", "PolicyArn": POLICY}]}),
    "iam:ListRolePolicies": always({"PolicyNames": ["inline"]}),
    "iam:GetRolePolicy": always(
        {"RoleName": "orders", "PolicyName": "inline", "PolicyDocument": document("s3:GetObject")}
    ),
    "iam:GetPolicy": always({"Policy": {"Arn": POLICY, "DefaultVersionId": "v2"}}),
    "iam:GetPolicyVersion": always({"PolicyVersion": {"VersionId": "v2", "Document": document("sqs:*")}}),
}
QUOTA: dict[str, Answer] = {
    "servicequotas:GetServiceQuota": always({"Quota": {"QuotaCode": "L-9FEE3D26", "Value": 500.0}})
}


def _aws(*more: dict[str, Answer], **named: Any) -> RecordedAws:
    answers: dict[str, Answer] = {
        **functions(ORDERS, BILLS, HOOK),
        **networks(a_network("vpc-0a"), a_network("vpc-0b")),
        **ROLE,
        **QUOTA,
    }
    for each in more:
        answers |= each
    return RecordedAws(answers, **named)


def _capture(aws: RecordedAws, *names: str, **options: Any) -> Snapshot:
    scope = Scope(kind="function", account_id=ACCOUNT, region=REGION, function_names=names)
    return capture(scope, aws, clock=lambda: NOW, options=CaptureOptions(**options))


def test_a_function_is_read_with_its_network_and_its_role() -> None:
    snapshot = _capture(_aws(), "orders")

    answers = dict(snapshot.own.answers)
    assert (snapshot.captured_at, snapshot.account_id, snapshot.region) == (
        "2026-11-20T12:00:00.000000Z",
        ACCOUNT,
        REGION,
    )
    assert answers["lambda:GetFunctionConfiguration"] == {"orders": ORDERS}
    assert answers["ec2:DescribeSubnets"] == {"Subnets": [a_network("vpc-0a")["ec2:DescribeSubnets"]]}
    assert answers["iam:GetRolePolicy"]["orders"]["inline"]["PolicyDocument"]["Statement"][0]["Action"] == [
        "s3:GetObject"
    ]
    assert answers["iam:GetPolicyVersion"][POLICY]["PolicyVersion"]["VersionId"] == "v2"
    assert answers["servicequotas:GetServiceQuota"] == {
        "L-9FEE3D26": {"Quota": {"QuotaCode": "L-9FEE3D26", "Value": 500.0}}
    }
    assert answers["lambda:ListEventSourceMappings"] == {"orders": {"EventSourceMappings": []}}
    assert dict(snapshot.own.failures) == {}
    assert snapshot.not_requested == (
        "elasticfilesystem:DescribeMountTargetSecurityGroups",
        "elasticfilesystem:DescribeMountTargets",
        "lambda:GetFunctionConcurrency",
    )


def test_a_snapshot_names_what_parsed_its_answers() -> None:
    """A botocore drops what it does not know, so that later nobody can tell it from what was not there."""
    reader = _capture(_aws(), "hook").reader

    assert reader == {"vpcguard": version("vpcguard"), "botocore": botocore.__version__}


def test_the_clock_is_read_before_the_first_call() -> None:
    """Time taken after a read would make an older answer look newer than it is."""
    aws = _aws()
    calls_then: list[int] = []

    def clock() -> datetime:
        calls_then.append(len(aws.calls))
        return NOW

    scope = Scope(kind="function", account_id=ACCOUNT, region=REGION, function_names=("orders",))
    capture(scope, aws, clock=clock)

    assert calls_then == [0]


def test_a_function_outside_a_vpc_needs_no_network_and_no_role() -> None:
    aws = _aws()

    snapshot = _capture(aws, "hook")

    # the poller of a source in a VPC has a network of its own
    own = {"lambda:GetFunctionConfiguration", "lambda:ListTags", "lambda:ListAliases"}
    assert set(aws.counts()) == {*own, "lambda:ListEventSourceMappings"}
    assert set(snapshot.own.answers) == set(aws.counts())


@pytest.mark.parametrize(
    "face", [{}, {"VpcConfig": {}}, {"VpcConfig": {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": ""}}]
)
def test_the_three_faces_of_not_attached_are_one(face: dict[str, Any]) -> None:
    aws = _aws(functions(a_function("hook", vpc_id=None, **face)))

    _capture(aws, "hook")

    assert not any(key.startswith(("ec2:", "iam:")) for key in aws.counts())


def test_a_function_that_is_gone_has_no_entry_and_no_failure() -> None:
    aws = _aws()

    snapshot = _capture(aws, "deleted")

    assert dict(snapshot.own.answers) == {"lambda:GetFunctionConfiguration": {}}
    assert dict(snapshot.own.failures) == {}


def test_functions_of_several_vpcs_share_one_read_of_them() -> None:
    aws = _aws()

    snapshot = _capture(aws, "orders", "bills", "hook", "deleted")

    assert aws.counts()["ec2:DescribeSubnets"] == 1
    assert aws.asked("ec2:DescribeVpcs")[0]["Filters"] == [{"Name": "vpc-id", "Values": ["vpc-0a", "vpc-0b"]}]
    assert sorted(snapshot.own.answers["lambda:GetFunctionConfiguration"]) == ["bills", "hook", "orders"]
    assert sorted(snapshot.own.answers["iam:GetRole"]) == ["bills", "hook", "orders"]


def test_every_filter_by_vpc_has_its_own_name() -> None:
    aws = _aws()

    _capture(aws, "orders")

    by_vpc = {"Name": "vpc-id", "Values": ["vpc-0a"]}
    assert aws.asked("ec2:DescribeNatGateways")[0]["Filter"] == [by_vpc]
    assert aws.asked("ec2:DescribeInternetGateways")[0]["Filters"] == [
        {"Name": "attachment.vpc-id", "Values": ["vpc-0a"]}
    ]
    assert aws.asked("ec2:DescribeNetworkInterfaces")[0]["Filters"] == [
        {"Name": "interface-type", "Values": ["lambda"]},
        by_vpc,
    ]


def test_a_function_that_does_not_say_its_vpc_is_read_without_a_filter() -> None:
    """Filtered by nothing, everything it names would look missing."""
    bare = a_function("orders")
    del bare["VpcConfig"]["VpcId"]
    aws = _aws(functions(bare))

    snapshot = _capture(aws, "orders")

    assert "Filters" not in aws.asked("ec2:DescribeSubnets")[0]
    assert len(snapshot.own.answers["ec2:DescribeSubnets"]["Subnets"]) == 2


def test_hints_are_used_when_they_are_right() -> None:
    aws = _aws()

    hinted = _capture(aws, "orders", hints=Hints(frozenset({"vpc-0a"}), frozenset({"orders"})))

    assert aws.counts()["ec2:DescribeSubnets"] == 1
    assert aws.counts()["iam:GetRole"] == 1
    assert hinted == _capture(_aws(), "orders")


def test_hints_that_are_wrong_leave_nothing_behind() -> None:
    """The event is a trigger, never the evidence."""
    hinted = _capture(_aws(), "orders", hints=Hints(frozenset({"vpc-0b"}), frozenset({"bills"})))

    assert hinted == _capture(_aws(), "orders")


def test_a_wrong_hint_that_fails_does_no_harm() -> None:
    aws = _aws(
        {"iam:GetRole": by("RoleName", {"orders": {"Role": {"RoleName": "orders"}}}, missing="Throttling")}
    )

    snapshot = _capture(aws, "orders", hints=Hints(frozenset(), frozenset({"bills"})))

    assert snapshot.own.answers["iam:GetRole"] == {"orders": {"Role": {"RoleName": "orders"}}}


def test_with_hints_two_calls_in_a_row_are_enough() -> None:
    """Everything that can be asked at once is: with the write, an event waits for AWS three times."""
    known = {"iam:GetPolicy": always({"Policy": {"Arn": POLICY, "PolicyId": "1", "DefaultVersionId": "v2"}})}
    alias = {"Name": "live", "AliasArn": f"{ORDERS['FunctionArn']}:live", "FunctionVersion": "3"}
    served = {"lambda:ListAliases": always({"Aliases": [alias]})}
    _capture(_aws(known), "orders")  # a version of a policy is read once in a process's life
    aws = _aws(known, served)

    rounds = _longest_chain(aws, hints=Hints(frozenset({"vpc-0a"}), frozenset({"orders"})))

    assert rounds == 2
    assert len(aws.asked("lambda:ListEventSourceMappings")) == 2
    assert len(aws.asked("lambda:ListVersionsByFunction")) == 1


def test_a_policy_that_was_never_read_takes_one_more() -> None:
    assert _longest_chain(_aws(), hints=Hints(frozenset({"vpc-0a"}), frozenset({"orders"}))) == 3


def test_without_hints_it_is_one_more() -> None:
    assert _longest_chain(_aws()) == 4


def test_what_a_name_is_enough_for_is_read_once_and_kept_of_functions_that_exist_alone() -> None:
    aws = _aws()

    snapshot = _capture(aws, "orders", "deleted")

    assert aws.counts()["lambda:ListTags"] == 2
    assert aws.counts()["lambda:ListAliases"] == 2
    assert snapshot.own.answers["lambda:ListTags"] == {"orders": {"Tags": {}}}
    assert snapshot.own.answers["lambda:ListAliases"] == {"orders": {"Aliases": []}}


def test_an_early_answer_that_denies_the_function_is_not_believed() -> None:
    """It was asked for before the function existed: without tags it would be judged by another intent."""
    tags = {"Tags": {"vpcguard:egress": "internet"}}
    aws = _aws(
        {"lambda:ListTags": _missing_at_first(tags), "lambda:ListAliases": _missing_at_first({"Aliases": []})}
    )

    snapshot = _capture(aws, "orders")

    assert snapshot.own.answers["lambda:ListTags"] == {"orders": tags}
    assert snapshot.own.answers["lambda:ListAliases"] == {"orders": {"Aliases": []}}


def test_tags_are_asked_for_under_the_arn_that_the_function_says() -> None:
    """Which partition a region is in may be wrong here; the function knows."""
    orders = a_function("orders", FunctionArn=ORDERS["FunctionArn"].replace("arn:aws:", "arn:aws-new:"))
    tags = {"Tags": {"vpcguard:egress": "none"}}
    by_arn = by("Resource", {orders["FunctionArn"]: tags}, missing="InvalidParameterValueException")
    aws = _aws(functions(orders), {"lambda:ListTags": by_arn})

    assert _capture(aws, "orders").own.answers["lambda:ListTags"] == {"orders": tags}


def test_a_version_is_read_as_it_stands_with_the_tags_of_its_function() -> None:
    arn = f"{ORDERS['FunctionArn']}:7"
    old = a_function("orders", vpc_id="vpc-0b", FunctionArn=arn, Version="7")
    tags = by("Resource", {ORDERS["FunctionArn"]: {"Tags": {"team": "a"}}})
    aws = _aws(
        {"lambda:GetFunctionConfiguration": by("Qualifier", {"7": old}), "lambda:ListTags": tags},
    )

    own = _capture(aws, "orders", version="7").own

    assert own.answers["lambda:GetFunctionConfiguration"]["orders"]["Version"] == "7"
    assert [one["VpcId"] for one in own.answers["ec2:DescribeVpcs"]["Vpcs"]] == ["vpc-0b"]
    assert own.answers["lambda:ListTags"] == {"orders": {"Tags": {"team": "a"}}}
    assert own.failures == {}


def _missing_at_first(answer: Json) -> Answer:
    asked: list[Json] = []

    def answered(parameters: Json) -> Json:
        asked.append(parameters)
        if len(asked) == 1:
            raise RefusedError("ResourceNotFoundException", status=404)
        return answer

    return answered


def _longest_chain(aws: RecordedAws, **options: Any) -> int:
    """Return in how many rounds the calls come, when everything that waits is answered together.

    A round ends when no further call has come for a while: everybody waits for an answer then.
    """
    gate = threading.Condition()
    waiting, rounds = [0], [0]
    real = aws._answer  # noqa: SLF001  when it answers is what is controlled

    def held(*args: Any, **event: Any) -> Any:
        with gate:
            waiting[0] += 1
            gate.notify_all()
            this = rounds[0]
            gate.wait_for(lambda: rounds[0] > this, timeout=30)
        return real(*args, **event)

    def answer_together(finished: threading.Event) -> None:
        while not finished.is_set():
            with gate:
                came = waiting[0]
                quiet = not gate.wait_for(lambda: waiting[0] > came, timeout=0.25)  # noqa: B023
                if quiet and waiting[0]:
                    waiting[0], rounds[0] = 0, rounds[0] + 1
                    gate.notify_all()

    for service in ("lambda", "ec2", "iam", "service-quotas"):
        aws.client(service)  # made before, so that no call is late for its round
    aws._answer = held  # type: ignore[method-assign]  # noqa: SLF001
    finished = threading.Event()
    answering = threading.Thread(target=answer_together, args=(finished,))
    answering.start()
    try:
        _capture(aws, "orders", threads=32, **options)
    finally:
        finished.set()
        answering.join()
    return rounds[0]


def test_a_denied_read_is_a_failure_of_that_read_alone() -> None:
    aws = _aws({"ec2:DescribeNatGateways": refused("UnauthorizedOperation", "no")})

    snapshot = _capture(aws, "orders")

    assert dict(snapshot.own.failures) == {"ec2:DescribeNatGateways": Failure("UnauthorizedOperation", "no")}
    assert "ec2:DescribeNatGateways" not in snapshot.own.answers


def test_a_function_that_may_not_be_read_is_a_failure_under_its_name() -> None:
    aws = _aws({"lambda:GetFunctionConfiguration": refused("AccessDeniedException", "no")})

    snapshot = _capture(aws, "orders")

    assert dict(snapshot.own.failures) == {
        "lambda:GetFunctionConfiguration": {"orders": Failure("AccessDeniedException", "no")}
    }
    assert dict(snapshot.own.answers) == {}


def test_a_function_whose_answer_is_of_another_shape_is_a_failure_under_its_name() -> None:
    """What AWS says of one function must not keep the others from being read."""
    odd = {**BILLS, "VpcConfig": {"SubnetIds": [{"Id": "subnet-vpc-0b"}]}}
    aws = _aws({"lambda:GetFunctionConfiguration": by("FunctionName", {"orders": ORDERS, "bills": odd})})

    snapshot = _capture(aws, "orders", "bills")

    assert dict(snapshot.own.failures) == {
        "lambda:GetFunctionConfiguration": {
            "bills": Failure(
                "UnexpectedAnswer",
                "lambda:GetFunctionConfiguration.VpcConfig.SubnetIds[0] must be text, not an object",
            )
        }
    }
    assert list(snapshot.own.answers["lambda:GetFunctionConfiguration"]) == ["orders"]


def test_throttling_in_any_chain_reaches_the_caller() -> None:
    aws = _aws({"iam:GetPolicyVersion": refused("Throttling")})

    with pytest.raises(ThrottledError, match="iam:GetPolicyVersion"):
        _capture(aws, "orders")


def test_a_group_that_the_vpc_does_not_show_is_asked_for_before_it_counts_as_missing() -> None:
    """A group of another VPC can be associated with this one; its VpcId is then the other's."""
    function = a_function("orders")
    function["VpcConfig"]["SecurityGroupIds"] = ["sg-vpc-0a", "sg-vpc-0b", "sg-gone"]
    aws = _aws(functions(function))

    snapshot = _capture(aws, "orders")

    assert aws.asked("ec2:DescribeSecurityGroups")[1]["Filters"] == [
        {"Name": "group-id", "Values": ["sg-gone", "sg-vpc-0b"]}
    ]
    groups = snapshot.own.answers["ec2:DescribeSecurityGroups"]["SecurityGroups"]
    assert [group["GroupId"] for group in groups] == ["sg-vpc-0a", "sg-vpc-0b"]


def test_a_subnet_that_is_gone_is_asked_for_by_itself_once() -> None:
    function = a_function("orders")
    function["VpcConfig"]["SubnetIds"] = ["subnet-vpc-0a", "subnet-gone"]
    aws = _aws(functions(function))

    snapshot = _capture(aws, "orders")

    assert aws.asked("ec2:DescribeSubnets")[1]["Filters"] == [
        {"Name": "subnet-id", "Values": ["subnet-gone"]}
    ]
    assert [s["SubnetId"] for s in snapshot.own.answers["ec2:DescribeSubnets"]["Subnets"]] == [
        "subnet-vpc-0a"
    ]


def test_denied_subnets_are_not_asked_for_again() -> None:
    aws = _aws({"ec2:DescribeSubnets": refused("UnauthorizedOperation")})

    _capture(aws, "orders")

    assert aws.counts()["ec2:DescribeSubnets"] == 1


def test_what_routes_groups_and_endpoints_name_is_read_too() -> None:
    table = {
        "RouteTableId": "rtb-0a",
        "VpcId": "vpc-0a",
        "Routes": [
            {"DestinationCidrBlock": "0.0.0.0/0", "NetworkInterfaceId": "eni-0a", "InstanceId": "i-0a"},
            {"DestinationPrefixListId": "pl-0a", "GatewayId": "vpce-0a"},
        ],
    }
    group = {
        "GroupId": "sg-vpc-0a",
        "VpcId": "vpc-0a",
        "IpPermissionsEgress": [{"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": "pl-0b"}]}],
    }
    endpoint = {"VpcEndpointId": "vpce-0b", "VpcEndpointType": "Interface", "VpcId": "vpc-0a"}
    aws = _aws(
        {
            "ec2:DescribeRouteTables": always({"RouteTables": [table]}),
            "ec2:DescribeSecurityGroups": always({"SecurityGroups": [group]}),
            "ec2:DescribeVpcEndpoints": always({"VpcEndpoints": [endpoint]}),
            "ec2:GetManagedPrefixListEntries": always({"Entries": [{"Cidr": "10.0.0.0/8"}]}),
            "ec2:DescribeVpcAttribute": lambda asked: {
                asked["Attribute"][0].upper() + asked["Attribute"][1:]: {"Value": True}
            },
            "ec2:DescribeNetworkInterfaces": lambda asked: {
                "NetworkInterfaces": [{"NetworkInterfaceId": f["Values"][0]} for f in asked["Filters"][:1]]
            },
            "ec2:DescribeInstances": always({"Reservations": [{"Instances": [{"InstanceId": "i-0a"}]}]}),
        }
    )

    answers = _capture(aws, "orders").own.answers

    assert answers["ec2:DescribeVpcAttribute"] == {
        "vpc-0a": {"EnableDnsSupport": {"Value": True}, "EnableDnsHostnames": {"Value": True}}
    }
    assert answers["ec2:GetManagedPrefixListEntries"] == {
        "pl-0a": {"Entries": [{"Cidr": "10.0.0.0/8"}]},
        "pl-0b": {"Entries": [{"Cidr": "10.0.0.0/8"}]},
    }
    assert answers["ec2:DescribeInstances"] == {"Reservations": [{"Instances": [{"InstanceId": "i-0a"}]}]}
    assert aws.asked("ec2:DescribeInstances")[0]["Filters"] == [{"Name": "instance-id", "Values": ["i-0a"]}]
    assert {
        each["NetworkInterfaceId"] for each in answers["ec2:DescribeNetworkInterfaces"]["NetworkInterfaces"]
    } == {
        "lambda",
        "eni-0a",
    }


def test_dns_attributes_are_not_asked_for_in_a_vpc_of_another_account() -> None:
    vpc = {"VpcId": "vpc-0a", "OwnerId": "444455556666"}
    aws = _aws({"ec2:DescribeVpcs": always({"Vpcs": [vpc]})})

    _capture(aws, "orders")

    assert aws.counts()["ec2:DescribeVpcAttribute"] == 0


def test_services_are_asked_for_where_an_interface_endpoint_is_for_them() -> None:
    endpoints = [
        {"VpcEndpointId": "vpce-0a", "VpcId": "vpc-0a", "VpcEndpointType": kind, "ServiceName": kind.lower()}
        for kind in ("Gateway", "Interface")
    ]
    aws = _aws(
        {
            "ec2:DescribeVpcEndpoints": always({"VpcEndpoints": endpoints}),
            "ec2:DescribeVpcEndpointServices": always({"ServiceDetails": []}),
        }
    )

    _capture(aws, "orders")

    (asked,) = aws.asked("ec2:DescribeVpcEndpointServices")
    assert asked["Filters"] == [{"Name": "service-name", "Values": ["interface"]}]


def test_the_default_quota_is_read_only_where_the_account_has_none_of_its_own() -> None:
    default = {"servicequotas:GetAWSDefaultServiceQuota": always({"Quota": {"Value": 250.0}})}

    none = _capture(
        _aws(default, {"servicequotas:GetServiceQuota": refused("NoSuchResourceException")}), "orders"
    )
    denied = _capture(
        _aws(default, {"servicequotas:GetServiceQuota": refused("AccessDeniedException")}), "orders"
    )

    assert none.own.answers["servicequotas:GetServiceQuota"] == {}
    assert none.own.answers["servicequotas:GetAWSDefaultServiceQuota"] == {
        "L-9FEE3D26": {"Quota": {"Value": 250.0}}
    }
    assert "servicequotas:GetAWSDefaultServiceQuota" not in denied.own.answers
    assert denied.own.failures["servicequotas:GetServiceQuota"] == {
        "L-9FEE3D26": Failure("AccessDeniedException", "refused")
    }


def test_versions_are_read_only_where_an_alias_serves_one() -> None:
    aliases: dict[str, Json] = {
        "orders": {"Aliases": [{"Name": "live", "AliasArn": "arn:live", "FunctionVersion": "3"}]},
        "bills": {"Aliases": [{"Name": "dev", "AliasArn": "arn:dev", "FunctionVersion": "$LATEST"}]},
        "hook": {
            "Aliases": [
                {
                    "Name": "canary",
                    "AliasArn": "arn:canary",
                    "FunctionVersion": "$LATEST",
                    "RoutingConfig": {"AdditionalVersionWeights": {"7": 0.1}},
                }
            ]
        },
    }
    aws = _aws({"lambda:ListAliases": by("FunctionName", aliases)})

    snapshot = _capture(aws, "orders", "bills", "hook")

    assert snapshot.own.answers["lambda:ListAliases"] == aliases
    assert {asked["FunctionName"] for asked in aws.asked("lambda:ListVersionsByFunction")} == {
        "hook",
        "orders",
    }


def test_event_sources_of_aliases_are_asked_for_and_kept_once() -> None:
    alias = {"Name": "live", "AliasArn": "arn:live", "FunctionVersion": "$LATEST"}
    one, two = {"UUID": "1", "State": "Enabled"}, {"UUID": "2", "State": "Enabled"}
    aws = _aws(
        {
            "lambda:ListAliases": always({"Aliases": [alias]}),
            "lambda:ListEventSourceMappings": by(
                "FunctionName",
                {"orders": {"EventSourceMappings": [one]}, "arn:live": {"EventSourceMappings": [one, two]}},
            ),
        }
    )

    snapshot = _capture(aws, "orders")

    assert snapshot.own.answers["lambda:ListEventSourceMappings"] == {
        "orders": {"EventSourceMappings": [one, two]}
    }


def test_event_sources_are_listed_for_all_where_aliases_may_not_be_read() -> None:
    """A mapping on an alias that we cannot name would be overlooked."""
    arn = f"{ORDERS['FunctionArn']}:live"
    mapping = {"UUID": "1", "FunctionArn": arn}
    aws = _aws(
        {
            "lambda:ListAliases": refused("AccessDeniedException"),
            "lambda:ListEventSourceMappings": always({"EventSourceMappings": [mapping]}),
        }
    )

    snapshot = _capture(aws, "orders")

    assert aws.asked("lambda:ListEventSourceMappings") == [{}]
    assert snapshot.own.answers["lambda:ListEventSourceMappings"] == {
        "orders": {"EventSourceMappings": [mapping]}
    }


def test_tags_of_a_few_functions_are_read_from_lambda_and_of_many_in_one_call() -> None:
    many = [a_function(f"f{number}", role="one") for number in range(6)]
    few, all_six = _aws(functions(*many)), _aws(functions(*many))

    _capture(few, *(each["FunctionName"] for each in many[:5]))
    _capture(all_six, *(each["FunctionName"] for each in many))

    assert (few.counts()["lambda:ListTags"], few.counts()["tag:GetResources"]) == (5, 0)
    assert (all_six.counts()["lambda:ListTags"], all_six.counts()["tag:GetResources"]) == (0, 1)
    # https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
    assert set(all_six.asked("tag:GetResources")[0]) == {"ResourceARNList"}


def test_reserved_concurrency_is_read_where_a_rule_needs_it() -> None:
    aws = _aws({"lambda:GetFunctionConcurrency": always({"ReservedConcurrentExecutions": 5})})

    snapshot = _capture(aws, "orders", reads=ON_REQUEST)

    assert snapshot.own.answers["lambda:GetFunctionConcurrency"] == {
        "orders": {"ReservedConcurrentExecutions": 5}
    }
    assert snapshot.not_requested == ()


def test_destinations_of_asynchronous_invocation_are_read_of_every_attached_function() -> None:
    """A function without any is answered with a 404, which is no failure."""
    queue = {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:eu-west-1:1:failed"}}}
    aws = _aws({"lambda:GetFunctionEventInvokeConfig": by("FunctionName", {"orders": queue})})

    snapshot = _capture(aws, "orders", "bills", "hook")

    assert snapshot.own.answers["lambda:GetFunctionEventInvokeConfig"] == {"orders": queue}
    assert "lambda:GetFunctionEventInvokeConfig" not in snapshot.own.failures
    assert sorted(one["FunctionName"] for one in aws.asked("lambda:GetFunctionEventInvokeConfig")) == [
        "bills",
        "orders",
    ]


def test_aliases_can_be_left_out() -> None:
    aws = _aws()

    snapshot = _capture(aws, "orders", aliases=False)

    assert aws.counts()["lambda:ListAliases"] == 0
    assert snapshot.not_requested == (
        "elasticfilesystem:DescribeMountTargetSecurityGroups",
        "elasticfilesystem:DescribeMountTargets",
        "lambda:GetFunctionConcurrency",
        "lambda:ListAliases",
        "lambda:ListVersionsByFunction",
    )


def test_no_call_is_made_that_the_scope_does_not_declare() -> None:
    aws = _aws()

    _capture(aws, "orders", "bills", reads=ON_REQUEST)

    assert set(aws.counts()) <= SCOPE_ACTIONS["function"]


def test_mount_targets_are_read_of_our_own_file_systems_where_a_rule_needs_them() -> None:
    """Of S3 Files, and of another account's file system, nobody can ask Amazon EFS here."""
    own = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:access-point/fsap-0a"
    others = [
        f"arn:aws:elasticfilesystem:{REGION}:444455556666:access-point/fsap-0b",
        f"arn:aws:s3files:{REGION}:{ACCOUNT}:access-point/fsap-0c",
    ]
    mounting = ORDERS | {"FileSystemConfigs": [{"Arn": arn} for arn in (own, *others)]}
    target = {"MountTargetId": "fsmt-0123456789abcdef0", "AvailabilityZoneId": "euw1-az1"}
    efs = {
        "elasticfilesystem:DescribeMountTargets": always({"MountTargets": [target]}),
        "elasticfilesystem:DescribeMountTargetSecurityGroups": always({"SecurityGroups": ["sg-m"]}),
    }
    asked, unasked = _aws(functions(mounting) | efs), _aws(functions(mounting) | efs)

    answers = _capture(asked, "orders", reads=ON_REQUEST).own.answers
    _capture(unasked, "orders")

    assert answers["elasticfilesystem:DescribeMountTargets"] == {"fsap-0a": {"MountTargets": [target]}}
    assert answers["elasticfilesystem:DescribeMountTargetSecurityGroups"] == {
        "fsmt-0123456789abcdef0": {"SecurityGroups": ["sg-m"]}
    }
    assert asked.asked("elasticfilesystem:DescribeMountTargets") == [{"AccessPointId": "fsap-0a"}]
    assert [key for key in unasked.counts() if key.startswith("elasticfilesystem")] == []
