"""Generated networks: every kind of target, state and blind spot, in any combination, from a number.

A network is one VPC with subnets for functions and for what stands between them and the internet. The
same number always gives the same network, so a disagreement is named by a number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

Json = dict[str, Any]

ACCOUNT, REGION = "111122223333", "eu-west-1"
ZONES = ("euw1-az1", "euw1-az2", "euw1-az3")
KINDS = (
    "Vpcs",
    "Subnets",
    "RouteTables",
    "NatGateways",
    "InternetGateways",
    "EgressOnlyInternetGateways",
    "VpcEndpoints",
    "NetworkInterfaces",
    "Instances",
    "ManagedPrefixLists",
    "SecurityGroups",
    "TransitGatewayVpcAttachments",
)
_CONNECTIVITY = ("flexible", "flexible", "outbound-only", "bidirectional", "exclude", "az-unsupported")
_LISTS: tuple[list[str], ...] = (
    ["0.0.0.0/0"],
    ["0.0.0.0/1", "128.0.0.0/1"],
    ["0.0.0.0/1"],
    ["128.0.0.0/1", "10.9.0.0/16"],
    ["52.0.0.0/8", "3.0.0.0/9"],
    ["::/0"],
    ["::/1", "8000::/1"],
    [],
)


@dataclass
class Network:
    """One VPC: what exists, who owns it, and the functions in it."""

    number: int
    owner: str
    dice: Random
    option: str
    resources: dict[str, list[Json]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    lists: dict[str, list[str]] = field(default_factory=dict)  # prefix list id -> networks
    functions: list[Json] = field(default_factory=list)
    has_internet_firewall: bool = False  # an Automatic Internet Firewall in front of its internet gateways

    def id(self, kind: str, name: object = "") -> str:
        """Return an id of this network, e.g. nat-7-1."""
        return f"{kind}-{self.number}-{name}".rstrip("-")

    @property
    def is_shared(self) -> bool:
        """True if another account owns it."""
        return self.owner != ACCOUNT

    def odds(self, chance: float) -> bool:
        """Return True that often."""
        return self.dice.random() < chance


def add_resources(net: Network) -> None:
    """Add subnets, what is attached to the VPC, and prefix lists to a network."""
    dice, vpc = net.dice, net.id("vpc")
    net.resources["Vpcs"].append(
        {
            "VpcId": vpc,
            "OwnerId": net.owner,
            "CidrBlock": "10.0.0.0/16",
            "InstanceTenancy": "default",
            "State": "available",
        }
    )
    net.has_internet_firewall = net.odds(0.5)
    app = [net.id("subnet", f"app{index}") for index in range(dice.randint(1, 4))]
    edge = [net.id("subnet", f"edge{index}") for index in range(dice.randint(1, 3))]
    modes = _block_modes(net)
    for index, subnet_id in enumerate((*app, *edge)):
        net.resources["Subnets"].append(_subnet(net, subnet_id, index, mode=dice.choice(modes)))
    for index in range(dice.randint(1, 2)):
        gateway = {
            "VpcId": vpc,
            "State": dice.choice(("available", "available", "available", "Attached", "detaching")),
        }
        attachments = [] if net.odds(0.15) else [gateway]
        if attachments and (index or net.odds(0.1)):
            gateway["VpcId"] = net.id("vpc", "other")
        net.resources["InternetGateways"].append(
            {"InternetGatewayId": net.id("igw", index), "OwnerId": net.owner, "Attachments": attachments}
        )
        net.resources["EgressOnlyInternetGateways"].append(
            {
                "EgressOnlyInternetGatewayId": net.id("eigw", index),
                "Attachments": [] if net.odds(0.3) else [{"VpcId": vpc, "State": "attached"}],
            }
        )
    for index in range(3):
        list_id = net.id("pl", index)
        net.lists[list_id] = list(dice.choice(_LISTS))
        net.resources["ManagedPrefixLists"].append(
            {"PrefixListId": list_id, "PrefixListName": list_id, "OwnerId": net.owner}
        )


def _block_modes(net: Network) -> list[str]:
    """Return the modes that subnets of this VPC may be in: the account's, unless it or they are excluded."""
    if net.odds(0.25):
        return [""]  # AWS did not say
    if net.option == "off":
        return ["off"]
    excluded = net.dice.choice((["off"], ["block-ingress"], [net.option] * 4 + ["off", "block-ingress"]))
    return list(excluded)


def _subnet(net: Network, subnet_id: str, index: int, *, mode: str) -> Json:
    state = net.dice.choice(("associated", "associated", "associated", "disassociated"))
    kind = net.dice.choice(_CONNECTIVITY)
    firewalled = {"NetworkFirewallConnectivityType": kind} if net.has_internet_firewall else {}
    ipv6 = {"Ipv6CidrBlock": f"2001:db8:0:{index}::/64", "Ipv6CidrBlockState": {"State": state}}
    return {
        "SubnetId": subnet_id,
        "VpcId": net.id("vpc"),
        "OwnerId": net.owner,
        "State": "available",
        "AvailabilityZoneId": ZONES[index % 3],
        "AvailabilityZone": f"{REGION}{'abc'[index % 3]}",
        "CidrBlock": f"10.0.{index}.0/24",
        "AvailableIpAddressCount": net.dice.choice((200, 200, 200, 0)),
        "Ipv6Native": False,
        "Ipv6CidrBlockAssociationSet": [ipv6] if net.odds(0.8) else [],
        **({"BlockPublicAccessStates": {"InternetGatewayBlockMode": mode}} if mode else {}),
        **firewalled,
    }
