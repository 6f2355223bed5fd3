"""Route tables of a generated network: what associates, what they hold, where it leads."""

from __future__ import annotations

from random import Random
from typing import Any, TypeVar

from tests.contract.crosscheck.machines import add_functions, add_gateway_endpoint, add_machines
from tests.contract.crosscheck.networks import ACCOUNT, Network, add_resources

Json = dict[str, Any]
T = TypeVar("T")

WHOLE, LOW, HIGH = "0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1"
_QUARTERS = ("0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2")
_SPECIFIC = ("10.0.0.0/8", "172.16.0.0/12", "52.94.0.0/22", "52.0.0.0/6")
_IPV6 = (("::/0",), ("::/0",), ("::/1", "8000::/1"), ("::/1",))
_FIELDS = {
    "igw": "GatewayId",
    "vgw": "GatewayId",
    "vpce": "GatewayId",
    "nat": "NatGatewayId",
    "tgw": "TransitGatewayId",
    "pcx": "VpcPeeringConnectionId",
    "eni": "NetworkInterfaceId",
    "arn:aws:networkmanager": "CoreNetworkArn",
    "lgw": "LocalGatewayId",
    "cagw": "CarrierGatewayId",
    "eigw": "EgressOnlyInternetGatewayId",
}
_MADE = {"nat": 3, "igw": 2, "eni": 2, "vpce": 2, "eigw": 2}  # at most; others cannot be looked into
# what the tables of functions and those next to the internet lead to, and how often
_INNER = {"nat": 12, "igw": 4, "eni": 5, "vpce": 4, "pcx": 1, "tgw": 3, "vgw": 1, "arn:aws:networkmanager": 1}
_INNER |= {"lgw": 1, "cagw": 1}
_OUTER = {"igw": 20, "vpce": 2, "nat": 2, "tgw": 2, "vgw": 1, "pcx": 1, "eni": 1}
_SHAPES: dict[tuple[str, ...], int] = {
    (WHOLE,): 30,
    (LOW, HIGH): 2,
    (WHOLE, LOW): 1,
    (WHOLE, HIGH): 1,
    (LOW,): 2,
    (HIGH,): 1,
    (WHOLE, LOW, HIGH): 1,
    ("pl",): 2,
    (WHOLE, "pl"): 1,
    ("pl", "pl"): 1,
    (LOW, "pl"): 1,
    _QUARTERS: 1,
    (): 3,
}


def make_network(number: int, *, option: str, shared: bool = False) -> Network:
    """Return the network of that number.

    option: Block Public Access of the account that owns it. shared: that is an account of its own.
    """
    owner = f"{400000000000 + number}" if shared else ACCOUNT
    net = Network(number, owner, Random(number), option)  # noqa: S311  no secret
    add_resources(net)
    add_machines(net)
    _add_tables(net)
    for table in net.resources["RouteTables"]:
        _add_routes(net, table)
    if net.odds(0.4):
        add_gateway_endpoint(net)
    add_functions(net)
    return net


def _add_tables(net: Network) -> None:
    _associate(_table(net, "main"), "associated", Main=True)
    _table(net, "nat")
    for place, most in (("app", 3), ("edge", 2)):
        tables = [_table(net, f"{place}{index}") for index in range(net.dice.randint(1, most))]
        for subnet in net.resources["Subnets"]:
            if f"-{place}" in subnet["SubnetId"] and net.odds(0.85):
                state = "associated" if net.odds(0.95) else net.dice.choice(("failed", "disassociating"))
                _associate(net.dice.choice(tables), state, SubnetId=subnet["SubnetId"])


def _table(net: Network, name: str) -> Json:
    table: Json = {
        "RouteTableId": net.id("rtb", name),
        "VpcId": net.id("vpc"),
        "OwnerId": net.owner,
        "Associations": [],
        "Routes": [
            {
                "DestinationCidrBlock": "10.0.0.0/16",
                "GatewayId": "local",
                "Origin": "CreateRouteTable",
                "State": "active",
            }
        ],
    }
    net.resources["RouteTables"].append(table)
    return table


def _associate(table: Json, state: str, **more: Any) -> None:
    association = {"Main": False, "RouteTableId": table["RouteTableId"], "AssociationState": {"State": state}}
    table["Associations"].append(association | more)


def _add_routes(net: Network, table: Json) -> None:
    name = table["RouteTableId"].rsplit("-", 1)[1]
    is_outer = name.startswith(("edge", "nat")) or (name == "main" and net.odds(0.4))
    targets = _OUTER if is_outer else _INNER
    if net.odds(0.5):
        targets = {"igw": 1} if is_outer else {"nat": 1}
    for destination in _drawn(net.dice, _SHAPES):
        chosen = net.id("pl", net.dice.randrange(3)) if destination == "pl" else destination
        _add_route(net, table, chosen, _drawn(net.dice, targets))
    if net.odds(0.1):
        _add_route(net, table, WHOLE, "vgw", origin="EnableVgwRoutePropagation")
    if net.odds(0.25):
        _add_route(net, table, net.dice.choice(_SPECIFIC), "tgw")
    if not is_outer and net.odds(0.4):
        for destination in net.dice.choice(_IPV6):
            _add_route(net, table, destination, _drawn(net.dice, {"eigw": 6, "igw": 1, "tgw": 1, "pcx": 1}))


def _add_route(
    net: Network, table: Json, destination: str, kind: str, *, origin: str = "CreateRoute"
) -> None:
    family = "DestinationPrefixListId" if destination.startswith("pl-") else "DestinationCidrBlock"
    family = "DestinationIpv6CidrBlock" if ":" in destination else family
    if any((one.get(family), one["Origin"]) == (destination, origin) for one in table["Routes"]):
        return
    if kind in {"nat", "eni"} and any(":" in network for network in net.lists.get(destination, ())):
        return  # these carry IPv4
    target = net.id(kind, _number(net, kind))
    state = "blackhole" if net.odds(0.06) else net.dice.choice(("active",) * 5 + ("Active",))
    route: Json = {family: destination, _FIELDS[kind]: target, "Origin": origin, "State": state}
    if kind == "eni" and net.odds(0.8):
        route["InstanceId"] = target.replace("eni", "i")
    if kind == "igw" and ":" not in destination and net.has_internet_firewall and net.odds(0.7):
        firewall = {"Status": net.dice.choice(("active", "active", "pending", "disabling"))}
        route["IgwFirewall"] = firewall | {"FirewallArn": "arn:aws:network-firewall:::firewall/0a"}
    table["Routes"].append(route)


def _number(net: Network, kind: str) -> int:
    """Return which of the resources of a kind a route names: mostly the first gateway; 9 does not exist."""
    if kind in _MADE and net.odds(0.05):
        return 9
    return 0 if kind in {"igw", "eigw"} and net.odds(0.85) else net.dice.randrange(_MADE.get(kind, 1))


def _drawn(dice: Random, weights: dict[T, int]) -> T:
    return dice.choices(list(weights), list(weights.values()))[0]
