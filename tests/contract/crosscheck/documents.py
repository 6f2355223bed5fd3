"""Many generated networks in one snapshot, with blind spots: reads refused, in part, or never made."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from tests.contract.crosscheck.machines import OF_S3
from tests.contract.crosscheck.networks import ACCOUNT, KINDS, REGION, Network
from tests.contract.crosscheck.tables import make_network

Json = dict[str, Any]
NETWORKS = 20  # in one document: one question to OPA

_ANSWERS = {"ManagedPrefixLists": "PrefixLists", "Instances": "Reservations"}
_TRUSTED = {
    "tgw": "transit_gateway",
    "vgw": "virtual_private_gateway",
    "vpce": "gateway_load_balancer",
    "vpc": "proxy",
    "arn:aws:networkmanager": "core_network",
}
_UNTIL = (None, None, None, "2026-10-31", "2026-12-31")  # around when the documents were captured
_LIST_OF_S3 = {"PrefixListId": OF_S3, "PrefixListName": f"com.amazonaws.{REGION}.s3", "OwnerId": "AWS"}
_NAMES_RESOLVE = {"EnableDnsSupport": {"Value": True}, "EnableDnsHostnames": {"Value": True}}
_OPTIONS = ("off", "off", "off", "block-ingress", "block-bidirectional")
_HIDEABLE = {f"ec2:Describe{kind}" for kind in KINDS} | {
    "ec2:DescribeVpcBlockPublicAccessOptions",
    "ec2:GetManagedPrefixListEntries",
}
_REFUSED = {"code": "UnauthorizedOperation", "message": "not allowed"}


@dataclass(frozen=True)
class Case:
    """One document and the configuration it is judged with."""

    snapshot: Json
    configuration: Json

    @property
    def is_declared(self) -> bool:
        """True if the functions are meant to reach the internet."""
        return bool(self.configuration["intent"]["egress"] == "internet")


def make_case(number: int, *, blind: bool = True, count: int = NETWORKS) -> Case:
    """Return the document of that number, of so many networks; blind: False leaves nothing unread."""
    dice = Random(number)  # noqa: S311  no secret
    first = number * count
    ours = dice.choice(_OPTIONS)
    networks = [
        make_network(first + index, shared=shared, option=dice.choice(_OPTIONS) if shared else ours)
        for index in range(count)
        for shared in (index % 3 == 0,)
    ]
    own = _account([net for net in networks if not net.is_shared], ours)
    owners = {net.owner: _account([net], net.option) for net in networks if net.is_shared}
    for net in networks:
        if net.is_shared:
            _show_participant(own, net)
    trusted = [_trusted(net, kind, dice) for net in networks for kind in _TRUSTED if dice.random() < 0.25]
    intent = dice.choice(("internet", "undeclared"))
    if blind:
        _hide(own, dice, chance=0.5)
        for owner in list(owners):
            if dice.random() < 0.3:
                del owners[owner]
            else:
                _hide(owners[owner], dice, chance=0.5)
    functions = [function for net in networks for function in net.functions]
    own["answers"]["lambda:ListFunctions"] = {"Functions": functions}
    own["answers"]["tag:GetResources"] = {"ResourceTagMappingList": []}
    snapshot = {
        "schema_version": 1,
        "account_id": ACCOUNT,
        "region": REGION,
        "captured_at": "2026-11-20T12:00:00.123456Z",
        **own,
        "owners": owners,
    }
    configuration = {
        "version": 1,
        "intent": {"egress": intent},
        "trusted_egress": trusted,
    }
    return Case(snapshot, configuration)


def _trusted(net: Network, kind: str, dice: Random) -> Json:
    until = dice.choice(_UNTIL)
    target = net.id(kind, "" if kind == "vpc" else "0")
    return {_TRUSTED[kind]: target, **({} if until is None else {"until": until})}


def _account(networks: list[Network], option: str) -> Json:
    """Return what the owner of networks answers; what participants have in them is theirs to see."""
    answers: Json = {}
    others = {ACCOUNT} - {net.owner for net in networks}
    for kind in KINDS:
        held = [one for net in networks for one in net.resources[kind] if one.get("OwnerId") not in others]
        if kind == "Instances":
            held = [{"Instances": [one]} for one in held]
        answers[f"ec2:Describe{kind}"] = {_ANSWERS.get(kind, kind): held}
    answers["ec2:DescribeManagedPrefixLists"]["PrefixLists"].append(_LIST_OF_S3)
    answers["ec2:DescribeVpcAttribute"] = {net.id("vpc"): _NAMES_RESOLVE for net in networks}
    answers["ec2:GetManagedPrefixListEntries"] = {
        list_id: {"Entries": [{"Cidr": network} for network in held]}
        for net in networks
        for list_id, held in net.lists.items()
    } | {OF_S3: {"Entries": [{"Cidr": "52.218.0.0/17"}]}}
    answers["ec2:DescribeVpcBlockPublicAccessOptions"] = {
        "VpcBlockPublicAccessOptions": {"InternetGatewayBlockMode": option}
    }
    return {"answers": answers, "failures": {}}


def _show_participant(own: Json, net: Network) -> None:
    """Add what a participant sees of a shared VPC: subnets shared with it, their tables, what is its own."""
    answers = own["answers"]
    for kind in ("SecurityGroups", "NetworkInterfaces"):
        answers[f"ec2:Describe{kind}"][kind] += [
            one for one in net.resources[kind] if one["OwnerId"] == ACCOUNT
        ]
    answers["ec2:DescribeVpcs"]["Vpcs"] += net.resources["Vpcs"]
    shared = [one for one in net.resources["Subnets"] if "-app" in one["SubnetId"]]
    answers["ec2:DescribeSubnets"]["Subnets"] += shared
    ids = {one["SubnetId"] for one in shared}
    for table in net.resources["RouteTables"]:
        if any(one["Main"] or one.get("SubnetId") in ids for one in table["Associations"]):
            answers["ec2:DescribeRouteTables"]["RouteTables"].append(table)


def _hide(account: Json, dice: Random, *, chance: float) -> None:
    """Refuse, interrupt or leave out some of an account's reads."""
    while dice.random() < chance:
        operation = dice.choice(sorted(_HIDEABLE & account["answers"].keys()))
        kind = operation.removeprefix("ec2:Describe")
        way = dice.choice(("refused", "unread", "in part", "in part"))
        if operation == "ec2:GetManagedPrefixListEntries":
            _hide_entries(account, dice)
        elif way == "in part" and kind in KINDS:
            answer = account["answers"][operation]
            key = _ANSWERS.get(kind, kind)
            account["answers"][operation] = {key: [one for one in answer[key] if dice.random() < 0.6]}
            account["failures"][operation] = _REFUSED
        else:
            del account["answers"][operation]
            account["failures"].pop(operation, None)
            if way != "unread":
                account["failures"][operation] = _REFUSED


def _hide_entries(account: Json, dice: Random) -> None:
    entries = account["answers"]["ec2:GetManagedPrefixListEntries"]
    refused = {list_id for list_id in entries if dice.random() < 0.5}
    account["answers"]["ec2:GetManagedPrefixListEntries"] = {
        list_id: held for list_id, held in entries.items() if list_id not in refused
    }
    account["failures"]["ec2:GetManagedPrefixListEntries"] = dict.fromkeys(sorted(refused), _REFUSED)
