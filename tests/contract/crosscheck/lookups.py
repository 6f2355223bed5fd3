"""Looking an address up in a route table, and the addresses that stand for the internet."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network

from tests.contract.crosscheck.world import HIDDEN, Hidden, Json, Network

Address = IPv4Address | IPv6Address
Row = tuple[Network, int, Json]  # network, rank (the smaller wins among equal prefixes), route
WHOLE = {4: ip_network("0.0.0.0/0"), 6: ip_network("::/0")}
_TARGETS = (
    "GatewayId",
    "NatGatewayId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "NetworkInterfaceId",
    "CoreNetworkArn",
    "LocalGatewayId",
    "CarrierGatewayId",
    "EgressOnlyInternetGatewayId",
)


def target_of(route: Json) -> str:
    """Return the id of what a route leads to."""
    return next(str(route[key]) for key in _TARGETS if key in route)


def lookup(rows: list[Row], address: Address) -> Json | Hidden | None:
    """Return the route that carries an address: longest prefix, static, prefix list, propagated."""
    fitting = [row for row in rows if address in row[0]]
    if not fitting:
        return None
    best = min((-network.prefixlen, rank) for network, rank, _ in fitting)
    chosen = [route for network, rank, route in fitting if (-network.prefixlen, rank) == best]
    return HIDDEN if len({target_of(route) for route in chosen}) > 1 else chosen[0]


def internet(rows: list[Row], version: int) -> list[tuple[Address, list[Row] | Hidden]]:
    """Return addresses that stand for the internet, each with the routes to look it up in.

    They are what no network smaller than a half names: such a network is a part of the internet at most.
    Where small ones cover a whole half, a larger one beside them speaks for it. Without one it is they
    who do, if they agree; else nobody can say where half of the internet goes.
    """
    large = [row for row in rows if row[0].prefixlen <= 1]
    small = [network for network, _, _ in rows if network.prefixlen > 1 and network.version == version]
    found: list[tuple[Address, list[Row] | Hidden]] = []
    for half in WHOLE[version].subnets():
        # every gap between networks begins where the half does, or right behind a network
        begin, end = int(half[0]), int(half[-1])
        behind = {int(network[-1]) + 1 for network in small}
        starts = [half[at - begin] for at in (begin, *sorted(behind)) if begin <= at <= end]
        free = [address for address in starts if not any(address in network for network in small)]
        speaks = lookup(large, half[0]) is not None
        found += [(address, rows) for address in free] or [
            (half[0], large) if speaks else _of_pieces(rows, version)
        ]
    return found


def _of_pieces(rows: list[Row], version: int) -> tuple[Address, list[Row] | Hidden]:
    """Return an address and a route for all that small networks carry, those inside others left out."""
    ours = [row for row in rows if row[0].version == version]
    pieces = [
        row
        for row in ours
        if row[0].prefixlen > 1
        and not any(
            row[0] != other[0] and int(other[0][0]) <= int(row[0][0]) <= int(other[0][-1]) for other in ours
        )
    ]
    states = {route["State"].lower() for _, _, route in pieces}
    is_one_place = len({target_of(route) for _, _, route in pieces}) == len(states) == 1
    agree = is_one_place or states == {"blackhole"}
    return pieces[0][0][0], pieces[:1] if agree else HIDDEN
