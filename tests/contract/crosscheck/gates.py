"""What stands at the edge of a VPC and lets packets out or not: gateways, blocks, proxies, groups."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Final

from tests.contract.crosscheck.ways import UNKNOWN, WORKS, Way, none
from tests.contract.crosscheck.world import HIDDEN, Hidden, Json, Network, World

_DETACHED: Final = "internet_gateway_detached"
_ATTACHED: Final = {"available", "attached"}
_HTTPS: Final = 443


class Gates:
    """The edge of one VPC."""

    def __init__(self, world: World, vpc_id: str) -> None:
        self._world, self._vpc_id = world, vpc_id

    def attached(self, gateway_id: str) -> Way:
        """Return whether a gateway is attached to this VPC."""
        kind = "EgressOnlyInternetGateways" if gateway_id.startswith("eigw-") else "InternetGateways"
        gateway = self._world.find(kind, gateway_id, self._vpc_id)
        if isinstance(gateway, Hidden):
            return UNKNOWN
        return WORKS if gateway and self._is_attached(gateway) else none(_DETACHED)

    def any_attached(self) -> Way:
        """Return whether any internet gateway is attached to this VPC."""
        if any(self._is_attached(gateway) for gateway in self._world.every("InternetGateways")):
            return WORKS
        is_complete = self._world.is_complete("InternetGateways", self._vpc_id)
        return none(_DETACHED) if is_complete else UNKNOWN

    def _is_attached(self, gateway: Json) -> bool:
        return any(
            one["VpcId"] == self._vpc_id and one["State"].lower() in _ATTACHED
            for one in gateway["Attachments"]
        )

    def public_access(self, subnet_id: str, *, is_ended_by_ingress: bool) -> Way:
        """Return what Block Public Access leaves of the way through a gateway in a subnet's table.

        is_ended_by_ingress: block-ingress spares NAT gateways and egress-only gateways alone.
        """
        ending = {"block-bidirectional"} | ({"block-ingress"} if is_ended_by_ingress else set())
        subnet = self._world.find("Subnets", subnet_id, self._vpc_id)
        option = self._world.block_option(self._vpc_id)
        if isinstance(subnet, Hidden):
            # excluded or not, nothing is blocked where the account blocks nothing
            return UNKNOWN if option is None or option in ending else WORKS
        states = {} if subnet is None else subnet.get("BlockPublicAccessStates", {})
        mode = states.get("InternetGatewayBlockMode", option if self._world.is_ours(self._vpc_id) else "off")
        if mode is None:
            return UNKNOWN
        return none("block_public_access") if mode.lower() in ending else WORKS

    def transit_gateway(self, gateway_id: str, subnet_id: str) -> Way:
        """Return the way by a transit gateway: it must have an attachment in the zone, trusted or not."""
        attachments = [
            one
            for one in self._world.every("TransitGatewayVpcAttachments")
            if (one["TransitGatewayId"], one["VpcId"]) == (gateway_id, self._vpc_id)
            and one["State"].lower() == "available"
        ]
        zones = {self._world.zone(one) for attachment in attachments for one in attachment["SubnetIds"]}
        zone = self._world.zone(subnet_id)
        if not isinstance(zone, Hidden) and zone in zones:
            return WORKS if gateway_id in self._world.trusted else UNKNOWN
        is_settled = self._world.is_complete("TransitGatewayVpcAttachments", self._vpc_id)
        is_settled &= not zones or not any(isinstance(one, Hidden) for one in (zone, *zones))
        return none("transit_gateway_zone") if is_settled else UNKNOWN

    def explicit_proxy(self) -> Way:
        """Return the way that needs no route: by a proxy in this VPC, which must be trusted to be one."""
        if self._vpc_id in self._world.trusted:
            return WORKS
        is_open = bool(self._appliances()) or not self._world.is_complete("NatGateways", self._vpc_id)
        return UNKNOWN if is_open else none("no_default_route")

    def nat_of_appliance(self, endpoint_id: str) -> str | Hidden | None:
        """Return the NAT gateway that a firewall endpoint is attached to."""
        found = [nat_id for nat_id, appliance_id in self._appliances() if appliance_id == endpoint_id]
        if found:
            return found[0]
        return None if self._world.is_complete("NatGateways", self._vpc_id) else HIDDEN

    def _appliances(self) -> list[tuple[str, str]]:
        """Return NAT gateways of this VPC with the endpoints of the appliances attached to them."""
        return [
            (nat["NatGatewayId"], appliance["VpcEndpointId"])
            for nat in self._world.every("NatGateways")
            if nat["VpcId"] == self._vpc_id
            for appliance in nat.get("AttachedAppliances", ())
            if appliance["AttachmentState"] == "attached"
        ]

    def has_public_address(self, interface: Json, instance: Json | Hidden) -> bool | Hidden:
        """Return True if the interface, or another one of its instance, has a public address.

        An instance names all its interfaces, with their addresses.
        """
        named = [] if isinstance(instance, Hidden) else instance.get("NetworkInterfaces", [])
        if any(one.get("Association", {}).get("PublicIp") for one in (interface, *named)):
            return True
        return False if named else HIDDEN

    def admits(self, interface: Json, subnet_id: str, *, groups: frozenset[str]) -> bool | Hidden:
        """Return True if an interface's groups let HTTPS in from a subnet, or from one of some groups."""
        subnet = self._world.find("Subnets", subnet_id, self._vpc_id)
        source = ip_network(subnet["CidrBlock"]) if isinstance(subnet, dict) else None
        answers: list[bool | Hidden] = []
        for one in interface["Groups"]:
            group = self._world.find("SecurityGroups", one["GroupId"], self._vpc_id)
            if isinstance(group, dict):
                answers += [self._lets_in(rule, source, groups) for rule in group["IpPermissions"]]
            elif isinstance(group, Hidden):
                answers.append(HIDDEN)
        if True in answers:
            return True
        return HIDDEN if HIDDEN in answers else False

    def _lets_in(self, rule: Json, source: Network | None, groups: frozenset[str]) -> bool | Hidden:
        is_https = rule["IpProtocol"] == "tcp" and rule["FromPort"] <= _HTTPS <= rule["ToPort"]
        if not is_https and rule["IpProtocol"] != "-1":
            return False
        if groups & {one["GroupId"] for one in rule.get("UserIdGroupPairs", ())}:
            return True
        lists = [self._world.networks_of_list(one["PrefixListId"]) for one in rule.get("PrefixListIds", ())]
        if source is None:
            return HIDDEN
        networks = [ip_network(one["CidrIp"]) for one in rule.get("IpRanges", ())]
        networks += [network for held in lists for network in held or ()]
        if any(_contains(network, source) for network in networks):
            return True
        return HIDDEN if None in lists else False


def _contains(network: Network, other: Network) -> bool:
    return network.version == other.version and other[0] in network and other[-1] in network
