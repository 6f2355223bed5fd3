# METADATA
# title: Exits
# description: |
#   The way out of a subnet that holds a NAT gateway or a NAT instance: an internet gateway attached to its VPC,
#   firewalls in between allowed. https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html
package vpcguard.lib.exits

import data.vpcguard.lib.blocks
import data.vpcguard.lib.config
import data.vpcguard.lib.facts
import data.vpcguard.lib.legs
import data.vpcguard.lib.outcomes

# METADATA
# description: The outcome (lib.outcomes) of these legs (lib.legs) for a NAT. trust is a key of config.trusts.
# scope: document
of(trust, ways) := outcomes.worst(firm, perhaps) if {
	firm := {_judged(trust, leg) | some leg in ways; leg.kind != "perhaps"}
	perhaps := {{"outcome": _judged(trust, leg), "waits": leg.waits} | some leg in ways; leg.kind == "perhaps"}
}

# METADATA
# description: |
#   The outcome of leaving a VPC by whichever internet gateway is attached to it. subnet_id is the subnet whose Block
#   Public Access counts, root the gateway that would leave by it.
# scope: document
of_vpc(vpc_id, subnet_id, _) := unless_blocked(subnet_id, vpc_id, [hop]) if {
	id := min({id | some id, vpc_ids in _attached_to; vpc_id in vpc_ids})
	hop := {"id": id, "kind": "internet_gateway", "state": "attached"}
}

of_vpc(vpc_id, subnet_id, _) := _by_unread_gateway(subnet_id, vpc_id, []) if {
	not _has_internet_gateway(vpc_id)
	not facts.is_known("internet_gateways", vpc_id)
}

of_vpc(vpc_id, _, root) := outcomes.none("nat_without_internet_gateway", root, []) if {
	not _has_internet_gateway(vpc_id)
	facts.is_known("internet_gateways", vpc_id)
}

# METADATA
# description: Whether an internet gateway is attached to a VPC, as one of attached, detached, unknown.
# scope: document
attachment(id, vpc_id) := "attached" if vpc_id in _attached_to[id]

attachment(id, vpc_id) := "detached" if {
	facts.internet_gateways[id]
	not vpc_id in _attached_to[id]
}

attachment(id, vpc_id) := "detached" if {
	not facts.internet_gateways[id]
	facts.is_known("internet_gateways", vpc_id)
}

attachment(id, vpc_id) := "unknown" if {
	not facts.internet_gateways[id]
	not facts.is_known("internet_gateways", vpc_id)
}

# METADATA
# description: |
#   The outcome of a leg whose target (kind as in routes) nobody can look into: works if the configuration trusts it.
# scope: document
opaque(trust, kind, id, leg) := outcomes.works(hops) if {
	_is_trusted(trust, kind, id)
	hops := array.concat(legs.hops(leg), [{"id": id, "kind": kind, "state": "trusted"}])
}

opaque(trust, kind, id, leg) := outcomes.unknown(_opaque_waits(kind, id, leg.vpc_id), hops) if {
	not _is_trusted(trust, kind, id)
	state := _opaque_states[_unread_endpoint(kind, id, leg.vpc_id) == set()]
	hops := array.concat(legs.hops(leg), [{"id": id, "kind": kind, "state": state}])
}

_opaque_states := {true: "opaque", false: "unknown"}

_is_trusted(trust, kind, id) if id in config.trusts[trust][kind]

# an endpoint that nobody could read may be a firewall that can be followed
_opaque_waits(kind, id, vpc_id) := waits if {
	waits := _unread_endpoint(kind, id, vpc_id)
	waits != set()
}

_opaque_waits(kind, id, vpc_id) := {{"status": "opaque", "name": id, "reason": replace(kind, "_", " ")}} if {
	_unread_endpoint(kind, id, vpc_id) == set()
}

_unread_endpoint(kind, id, vpc_id) := {wait |
	kind == "vpc_endpoint"
	not facts.vpc_endpoints[id]
	some wait in facts.waits("vpc_endpoints", vpc_id)
}

_judged(_, leg) := outcomes.none("nat_without_internet_gateway", leg.table, legs.hops(leg)) if leg.kind == "missing"

_judged(_, leg) := outcomes.unknown(leg.waits, legs.hops(leg)) if leg.kind == "unknown"

_judged(trust, leg) := _onward(route.target_kind, trust, leg, route.target_id) if {
	leg.kind in {"route", "perhaps"}
	route := facts.route_tables[leg.table].routes[leg.index]
}

_onward("internet_gateway", _, leg, id) := _by_gateway(attachment(id, leg.vpc_id), leg.state, leg, id)

_onward(kind, _, leg, _) := outcomes.none("nat_without_internet_gateway", leg.table, legs.hops(leg)) if {
	kind != "internet_gateway"
	leg.state == "blackhole"
}

