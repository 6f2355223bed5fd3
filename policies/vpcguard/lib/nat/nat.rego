# METADATA
# title: NAT
# description: |
#   The internet behind a NAT gateway or a NAT instance, as outcomes (lib.outcomes) with the hops from there on.
#   https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html
package vpcguard.lib.nat

import data.vpcguard.lib.exits
import data.vpcguard.lib.facts
import data.vpcguard.lib.legs
import data.vpcguard.lib.outcomes

# METADATA
# description: |
#   The outcome behind a NAT gateway that a route of this VPC names. subnet_id is where the traffic started; it
#   counts for a regional gateway, which has no subnet. trust is a key of config.trusts.
# scope: document
gateway(trust, id, vpc_id, subnet_id) := outcomes.behind([hop], {id}, outcome) if {
	facts.nat_gateways[id]
	hop := {"id": id, "kind": "nat_gateway", "state": facts.nat_gateways[id].state}
	outcome := _by_fault(_fault(id), trust, id, {"vpc_id": vpc_id, "subnet_id": subnet_id})
}

# a route to a gateway that a complete answer lacks leads nowhere
gateway(_, id, vpc_id, _) := outcomes.behind([hop], {id}, outcomes.none("nat_unavailable", id, [])) if {
	not facts.nat_gateways[id]
	facts.is_known("nat_gateways", vpc_id)
	hop := {"id": id, "kind": "nat_gateway", "state": "missing"}
}

gateway(_, id, vpc_id, _) := outcomes.behind([hop], {id}, outcomes.unknown(waits | _unseen(id, waits), [])) if {
	not facts.nat_gateways[id]
	waits := facts.waits("nat_gateways", vpc_id)
	waits != set()
	hop := {"id": id, "kind": "nat_gateway", "state": "unknown"}
}

# a participant of a shared VPC never sees the owner's gateway
_unseen(id, waits) := {target |
	some wait in waits
	wait.status == "opaque"
	target := {"status": "opaque", "name": id, "reason": "NAT gateway"}
}

# METADATA
# description: |
#   Zone ids that a NAT gateway serves from within: that of its subnet, or those of the addresses of a regional one.
#   Undefined where the zone of its subnet is not known.
# scope: document
zones(id) := {facts.subnets[facts.nat_gateways[id].subnet_id].zone_id} if {
	facts.nat_gateways[id].is_regional == false
}

zones(id) := {zone | some zone in facts.nat_gateways[id].zone_ids} if facts.nat_gateways[id].is_regional

# METADATA
# description: True for a regional gateway that AWS spreads over the zones by itself.
# scope: document
is_in_every_zone(id) if {
	facts.nat_gateways[id].is_regional
	facts.nat_gateways[id].is_automatic
}

_fault(id) := "nat_unavailable" if not lower(facts.nat_gateways[id].state) in {"available", "unknown"}

_fault(id) := "state_unknown" if lower(facts.nat_gateways[id].state) == "unknown"

_fault(id) := "nat_private" if {
	lower(facts.nat_gateways[id].state) == "available"
	lower(facts.nat_gateways[id].connectivity_type) == "private"
}

_fault(id) := "" if {
	lower(facts.nat_gateways[id].state) == "available"
	lower(facts.nat_gateways[id].connectivity_type) != "private"
}

_by_fault("", trust, id, at) := _behind(facts.nat_gateways[id].is_regional, trust, id, at)

_by_fault("state_unknown", _, id, _) := outcomes.unknown({wait}, []) if {
	wait := {"status": "undecidable", "name": id, "reason": "no state"}
}

_by_fault(fault, _, id, _) := outcomes.none(fault, id, []) if not fault in {"", "state_unknown"}

_behind(false, trust, id, at) := exits.of(trust, legs.of("ipv4", facts.nat_gateways[id].subnet_id, at.vpc_id))

_behind(false, _, id, _) := outcomes.unknown({wait}, []) if {
	not facts.nat_gateways[id].subnet_id
	wait := {"status": "undecidable", "name": id, "reason": "no subnet"}
}

_behind(true, trust, id, at) := exits.of(trust, legs.of_table(_own_table(id), at.subnet_id, at.vpc_id))

_behind(true, _, id, at) := outcomes.unknown(facts.waits("route_tables", at.vpc_id), []) if {
	not _own_table(id)
	facts.nat_gateways[id].route_table_id
	not facts.is_known("route_tables", at.vpc_id)
}

_behind(true, _, id, at) := exits.of_vpc(at.vpc_id, at.subnet_id, id) if {
	not _own_table(id)
	facts.is_known("route_tables", at.vpc_id)
}

_behind(true, _, id, at) := exits.of_vpc(at.vpc_id, at.subnet_id, id) if not facts.nat_gateways[id].route_table_id

_own_table(id) := facts.route_tables[facts.nat_gateways[id].route_table_id].id
