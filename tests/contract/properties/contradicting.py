"""A snapshot whose answers contradict each other, as pages do that are read while AWS changes something."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

Json = dict[str, Any]

_ASSOCIATED = {"RouteTables": "RouteTableId", "NetworkAcls": "NetworkAclId"}
# what another page may tell of the same resource: fields, and what stands there then
_OTHERWISE: dict[str, Json] = {
    "RouteTables": {"Routes": []},
    "NetworkAcls": {"Entries": []},
    "NatGateways": {"State": "deleting"},
    "InternetGateways": {"Attachments": []},
    "EgressOnlyInternetGateways": {"Attachments": []},
    "VpcEndpoints": {"State": "deleting"},
    "SecurityGroups": {"IpPermissions": [], "IpPermissionsEgress": []},
    "NetworkInterfaces": {"SourceDestCheck": None, "Groups": []},
    "Subnets": {"Ipv6Native": True, "AvailabilityZoneId": None},
    "Vpcs": {"InstanceTenancy": "dedicated"},
}


def contradicting(snapshot: Json, random: Random, vpc_ids: set[str]) -> Json:
    """Return a snapshot in which some answers about these VPCs contradict others."""
    torn = copy.deepcopy(snapshot)
    for account in (torn, *torn.get("owners", {}).values()):
        for answer in account["answers"].values():
            for name, found in answer.items():
                of_vpcs = [one for one in found if _vpc_id(one) in vpc_ids] if name in _OTHERWISE else []
                if name in _ASSOCIATED:
                    _associate_again(of_vpcs, name, random)
                for one in of_vpcs:
                    if random.random() < 0.1:
                        found.insert(random.randrange(len(found) + 1), {**one, **_OTHERWISE[name]})
    return torn


def _vpc_id(one: Json) -> str | None:
    attachments = one.get("Attachments") or [{}]
    vpc_id: str | None = one.get("VpcId") or attachments[0].get("VpcId")
    return vpc_id


def _associate_again(holders: list[Json], name: str, random: Random) -> None:
    """Let some associations, that of a main table too, stand in another table or ACL of their VPC as well."""
    for holder in holders:
        others = [one for one in holders if one["VpcId"] == holder["VpcId"] and one is not holder]
        for association in list(holder["Associations"]) if others else ():
            if random.random() < 0.3:
                other = random.choice(others)
                other["Associations"].append({**association, _ASSOCIATED[name]: other[_ASSOCIATED[name]]})