_onward(kind, trust, leg, id) := opaque(trust, kind, id, leg) if {
	kind != "internet_gateway"
	leg.state == "active"
}

_by_gateway("attached", "active", leg, id) := unless_blocked(leg.subnet_id, leg.vpc_id, hops) if {
	hops := array.concat(legs.hops(leg), [_gateway(id, "attached")])
}

_by_gateway("attached", "blackhole", leg, id) := outcomes.none("nat_without_internet_gateway", leg.table, hops) if {
	hops := array.concat(legs.hops(leg), [_gateway(id, "attached")])
}

_by_gateway("detached", _, leg, id) := outcomes.none("internet_gateway_detached", id, hops) if {
	hops := array.concat(legs.hops(leg), [_gateway(id, "detached")])
}

# AWS shows a route to a gateway that is no longer attached as a black hole
_by_gateway("unknown", "blackhole", leg, id) := outcomes.none("internet_gateway_detached", id, hops) if {
	hops := array.concat(legs.hops(leg), [_gateway(id, "unknown")])
}

_by_gateway("unknown", "active", leg, id) := _by_unread_gateway(leg.subnet_id, leg.vpc_id, hops) if {
	hops := array.concat(legs.hops(leg), [_gateway(id, "unknown")])
}

# attached or not, nothing passes a block
_by_unread_gateway(subnet_id, vpc_id, hops) := unless_blocked(subnet_id, vpc_id, hops) if {
	blocks.of(subnet_id, vpc_id).answer == "blocked"
}

_by_unread_gateway(subnet_id, vpc_id, hops) := outcomes.unknown(waits, hops) if {
	blocks.of(subnet_id, vpc_id).answer != "blocked"
	waits := facts.waits("internet_gateways", vpc_id)
}

# METADATA
# description: The outcome of an active IPv6 leg to an egress-only internet gateway.
# scope: document
by_egress_only_gateway(id, leg) := unless_blocked(leg.subnet_id, leg.vpc_id, _hops(leg, id, "attached")) if {
	leg.vpc_id in _egress_only_attached_to[id]
}

by_egress_only_gateway(id, leg) := outcomes.none("internet_gateway_detached", id, _hops(leg, id, "detached")) if {
	not leg.vpc_id in object.get(_egress_only_attached_to, id, set())
	_is_settled(id, leg.vpc_id)
}

by_egress_only_gateway(id, leg) := unless_blocked(leg.subnet_id, leg.vpc_id, _hops(leg, id, "unknown")) if {
	not facts.egress_only_internet_gateways[id]
	not facts.is_known("egress_only_internet_gateways", leg.vpc_id)
	blocks.of(leg.subnet_id, leg.vpc_id).answer == "blocked"
}

by_egress_only_gateway(id, leg) := outcomes.unknown(waits, _hops(leg, id, "unknown")) if {
	not facts.egress_only_internet_gateways[id]
	waits := facts.waits("egress_only_internet_gateways", leg.vpc_id)
	waits != set()
	blocks.of(leg.subnet_id, leg.vpc_id).answer != "blocked"
}

_is_settled(id, _) if facts.egress_only_internet_gateways[id]

_is_settled(_, vpc_id) if facts.is_known("egress_only_internet_gateways", vpc_id)

_hops(leg, id, state) := array.concat(
	legs.hops(leg),
	[{"id": id, "kind": "egress_only_internet_gateway", "state": state}],
)

_egress_only_attached_to := {one.id: vpc_ids |
	some one in input.egress_only_internet_gateways
	vpc_ids := {attached.vpc_id |
		some attached in one.attachments
		lower(attached.state) in {"available", "attached"}
	}
}

# METADATA
# description: |
#   The outcome of these hops, which end at a gateway in the route table of a subnet whose Block Public Access counts.
# scope: document
unless_blocked(subnet_id, vpc_id, hops) := _by_block(block.answer, block.waits, subnet_id, hops) if {
	block := blocks.of(subnet_id, vpc_id)
}

_by_block("open", _, _, hops) := outcomes.works(hops)

_by_block("blocked", _, subnet_id, hops) := outcomes.none("block_public_access", subnet_id, extended) if {
	extended := array.concat(hops, [{"id": subnet_id, "kind": "block_public_access", "state": "blocked"}])
}

_by_block("unknown", waits, subnet_id, hops) := outcomes.unknown(waits, extended) if {
	extended := array.concat(hops, [{"id": subnet_id, "kind": "block_public_access", "state": "unknown"}])
}

_gateway(id, state) := {"id": id, "kind": "internet_gateway", "state": state}

_attached_to := {one.id: vpc_ids |
	some one in input.internet_gateways
	vpc_ids := {attached.vpc_id |
		some attached in one.attachments
		lower(attached.state) in {"available", "attached"}
	}
}

_has_internet_gateway(vpc_id) if {
	some vpc_ids in _attached_to
	vpc_id in vpc_ids
}
