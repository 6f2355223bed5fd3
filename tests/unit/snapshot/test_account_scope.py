"""The reads of a whole account: how many, in what order, and what a part of it says about itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.recorded_aws import (
    ACCOUNT,
    REGION,
    Answer,
    Json,
    RecordedAws,
    a_function,
    a_network,
    always,
    document,
    functions,
    networks,
    paged,
    refused,
)
from vpcguard.facts import build_facts
from vpcguard.model import Failure, Scope, Snapshot
from vpcguard.snapshot import (
    ON_REQUEST,
    PARTIAL,
    SCOPE_ACTIONS,
    AccountRoles,
    Captured,
    CaptureOptions,
    capture_pages,
)

VPCS = [f"vpc-{number:02}" for number in range(20)]
FLEET = [a_function(f"f{number:04}", vpc_id=VPCS[number % 20]) for number in range(1000)]
_ALL_ROLES = "iam:GetAccountAuthorizationDetails"
PER_FUNCTION = {"lambda:GetFunctionConfiguration", "lambda:ListTags", "lambda:ListAliases", "iam:GetRole"}


def _authorization(*names: str) -> Json:
    return {
        "RoleDetailList": [
            {
                "RoleName": name,
                "AssumeRolePolicyDocument": document("sts:AssumeRole"),
                "AttachedManagedPolicies": [{"PolicyName": "p", "PolicyArn": "arn:used"}],
                "RolePolicyList": [{"PolicyName": "inline", "PolicyDocument": document("s3:GetObject")}],
                "PermissionsBoundary": {"PermissionsBoundaryArn": "arn:boundary"},
            }
            for name in names
        ],
        "Policies": [
            {
                "Arn": arn,
                "DefaultVersionId": "v2",
                "PolicyVersionList": [
                    {"VersionId": version, "Document": document(f"sqs:{version}")} for version in ("v1", "v2")
                ],
            }
            for arn in ("arn:used", "arn:boundary", "arn:unused")
        ],
    }


def _aws(fleet: list[Json], *more: dict[str, Answer]) -> RecordedAws:
    answers = {
        **functions(*fleet),
        **networks(*(a_network(vpc_id) for vpc_id in VPCS)),
        "servicequotas:GetServiceQuota": always({"Quota": {"Value": 500.0}}),
        "iam:GetAccountAuthorizationDetails": always(_authorization("f0000", "stranger")),
        "tag:GetResources": paged(
            "tag:GetResources",
            [{"ResourceARN": each["FunctionArn"], "Tags": [{"Key": "k", "Value": "v"}]} for each in fleet],
            size=100,
            at="PaginationToken",
            next_at="PaginationToken",
        ),
    }
    for each in more:
        answers |= each
    return RecordedAws(answers)


def _noon() -> datetime:
    return datetime(2026, 11, 20, 12, tzinfo=UTC)


def _answered(*names: str) -> dict[str, Answer]:
    return {_ALL_ROLES: always(_authorization(*names))}


def _capture(aws: RecordedAws, *, now: datetime | None = None, **options: Any) -> Captured:
    scope = Scope(kind="account", account_id=ACCOUNT, region=REGION)
    return capture_pages(scope, aws, clock=lambda: now or _noon(), options=CaptureOptions(**options))


def test_a_thousand_functions_take_few_calls_and_none_per_function() -> None:
    aws = _aws(FLEET)

    captured = _capture(aws)

    counts = aws.counts()
    assert (counts["lambda:ListFunctions"], counts["tag:GetResources"]) == (20, 10)
    assert counts.total() <= 115  # two of them for the DNS attributes of each VPC
    assert not PER_FUNCTION & set(counts)
    assert len(captured.snapshot.own.answers["lambda:ListFunctions"]["Functions"]) == 1000
    assert len(captured.snapshot.own.answers["tag:GetResources"]["ResourceTagMappingList"]) == 1000
    assert captured.next_marker is None
    assert dict(captured.snapshot.own.failures) == {}


def test_what_is_left_out_on_purpose_is_named() -> None:
    assert _capture(_aws(FLEET[:1])).snapshot.not_requested == (
        "elasticfilesystem:DescribeMountTargetSecurityGroups",
        "elasticfilesystem:DescribeMountTargets",
        "lambda:GetFunctionConcurrency",
        "lambda:GetFunctionConfiguration",
        "lambda:GetFunctionEventInvokeConfig",
        "lambda:ListAliases",
        "lambda:ListVersionsByFunction",
    )


FULL = a_network("vpc-00")
FULL["ec2:DescribeSubnets"] |= {"AvailableIpAddressCount": 0}
STATE = "lambda:GetFunctionConfiguration"


def test_the_state_is_read_where_something_rests_on_it() -> None:
    """A function in a subnet that is full, or gone; one that is named; and no other."""
    fleet = [*FLEET[:3], a_function("gone", vpc_id="vpc-98"), a_function("outside", vpc_id=None)]
    network = networks(FULL, a_network("vpc-01"), a_network("vpc-02"))
    named = frozenset({"f0002", "of another page"})

    snapshot = _capture(_aws(fleet, network), reads=ON_REQUEST, states_of=named).snapshot

    assert sorted(snapshot.own.answers[STATE]) == ["f0000", "f0002", "gone"]
    assert STATE in snapshot.not_requested
    covered = {
        entry.get("subject"): entry["status"]
        for entry in build_facts(snapshot)["coverage"]
        if entry["kind"] == "function_states"
    }
    assert covered == {None: "not_requested", "f0000": "known", "f0002": "known", "gone": "known"}


def test_no_state_is_read_for_rules_that_are_off() -> None:
    aws = _aws(FLEET[:2], networks(FULL, a_network("vpc-01")))

    assert STATE not in _capture(aws).snapshot.own.answers


def test_a_subnet_that_could_not_be_read_is_not_missing() -> None:
    """Else a refused list would cost a call for each function."""
    aws = _aws(FLEET[:2], {"ec2:DescribeSubnets": refused("UnauthorizedOperation")})

    assert STATE not in _capture(aws, reads=ON_REQUEST).snapshot.own.answers


def test_everything_but_destinations_can_be_asked_for() -> None:
    aws = _aws(FLEET[:3], {"lambda:GetFunctionConcurrency": always({})})

    snapshot = _capture(aws, states=True, aliases=True, reads=ON_REQUEST).snapshot

    assert snapshot.not_requested == ("lambda:GetFunctionEventInvokeConfig",)
    assert sorted(snapshot.own.answers["lambda:GetFunctionConfiguration"]) == ["f0000", "f0001", "f0002"]
    assert snapshot.own.answers["lambda:ListAliases"]["f0002"] == {"Aliases": []}
    assert snapshot.own.answers["lambda:GetFunctionConcurrency"]["f0001"] == {}
    assert set(aws.counts()) <= SCOPE_ACTIONS["account"]


def test_the_network_is_read_whole_and_after_the_last_page() -> None:
    """Read before, it would lack what was made for a function meanwhile, which then counts as missing."""
    aws = _aws(FLEET)

    _capture(aws)

    order = [key for key, _ in aws.calls]
    last_page = len(order) - 1 - order[::-1].index("lambda:ListFunctions")
    assert min(order.index(key) for key in set(order) if key.startswith(("ec2:", "iam:"))) > last_page
    assert "Filters" not in aws.asked("ec2:DescribeSubnets")[0]


def test_only_vpcs_in_use_are_looked_into_further() -> None:
    """Two calls for every VPC of the account would be too many."""
    endpoints = [
        {"VpcEndpointId": f"vpce-{vpc_id}", "VpcEndpointType": "Interface", "VpcId": vpc_id}
        for vpc_id in VPCS
    ]
    tables = [
        {"RouteTableId": f"rtb-{vpc_id}", "VpcId": vpc_id, "Routes": [{"InstanceId": f"i-{vpc_id}"}]}
        for vpc_id in VPCS
    ]
    aws = _aws(
        FLEET[:2],
        {
            "ec2:DescribeVpcEndpoints": always({"VpcEndpoints": endpoints}),
            "ec2:DescribeRouteTables": always({"RouteTables": tables}),
            "ec2:DescribeVpcAttribute": always({}),
        },
    )

    _capture(aws)

    assert {asked["VpcId"] for asked in aws.asked("ec2:DescribeVpcAttribute")} == {"vpc-00", "vpc-01"}
    assert [asked["Filters"][0]["Values"] for asked in aws.asked("ec2:DescribeInstances")] == [
        ["i-vpc-00", "i-vpc-01"]
    ]


def test_without_attached_functions_neither_network_nor_roles_are_read() -> None:
    aws = _aws([a_function("hook", vpc_id=None)])

    _capture(aws)

    assert set(aws.counts()) == {"lambda:ListFunctions", "tag:GetResources", "lambda:ListEventSourceMappings"}


def test_an_empty_account_is_complete_and_empty() -> None:
    snapshot = _capture(_aws([])).snapshot

    assert snapshot.own.answers["lambda:ListFunctions"] == {"Functions": []}
    assert dict(snapshot.own.failures) == {}


def test_pages_can_be_read_in_turns() -> None:
    aws = _aws(FLEET[:120])

    first = _capture(aws, max_pages=2)
    last = _capture(aws, marker=first.next_marker, max_pages=2)

    listed = [each.snapshot.own.answers["lambda:ListFunctions"]["Functions"] for each in (first, last)]
    assert [len(each) for each in listed] == [100, 20]
    assert listed[0] + listed[1] == FLEET[:120]
    assert last.next_marker is None


def test_a_part_of_the_functions_never_looks_like_all_of_them() -> None:
    """A complete list closes what it does not hold: here it would close what the other pages hold."""
    aws = _aws(FLEET[:120])

    first = _capture(aws, max_pages=2)
    last = _capture(aws, marker=first.next_marker)

    key = "lambda:ListFunctions"
    assert first.snapshot.own.failures[key] == Failure(PARTIAL, "stopped after 2 pages")
    assert last.snapshot.own.failures[key] == Failure(
        PARTIAL, "began after an earlier part; these are the last"
    )


def test_a_part_asks_for_the_tags_of_its_own_functions() -> None:
    aws = _aws(FLEET[:120])

    _capture(aws, max_pages=1)

    assert [len(asked["ResourceARNList"]) for asked in aws.asked("tag:GetResources")] == [50]


def test_max_pages_that_are_enough_leave_nothing_behind() -> None:
    captured = _capture(_aws(FLEET[:100]), max_pages=2)

    assert captured.next_marker is None
    assert dict(captured.snapshot.own.failures) == {}


def test_a_denied_list_of_functions_is_a_failure_and_no_empty_account() -> None:
    aws = _aws(FLEET, {"lambda:ListFunctions": refused("AccessDeniedException")})

    snapshot = _capture(aws).snapshot

    assert "lambda:ListFunctions" not in snapshot.own.answers
    assert snapshot.own.failures["lambda:ListFunctions"] == Failure("AccessDeniedException", "refused")


def test_of_all_roles_only_those_in_scope_are_kept_with_the_versions_in_force() -> None:
    snapshot = _capture(_aws(FLEET[:6])).snapshot

    kept = snapshot.own.answers["iam:GetAccountAuthorizationDetails"]
    assert [role["RoleName"] for role in kept["RoleDetailList"]] == ["f0000"]
    assert [
        (policy["Arn"], [v["VersionId"] for v in policy["PolicyVersionList"]]) for policy in kept["Policies"]
    ] == [
        ("arn:used", ["v2"]),
        ("arn:boundary", ["v2"]),
    ]
    assert "AssumeRolePolicyDocument" not in kept["RoleDetailList"][0]


def test_a_few_roles_are_read_one_by_one() -> None:
    fleet = [a_function(f"f{number}", role="shared") for number in range(30)]
    aws = _aws(fleet, {"iam:GetRole": always({"Role": {"RoleName": "shared"}})})

    snapshot = _capture(aws).snapshot

    assert aws.counts()["iam:GetAccountAuthorizationDetails"] == 0
    assert snapshot.own.answers["iam:GetRole"] == {"shared": {"Role": {"RoleName": "shared"}}}


def _roles(snapshot: Snapshot) -> dict[str, str]:
    """Return what is known of the roles of its functions: by name, "known", "gone" or "unknown"."""
    facts = build_facts(snapshot)
    named = {name for one in facts["roles"] for name in one["names"]}
    of_roles = [one for one in facts["coverage"] if one["kind"] == "roles"]
    unknown = {one.get("subject") for one in of_roles if one["status"] != "known"}
    return {
        name: "unknown" if unknown & {None, name} else "known" if name in named else "gone"
        for name in (one["role_name"] for one in facts["functions"])
    }


def test_roles_read_once_serve_every_region() -> None:
    aws = _aws(FLEET[:1])
    account_roles = AccountRoles(_noon)

    first, second = (_capture(aws, account_roles=account_roles).snapshot for _ in range(2))

    assert aws.counts()["iam:GetAccountAuthorizationDetails"] == 1
    assert first == second
    kept = first.own.answers["iam:GetAccountAuthorizationDetails"]
    assert [role["RoleName"] for role in kept["RoleDetailList"]] == ["f0000"]


def test_a_role_made_after_the_roles_were_read_is_not_gone() -> None:
    """The next region's functions were listed later: the roles are read again before one counts as gone."""
    account_roles = AccountRoles(_noon)
    _capture(_aws(FLEET[:1]), account_roles=account_roles)
    later = _aws(FLEET[:3], _answered("f0000", "f0001"))

    snapshot = _capture(later, account_roles=account_roles).snapshot

    assert later.counts()["iam:GetAccountAuthorizationDetails"] == 1
    assert _roles(snapshot) == {"f0000": "known", "f0001": "known", "f0002": "gone"}


