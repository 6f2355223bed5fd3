"""Ways out that few networks have: addresses, transit gateways, firewalls, proxies, trust, inspection."""

from __future__ import annotations

from typing import Any

from tests.contract.builder import (
    IGW,
    NAT,
    PRIVATE_TABLE,
    PUBLIC,
    PUBLIC_TABLE,
    A,
    B,
    C,
    Estate,
    working,
)
from tests.contract.catalogue.registry import Case, case, orders
from tests.contract.expectations import NOT_APPLICABLE, PASS, subnets, unknown, violation

ATTACHMENTS = "ec2:DescribeTransitGatewayVpcAttachments"
_TRUSTED = {"version": 1, "trusted_egress": [{"transit_gateway": "tgw-0a"}]}


def _broken(cause: str, root_cause: str | None = "-", **evidence: Any) -> dict[str, Any]:
    return violation("high", root_cause=root_cause, subnets=subnets(a=cause, b=cause), **evidence)


def _waiting(name: str, *, is_failed_read: bool = False) -> dict[str, Any]:
    return unknown(name, is_failed_read=is_failed_read)


# behind a NAT gateway the path goes on by the same rules


@case
def nat_gateways_in_their_own_private_subnets() -> Case:
    """A NAT gateway that leaves by itself: it stands in the wrong subnet."""
    estate = working()
    estate.nat(NAT, A)
    return orders(estate, nat__no_internet_egress=_broken("nat_without_internet_gateway", NAT))


@case
def nat_behind_a_nat() -> Case:
    """The chain never reaches an internet gateway."""
    estate = working()
    estate.route(PUBLIC_TABLE, "nat-0b")
    return orders(estate, nat__no_internet_egress=_broken("nat_without_internet_gateway", PUBLIC_TABLE))


@case
def private_nat_without_default_route() -> Case:
    """A way on behind it would not lead to the internet either: two things are to be repaired."""
    estate = working()
    estate.nat(ConnectivityType="private")
    estate.drop_route(PUBLIC_TABLE)
    return orders(estate, nat__no_internet_egress=_broken("nat_private", None))


@case
def private_nat_before_a_transit_gateway() -> Case:
    """Central egress from a network that nobody routes: `private` proves no fault."""
    estate = working()
    estate.nat(ConnectivityType="private")
    estate.route(PUBLIC_TABLE, "tgw-0a")
    return orders(estate, nat__no_internet_egress=_waiting("tgw-0a"))


@case
def private_nat_before_a_trusted_transit_gateway() -> Case:
    """And it works where the transit gateway does."""
    estate = working()
    estate.nat(ConnectivityType="private")
    estate.route(PUBLIC_TABLE, "tgw-0a")
    return orders(estate, _TRUSTED, nat__no_internet_egress=PASS)


@case
def failed_nat_in_a_vpc_without_internet_gateway() -> Case:
    """All that must be repaired, in order; no single repair is the root."""
    estate = working()
    estate.nat(State="failed", FailureCode="Gateway.NotAttached", FailureMessage="no Internet gateway")
    estate.internet_gateway(vpc=None)
    causes = [{"cause": "nat_unavailable", "id": NAT}, {"cause": "internet_gateway_detached", "id": IGW}]
    found = _broken("nat_unavailable", None, causes={A: causes, B: causes})
    return orders(estate, nat__no_internet_egress=found)


@case
def regional_nat_managed_by_hand_elsewhere() -> Case:
    """No subnet of the function is in a zone of its addresses, and AWS says both ways what that means."""
    estate = working()
    estate.regional_nat(NAT, "euw1-az3", automatic=False)
    return orders(estate, nat__no_internet_egress=_waiting(NAT))


# public addresses


@case
def nat_instance_without_address() -> Case:
    """It runs and forwards, and the internet gateway drops what it sends."""
    estate = _over_nat_instance(with_address=False)
    return orders(estate, nat__no_internet_egress=_broken("nat_instance_unusable", "eni-nat"))


@case
def nat_instance_that_lets_nobody_in() -> Case:
    """Its groups are part of what makes it one."""
    estate = _over_nat_instance()
    estate.of("DescribeSecurityGroups", "sg-nat")["IpPermissions"] = []
    return orders(estate, nat__no_internet_egress=_broken("nat_instance_unusable", "eni-nat"))


