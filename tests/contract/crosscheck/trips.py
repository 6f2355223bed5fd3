"""The way out of a subnet by brute force: a second implementation, for the tests alone.

Where the policies reason about default routes, this one sends packets: it takes destination addresses
that stand for the internet, looks each up in the route table, and follows the target. It was written from
the documents of the egress algorithm, without a look at the policies.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Final

from tests.contract.crosscheck.gates import Gates
from tests.contract.crosscheck.lookups import WHOLE, Row, internet, lookup, target_of
from tests.contract.crosscheck.ways import (
    ISOLATED,
    PERHAPS_PROXIED,
    UNKNOWN,
    WORKS,
    Way,
    best,
    either,
    none,
    worst,
)
from tests.contract.crosscheck.world import HIDDEN, Hidden, Json, Network, World

_BEHIND_NAT: Final = "nat_without_internet_gateway"
_DETACHED: Final = "internet_gateway_detached"
_BLOCKED: Final = "block_public_access"
_UNUSABLE: Final = "nat_instance_unusable"
_FIREWALLED: Final = {"flexible", "outbound-only"}  # what an Automatic Internet Firewall lets out
_GATEWAY_OF: Final = {4: "igw", 6: "eigw"}
# faults of what stands behind a NAT gateway, which may be named as the fault of its own way out
_ALSO_BEHIND_NAT: Final = {"transit_gateway_zone", "peering"}


@dataclass(frozen=True)
class Packet:
    """A packet on its way: the subnet whose table carries it on, who sends it, the firewalls it passed.

    sender: "function", a "public" or "private" NAT gateway, or an "instance", by an interface of its own.
    """

    at: str
    sender: str = "function"
    interface: str = ""
    passed: tuple[str, ...] = ()
    address: Way = WORKS  # what the sender's lack of a public address leaves of a way through a gateway


def way_of(
    world: World,
    subnet: Json,
    *,
    siblings: list[Json | Hidden],
    groups: frozenset[str] = frozenset(),
    allows_ipv6: bool = False,
) -> Way:
    """Return the way from a function's subnet to the internet.

    siblings: every subnet of the function that is not proven missing. groups: the function's own.
    allows_ipv6: Ipv6AllowedForDualStack.
    """
    ipv4 = Trip(world, subnet, 4, groups=groups).way()
    seen = [one for one in siblings if not isinstance(one, Hidden)]
    if not allows_ipv6 or not all(_is_dual_stack(one) for one in seen):
        return ipv4
    ipv6 = Trip(world, subnet, 6, groups=groups).way()
    if ipv6 == WORKS and len(seen) < len(siblings):
        ipv6 = UNKNOWN
    was_built = ipv6.state == "none" and not ipv6.is_isolated
    if was_built and ipv4.is_isolated:  # somebody wanted a way, though over IPv6 alone
        return ipv6 if ipv4 == ISOLATED and len(seen) == len(siblings) else UNKNOWN
    if ipv4.state == "works" or ipv6.state == "none":
        return ipv4
    return ipv6


def _is_dual_stack(subnet: Json) -> bool:
    states = [one["Ipv6CidrBlockState"]["State"] for one in subnet["Ipv6CidrBlockAssociationSet"]]
    return "associated" in states and not subnet["Ipv6Native"]


class Trip:
    """Packets of one IP version from one subnet of a function."""

    def __init__(self, world: World, subnet: Json, version: int, *, groups: frozenset[str]) -> None:
        self._world, self._version, self._groups = world, version, groups
        self._subnet, self.start, self.vpc_id = subnet, subnet["SubnetId"], subnet["VpcId"]
        self._gates = Gates(world, subnet["VpcId"])

    def way(self) -> Way:
        """Return the way that these packets find."""
        return self._from_subnet(Packet(self.start))

    def first_targets(self, subnet_id: str = "") -> Iterator[tuple[frozenset[str], bool]]:
        """Give what a subnet's default route leads to at first, for each thing unread lists may hold.

        Half a default route is none. False: one of them, or several. By default it is the trip's subnet.
        Nothing is given where the table is not known.
        """
        table = self.table(subnet_id or self.start)
        for rows in [] if isinstance(table, Hidden) else self._possible_rows(table):
            routes = self._routes(rows)
            if HIDDEN in routes:
                written = [route for network, _, route in rows if network.version == self._version]
                yield frozenset(map(target_of, written)), False
            else:
                leading = [] if None in routes else [one for one in routes if isinstance(one, dict)]
                yield frozenset(map(target_of, leading)), True

    def behind_firewall(self, endpoint_id: str) -> tuple[str | Hidden | None, str | Hidden | None]:
        """Return the NAT gateway that a firewall's endpoint is attached to, or else its own subnet."""
        nat_id = self._gates.nat_of_appliance(endpoint_id)
        endpoint = self._world.find("VpcEndpoints", endpoint_id, self.vpc_id)
        if nat_id is not None:
            return nat_id, None
        if not isinstance(endpoint, dict):
            return None, endpoint
        is_firewall = endpoint["VpcEndpointType"] == "GatewayLoadBalancer" and len(endpoint["SubnetIds"]) == 1
        return None, endpoint["SubnetIds"][0] if is_firewall else None

    def table(self, subnet_id: str) -> Json | Hidden:
        """Return the route table of a subnet."""
        main = None
        for table in self._world.every("RouteTables"):
            for association in table["Associations"]:
                if association["AssociationState"]["State"] != "associated":
                    continue
                if association.get("SubnetId") == subnet_id:
                    return table
                if association["Main"] and table["VpcId"] == self.vpc_id:
                    main = table
        is_settled = self._world.is_complete("RouteTables", self.vpc_id)
        is_settled |= self._world.is_shared_with_us(subnet_id)
        return main if main is not None and is_settled else HIDDEN

    def _from_subnet(self, packet: Packet) -> Way:
        table = self.table(packet.at)
        return UNKNOWN if isinstance(table, Hidden) else self._from_table(table, packet)

    def _from_table(self, table: Json, packet: Packet) -> Way:
        return either(self._by_rows(rows, packet) for rows in self._possible_rows(table))

    def _by_rows(self, rows: list[Row], packet: Packet) -> Way:
        """Return the way by the routes of a table: every address of the internet must find one."""
        routes = self._routes(rows)
        if None in routes and packet.sender == "function":
            is_isolated = not packet.passed and not any(routes)
            return self._without_route(is_isolated=is_isolated)
        return worst(UNKNOWN if isinstance(one, Hidden) else self._follow(one, packet) for one in routes)

    def _routes(self, rows: list[Row]) -> list[Json | Hidden | None]:
        return [
            held if isinstance(held, Hidden) else lookup(held, address)
            for address, held in internet(rows, self._version)
        ]

    def _possible_rows(self, table: Json) -> Iterator[list[Row]]:
        """Give the routes of a table, once for everything that its unread prefix lists may hold."""
        rows: list[Row] = []
        unread: list[Json] = []
        for route in table["Routes"]:
            written = route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock")
            if written:
                rows.append((ip_network(written), 2 if route["Origin"].startswith("Enable") else 0, route))
                continue
            held = self._world.networks_of_list(route["DestinationPrefixListId"])
            if held is not None:
                rows += [(network, 1, route) for network in held]
            elif not self._is_of_gateway_endpoint(target_of(route)):
                unread.append(route)
        whole = WHOLE[self._version]
        low, high = whole.subnets()
        guesses: list[list[Network]] = [[], [whole], [low], [high], [low, high]]
        for contents in itertools.product(guesses, repeat=len(unread)):
            guessed = zip(unread, contents, strict=True)
            yield rows + [(network, 1, route) for route, held in guessed for network in held]

    def _is_of_gateway_endpoint(self, target: str) -> bool:
        """Return True for a prefix list's route to an endpoint, unless that is seen to be a firewall's."""
        endpoint = self._world.find("VpcEndpoints", target, self.vpc_id)
        is_firewall = isinstance(endpoint, dict) and endpoint["VpcEndpointType"] == "GatewayLoadBalancer"
        return target.startswith("vpce-") and not is_firewall

    def _follow(self, route: Json | None, packet: Packet) -> Way:  # noqa: C901, PLR0911  one for each end
        """Follow the route that carries a packet on; None: there is none."""
        is_own = packet.sender == "function" and self._version == 4
        if route is None:
            return none("nat_private" if packet.sender == "private" else _BEHIND_NAT)
        target = target_of(route)
        kind = target.partition("-")[0]
        if route["State"].lower() == "blackhole":
            is_first = packet.sender == "function"
            return none("blackhole") if is_first else self._to_black_hole(kind, target, packet)
        if kind == _GATEWAY_OF[self._version]:
            return self._to_gateway(route, target, packet)
        if kind == "eni" and target == packet.interface:
            return none(_BEHIND_NAT)  # it leads back
        match kind:
            case "igw":  # addresses of IPv6 are public; what a firewall there does with them, nobody says
                return UNKNOWN if self._is_firewalled(packet.at) else self._by_ipv6(target, packet)
            case "nat" if self._version == 4:
                is_chain = packet.sender in {"public", "private"}
                return none(_BEHIND_NAT) if is_chain else self._through_nat(target, packet)
            case "eni" if is_own:  # what a NAT sends to an instance, nobody can tell
                return self._through_instance(route)
            case "vpce":
                return self._through_firewall(target, packet)
            case "tgw":
                return self._gates.transit_gateway(target, packet.at)
            case "pcx":
                return none("peering")
        return WORKS if target in self._world.trusted else UNKNOWN

    def _without_route(self, *, is_isolated: bool) -> Way:
        """Return the way where half of the internet or all of it has no route: a proxy needs none."""
        proxied = self._gates.explicit_proxy() if self._version == 4 else none("no_default_route")
        if proxied.state != "none":
            return PERHAPS_PROXIED if proxied == UNKNOWN and is_isolated else proxied
        return ISOLATED if is_isolated else none("no_default_route")

    def _to_black_hole(self, kind: str, target: str, packet: Packet) -> Way:
        """Return the cause of a black hole in the table of a NAT or of an IPv6 way."""
        if kind != _GATEWAY_OF[self._version]:
            return none(_BEHIND_NAT)
        if packet.sender == "private":
            return none("nat_private", _BEHIND_NAT)
        attached = self._gates.attached(target)
        if attached.state == "none":
            return attached
        return none(_BEHIND_NAT, *([_DETACHED] if attached == UNKNOWN else []))

    def _to_gateway(self, route: Json, gateway_id: str, packet: Packet) -> Way:
        """Leave through an internet gateway, or for IPv6 through an egress-only one."""
        sender = "egress_only" if self._version == 6 else packet.sender
        attached = self._gates.attached(gateway_id)
        if sender == "private":
            return none("nat_private")
        if sender == "function":
            return self._to_gateway_from_function(attached, route, packet)
        if attached.state == "none":
            return attached
        access = self._gates.public_access(packet.at, is_ended_by_ingress=sender == "instance")
        return worst([attached, access, packet.address])

    def _to_gateway_from_function(self, attached: Way, route: Json, packet: Packet) -> Way:
        """Leave a public subnet: by an address of Lambda's interface, or by the gateway's own firewall."""
        access = self._gates.public_access(packet.at, is_ended_by_ingress=True)
        leaving = worst([attached, access])
        by_address = none("public_subnet") if packet.passed else self._by_address(leaving)
        if not self._is_firewalled(packet.at):
            return by_address
        if route.get("IgwFirewall", {}).get("Status") != "active":
            return UNKNOWN
        # block-ingress spares NAT gateways, and nobody says whether what a firewall does is one
        is_open = self._gates.public_access(packet.at, is_ended_by_ingress=False) != access
        by_firewall = worst([attached, UNKNOWN if is_open else access])
        return by_firewall if by_firewall.state == "none" else best([by_firewall, by_address])

    def _by_ipv6(self, gateway_id: str, packet: Packet) -> Way:
        access = self._gates.public_access(packet.at, is_ended_by_ingress=True)
        return worst([self._gates.attached(gateway_id), access])

    def _by_address(self, leaving: Way) -> Way:
        """Return the way by an address of Lambda's own interface. leaving: what a packet with one finds."""
        has_address = self._world.has_public_address(self.start, self._groups)
        if has_address is False or leaving.state == "none":
            return none("public_subnet", *leaving.causes)
        return UNKNOWN if isinstance(has_address, Hidden) else leaving

    def _through_nat(self, nat_id: str, packet: Packet) -> Way:
        nat = self._world.find("NatGateways", nat_id, self.vpc_id)
        if isinstance(nat, Hidden):
            return UNKNOWN
        if nat is None or nat["State"].lower() != "available":
            return none("nat_unavailable")
        sender = nat["ConnectivityType"].lower()
        if nat.get("AvailabilityMode") != "regional":
            return _named_behind_nat(self._from_subnet(Packet(nat["SubnetId"], sender)))
        # a regional gateway stands in no subnet: Block Public Access counts where the packet came from
        way = self._from_regional_nat(nat, Packet(self.start, sender))
        return _named_behind_nat(worst([UNKNOWN, way]) if self.is_unregistered(nat, packet.at) else way)

    def is_unregistered(self, nat: Json, subnet_id: str) -> bool:
        """Return True for a regional NAT gateway that is managed by hand and not in a subnet's zone."""
        zones = {one.get("AvailabilityZoneId") for one in nat["NatGatewayAddresses"] if _is_in_use(one)}
        return nat["AutoProvisionZones"] != "enabled" and self._world.zone(subnet_id) not in zones

    def _from_regional_nat(self, nat: Json, packet: Packet) -> Way:
        table_id = nat.get("RouteTableId")
        table = self._world.find("RouteTables", table_id, self.vpc_id) if table_id else None
        if isinstance(table, Hidden):
            return UNKNOWN
        if table is not None:
            return self._from_table(table, packet)
        attached = self._gates.any_attached()
        if attached.state == "none":
            return none(_BEHIND_NAT)
        if packet.sender == "private":
            return worst([attached, none("nat_private")])
        return worst([attached, self._gates.public_access(self.start, is_ended_by_ingress=False)])

    def _through_instance(self, route: Json) -> Way:
        """Let a NAT instance send the function's packets on: each of its conditions must hold."""
        interface = self._world.find("NetworkInterfaces", route["NetworkInterfaceId"], self.vpc_id)
        attachment = interface.get("Attachment", {}) if isinstance(interface, dict) else {}
        instance_id = attachment.get("InstanceId") or route.get("InstanceId")
        instance = self._world.find("Instances", instance_id, self.vpc_id) if instance_id else HIDDEN
        if interface is None or instance is None:
            return none(_UNUSABLE)
        conditions: list[object] = [instance if isinstance(instance, Hidden) else _is_running(instance)]
        if isinstance(interface, Hidden):
            return worst([UNKNOWN, *map(_met, conditions)])
        conditions += [
            not interface["SourceDestCheck"],
            self._gates.admits(interface, self.start, groups=self._groups),
        ]
        address = _met(self._gates.has_public_address(interface, instance))
        own = instance.get("NetworkInterfaces", []) if isinstance(instance, dict) else []
        places = dict.fromkeys(
            [interface["SubnetId"], *(one["SubnetId"] for one in own if "SubnetId" in one)]
        )
        packet = Packet(self.start, "instance", interface=route["NetworkInterfaceId"], address=address)
        ways = [self._from_subnet(replace(packet, at=place)) for place in places]
        way = next(one for state in ("works", "unknown", "none") for one in ways if one.state == state)
        if way.state == "none" and isinstance(instance, Hidden):
            way = UNKNOWN  # it may have another interface, in a subnet that leads out
        way = none(*map(_named_before_instance, way.causes)) if way.causes else way
        return worst([way, *map(_met, conditions)])

    def _is_firewalled(self, subnet_id: str) -> bool:
        """Return True where an Automatic Internet Firewall may let out what has no public address."""
        subnet = self._world.find("Subnets", subnet_id, self.vpc_id)
        return isinstance(subnet, dict) and subnet.get("NetworkFirewallConnectivityType") in _FIREWALLED

    def _through_firewall(self, endpoint_id: str, packet: Packet) -> Way:
        """Go on behind a firewall: at the NAT gateway that it is attached to, or from its own subnet."""
        if endpoint_id in self._world.trusted:
            return WORKS
        nat_id, subnet_id = self.behind_firewall(endpoint_id)
        if isinstance(nat_id, str):
            is_own = self._version == 4 and packet.sender == "function"
            return self._through_nat(nat_id, packet) if is_own else UNKNOWN
        if not isinstance(subnet_id, str) or endpoint_id in packet.passed:
            return UNKNOWN
        passed = (*packet.passed, endpoint_id)
        return self._from_subnet(replace(packet, at=subnet_id, passed=passed))


def _is_in_use(address: Json) -> bool:
    return bool(address.get("Status", "succeeded") != "failed")


def _met(condition: object) -> Way:
    """Return what a condition of a NAT instance leaves of the way through it."""
    if isinstance(condition, Hidden):
        return UNKNOWN
    return WORKS if condition else none(_UNUSABLE)


def _is_running(instance: Json) -> bool:
    return str(instance["State"]["Name"]).lower() == "running"


def _named_behind_nat(way: Way) -> Way:
    """Return a way behind a NAT gateway with the cause that it may have in front of it."""
    return none(*way.causes, _BEHIND_NAT) if way.causes & _ALSO_BEHIND_NAT else way


def _named_before_instance(cause: str) -> str:
    """Return a cause behind a NAT instance as it is named in front of it."""
    return cause if cause == _BLOCKED else _UNUSABLE
