"""The way out of a subnet by brute force: a second implementation, for the tests alone.

Where the policies reason about default routes, this one sends packets: it takes destination addresses
that stand for the internet, looks each up in the route table, and follows the target. It was written from
the documents of the egress algorithm, without a look at the policies.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from typing import Final

from tests.contract.crosscheck.lookups import WHOLE, Address, Row, internet, lookup, target_of
from tests.contract.crosscheck.ways import ISOLATED, UNKNOWN, WORKS, Way, none
from tests.contract.crosscheck.ways import worst as _worst
from tests.contract.crosscheck.world import HIDDEN, Hidden, Json, Network, World

_BEHIND_NAT: Final = "nat_without_internet_gateway"
_DETACHED: Final = "internet_gateway_detached"
_BLOCKED: Final = "block_public_access"
_UNUSABLE: Final = "nat_instance_unusable"


def worst(ways: Iterable[Way]) -> Way:
    """Return what several ways amount to, half a default route being isolation still."""
    found = list(ways)
    return ISOLATED if ISOLATED in found else _worst(found)


def either(ways: Iterable[Way]) -> Way:
    """Return what is known when one of these is true and nobody knows which."""
    found = list(ways)
    return worst(found) if len({(way.state, way.is_isolated) for way in found}) == 1 else UNKNOWN


def way_of(world: World, subnet: Json, *, siblings: list[Json | Hidden], allows_ipv6: bool) -> Way:
    """Return the way from a function's subnet to the internet.

    siblings: every subnet of the function that is not proven missing. allows_ipv6: Ipv6AllowedForDualStack.
    """
    ipv4 = Trip(world, subnet, 4).way()
    seen = [one for one in siblings if not isinstance(one, Hidden)]
    if not allows_ipv6 or not all(_is_dual_stack(one) for one in seen):
        return ipv4
    ipv6 = Trip(world, subnet, 6).way()
    if ipv6 == WORKS and len(seen) < len(siblings):
        ipv6 = UNKNOWN
    return next((way for way in (WORKS, UNKNOWN) if way in (ipv4, ipv6)), ipv4)


def _is_dual_stack(subnet: Json) -> bool:
    states = [one["Ipv6CidrBlockState"]["State"] for one in subnet["Ipv6CidrBlockAssociationSet"]]
    return "associated" in states and not subnet["Ipv6Native"]


class Trip:
    """Packets of one IP version from one subnet."""

    def __init__(self, world: World, subnet: Json, version: int) -> None:
        self._world, self._version = world, version
        self._start, self._vpc_id = subnet["SubnetId"], subnet["VpcId"]

    def way(self) -> Way:
        """Return the way that these packets find."""
        return self._from_subnet(self._start)

    def _from_subnet(self, subnet_id: str, *, translated: bool = False, seen: tuple[str, ...] = ()) -> Way:
        """Return the way from a subnet. translated: the packet left a NAT; seen: firewalls passed."""
        table = self._table(subnet_id)
        if isinstance(table, Hidden):
            return UNKNOWN
        return self._from_table(table, holder=subnet_id, translated=translated, seen=seen)

    def _table(self, subnet_id: str) -> Json | Hidden:
        main = None
        for table in self._world.every("RouteTables"):
            for association in table["Associations"]:
                if association["AssociationState"]["State"] != "associated":
                    continue
                if association.get("SubnetId") == subnet_id:
                    return table
                if association["Main"] and table["VpcId"] == self._vpc_id:
                    main = table
        is_settled = self._world.is_complete("RouteTables", self._vpc_id)
        is_settled |= self._world.is_shared_with_us(subnet_id)
        return main if main is not None and is_settled else HIDDEN

    def _from_table(self, table: Json, *, holder: str, translated: bool, seen: tuple[str, ...]) -> Way:
        def one_way(address: Address, rows: list[Row] | Hidden) -> Way:
            route = rows if isinstance(rows, Hidden) else lookup(rows, address)
            if isinstance(route, Hidden):
                return UNKNOWN
            if translated or self._version == 6:
                return self._to_gateway(route, holder=holder, seen=seen)
            return self._to_target(route, seen=seen)

        return either(
            worst(one_way(address, looked_up) for address, looked_up in internet(rows, self._version))
            for rows in self._possible_rows(table)
        )

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
        endpoint = self._world.find("VpcEndpoints", target, self._vpc_id)
        is_firewall = isinstance(endpoint, dict) and endpoint["VpcEndpointType"] == "GatewayLoadBalancer"
        return target.startswith("vpce-") and not is_firewall

    def _to_target(self, route: Json | None, *, seen: tuple[str, ...]) -> Way:  # noqa: PLR0911  one for each end
        """Follow an IPv4 route that carries the function's own packets."""
        if route is None:
            return none("no_default_route") if seen else ISOLATED
        if route["State"].lower() == "blackhole":
            return none("blackhole")
        target = target_of(route)
        match target.partition("-")[0]:
            case "igw":
                return none("public_subnet")
            case "nat":
                return self._through_nat(target)
            case "eni":
                return self._through_instance(route)
            case "vpce":
                return self._through_firewall(target, translated=False, seen=seen)
            case kind:
                return self._beyond(kind, target)

    def _beyond(self, kind: str, target: str) -> Way:
        if target in self._world.trusted:
            return WORKS
        return none("peering") if kind == "pcx" else UNKNOWN

    def _to_gateway(self, route: Json | None, *, holder: str, seen: tuple[str, ...]) -> Way:  # noqa: PLR0911  one for each end
        """Follow a route that must end at an internet gateway, or for IPv6 at an egress-only one."""
        if route is None:
            return none(_BEHIND_NAT)
        target = target_of(route)
        kind, gateway = target.partition("-")[0], {4: "igw", 6: "eigw"}[self._version]
        is_broken = route["State"].lower() == "blackhole"
        if kind == gateway:
            attached = self._attached(target)
            if attached.state == "none":
                return attached
            if is_broken:
                return none(_BEHIND_NAT, *([_DETACHED] if attached == UNKNOWN else []))
            return worst([attached, self._public_access(holder)])
        if is_broken or kind == "igw":
            return none(_BEHIND_NAT)
        if kind == "vpce":
            return self._through_firewall(target, translated=True, seen=seen)
        if self._version == 6 or target in self._world.trusted:
            return self._beyond(kind, target)
        return UNKNOWN

    def _attached(self, gateway_id: str) -> Way:
        kind = {4: "InternetGateways", 6: "EgressOnlyInternetGateways"}[self._version]
        gateway = self._world.find(kind, gateway_id, self._vpc_id)
        if isinstance(gateway, Hidden):
            return UNKNOWN
        return WORKS if gateway and self._is_attached(gateway) else none(_DETACHED)

    def _is_attached(self, gateway: Json) -> bool:
        return any(
            one["VpcId"] == self._vpc_id and one["State"].lower() in {"available", "attached"}
            for one in gateway["Attachments"]
        )

    def _public_access(self, subnet_id: str) -> Way:
        """Return what Block Public Access leaves of the way through a gateway in a subnet's table."""
        subnet = self._world.find("Subnets", subnet_id, self._vpc_id)
        option = self._world.block_option(self._vpc_id)
        if isinstance(subnet, Hidden):
            # excluded or not, nothing is blocked where the account blocks nothing
            return WORKS if option in {"off", "block-ingress"} else UNKNOWN
        states = {} if subnet is None else subnet.get("BlockPublicAccessStates", {})
        mode = states.get("InternetGatewayBlockMode", option if self._world.is_ours(self._vpc_id) else "off")
        if mode is None:
            return UNKNOWN
        return none(_BLOCKED) if mode.lower() == "block-bidirectional" else WORKS

    def _through_nat(self, nat_id: str) -> Way:  # noqa: PLR0911  one for each end
        nat = self._world.find("NatGateways", nat_id, self._vpc_id)
        if isinstance(nat, Hidden):
            return UNKNOWN
        if nat is None or nat["State"].lower() != "available":
            return none("nat_unavailable")
        if nat["ConnectivityType"].lower() == "private":
            return none("nat_private")
        if nat.get("AvailabilityMode") != "regional":
            return self._from_subnet(nat["SubnetId"], translated=True)
        # a regional gateway stands in no subnet: Block Public Access counts where the packet came from
        if "RouteTableId" not in nat:
            return self._by_any_gateway()
        table = self._world.find("RouteTables", nat["RouteTableId"], self._vpc_id)
        if isinstance(table, Hidden):
            return UNKNOWN
        if table is None:
            return self._by_any_gateway()
        return self._from_table(table, holder=self._start, translated=True, seen=())

    def _by_any_gateway(self) -> Way:
        access = self._public_access(self._start)
        if any(self._is_attached(gateway) for gateway in self._world.every("InternetGateways")):
            return access
        is_complete = self._world.is_complete("InternetGateways", self._vpc_id)
        return none(_BEHIND_NAT) if is_complete else worst([UNKNOWN, access])

    def _through_instance(self, route: Json) -> Way:
        interface = self._world.find("NetworkInterfaces", route["NetworkInterfaceId"], self._vpc_id)
        attachment = interface.get("Attachment", {}) if isinstance(interface, dict) else {}
        instance_id = attachment.get("InstanceId") or route.get("InstanceId")
        instance = self._world.find("Instances", instance_id, self._vpc_id) if instance_id else HIDDEN
        if interface is None or instance is None:
            return none(_UNUSABLE)
        ways = []
        for one, is_fit in ((interface, _lets_others_through), (instance, _is_running)):
            if isinstance(one, Hidden):
                ways.append(UNKNOWN)
            else:
                ways.append(WORKS if is_fit(one) else none(_UNUSABLE))
        if not isinstance(interface, Hidden):
            way = self._from_subnet(interface["SubnetId"], translated=True)
            ways.append(none(*map(_named, way.causes)) if way.causes else way)
        return worst(ways)

    def _through_firewall(self, endpoint_id: str, *, translated: bool, seen: tuple[str, ...]) -> Way:
        endpoint = self._world.find("VpcEndpoints", endpoint_id, self._vpc_id)
        if not isinstance(endpoint, dict) or endpoint_id in seen:
            return UNKNOWN
        if endpoint["VpcEndpointType"] != "GatewayLoadBalancer" or len(endpoint["SubnetIds"]) != 1:
            return UNKNOWN
        return self._from_subnet(endpoint["SubnetIds"][0], translated=translated, seen=(*seen, endpoint_id))


def _lets_others_through(interface: Json) -> bool:
    return not interface["SourceDestCheck"]


def _is_running(instance: Json) -> bool:
    return str(instance["State"]["Name"]).lower() == "running"


def _named(cause: str) -> str:
    """Return a cause behind a NAT instance as it is named in front of it."""
    return cause if cause == _BLOCKED else _UNUSABLE