@case
def nat_instance_that_lets_the_functions_group_in() -> Case:
    """Members of a group count, and others do not."""
    estate = _over_nat_instance()
    estate.of("DescribeSecurityGroups", "sg-nat")["IpPermissions"] = [
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": "sg-0a"}]}
    ]
    estate.group("sg-other")
    estate.function("visitor", A, B, groups=("sg-other",))
    found = _broken("nat_instance_unusable", "eni-nat")
    return Case(estate, {"nat.no_internet_egress": {"orders": PASS, "visitor": found}})


@case
def nat_instance_whose_groups_are_unread() -> Case:
    """Nobody knows whom it lets in."""
    estate = _over_nat_instance()
    estate.deny("ec2:DescribeSecurityGroups")
    waiting = _waiting("ec2:DescribeSecurityGroups", is_failed_read=True)
    return orders(estate, nat__no_internet_egress=waiting)


@case
def nat_instance_under_block_ingress() -> Case:
    """Only NAT gateways and egress-only gateways keep their way out."""
    estate = _over_nat_instance()
    estate.block_public_access("block-ingress")
    estate.of("DescribeSubnets", PUBLIC)["BlockPublicAccessStates"] = {
        "InternetGatewayBlockMode": "block-ingress"
    }
    return orders(estate, nat__no_internet_egress=_broken("block_public_access", PUBLIC))


@case
def nat_instance_before_a_nat_gateway() -> Case:
    """A filter in a private subnet needs no address of its own."""
    estate = _over_nat_instance(with_address=False)
    estate.subnet("subnet-edge", zone="euw1-az1", network="10.0.254.0/24")
    estate.table("rtb-edge", "subnet-edge")
    estate.route("rtb-edge", IGW)
    estate.nat(NAT, "subnet-edge")
    estate.route(PUBLIC_TABLE, NAT)
    return orders(estate, nat__no_internet_egress=PASS)


@case
def nat_instance_of_two_interfaces() -> Case:
    """An appliance: routes lead to its inner interface, and what it passes on leaves by the outer one."""
    estate = _over_nat_instance(with_address=False)
    estate.of("DescribeNetworkInterfaces", "eni-nat")["SubnetId"] = A
    outer = {"NetworkInterfaceId": "eni-out", "SubnetId": PUBLIC, "Association": {"PublicIp": "198.51.100.2"}}
    (instance,) = estate.of("DescribeInstances", "i-nat")["Instances"]
    instance["NetworkInterfaces"] = [outer, {"NetworkInterfaceId": "eni-nat", "SubnetId": A}]
    return orders(estate, nat__no_internet_egress=PASS)


@case
def nat_instance_in_a_subnet_that_leads_to_it() -> Case:
    """It stands among its clients, and sends to itself what it is to pass on."""
    estate = _over_nat_instance()
    estate.of("DescribeNetworkInterfaces", "eni-nat")["SubnetId"] = A
    (instance,) = estate.of("DescribeInstances", "i-nat")["Instances"]
    instance["SubnetId"] = A
    return orders(estate, nat__no_internet_egress=_broken("nat_instance_unusable", "eni-nat"))


@case
def nat_instance_that_the_route_names_alone() -> Case:
    """Without its interface."""
    estate = _over_nat_instance()
    (route,) = (
        one
        for one in estate.of("DescribeRouteTables", PRIVATE_TABLE)["Routes"]
        if one.pop("NetworkInterfaceId", "")
    )
    assert route["InstanceId"] == "i-nat"
    return orders(estate, nat__no_internet_egress=PASS)


@case
def public_subnet_of_a_dual_stack_function() -> Case:
    """An internet gateway does nothing for its private IPv4 address, and carries its IPv6 one."""
    estate = _public()
    estate.functions["orders"]["VpcConfig"]["Ipv6AllowedForDualStack"] = True
    associated = {"Ipv6CidrBlock": "2001:db8::/64", "Ipv6CidrBlockState": {"State": "associated"}}
    estate.of("DescribeSubnets", PUBLIC)["Ipv6CidrBlockAssociationSet"] = [associated]
    estate.route(PUBLIC_TABLE, IGW, "::/0")
    return orders(estate, nat__no_internet_egress=PASS)


@case
def lambda_interface_with_an_address() -> Case:
    """Unsupported and lost when Lambda makes the interface anew, and a way out while it holds."""
    estate = _public()
    estate.of("DescribeNetworkInterfaces", "eni-lambda")["Association"] = {"PublicIp": "198.51.100.9"}
    return orders(estate, nat__no_internet_egress=PASS)


