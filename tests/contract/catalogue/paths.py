"""The egress algorithm, branch by branch: where the default route leads, and what lies behind it."""

from __future__ import annotations

from typing import Any

from tests.contract.builder import (
    ANYWHERE,
    IGW,
    MAIN_TABLE,
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

NATS = "ec2:DescribeNatGateways"


def _broken(cause: str, root_cause: str | None = "-", *, severity: str = "high") -> dict[str, Any]:
    return violation(severity, root_cause=root_cause, subnets=subnets(a=cause, b=cause))


@case
def working_nat() -> Case:
    """The example estate: both subnets lead to a NAT gateway that works."""
    return orders(working(), nat__no_internet_egress=PASS, nat__mixed_egress=PASS)


@case
def public_subnet() -> Case:
    """The classic mistake: an internet gateway gives an ordinary function nothing."""
    estate = working()
    estate.function("orders", PUBLIC)
    found = violation("medium", root_cause=PUBLIC_TABLE, subnets=subnets(pub="public_subnet"))
    return orders(estate, nat__no_internet_egress=found, nat__mixed_egress=PASS)


@case
def public_subnet_of_a_detached_gateway() -> Case:
    """The gateway behind a public subnet does not matter: it would not help if it were attached."""
    estate = working()
    estate.function("orders", PUBLIC)
    estate.internet_gateway(vpc=None)
    found = violation("medium", root_cause=PUBLIC_TABLE, subnets=subnets(pub="public_subnet"))
    return orders(estate, nat__no_internet_egress=found)


@case
def blackhole() -> Case:
    """Deleting a NAT gateway leaves its routes behind; the broken route is the fault, not isolation."""
    estate = working()
    estate.route(PRIVATE_TABLE, NAT, state="blackhole")
    estate.of("DescribeNatGateways", NAT)["State"] = "deleted"
    return orders(estate, nat__no_internet_egress=_broken("blackhole", PRIVATE_TABLE))


@case
def blackhole_beside_a_usable_endpoint() -> Case:
    """A black hole is never isolation by design, whatever endpoints serve the subnet."""
    estate = working()
    estate.route(PRIVATE_TABLE, NAT, state="blackhole")
    estate.gateway_endpoint("vpce-s3", "s3", PRIVATE_TABLE, prefix_list="pl-s3")
    return orders(estate, nat__no_internet_egress=_broken("blackhole", PRIVATE_TABLE))


@case
def nat_failed() -> Case:
    """A NAT gateway that never came up."""
    estate = working()
    estate.nat(State="failed", FailureMessage="no address")
    return orders(estate, nat__no_internet_egress=_broken("nat_unavailable", NAT))


@case
def nat_pending() -> Case:
    """Not available yet is not available."""
    estate = working()
    estate.nat(State="pending")
    return orders(estate, nat__no_internet_egress=_broken("nat_unavailable", NAT))


@case
def nat_state_in_capitals() -> Case:
    """States are compared without regard to case."""
    estate = working()
    estate.nat(State="AVAILABLE", ConnectivityType="PUBLIC")
    return orders(estate, nat__no_internet_egress=PASS)


@case
def nat_absent_from_a_complete_answer() -> Case:
    """An id that a complete answer lacks does not exist, also while the route still says active."""
    estate = working()
    estate.remove("DescribeNatGateways", NAT)
    return orders(estate, nat__no_internet_egress=_broken("nat_unavailable", NAT))


@case
def nat_private() -> Case:
    """A private NAT gateway drops what reaches an internet gateway."""
    estate = working()
    estate.nat(ConnectivityType="private")
    return orders(estate, nat__no_internet_egress=_broken("nat_private", NAT))


@case
def nat_in_a_subnet_without_default_route() -> Case:
    """The NAT gateway itself has no way out."""
    estate = working()
    estate.drop_route(PUBLIC_TABLE)
    return orders(estate, nat__no_internet_egress=_broken("nat_without_internet_gateway", PUBLIC_TABLE))


@case
def nat_behind_a_detached_internet_gateway() -> Case:
    """Detaching the internet gateway breaks every NAT gateway of the VPC."""
    estate = working()
    estate.internet_gateway(vpc=None)
    estate.route(PUBLIC_TABLE, IGW, state="blackhole")
    return orders(estate, nat__no_internet_egress=_broken("internet_gateway_detached", IGW))


@case
def nat_behind_an_internet_gateway_of_another_vpc() -> Case:
    """Attached elsewhere is not attached to this VPC."""
    estate = working()
    estate.internet_gateway(vpc="vpc-0b")
    return orders(estate, nat__no_internet_egress=_broken("internet_gateway_detached", IGW))


@case
def nat_behind_an_internet_gateway_that_is_gone() -> Case:
    """A gateway that a complete answer lacks is not attached either."""
    estate = working()
    estate.remove("DescribeInternetGateways", IGW)
    return orders(estate, nat__no_internet_egress=_broken("internet_gateway_detached", IGW))


@case
def nat_behind_a_transit_gateway() -> Case:
    """What lies behind a transit gateway nobody sees, behind a NAT gateway as anywhere."""
    estate = working()
    estate.route(PUBLIC_TABLE, "tgw-0a")
    return orders(estate, nat__no_internet_egress=unknown("tgw-0a", is_failed_read=False))


@case
def regional_nat_automatic() -> Case:
    """A regional NAT gateway has no subnet and serves every zone where AWS spreads it by itself."""
    estate = working()
    estate.regional_nat(NAT, "euw1-az1", automatic=True)
    return orders(estate, nat__no_internet_egress=PASS, nat__cross_az=PASS)


@case
def regional_nat_without_a_zone() -> Case:
    """Managed by hand it serves the zones of its addresses; whether others have a path AWS says both ways."""
    estate = working()
    estate.regional_nat(NAT, "euw1-az1", automatic=False)
    waiting = unknown(NAT, is_failed_read=False)
    return orders(estate, nat__no_internet_egress=PASS, nat__mixed_egress=waiting, nat__cross_az=waiting)


@case
def regional_nat_in_every_zone() -> Case:
    """Managed by hand, with an address in each zone of the function."""
    estate = working()
    estate.regional_nat(NAT, "euw1-az1", "euw1-az2", automatic=False)
    return orders(estate, nat__no_internet_egress=PASS, nat__cross_az=PASS)


@case
def regional_nat_with_a_table_of_its_own() -> Case:
    """Its way out is the default route of its own table."""
    estate = working()
    estate.regional_nat(NAT, automatic=True, RouteTableId="rtb-regional")
    estate.table("rtb-regional")
    estate.route("rtb-regional", IGW)
    return orders(estate, nat__no_internet_egress=PASS)


@case
def regional_nat_whose_table_leads_nowhere() -> Case:
    """An attached internet gateway does not help where its own table has no default route."""
    estate = working()
    estate.regional_nat(NAT, automatic=True, RouteTableId="rtb-regional")
    estate.table("rtb-regional")
    return orders(estate, nat__no_internet_egress=_broken("nat_without_internet_gateway", "rtb-regional"))


@case
def regional_nat_without_internet_gateway() -> Case:
    """Without a table it leaves by the VPC's internet gateway, and there is none."""
    estate = working()
    estate.regional_nat(NAT, automatic=True)
    estate.remove("DescribeInternetGateways", IGW)
    return orders(estate, nat__no_internet_egress=_broken("nat_without_internet_gateway"))


@case
def regional_nat_deleted() -> Case:
    """A regional NAT gateway that is not available is a path from nowhere."""
    estate = working()
    estate.regional_nat(NAT, automatic=True, State="deleted")
    return orders(estate, nat__no_internet_egress=_broken("nat_unavailable", NAT))


@case
def two_halves() -> Case:
    """0.0.0.0/1 and 128.0.0.0/1 together are a default route."""
    estate = working()
    estate.drop_route(PRIVATE_TABLE)
    estate.route(PRIVATE_TABLE, NAT, "0.0.0.0/1")
    estate.route(PRIVATE_TABLE, NAT, "128.0.0.0/1")
    return orders(estate, nat__no_internet_egress=PASS)


@case
def two_halves_one_broken() -> Case:
    """Of two halves the worse counts: half of the internet is not the internet."""
    estate = working()
    estate.drop_route(PRIVATE_TABLE)
    estate.route(PRIVATE_TABLE, NAT, "0.0.0.0/1")
    estate.route(PRIVATE_TABLE, "pcx-0a", "128.0.0.0/1", state="blackhole")
    return orders(estate, nat__no_internet_egress=_broken("blackhole", PRIVATE_TABLE))


@case
def two_halves_one_in_another_state() -> Case:
    """Active carries, a black hole does not; of any other state nobody says which."""
    estate = working()
    estate.drop_route(PRIVATE_TABLE)
    estate.route(PRIVATE_TABLE, NAT, "0.0.0.0/1")
    estate.route(PRIVATE_TABLE, NAT, "128.0.0.0/1", state="filtered")
    return orders(estate, nat__no_internet_egress=unknown(PRIVATE_TABLE, is_failed_read=False))


@case
def two_halves_one_opaque() -> Case:
    """None before unknown before works."""
    estate = working()
    estate.drop_route(PRIVATE_TABLE)
    estate.route(PRIVATE_TABLE, NAT, "0.0.0.0/1")
    estate.route(PRIVATE_TABLE, "tgw-0a", "128.0.0.0/1")
    return orders(estate, nat__no_internet_egress=unknown("tgw-0a", is_failed_read=False))


@case
def halves_before_the_default_route() -> Case:
    """The longer prefixes win over 0.0.0.0/0, also where they lead nowhere."""
    estate = working()
    estate.route(PRIVATE_TABLE, "pcx-0a", "0.0.0.0/1")
    estate.route(PRIVATE_TABLE, "pcx-0a", "128.0.0.0/1")
    return orders(estate, nat__no_internet_egress=_broken("peering", "pcx-0a", severity="medium"))


@case
def one_half_alone() -> Case:
    """Half a default route is none."""
    estate = working()
    estate.drop_route(PRIVATE_TABLE)
    estate.route(PRIVATE_TABLE, NAT, "0.0.0.0/1")
    found = _broken("no_default_route", PRIVATE_TABLE, severity="info")
    return orders(estate, nat__no_internet_egress=found)


@case
def quarters_that_cover_everything() -> Case:
    """No default route, and yet every address leaves through the NAT gateway."""
    estate = working()
    estate.drop_route(PRIVATE_TABLE)
    for quarter in ("0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"):
        estate.route(PRIVATE_TABLE, NAT, quarter)
    return orders(estate, nat__no_internet_egress=PASS)


@case
def quarters_that_are_black_holes() -> Case:
    """They would carry every address, and lead nowhere: broken, not in doubt."""
    estate = working()
    estate.drop_route(PRIVATE_TABLE)
    for quarter in ("0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"):
        estate.route(PRIVATE_TABLE, NAT, quarter, state="blackhole")
    return orders(estate, nat__no_internet_egress=_broken("blackhole", PRIVATE_TABLE))


@case
def quarters_to_several_places() -> Case:
    """Nobody sets that up without a reason: it is named, not judged."""
    estate = working()
    estate.drop_route(PRIVATE_TABLE)
    for quarter in ("0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2"):
        estate.route(PRIVATE_TABLE, NAT, quarter)
    estate.route(PRIVATE_TABLE, "tgw-0a", "192.0.0.0/2")
    return orders(estate, nat__no_internet_egress=unknown(PRIVATE_TABLE, is_failed_read=False))


@case
def more_specific_routes_only() -> Case:
    """Routes to single networks are no default route, wherever they lead."""
    estate = working()
    estate.drop_route(PRIVATE_TABLE)
    estate.route(PRIVATE_TABLE, NAT, "203.0.113.0/24")
    found = _broken("no_default_route", PRIVATE_TABLE, severity="info")
    return orders(estate, nat__no_internet_egress=found)


@case
def more_specific_route_beside_the_default() -> Case:
    """A broken route to one network leaves the default route what it is."""
    estate = working()
    estate.route(PRIVATE_TABLE, "pcx-0a", "203.0.113.0/24", state="blackhole")
    return orders(estate, nat__no_internet_egress=PASS)


@case
def no_default_route() -> Case:
    """Nothing declares that this subnet needs the internet, and nothing serves it: worth a word."""
    estate = working()
    estate.drop_route(PRIVATE_TABLE)
    found = _broken("no_default_route", PRIVATE_TABLE, severity="info")
    return orders(estate, nat__no_internet_egress=found)


@case
def prefix_list_as_default_route() -> Case:
    """A prefix list that holds 0.0.0.0/0 is a default route in effect."""
    estate = working()
    estate.drop_route(PRIVATE_TABLE)
    estate.prefix_list("pl-0a", ANYWHERE, "203.0.113.0/24")
    estate.route(PRIVATE_TABLE, NAT, "pl-0a")
    return orders(estate, nat__no_internet_egress=PASS)


@case
def prefix_list_of_two_halves() -> Case:
    """So is one that holds both halves."""
    estate = working()
    estate.drop_route(PRIVATE_TABLE)
    estate.prefix_list("pl-0a", "0.0.0.0/1", "128.0.0.0/1")
    estate.route(PRIVATE_TABLE, NAT, "pl-0a")
    return orders(estate, nat__no_internet_egress=PASS)


@case
def prefix_list_without_default() -> Case:
    """A list of other networks is no default route."""
    estate = working()
    estate.drop_route(PRIVATE_TABLE)
    estate.prefix_list("pl-0a", "203.0.113.0/24")
    estate.route(PRIVATE_TABLE, NAT, "pl-0a")
    found = _broken("no_default_route", PRIVATE_TABLE, severity="info")
    return orders(estate, nat__no_internet_egress=found)


@case
def prefix_list_unread() -> Case:
    """Nobody knows whether this list is the default route."""
    estate = working()
    estate.drop_route(PRIVATE_TABLE)
    estate.route(PRIVATE_TABLE, NAT, "pl-0a")
    estate.deny("ec2:GetManagedPrefixListEntries")
    waiting = unknown("ec2:GetManagedPrefixListEntries", is_failed_read=True)
    return orders(estate, nat__no_internet_egress=waiting)


@case
def static_route_before_prefix_list() -> Case:
    """For equal prefixes a static route wins over a prefix list."""
    estate = working()
    estate.prefix_list("pl-0a", ANYWHERE)
    estate.route(PRIVATE_TABLE, "pcx-0a", "pl-0a")
    return orders(estate, nat__no_internet_egress=PASS)


@case
def prefix_list_before_propagated_route() -> Case:
    """And a prefix list over a propagated route."""
    estate = working()
    estate.drop_route(PRIVATE_TABLE)
    estate.prefix_list("pl-0a", ANYWHERE)
    estate.route(PRIVATE_TABLE, NAT, "pl-0a")
    estate.route(PRIVATE_TABLE, "vgw-0a", origin="EnableVgwRoutePropagation")
    return orders(estate, nat__no_internet_egress=PASS)


@case
def static_route_before_propagated() -> Case:
    """A propagated default route loses against the static one."""
    estate = working()
    estate.route(PRIVATE_TABLE, "vgw-0a", origin="EnableVgwRoutePropagation")
    return orders(estate, nat__no_internet_egress=PASS)


@case
def two_prefix_lists_disagree() -> Case:
    """AWS does not say which of two lists wins."""
    estate = working()
    estate.drop_route(PRIVATE_TABLE)
    estate.prefix_list("pl-0a", ANYWHERE)
    estate.prefix_list("pl-0b", ANYWHERE)
    estate.route(PRIVATE_TABLE, NAT, "pl-0a")
    estate.route(PRIVATE_TABLE, "pcx-0a", "pl-0b")
    return orders(estate, nat__no_internet_egress={"verdict": "unknown", "is_failed_read": False})


@case
def two_prefix_lists_agree() -> Case:
    """Two lists with one target leave no doubt."""
    estate = working()
    estate.drop_route(PRIVATE_TABLE)
    estate.prefix_list("pl-0a", ANYWHERE)
    estate.prefix_list("pl-0b", ANYWHERE)
    estate.route(PRIVATE_TABLE, NAT, "pl-0a")
    estate.route(PRIVATE_TABLE, NAT, "pl-0b")
    return orders(estate, nat__no_internet_egress=PASS)


@case
def peering() -> Case:
    """Peering is not transitive to the peer's NAT or internet gateway."""
    estate = working()
    estate.route(PRIVATE_TABLE, "pcx-0a")
    return orders(estate, nat__no_internet_egress=_broken("peering", "pcx-0a", severity="medium"))


@case
def transit_gateway() -> Case:
    """Central egress or on-premises: unknown, not a fault."""
    estate = working()
    estate.route(PRIVATE_TABLE, "tgw-0a")
    waiting = unknown("tgw-0a", is_failed_read=False)
    return orders(estate, nat__no_internet_egress=waiting, nat__mixed_egress=waiting, az__single_az=PASS)


@case
def transit_gateway_trusted() -> Case:
    """Central egress is common, and declared by configuration."""
    estate = working()
    estate.route(PRIVATE_TABLE, "tgw-0a")
    trusted = {"version": 1, "trusted_egress": [{"transit_gateway": "tgw-0a"}]}
    return orders(estate, trusted, nat__no_internet_egress=PASS, nat__mixed_egress=PASS)


@case
def transit_gateway_other_than_the_trusted() -> Case:
    """Trust is about one gateway."""
    estate = working()
    estate.route(PRIVATE_TABLE, "tgw-0b")
    trusted = {"version": 1, "trusted_egress": [{"transit_gateway": "tgw-0a"}]}
    return orders(estate, trusted, nat__no_internet_egress=unknown("tgw-0b", is_failed_read=False))


@case
def transit_gateway_black_hole() -> Case:
    """A route that AWS itself calls a black hole is broken, trusted or not."""
    estate = working()
    estate.route(PRIVATE_TABLE, "tgw-0a", state="blackhole")
    trusted = {"version": 1, "trusted_egress": [{"transit_gateway": "tgw-0a"}]}
    return orders(estate, trusted, nat__no_internet_egress=_broken("blackhole", PRIVATE_TABLE))


@case
def core_network() -> Case:
    """A Cloud WAN core network is as opaque as a transit gateway."""
    estate = working()
    arn = "arn:aws:networkmanager::111122223333:core-network/core-network-0a"
    estate.route(PRIVATE_TABLE, arn)
    return orders(estate, nat__no_internet_egress=unknown(arn, is_failed_read=False))


@case
def core_network_trusted() -> Case:
    """And trusted the same way."""
    estate = working()
    arn = "arn:aws:networkmanager::111122223333:core-network/core-network-0a"
    estate.route(PRIVATE_TABLE, arn)
    trusted = {"version": 1, "trusted_egress": [{"core_network": arn}]}
    return orders(estate, trusted, nat__no_internet_egress=PASS)


@case
def virtual_private_gateway() -> Case:
    """A VPN or Direct Connect may lead to the internet through a data centre."""
    estate = working()
    estate.drop_route(PRIVATE_TABLE)
    estate.route(PRIVATE_TABLE, "vgw-0a", origin="EnableVgwRoutePropagation")
    return orders(estate, nat__no_internet_egress=unknown("vgw-0a", is_failed_read=False))


@case
def virtual_private_gateway_trusted() -> Case:
    """Declared to work."""
    estate = working()
    estate.route(PRIVATE_TABLE, "vgw-0a")
    trusted = {"version": 1, "trusted_egress": [{"virtual_private_gateway": "vgw-0a"}]}
    return orders(estate, trusted, nat__no_internet_egress=PASS)


@case
def unit_trusted() -> Case:
    """Every opaque way out of a unit's accounts may be trusted at once."""
    estate = working()
    estate.about = {"name": "payments", "organization_unit": "root/prod/payments", "tags": {}}
    estate.route(PRIVATE_TABLE, "tgw-0a")
    trusted = {"version": 1, "trusted_egress": [{"organization_unit": "root/prod/*"}]}
    return orders(estate, trusted, nat__no_internet_egress=PASS)


@case
def unit_trusted_elsewhere() -> Case:
    """And not in other units."""
    estate = working()
    estate.about = {"name": "payments", "organization_unit": "root/dev/payments", "tags": {}}
    estate.route(PRIVATE_TABLE, "tgw-0a")
    trusted = {"version": 1, "trusted_egress": [{"organization_unit": "root/prod/*"}]}
    return orders(estate, trusted, nat__no_internet_egress=unknown("tgw-0a", is_failed_read=False))


@case
def local_gateway() -> Case:
    """Any other target is unknown."""
    estate = working()
    estate.route(PRIVATE_TABLE, "lgw-0a")
    return orders(estate, nat__no_internet_egress=unknown("lgw-0a", is_failed_read=False))


@case
def firewall_before_the_nat() -> Case:
    """A firewall endpoint is followed through the table of its own subnet."""
    estate = working()
    estate.subnet("subnet-fw", zone="euw1-az1", network="10.0.3.0/24")
    estate.table("rtb-fw", "subnet-fw")
    estate.route("rtb-fw", NAT)
    estate.firewall_endpoint("vpce-fw", "subnet-fw")
    estate.route(PRIVATE_TABLE, "vpce-fw")
    return orders(estate, nat__no_internet_egress=PASS)


@case
def firewall_behind_the_nat() -> Case:
    """AWS's other layout: the firewall stands between NAT and internet gateway."""
    estate = working()
    estate.subnet("subnet-fw", zone="euw1-az1", network="10.0.3.0/24")
    estate.table("rtb-fw", "subnet-fw")
    estate.route("rtb-fw", IGW)
    estate.firewall_endpoint("vpce-fw", "subnet-fw")
    estate.route(PUBLIC_TABLE, "vpce-fw")
    return orders(estate, nat__no_internet_egress=PASS)


@case
def firewall_in_front_of_nothing() -> Case:
    """Behind the firewall the NAT gateway is gone."""
    estate = working()
    estate.subnet("subnet-fw", zone="euw1-az1", network="10.0.3.0/24")
    estate.table("rtb-fw", "subnet-fw")
    estate.route("rtb-fw", NAT)
    estate.firewall_endpoint("vpce-fw", "subnet-fw")
    estate.route(PRIVATE_TABLE, "vpce-fw")
    estate.remove("DescribeNatGateways", NAT)
    return orders(estate, nat__no_internet_egress=_broken("nat_unavailable", NAT))


@case
def firewall_that_cannot_be_seen() -> Case:
    """An endpoint in no answer cannot be followed."""
    estate = working()
    estate.route(PRIVATE_TABLE, "vpce-fw")
    return orders(estate, nat__no_internet_egress={"verdict": "unknown"})


@case
def nat_instance() -> Case:
    """Running, no source check, and a way out of its own subnet: likely a path."""
    estate = working()
    estate.nat_instance()
    estate.route(PRIVATE_TABLE, "eni-nat", InstanceId="i-nat")
    return orders(estate, nat__no_internet_egress=PASS, nat__cross_az=PASS)


@case
def nat_instance_stopped() -> Case:
    """A stopped instance forwards nothing."""
    estate = working()
    _, instance = estate.nat_instance()
    instance["State"] = {"Name": "stopped"}
    estate.route(PRIVATE_TABLE, "eni-nat", InstanceId="i-nat")
    return orders(estate, nat__no_internet_egress=_broken("nat_instance_unusable"))


@case
def nat_instance_with_source_check() -> Case:
    """Nor does one that drops what is not addressed to it."""
    estate = working()
    interface, _ = estate.nat_instance()
    interface["SourceDestCheck"] = True
    estate.route(PRIVATE_TABLE, "eni-nat", InstanceId="i-nat")
    return orders(estate, nat__no_internet_egress=_broken("nat_instance_unusable"))


@case
def nat_instance_in_an_isolated_subnet() -> Case:
    """Nor one without a way out of its own."""
    estate = working()
    estate.nat_instance()
    estate.drop_route(PUBLIC_TABLE)
    estate.route(PRIVATE_TABLE, "eni-nat", InstanceId="i-nat")
    return orders(estate, nat__no_internet_egress=_broken("nat_instance_unusable"))


@case
def nat_instance_unread() -> Case:
    """A condition that nobody read leaves the path open."""
    estate = working()
    estate.nat_instance()
    estate.route(PRIVATE_TABLE, "eni-nat", InstanceId="i-nat")
    estate.deny("ec2:DescribeInstances")
    waiting = unknown("ec2:DescribeInstances", is_failed_read=True)
    return orders(estate, nat__no_internet_egress=waiting)


@case
def main_table_of_the_right_vpc() -> Case:
    """Subnets without an association follow the main table of their own VPC, never another's."""
    estate = working()
    estate.table(PRIVATE_TABLE)
    estate.route(MAIN_TABLE, NAT)
    estate.vpc("vpc-0b")
    estate.table("rtb-other", main=True, vpc="vpc-0b")
    estate.route("rtb-other", "igw-0b")
    return orders(estate, nat__no_internet_egress=PASS)


@case
def main_table_that_is_public() -> Case:
    """The main table decides where nothing else is associated."""
    estate = working()
    estate.table(PRIVATE_TABLE)
    estate.route(PRIVATE_TABLE, NAT)
    estate.route(MAIN_TABLE, IGW)
    return orders(estate, nat__no_internet_egress=_broken("public_subnet", MAIN_TABLE, severity="medium"))


@case
def association_that_failed() -> Case:
    """Only associations in state associated count."""
    estate = working()
    for association in estate.of("DescribeRouteTables", PRIVATE_TABLE)["Associations"]:
        association["AssociationState"] = {"State": "failed"}
    estate.route(MAIN_TABLE, IGW)
    return orders(estate, nat__no_internet_egress=_broken("public_subnet", MAIN_TABLE, severity="medium"))


@case
def block_public_access_of_the_subnet() -> Case:
    """The mode of the subnet whose table holds the internet gateway counts."""
    estate = working()
    estate.block_public_access("block-bidirectional")
    estate.of("DescribeSubnets", PUBLIC)["BlockPublicAccessStates"] = {
        "InternetGatewayBlockMode": "block-bidirectional"
    }
    return orders(estate, nat__no_internet_egress=_broken("block_public_access"))


@case
def block_public_access_ingress_only() -> Case:
    """Blocking what comes in leaves a NAT gateway's way out open."""
    estate = working()
    estate.block_public_access("block-ingress")
    estate.of("DescribeSubnets", PUBLIC)["BlockPublicAccessStates"] = {
        "InternetGatewayBlockMode": "block-ingress"
    }
    return orders(estate, nat__no_internet_egress=PASS)


@case
def block_public_access_of_the_private_subnet() -> Case:
    """The function's own subnet has no internet gateway: its mode says nothing."""
    estate = working()
    for subnet_id in (A, B, C):
        estate.of("DescribeSubnets", subnet_id)["BlockPublicAccessStates"] = {
            "InternetGatewayBlockMode": "block-bidirectional"
        }
    return orders(estate, nat__no_internet_egress=PASS)


@case
def block_public_access_with_an_exclusion() -> Case:
    """The subnet's own mode goes before the account's option: exclusions show there."""
    estate = working()
    estate.block_public_access("block-bidirectional")
    return orders(estate, nat__no_internet_egress=PASS)


@case
def block_public_access_of_the_account() -> Case:
    """The account's option counts where the subnet does not say."""
    estate = working()
    estate.block_public_access("block-bidirectional")
    del estate.of("DescribeSubnets", PUBLIC)["BlockPublicAccessStates"]
    return orders(estate, nat__no_internet_egress=_broken("block_public_access"))


@case
def block_public_access_unread() -> Case:
    """Neither the subnet nor the account says: a NAT gateway may be cut off."""
    estate = working()
    operation = "ec2:DescribeVpcBlockPublicAccessOptions"
    estate.deny(operation)
    del estate.of("DescribeSubnets", PUBLIC)["BlockPublicAccessStates"]
    return orders(estate, nat__no_internet_egress=unknown(operation, is_failed_read=True))


def _over_ipv6(*, is_allowed: bool = True) -> Estate:
    estate = working()
    estate.drop_route(PRIVATE_TABLE)
    estate.route(PRIVATE_TABLE, "eigw-0a", "::/0")
    estate.egress_only_gateway("eigw-0a")
    for number, subnet_id in enumerate((A, B, C)):
        estate.of("DescribeSubnets", subnet_id)["Ipv6CidrBlockAssociationSet"] = [
            {"Ipv6CidrBlock": f"2001:db8:0:{number}::/64", "Ipv6CidrBlockState": {"State": "associated"}}
        ]
    estate.functions["orders"]["VpcConfig"]["Ipv6AllowedForDualStack"] = is_allowed
    return estate


@case
def egress_only_gateway() -> Case:
    """A way out over IPv6 alone is a path, and the evidence says which."""
    return orders(_over_ipv6(), nat__no_internet_egress=PASS)


@case
def egress_only_gateway_not_allowed() -> Case:
    """The function has no IPv6 address unless it asks for one."""
    found = _broken("no_default_route", PRIVATE_TABLE, severity="info")
    return orders(_over_ipv6(is_allowed=False), nat__no_internet_egress=found)


@case
def egress_only_gateway_detached() -> Case:
    """A gateway that is attached to nothing carries nothing."""
    estate = _over_ipv6()
    estate.egress_only_gateway("eigw-0a", vpc=None)
    found = _broken("internet_gateway_detached", "eigw-0a")
    return orders(estate, nat__no_internet_egress=found)


@case
def egress_only_gateway_gone_beside_a_usable_endpoint() -> Case:
    """A way over IPv6 was built and is broken: that is no isolation by design."""
    estate = _over_ipv6()
    estate.remove("DescribeEgressOnlyInternetGateways", "eigw-0a")
    estate.route(PRIVATE_TABLE, "eigw-0a", "::/0", state="blackhole")
    estate.gateway_endpoint("vpce-s3", "s3", PRIVATE_TABLE, prefix_list="pl-s3")
    return orders(estate, nat__no_internet_egress=_broken("blackhole", PRIVATE_TABLE))


@case
def egress_only_gateway_with_one_subnet_of_ipv4() -> Case:
    """Every subnet must be dual-stack."""
    estate = _over_ipv6()
    estate.of("DescribeSubnets", B)["Ipv6CidrBlockAssociationSet"] = []
    found = _broken("no_default_route", PRIVATE_TABLE, severity="info")
    return orders(estate, nat__no_internet_egress=found)


@case
def outside_a_vpc() -> Case:
    """The three faces of an empty VpcConfig, and Managed Instances: not applicable."""
    estate = working()
    estate.function("absent")
    estate.function("empty", VpcConfig={"VpcId": "vpc-0a", "SubnetIds": [], "SecurityGroupIds": []})
    estate.function("blank", VpcConfig={"VpcId": "", "SubnetIds": [], "SecurityGroupIds": []})
    estate.function("managed", PUBLIC, CapacityProviderConfig={
        "LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": "arn:aws:lambda:x"}
    })  # fmt: skip
    outside = dict.fromkeys(("absent", "empty", "blank", "managed"), NOT_APPLICABLE)
    rules = ("nat.no_internet_egress", "nat.mixed_egress", "az.single_az", "config.missing_subnet")
    return Case(estate, {rule: {"orders": PASS, **outside} for rule in rules})


