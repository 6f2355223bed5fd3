"""Many generated networks in one snapshot, with blind spots: reads refused, in part, or never made."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from tests.contract.crosscheck.networks import ACCOUNT, KINDS, REGION, Network
from tests.contract.crosscheck.tables import make_network

Json = dict[str, Any]
NETWORKS = 20  # in one document: one question to OPA

_ANSWERS = {"ManagedPrefixLists": "PrefixLists", "Instances": "Reservations"}
_SEEN_BY_PARTICIPANTS = {"Vpcs", "Subnets", "RouteTables"}
_OPTIONS = ("off", "off", "block-ingress", "block-bidirectional", "block-bidirectional")
_REFUSED = {"code": "UnauthorizedOperation", "message": "not allowed"}


@dataclass(frozen=True)
class Case:
    """One document, the configuration it is judged with, and what is trusted by it."""

    snapshot: Json
    configuration: Json
    trusted: frozenset[str]


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
    trusted = frozenset(net.id(kind, "0") for net in networks for kind in _TRUSTED if dice.random() < 0.3)
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
        "intent": {"egress": "internet"},
        "trusted_egress": [{_TRUSTED[one.partition("-")[0]]: one} for one in sorted(trusted)],
    }
    return Case(snapshot, configuration, trusted)


_TRUSTED = {
    "tgw": "transit_gateway",
    "pcx": "peering",
    "vgw": "virtual_private_gateway",
    "arn:aws:networkmanager": "core_network",
}


def _account(networks: list[Network], option: str) -> Json:
    answers: Json = {}
    for kind in KINDS:
        held = [one for net in networks for one in net.resources[kind]]
        if kind == "Instances":
            held = [{"Instances": [one]} for one in held]
        answers[f"ec2:Describe{kind}"] = {_ANSWERS.get(kind, kind): held}
    answers["ec2:GetManagedPrefixListEntries"] = {
        list_id: {"Entries": [{"Cidr": network} for network in held]}
        for net in networks
        for list_id, held in net.lists.items()
    }
    answers["ec2:DescribeVpcBlockPublicAccessOptions"] = {
        "VpcBlockPublicAccessOptions": {"InternetGatewayBlockMode": option}
    }
    return {"answers": answers, "failures": {}}


def _show_participant(own: Json, net: Network) -> None:
    """Add what a participant sees of a shared VPC: the subnets shared with it, and their tables."""
    answers = own["answers"]
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
        operation = dice.choice(sorted(name for name in account["answers"] if name.startswith("ec2:")))
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