@pytest.mark.parametrize("code", ["AccessDenied", "ServiceFailure"])
def test_roles_that_were_refused_in_one_region_are_asked_for_in_the_next(code: str) -> None:
    """Few are read one by one, as in a region that is read alone; many are unknown, and none is gone."""
    account_roles, refusal = AccountRoles(_noon), {_ALL_ROLES: refused(code)}
    few = _aws(FLEET[:1], refusal, {"iam:GetRole": always({"Role": {"RoleName": "f0000"}})})
    many = _aws(FLEET[:9], refusal)

    assert _roles(_capture(few, account_roles=account_roles).snapshot) == {"f0000": "known"}
    assert set(_roles(_capture(many, account_roles=account_roles).snapshot).values()) == {"unknown"}
    assert _roles(_capture(_aws(FLEET[:1]), account_roles=account_roles).snapshot) == {"f0000": "known"}


def test_few_roles_are_read_one_by_one_where_the_list_of_all_is_a_part() -> None:
    """The role that is not in the part may be in the rest."""

    def first_page_alone(parameters: Json) -> Any:
        if "Marker" in parameters:
            return refused("ServiceFailure")(parameters)
        return {**_authorization("stranger"), "IsTruncated": True, "Marker": "2"}

    aws = _aws(
        FLEET[:1],
        {_ALL_ROLES: first_page_alone, "iam:GetRole": always({"Role": {"RoleName": "f0000"}})},
    )

    assert _roles(_capture(aws, account_roles=AccountRoles(_noon)).snapshot) == {"f0000": "known"}