@case
def function_that_is_being_deleted() -> Case:
    """Nothing is left to repair."""
    estate = working()
    estate.function("orders", PUBLIC)
    estate.state("orders", State="Deleting")
    return orders(estate, nat__no_internet_egress=NOT_APPLICABLE, az__single_az=NOT_APPLICABLE)


@case
def function_that_is_pending() -> Case:
    """A function that AWS is still making is judged as it stands."""
    estate = working()
    estate.function("orders", PUBLIC)
    estate.state("orders", State="Pending", StateReasonCode="Creating")
    found = violation("medium", root_cause=PUBLIC_TABLE)
    return orders(estate, nat__no_internet_egress=found)


@case
def nat_gateways_denied() -> Case:
    """A refusal hides the NAT gateway; it does not hide a proven public subnet."""
    estate = working()
    estate.function("public", PUBLIC)
    estate.function("both", A, PUBLIC)
    estate.deny(NATS)
    waiting = unknown(NATS, is_failed_read=True)
    return Case(
        estate,
        {
            "nat.no_internet_egress": {
                "orders": waiting,
                "public": violation("medium", root_cause=PUBLIC_TABLE),
                "both": waiting,
            },
            "nat.mixed_egress": {"orders": waiting, "public": PASS, "both": waiting},
        },
    )


