"""What four rules must say of a function, by the second opinion: whatever is possible is tried."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from tests.contract.crosscheck.trips import Trip, way_of
from tests.contract.crosscheck.ways import UNKNOWN, Way
from tests.contract.crosscheck.world import HIDDEN, Hidden, Json, World

NO_EGRESS, MIXED = "nat.no_internet_egress", "nat.mixed_egress"
CROSS_AZ, SINGLE_AZ = "nat.cross_az", "az.single_usable_az"
RULES = (NO_EGRESS, MIXED, CROSS_AZ, SINGLE_AZ)
_MAYBE: Final = (True, False)
_NOT_BUILT: Final = {"public_subnet", "peering", "no_default_route"}


@dataclass(frozen=True)
class Judgement:
    """Verdicts by rule id about one function, and the way of every subnet that may exist."""

    verdicts: dict[str, str]
    ways: dict[str, Way] = field(default_factory=dict)
    may_doubt: frozenset[str] = frozenset()  # rules that need not see that it all comes to the same


def judge(world: World, function: Json, *, is_declared: bool) -> Judgement:
    """Return what the rules must say of a function. is_declared: it is meant to reach the internet."""
    network: Json = {"Ipv6AllowedForDualStack": False, **function["VpcConfig"]}
    vpc_id, groups = network["VpcId"], frozenset(network["SecurityGroupIds"])
    found = {one: world.find("Subnets", one, vpc_id) for one in network["SubnetIds"]}
    subnets = {one: subnet for one, subnet in found.items() if subnet is not None}
    if not subnets:
        return Judgement(dict.fromkeys(RULES, "not_applicable"))
    ways = {
        one: UNKNOWN
        if isinstance(subnet, Hidden)
        else way_of(
            world,
            subnet,
            siblings=list(subnets.values()),
            groups=groups,
            allows_ipv6=network["Ipv6AllowedForDualStack"],
        )
        for one, subnet in subnets.items()
    }
    seen = {one: subnet for one, subnet in subnets.items() if isinstance(subnet, dict)}
    served = {one: _is_served(world, Trip(world, seen[one], 4, groups=groups)) for one in seen}
    crossing = [_is_crossing(world, subnet, groups) for subnet in subnets.values()]
    places = [_possible_places(world, subnet, ways[one], groups) for one, subnet in subnets.items()]
    states = [way.state for way in ways.values()]
    return Judgement(
        {
            NO_EGRESS: _no_egress(ways, served, is_declared=is_declared),
            MIXED: _mixed(states),
            CROSS_AZ: _any(crossing),
            SINGLE_AZ: _single_usable(places, is_declared=is_declared),
        },
        ways,
        # a default route of several parts that disagree; undeclared, a way counts where any subnet has one
        frozenset(
            ({CROSS_AZ} if any(_is_in_pieces(world, one, groups) for one in seen.values()) else set())
            | ({SINGLE_AZ} if len(seen) < len(subnets) else set())
            | ({SINGLE_AZ} if "unknown" in states and not is_declared else set())
        ),
    )


def severity_of(causes: Iterable[str], *, is_declared: bool) -> str:
    """Return the severity of nat.no_internet_egress: undeclared, the worst cause decides."""
    if is_declared:
        return "critical"
    found = set(causes)
    if found - _NOT_BUILT:
        return "high"
    return "medium" if found - {"no_default_route"} else "info"


def _no_egress(ways: dict[str, Way], served: dict[str, bool | Hidden], *, is_declared: bool) -> str:
    states = {way.state for way in ways.values()}
    if "works" in states:
        return "pass"
    by_design = {way.is_isolated and not is_declared and served.get(one, False) for one, way in ways.items()}
    if by_design == {True}:
        return "pass"  # also where a proxy might be there
    if "unknown" in states:
        return "unknown"
    return "violation" if False in by_design else "unknown"


def _mixed(states: list[str]) -> str:
    if {"works", "none"} <= set(states):
        return "violation"
    return "unknown" if "unknown" in states and len(states) > 1 else "pass"


def _any(answers: Collection[bool | Hidden]) -> str:
    if True in answers:
        return "violation"
    return "unknown" if HIDDEN in answers else "pass"


def _is_served(world: World, trip: Trip) -> bool | Hidden:
    """Return True if a gateway endpoint serves a subnet; the generated interface endpoints take no names."""
    table = trip.table(trip.start)
    if isinstance(table, Hidden):
        return HIDDEN
    for endpoint in world.every("VpcEndpoints"):
        is_usable = endpoint["VpcEndpointType"] == "Gateway" and endpoint["State"].lower() == "available"
        if is_usable and table["RouteTableId"] in endpoint["RouteTableIds"]:
            return True
    if world.is_complete("VpcEndpoints", trip.vpc_id):
        return False
    # whoever may not see the endpoint: a route from a list of AWS's own proves it
    return any(_is_of_gateway_endpoint(world, route) for route in table["Routes"]) or HIDDEN


def _is_of_gateway_endpoint(world: World, route: Json) -> bool:
    list_id, target = route.get("DestinationPrefixListId", ""), route.get("GatewayId", "")
    is_active = route["State"].lower() == "active"
    return is_active and target.startswith("vpce-") and world.is_list_of_aws(list_id)


def _is_crossing(world: World, subnet: Json | Hidden, groups: frozenset[str]) -> bool | Hidden:
    """Return True if a subnet leaves by a zonal NAT gateway of another zone, at once or behind firewalls."""
    if isinstance(subnet, Hidden):
        return HIDDEN
    trip = Trip(world, subnet, 4, groups=groups)
    answer = _crosses_from(world, trip, subnet["SubnetId"], ())
    state = trip.way().state if answer is not False else "none"
    if state == "none":
        return False
    return answer if state == "works" else HIDDEN


def _is_in_pieces(world: World, subnet: Json, groups: frozenset[str]) -> bool:
    return not all(are_all for _, are_all in Trip(world, subnet, 4, groups=groups).first_targets())


def _crosses_from(world: World, trip: Trip, at: str, passed: tuple[str, ...]) -> bool | Hidden:
    """Return True if the default route of a subnet on the way leads to a NAT gateway in another zone."""
    possible: set[bool | Hidden] = set()
    for targets, are_all in trip.first_targets(at):
        is_open = not are_all and any(one.startswith("nat-") for one in targets)
        crossing = (_crosses_to(world, trip, one, passed) for one in targets)
        possible.add(HIDDEN if is_open else _among(crossing))
    return possible.pop() if len(possible) == 1 else HIDDEN


def _crosses_to(world: World, trip: Trip, target: str, passed: tuple[str, ...]) -> bool | Hidden:
    if target.startswith("nat-"):
        return _crosses(world, trip, target)
    if not target.startswith("vpce-") or target in passed or target in world.trusted:
        return False
    # "A GWLB endpoint (vpce-*) is followed through the route table of its own subnet": what it leads to is
    # the target of the default route, and what could not be followed may be a NAT gateway
    nat_id, subnet_id = trip.behind_firewall(target)
    if isinstance(nat_id, str):
        return _crosses(world, trip, nat_id)
    if isinstance(nat_id, Hidden) or isinstance(subnet_id, Hidden):
        return HIDDEN
    return subnet_id is not None and _crosses_from(world, trip, subnet_id, (*passed, target))


def _among(answers: Iterable[bool | Hidden]) -> bool | Hidden:
    found = list(answers)
    return True if True in found else HIDDEN if HIDDEN in found else False


def _crosses(world: World, trip: Trip, nat_id: str) -> bool | Hidden:
    nat = world.find("NatGateways", nat_id, trip.vpc_id)
    if isinstance(nat, Hidden):
        return HIDDEN
    if nat is None:
        return False
    if nat.get("AvailabilityMode") == "regional":
        # one that is managed by hand lets other zones out or not, and if it does, from another zone
        return HIDDEN if trip.is_unregistered(nat, trip.start) else False
    zones = world.zone(trip.start), world.zone(nat["SubnetId"])
    return HIDDEN if any(isinstance(one, Hidden) for one in zones) else zones[0] != zones[1]


@dataclass(frozen=True)
class Place:
    """Where executions may run: its zone, whether it leads out, whether an interface is or can be there."""

    zone: str
    leads_out: bool
    has_room: bool


def _possible_places(
    world: World, subnet: Json | Hidden, way: Way, groups: frozenset[str]
) -> list[Place | None]:
    """Return everything that a subnet may be; None: not there at all."""
    leads = _MAYBE if way.state == "unknown" else (way.state == "works",)
    if isinstance(subnet, Hidden):
        every = {str(one["AvailabilityZoneId"]) for one in world.every("Subnets")}
        return [None, *(Place(*one) for one in itertools.product([*sorted(every), "?"], leads, _MAYBE))]
    interfaces = world.interfaces_of_lambda(subnet["SubnetId"], groups)
    room: tuple[bool, ...] = (subnet["AvailableIpAddressCount"] > 0,)
    if room == (False,):
        room = _MAYBE if isinstance(interfaces, Hidden) else (bool(interfaces),)
    return [Place(*one) for one in itertools.product([subnet["AvailabilityZoneId"]], leads, room)]


def _single_usable(places: list[list[Place | None]], *, is_declared: bool) -> str:
    verdicts: set[str] = set()
    for chosen in itertools.product(*places):
        verdicts.add(_of_places([one for one in chosen if one is not None], is_declared=is_declared))
        if len(verdicts) > 1:
            return "unknown"
    return verdicts.pop()


def _of_places(places: list[Place], *, is_declared: bool) -> str:
    counts = is_declared or any(one.leads_out for one in places)
    usable = {one.zone for one in places if one.has_room and (one.leads_out or not counts)}
    return "violation" if len(usable) == 1 < len({one.zone for one in places}) else "pass"
