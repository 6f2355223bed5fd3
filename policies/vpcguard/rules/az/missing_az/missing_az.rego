# METADATA
# title: Function leaves out an Availability Zone that its network offers
# description: |
#   The VPC has a subnet of the same kind in a zone that the function does not use. With it the function would survive
#   one more failing zone, at no cost of its own.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
# custom:
#   severity: info
#   advice: Add the subnet to the function's VPC configuration, if it is meant for functions.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left
#   applies_if: [attached, subnets]
#   passes: No available subnet of the same kind lies in a zone of the VPC that the function does not use.
#   judged: >-
#     Candidates are available subnets of the function's VPC in zones it does not use, with the same owner, the same
#     IP stack and the same kind of default target (NAT, internet gateway, none, or the same opaque target) as one of
#     its own. Zones are compared by id, since their names differ between accounts. What a subnet is meant for, and
#     how many addresses it has left, is not looked at.
#   configuration: []
#   reads: []
package vpcguard.rules.az.missing_az

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.facts
import data.vpcguard.lib.legs
import data.vpcguard.lib.result

applies := cohorts.functions_with_subnets

deny contains result.violation(name, details) if {
	some key, zones in _unused
	spread := cohorts.spreads[key]

	# each hidden subnet may stand in one of these zones
	count(zones) > count(spread.hidden_subnets) + count(_zoneless(spread))
	fitting := {id | some id in _fitting[key]}
	evidence := {"zone_ids": zones, "candidate_subnet_ids": fitting, "subnet_ids": spread.subnets}
	fault := sprintf("leaves out %s that its network offers: %s %s of the same kind as its subnets. %s", [
		result.word(zones, "a zone", "zones"),
		result.subnets(fitting),
		result.word(fitting, "is", "are"),
		result.word(fitting, _advice_for_one, _advice),
	])
	some name in spread.functions
	details := {"message": concat(" ", [name, fault]), "evidence": evidence}
}

unknown contains result.unknown(name, waits) if {
	some key, zones in _unused
	spread := cohorts.spreads[key]
	count(zones) <= count(spread.hidden_subnets) + count(_zoneless(spread))
	waits := union({
		spread.hidden_subnet_waits,
		facts.waits_for_zones(spread.subnets),
		_doubts(spread, _candidates[key]),
	})
	waits != set()
	some name in spread.functions
}

# its subnets that may stand anywhere
_zoneless(spread) := {id | some id in spread.subnets; not facts.subnets[id].zone_id}

_advice_for_one := "Add it to the function's VPC configuration, if it is meant for functions."

_advice := "Add one of each zone to the function's VPC configuration, if they are meant for functions."

# by spread, zones with a subnet that fits
_unused := {key: {facts.subnets[id].zone_id | some id in fitting} | some key, fitting in _fitting}

_fitting := {key: fitting |
	some key, candidates in _candidates
	own := {_kind[id] | some id in cohorts.spreads[key].subnets}
	fitting := {id | some id in candidates; _kind[id] in own}
}

# what would settle whether a subnet fits: its table, that of the function's own, and the list of subnets itself
_doubts(spread, candidates) := union({
	{wait | some id in candidates; some wait in (_class_waits[id] | _endpoint_waits[id])},
	{wait | candidates != set(); some id in spread.subnets; some wait in (_class_waits[id] | _endpoint_waits[id])},
	facts.waits("subnets", spread.vpc_id),
	facts.waits_for_zones(spread.subnets),
})

# by spread, the subnets of its VPC in other zones
_candidates := {key: candidates |
	some key in cohorts.spreads_with_subnets
	spread := cohorts.spreads[key]
	own := union({_in_zone[facts.subnets[id].zone_id] | some id in spread.subnets})
	candidates := object.get(_in_vpc, spread.vpc_id, set()) - own
}

_in_vpc := {vpc_id: ids |
	some vpc_id in {one.vpc_id | some one in _available}
	ids := {one.id | some one in _available; one.vpc_id == vpc_id}
}

_in_zone := {zone_id: ids |
	some zone_id in {one.zone_id | some one in input.subnets}
	ids := {one.id | some one in input.subnets; one.zone_id == zone_id}
}

_available := [one | some one in input.subnets; one.zone_id; lower(one.state) == "available"]

# what must be alike where it is known: owner, IP stack, and where the default route leads
_kind := {one.id: kind |
	some one in input.subnets
	_class_waits[one.id] == set()
	kind := {
		"owner": {owner | owner := one.owner_id},
		"has_ipv6": {true | some _ in one.ipv6_cidrs},
		"is_ipv6_only": one.is_ipv6_only,
		"default": {_class(leg) | some leg in _legs[one.id]},
	}
}

_class_waits := {id: union({leg.waits | some leg in ways}) | some id, ways in _legs}

_legs := {one.id: legs.of("ipv4", one.id, one.vpc_id) | some one in input.subnets}

# two ways over different endpoints that nobody saw may go on alike; over the same one they do
_endpoint_waits := {id: waits |
	some id, ways in _legs
	waits := {wait |
		some leg in ways
		leg.kind == "route"
		leg.state == "active"
		route := facts.route_tables[leg.table].routes[leg.index]
		route.target_kind == "vpc_endpoint"
		not facts.vpc_endpoints[route.target_id]
		some wait in facts.waits("vpc_endpoints", leg.vpc_id)
	}
}

_class(leg) := leg.kind if leg.kind != "route"

_class(leg) := "blackhole" if {
	leg.kind == "route"
	leg.state == "blackhole"
}

# behind anything else lies one particular thing
_class(leg) := object.get(_alike, route.target_kind, route.target_id) if {
	leg.kind == "route"
	leg.state == "active"
	route := facts.route_tables[leg.table].routes[leg.index]
}

_alike := {"nat_gateway": "nat", "network_interface": "nat", "internet_gateway": "internet_gateway"}