@case
def lambda_interface_without_an_address() -> Case:
    """The usual one: an internet gateway does nothing for it."""
    found = violation("medium", root_cause=PUBLIC_TABLE, subnets=subnets(pub="public_subnet"))
    return orders(_public(), nat__no_internet_egress=found)


@case
def lambda_interfaces_of_a_public_subnet_unread() -> Case:
    """One of them may have an address."""
    estate = _public()
    estate.deny("ec2:DescribeNetworkInterfaces")
    waiting = _waiting("ec2:DescribeNetworkInterfaces", is_failed_read=True)
    return orders(estate, nat__no_internet_egress=waiting)


# zones of a transit gateway


@case
def transit_gateway_without_this_zone() -> Case:
    """Trusted, and still out of reach from a zone without a subnet of the attachment."""
    estate = _over_transit_gateway(A)
    found = violation("high", root_cause="tgw-attach-0a", subnets=subnets(a=None, b="transit_gateway_zone"))
    return orders(estate, _TRUSTED, nat__mixed_egress=found, nat__no_internet_egress=PASS)


@case
def transit_gateway_without_attachment() -> Case:
    """A route to a gateway to which the VPC is not attached leads nowhere, trusted or not."""
    estate = _over_transit_gateway()
    estate.remove("DescribeTransitGatewayVpcAttachments", "tgw-0a")
    return orders(estate, nat__no_internet_egress=_broken("transit_gateway_zone", "tgw-0a"))


@case
def transit_gateway_trusted_with_attachments_unread() -> Case:
    """That it works is declared; from which zones it can be reached was not read."""
    estate = _over_transit_gateway(A, B)
    estate.deny(ATTACHMENTS)
    return orders(estate, _TRUSTED, nat__no_internet_egress=_waiting(ATTACHMENTS, is_failed_read=True))


@case
def transit_gateway_with_attachments_unread() -> Case:
    """It is in doubt as it is, and waits for no read."""
    estate = _over_transit_gateway(A, B)
    estate.deny(ATTACHMENTS)
    return orders(estate, nat__no_internet_egress=_waiting("tgw-0a"))


# firewalls


@case
def internet_firewall() -> Case:
    """An Automatic Internet Firewall gives interfaces without a public address a way out."""
    return orders(_inspected("flexible", "active"), nat__no_internet_egress=PASS)


@case
def internet_firewall_that_is_pending() -> Case:
    """Not yet, perhaps; never a plain public subnet."""
    return orders(_inspected("outbound-only", "pending"), nat__no_internet_egress=_waiting(PUBLIC))


@case
def internet_firewall_that_leaves_the_subnet_out() -> Case:
    """The traffic passes the internet gateway as ever."""
    found = violation("medium", subnets=subnets(pub="public_subnet"))
    return orders(_inspected("exclude", "active"), nat__no_internet_egress=found)


@case
def public_subnet_of_a_reader_that_cannot_tell() -> Case:
    """A botocore before 1.44.8 drops the field, and reads an inspected subnet as an ordinary one."""
    estate = _public()
    estate.reader = {"botocore": "1.44.5"}
    return orders(estate, nat__no_internet_egress=_waiting(PUBLIC))


@case
def firewall_that_is_a_nat() -> Case:
    """A route to the endpoint of a NAT firewall leaves by its NAT gateway."""
    estate = _nat_firewall("attached")
    return orders(estate, nat__no_internet_egress=PASS)


@case
def firewall_that_is_a_nat_without_way_out() -> Case:
    """And breaks with it."""
    estate = _nat_firewall("attached")
    estate.of("DescribeNatGateways", NAT)["State"] = "deleted"
    return orders(estate, nat__no_internet_egress=_broken("nat_unavailable", NAT))


@case
def firewall_that_is_being_attached() -> Case:
    """Whether it carries already, nobody says."""
    return orders(_nat_firewall("attaching"), nat__no_internet_egress=_waiting("vpce-fw"))


@case
def explicit_proxy() -> Case:
    """A client that names the proxy needs no default route; whether it does, nobody sees."""
    estate = _nat_firewall("attached")
    estate.drop_route(PRIVATE_TABLE)
    return orders(estate, nat__no_internet_egress=_waiting(NAT))


