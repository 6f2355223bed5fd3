"""The same account with more in it that concerns nobody: functions, tables, routes that are no default."""

from __future__ import annotations

import copy
from typing import Any

Json = dict[str, Any]


def with_neighbours(snapshot: Json) -> Json:
    """Return a snapshot whose VPCs hold a table without subnets, and small networks in the others."""
    wide = copy.deepcopy(snapshot)
    for account in (wide, *wide["owners"].values()):
        tables = account["answers"].get("ec2:DescribeRouteTables", {"RouteTables": []})["RouteTables"]
        owners = {table["VpcId"]: table["OwnerId"] for table in tables}
        for table in tables:
            table["Routes"].insert(0, _route("203.0.113.0/24", "TransitGatewayId", "tgw-neighbour"))
        tables += [
            {
                "RouteTableId": f"rtb-{vpc_id}-neighbour",
                "VpcId": vpc_id,
                "OwnerId": owner,
                "Associations": [],
                "Routes": [_route("0.0.0.0/0", "GatewayId", "igw-neighbour")],
            }
            for vpc_id, owner in owners.items()
        ]
    return wide


def with_twins(snapshot: Json) -> Json:
    """Return a snapshot with a second function beside each, in the same subnets and groups, without tags."""
    wide = copy.deepcopy(snapshot)
    functions = wide["answers"].get("lambda:ListFunctions", {"Functions": []})["Functions"]
    functions += [
        {**one, "FunctionName": f"{one['FunctionName']}-twin", "FunctionArn": f"{one['FunctionArn']}-twin"}
        for one in functions
    ]
    return wide


def _route(destination: str, key: str, target: str) -> Json:
    return {"DestinationCidrBlock": destination, key: target, "Origin": "CreateRoute", "State": "active"}
