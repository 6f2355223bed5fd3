"""The example estate of `make run`: a dozen networks and some forty functions, made through the AWS APIs."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from dev import networks
from dev.networks import Builder, Home

ACCOUNT = "111122223333"  # of the events in events/
REGION = "eu-west-1"
INTERNET = {"vpcguard:egress": "internet"}
AWS_ONLY = {"vpcguard:egress": "aws", "vpcguard:services": "s3, dynamodb"}
_TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
# what AWSLambdaVPCAccessExecutionRole allows; the stand-in does not list AWS's own policies with a role
_RUN_IN_VPC = (
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)


class Team(NamedTuple):
    """Functions of one team in one network: name -> tags; actions: what their roles allow."""

    build: Callable[[Builder], Home] | None
    functions: Mapping[str, Mapping[str, str]]
    actions: tuple[str, ...] = ()


TEAMS: Mapping[str, Team] = {
    "orders": Team(
        networks.nat_per_zone,
        {"orders-api": INTERNET, "orders-worker": {}, "orders-export": AWS_ONLY, "orders-mailer": INTERNET},
        ("s3:GetObject", "s3:PutObject"),
    ),
    "payments": Team(
        networks.one_nat,
        {
            "payments-worker": AWS_ONLY,
            "payments-api": INTERNET,
            "payments-ledger": {},
            "payments-refunds": {},
        },
        ("s3:PutObject", "dynamodb:Query"),
    ),
    "shop": Team(
        networks.public_subnets,
        {
            "shop-cart": INTERNET,
            "shop-search": {},
            "shop-mailer": {"owner": "team-shop"},
            "orders-report": {},
        },
    ),
    "legacy": Team(
        networks.nat_deleted, {"legacy-billing": INTERNET, "legacy-sync": {}, "legacy-archive": {}}
    ),
    "partners": Team(networks.gateway_detached, {"partners-feed": INTERNET, "partners-import": {}}),
    "reports": Team(networks.mixed, {"reports-daily": {}, "reports-weekly": INTERNET, "reports-pdf": {}}),
    "vault": Team(
        networks.isolated,
        {"vault-index": AWS_ONLY, "vault-reader": {}, "vault-audit": {"vpcguard:egress": "none"}},
        ("s3:GetObject", "dynamodb:GetItem"),
    ),
    "labs": Team(networks.forgotten, {"labs-crawler": {}, "labs-notebook": INTERNET}),
    "batch": Team(networks.single_zone, {"batch-nightly": {}, "batch-import": INTERNET, "batch-cleanup": {}}),
    "edge": Team(networks.tiny, {"edge-router": {}, "edge-cache": INTERNET}),
    "hr": Team(networks.peered, {"hr-payroll": INTERNET, "hr-directory": {}}),
    "search": Team(networks.subnet_deleted, {"search-index": {}, "search-suggest": {}}),
    "web": Team(
        None, {"orders-webhook": {}, "web-redirect": {}, "web-forms": INTERNET, "web-thumbnails": {}}
    ),
}
TAKEN_AWAY = "search"  # the network that loses a subnet when its functions exist


def build_estate(client: Callable[[str], Any], progress: Callable[[str], None]) -> int:
    """Fill an empty account; returns the number of functions. client: service -> boto3 client."""
    ec2, functions, iam = client("ec2"), client("lambda"), client("iam")
    homes: dict[str, Home | None] = {}
    for number, (name, team) in enumerate(TEAMS.items(), start=1):
        progress(f"network {name}")
        homes[name] = team.build(Builder(ec2, REGION, name, number)) if team.build else None
    progress("functions and roles")
    wanted = [
        (name, home, team)
        for team, home in zip(TEAMS.values(), homes.values(), strict=True)
        for name in team.functions
    ]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: _function(functions, iam, *one), wanted))
    if home := homes[TAKEN_AWAY]:
        ec2.delete_subnet(SubnetId=home.subnets["c"])
    return len(wanted)


def _function(functions: Any, iam: Any, name: str, home: Home | None, team: Team) -> None:
    role = iam.create_role(RoleName=f"{name}-role", AssumeRolePolicyDocument=_TRUST)["Role"]["Arn"]
    allowed = [*(_RUN_IN_VPC if team.build else ()), *team.actions]
    statement = {"Effect": "Allow", "Action": allowed or ["logs:PutLogEvents"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=f"{name}-role", PolicyName="work", PolicyDocument=document)
    attached: dict[str, Any] = {}
    if home:
        attached["VpcConfig"] = {"SubnetIds": list(home.subnets.values()), "SecurityGroupIds": [home.group]}
    functions.create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="app.handler",
        Code={"ZipFile": _code()},
        MemorySize=256,
        Tags=dict(team.functions[name]),
        **attached,
    )


def _code() -> bytes:
    """An archive with a handler that does nothing; never invoked."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", "def handler(event, context):\n    return None\n")
    return archive.getvalue()