@case
def explicit_proxy_trusted() -> Case:
    """The configuration says so."""
    estate = _nat_firewall("attached")
    estate.drop_route(PRIVATE_TABLE)
    trusted = {"version": 1, "trusted_egress": [{"proxy": "vpc-0a"}]}
    return orders(estate, trusted, nat__no_internet_egress=PASS)


@case
def firewall_trusted() -> Case:
    """An appliance that leads out by itself is not followed further."""
    estate = working()
    estate.route(PRIVATE_TABLE, "vpce-fw")
    trusted = {"version": 1, "trusted_egress": [{"gateway_load_balancer": "vpce-fw"}]}
    return orders(estate, trusted, nat__no_internet_egress=PASS)


# trust that ends


@case
def trust_on_its_last_day() -> Case:
    """Until a day means through it."""
    return orders(_over_transit_gateway(A, B), _until("2026-11-20"), nat__no_internet_egress=PASS)


@case
def trust_that_has_lapsed() -> Case:
    """Then the way is as opaque as before."""
    return orders(
        _over_transit_gateway(A, B), _until("2026-11-19"), nat__no_internet_egress=_waiting("tgw-0a")
    )


# inspection


@case
def way_around_inspection() -> Case:
    """The NAT gateway leads past the firewall that the configuration names."""
    found = violation("high", root_cause=PRIVATE_TABLE)
    return orders(working(), _inspection("vpce-fw"), nat__around_inspection=found)


@case
def way_through_inspection() -> Case:
    """A firewall before the NAT gateway."""
    estate = _nat_firewall("attached")
    return orders(estate, _inspection("vpce-fw"), nat__around_inspection=PASS)


@case
def way_that_may_lead_around_inspection() -> Case:
    """Nobody sees what stands behind another transit gateway."""
    estate = _over_transit_gateway(A, B)
    return orders(estate, _inspection("vpce-fw"), nat__around_inspection=_waiting("tgw-0a"))


@case
def inspection_of_no_points() -> Case:
    """Switched on and naming none, the rule applies to nobody."""
    switched = {"version": 1, "rules": {"nat.around_inspection": {"enabled": True}}}
    return orders(working(), switched, nat__around_inspection=NOT_APPLICABLE)


def _over_nat_instance(*, with_address: bool = True) -> Estate:
    estate = working()
    interface, instance = estate.nat_instance()
    if not with_address:
        del interface["Association"]
        instance["NetworkInterfaces"] = [{"NetworkInterfaceId": "eni-nat"}]
    estate.route(PRIVATE_TABLE, "eni-nat", InstanceId="i-nat")
    return estate


def _public() -> Estate:
    estate = working()
    estate.function("orders", PUBLIC)
    estate.add(
        "DescribeNetworkInterfaces",
        "eni-lambda",
        NetworkInterfaceId="eni-lambda",
        VpcId="vpc-0a",
        SubnetId=PUBLIC,
        OwnerId=estate.id,
        InterfaceType="lambda",
        Groups=[{"GroupId": "sg-0a"}],
    )
    return estate


def _over_transit_gateway(*subnet_ids: str) -> Estate:
    estate = working()
    estate.route(PRIVATE_TABLE, "tgw-0a")
    estate.attachment("tgw-0a", *subnet_ids)
    return estate


def _inspected(connectivity: str, status: str) -> Estate:
    estate = _public()
    estate.of("DescribeSubnets", PUBLIC)["NetworkFirewallConnectivityType"] = connectivity
    firewall = {"FirewallArn": "arn:aws:network-firewall:eu-west-1:111122223333:firewall/f", "Status": status}
    estate.route(PUBLIC_TABLE, IGW, IgwFirewall=firewall)
    return estate


def _nat_firewall(state: str) -> Estate:
    estate = working()
    estate.firewall_endpoint("vpce-fw", C)
    estate.route(PRIVATE_TABLE, "vpce-fw")
    appliance = {"Type": "network-firewall-proxy", "VpcEndpointId": "vpce-fw", "AttachmentState": state}
    estate.nat(AttachedAppliances=[appliance])
    return estate


def _until(day: str) -> dict[str, Any]:
    return {"version": 1, "trusted_egress": [{"transit_gateway": "tgw-0a", "until": day}]}


def _inspection(endpoint_id: str) -> dict[str, Any]:
    switched = {"nat.around_inspection": {"enabled": True}}
    return {"version": 1, "inspection": [{"firewall_endpoint": endpoint_id}], "rules": switched}
