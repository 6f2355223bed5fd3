# METADATA
# title: Ways
# description: |
#   The way from a subnet to the internet, IPv4 and IPv6 apart, computed once for each subnet in use and set of trusted
#   targets, as outcomes (lib.outcomes). lib.path says which of them count for a function.
#   https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html
package vpcguard.lib.ways

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.config
import data.vpcguard.lib.exits
import data.vpcguard.lib.facts
import data.vpcguard.lib.legs
import data.vpcguard.lib.nat
import data.vpcguard.lib.nat_instance
import data.vpcguard.lib.outcomes

# METADATA
# description: |
#   By key of config.trusts and subnet id, the outcome over IPv4, for every subnet that an attached function names
#   and that was seen.
ipv4 := {trust: object.union(_unjudged(ids - object.keys(outcomes_of)), outcomes_of) |
	ids := union({spread.subnets | some spread in cohorts.spreads})
	some trust, _ in config.trusts
	outcomes_of := {id: outcome |
		some id in ids
		ways := legs.of("ipv4", id, facts.subnets[id].vpc_id)
		firm := {_judged(trust, id, leg) | some leg in ways; leg.kind != "perhaps"}
		perhaps := {{"outcome": _judged(trust, id, leg), "waits": leg.waits} | some leg in ways; leg.kind == "perhaps"}
		outcome := _trusting(trust, outcomes.worst(firm, perhaps))
	}
}

# METADATA
# description: As ipv4, over IPv6, for the subnets of functions that may use it.
ipv6 := {trust: object.union(_unjudged(ids - object.keys(outcomes_of)), outcomes_of) |
	ids := union({spread.subnets | some spread in cohorts.spreads; spread.is_dual_stack_allowed})
	some trust, _ in config.trusts
	outcomes_of := {id: outcome |
		some id in ids
		ways := legs.of("ipv6", id, facts.subnets[id].vpc_id)
		firm := {_judged_ipv6(trust, leg) | some leg in ways; leg.kind != "perhaps"}
		perhaps := {{"outcome": _judged_ipv6(trust, leg), "waits": leg.waits} | some leg in ways; leg.kind == "perhaps"}
		outcome := _trusting(trust, outcomes.worst(firm, perhaps))
	}
}

# were a way ever left without an outcome, it would be in doubt and not pass
_unjudged(ids) := {id: outcomes.unknown({{"status": "undecidable", "name": id, "reason": "not judged"}}, []) |
	some id in ids
}

_judged(_, _, leg) := object.union(outcome, {"is_isolated": leg.hops == []}) if {
	leg.kind == "missing"
	outcome := outcomes.none("no_default_route", leg.table, legs.hops(leg))
}

_judged(_, _, leg) := outcomes.unknown(leg.waits, legs.hops(leg)) if leg.kind == "unknown"

_judged(trust, start, leg) := _onward(leg.state, route.target_kind, {"trust": trust, "start": start}, leg) if {
	leg.kind in {"route", "perhaps"}
	route := facts.route_tables[leg.table].routes[leg.index]
}

_onward("blackhole", kind, _, leg) := outcomes.none("blackhole", leg.table, hops) if {
	hops := array.concat(legs.hops(leg), [{"id": _target(leg), "kind": kind, "state": _state_of(kind, _target(leg))}])
}

_onward("active", "internet_gateway", _, leg) := outcomes.none("public_subnet", leg.table, hops) if {
	id := _target(leg)
	state := exits.attachment(id, leg.vpc_id)
	hops := array.concat(legs.hops(leg), [{"id": id, "kind": "internet_gateway", "state": state}])
}

_onward("active", "nat_gateway", at, leg) := outcomes.behind(legs.hops(leg), set(), outcome) if {
	outcome := nat.gateway(at.trust, _target(leg), leg.vpc_id, at.start)
}

_onward("active", "network_interface", at, leg) := outcomes.behind(legs.hops(leg), set(), outcome) if {
	outcome := nat_instance.of(at.trust, _target(leg), _instance_id(leg), leg.vpc_id)
}

_onward("active", "vpc_peering_connection", at, leg) := _over_peering(at.trust, leg)

_onward("active", kind, at, leg) := exits.opaque(at.trust, kind, _target(leg), leg) if not kind in _transparent

# peering carries no traffic on to the peer's gateways, unless people who know the peer say that it does
_over_peering(trust, leg) := outcome if {
	outcome := exits.opaque(trust, "vpc_peering_connection", _target(leg), leg)
	outcome.state == "works"
}

_over_peering(trust, leg) := outcomes.none("peering", id, hops) if {
	id := _target(leg)
	exits.opaque(trust, "vpc_peering_connection", id, leg).state != "works"
	hops := array.concat(legs.hops(leg), [{"id": id, "kind": "vpc_peering_connection", "state": "active"}])
}

_transparent := {"internet_gateway", "nat_gateway", "network_interface", "vpc_peering_connection"}

_judged_ipv6(_, leg) := outcomes.none("no_default_route", leg.table, legs.hops(leg)) if leg.kind == "missing"

_judged_ipv6(_, leg) := outcomes.unknown(leg.waits, legs.hops(leg)) if leg.kind == "unknown"

_judged_ipv6(trust, leg) := _onward_ipv6(leg.state, route.target_kind, trust, leg) if {
	leg.kind in {"route", "perhaps"}
	route := facts.route_tables[leg.table].routes[leg.index]
}

_onward_ipv6("blackhole", _, _, leg) := outcomes.none("blackhole", leg.table, legs.hops(leg))

_onward_ipv6("active", "internet_gateway", _, leg) := outcomes.none("public_subnet", leg.table, legs.hops(leg))

_onward_ipv6("active", "vpc_peering_connection", trust, leg) := _over_peering(trust, leg)

_onward_ipv6("active", "egress_only_internet_gateway", _, leg) := exits.by_egress_only_gateway(_target(leg), leg)

_onward_ipv6("active", kind, trust, leg) := exits.opaque(trust, kind, _target(leg), leg) if {
	not kind in {"internet_gateway", "vpc_peering_connection", "egress_only_internet_gateway"}
}

_target(leg) := facts.route_tables[leg.table].routes[leg.index].target_id

_instance_id(leg) := facts.route_tables[leg.table].routes[leg.index].instance_id

_instance_id(leg) := "" if not facts.route_tables[leg.table].routes[leg.index].instance_id

# a black-holed target is gone, unless it can be seen in another state
_state_of("nat_gateway", id) := facts.nat_gateways[id].state

_state_of("nat_gateway", id) := "blackhole" if not facts.nat_gateways[id]

_state_of(kind, _) := "blackhole" if kind != "nat_gateway"

_trusting(trust, outcome) := outcome if not _is_trusted(trust, outcome)

_trusting(trust, outcome) := outcomes.works(outcome.hops) if _is_trusted(trust, outcome)

# a trusted unit: every way that is opaque, and not one that we failed to read
_is_trusted(trust, outcome) if {
	outcome.state == "unknown"
	config.trusts[trust].everything
	every wait in outcome.waits { wait.status == "opaque" }
}