def test_nothing_in_a_snapshot_is_older_than_it_says_roles_included() -> None:
    """Or what was read of a role before it was changed would outdo the look that saw the change."""
    account_roles = AccountRoles(_noon)
    moments = [datetime(2026, 11, 20, hour, tzinfo=UTC) for hour in (11, 13)]

    taken = [_capture(_aws(FLEET[:1]), now=now, account_roles=account_roles).snapshot for now in moments]

    assert [one.captured_at for one in taken] == [
        "2026-11-20T11:00:00.000000Z",
        "2026-11-20T12:00:00.000000Z",
    ]


def test_event_sources_are_kept_by_function_with_those_of_aliases() -> None:
    arn = FLEET[0]["FunctionArn"]
    mappings = [
        {"UUID": "1", "FunctionArn": arn},
        {"UUID": "2", "FunctionArn": f"{arn}:live"},
        {"UUID": "3", "FunctionArn": arn.replace("f0000", "stranger")},
    ]
    aws = _aws(FLEET[:2], {"lambda:ListEventSourceMappings": always({"EventSourceMappings": mappings})})

    snapshot = _capture(aws).snapshot

    assert snapshot.own.answers["lambda:ListEventSourceMappings"] == {
        "f0000": {"EventSourceMappings": mappings[:2]},
        "f0001": {"EventSourceMappings": []},
    }


def test_denied_event_sources_are_a_failure() -> None:
    aws = _aws(FLEET[:2], {"lambda:ListEventSourceMappings": refused("AccessDeniedException")})

    snapshot = _capture(aws).snapshot

    assert "lambda:ListEventSourceMappings" not in snapshot.own.answers
    assert snapshot.own.failures["lambda:ListEventSourceMappings"] == Failure(
        "AccessDeniedException", "refused"
    )


def test_the_account_as_the_caller_knows_it_is_kept() -> None:
    account = {"name": "payments-prod", "organization_unit": "root/prod", "tags": {"stage": "prod"}}

    assert _capture(_aws([]), account=account).snapshot.account == account