@case
def nat_gateways_unread() -> Case:
    """Never read is as unknown as refused."""
    estate = working()
    estate.leave_unread(NATS)
    return orders(estate, nat__no_internet_egress=unknown(NATS, is_failed_read=True))


@case
def nat_gateways_in_part() -> Case:
    """What a partial answer holds is known."""
    estate = working()
    estate.read_in_part(NATS)
    return orders(estate, nat__no_internet_egress=PASS)


@case
def nat_gateways_in_part_without_ours() -> Case:
    """What it lacks is unknown, never missing."""
    estate = working()
    estate.remove("DescribeNatGateways", NAT)
    estate.read_in_part(NATS)
    return orders(estate, nat__no_internet_egress=unknown(NATS, is_failed_read=True))


@case
def route_tables_denied() -> Case:
    """Without route tables nothing is known about the way."""
    estate = working()
    estate.deny("ec2:DescribeRouteTables")
    waiting = unknown("ec2:DescribeRouteTables", is_failed_read=True)
    return orders(estate, nat__no_internet_egress=waiting)


@case
def internet_gateways_denied() -> Case:
    """Whether the gateway behind the NAT is attached, nobody knows."""
    estate = working()
    estate.deny("ec2:DescribeInternetGateways")
    waiting = unknown("ec2:DescribeInternetGateways", is_failed_read=True)
    return orders(estate, nat__no_internet_egress=waiting)


@case
def mixed_egress() -> Case:
    """Lambda places executions in any subnet: sometimes it works, which is worse than never."""
    estate = working()
    estate.table(PRIVATE_TABLE, A, C)
    estate.route(PRIVATE_TABLE, NAT)
    estate.table("rtb-b", B)
    found = violation("high", subnets=subnets(a=None, b="no_default_route"))
    return orders(estate, nat__no_internet_egress=PASS, nat__mixed_egress=found)


@case
def mixed_egress_with_an_opaque_subnet() -> Case:
    """One subnet works, one is broken: what a third one does changes nothing."""
    estate = working()
    estate.function("orders", A, B, C)
    estate.table(PRIVATE_TABLE, A)
    estate.route(PRIVATE_TABLE, NAT)
    estate.table("rtb-b", B)
    estate.table("rtb-c", C)
    estate.route("rtb-c", "tgw-0a")
    return orders(estate, nat__no_internet_egress=PASS, nat__mixed_egress=violation("high"))


@case
def zonal_nat_across_zones() -> Case:
    """One zonal NAT gateway behind two zones is one point of failure."""
    return orders(working(), nat__cross_az=violation("medium", root_cause=NAT))


@case
def nat_in_each_zone() -> Case:
    """Each subnet leaves through its own zone."""
    estate = working()
    estate.subnet("subnet-pub2", zone="euw1-az2", network="10.0.254.0/24")
    estate.table(PUBLIC_TABLE, PUBLIC, "subnet-pub2")
    estate.route(PUBLIC_TABLE, IGW)
    estate.nat("nat-0b", "subnet-pub2")
    estate.table(PRIVATE_TABLE, A, C)
    estate.route(PRIVATE_TABLE, NAT)
    estate.table("rtb-b", B)
    estate.route("rtb-b", "nat-0b")
    return orders(estate, nat__cross_az=PASS, nat__no_internet_egress=PASS)
