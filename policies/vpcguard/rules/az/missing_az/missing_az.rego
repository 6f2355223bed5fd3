# METADATA
# title: Function leaves out an Availability Zone that its network offers
# description: |
#   The VPC has a subnet of the same kind in a zone that the function does not use. With it the function would survive
#   one more failing zone, at no cost of its own.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
# custom:
#   doubt: Not known whether the function leaves out an Availability Zone that its network offers
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
#   statement: [zone_ids, candidate_subnet_ids, subnet_ids]
package vpcguard.rules.az.missing_az

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.egress
import data.vpcguard.lib.facts
import data.vpcguard.lib.result

applies := cohorts.functions_with_subnets

deny contains result.violation(name, {"message": $"{name} {found.fault}", "evidence": found.evidence}) if {
	some cohort in cohorts.with_subnets
	found := _found(cohort.subnets, cohort.vpc_id, object.keys(cohort.hidden_subnets))
	some name in cohort.functions
}

unknown contains result.unknown(name, waits) if {
	some cohort in cohorts.with_subnets
	not _found(cohort.subnets, cohort.vpc_id, object.keys(cohort.hidden_subnets))
	waits := cohort.hidden_subnet_waits | _waits(cohort.subnets, cohort.vpc_id)
	waits != set()
	some name in cohort.functions
}

# What is wrong with these subnets of a VPC. Functions of many cohorts use the same, and OPA judges those once. Subnets
# that are hidden or came without a zone may stand in one of the zones that seem to be left out.
_found(subnets, vpc_id, hidden) := {"fault": fault, "evidence": evidence} if {
	fitting := _fitting(subnets, vpc_id)
	zones := {facts.subnets[id].zone_id | some id in fitting}
	unplaced := hidden | {id | some id in subnets; not facts.subnets[id].zone_id}
	count(zones) > count(unplaced)
	evidence := {"zone_ids": zones, "candidate_subnet_ids": fitting, "subnet_ids": subnets}
	fault := sprintf("leaves out %s that its network offers: %s %s of the same kind as its subnets. %s", [
		result.word(zones, "a zone", "zones"),
		result.subnets(fitting),
		result.word(fitting, "is", "are"),
		result.word(fitting, _advice_for_one, _advice),
	])
}

_advice_for_one := "Add it to the function's VPC configuration, if it is meant for functions."

_advice := "Add one of each zone to the function's VPC configuration, if they are meant for functions."

_waits(subnets, vpc_id) := union({
	facts.waits("subnets", vpc_id),
	{wait | candidates != set(); some wait in facts.waits_for_zones(subnets)},
	{wait | some id in candidates; some wait in _kind_waits[id]},
	{wait | candidates != set(); some id in subnets; some wait in _kind_waits[id]},
}) if {
	candidates := _candidates(subnets, vpc_id)
}

# the subnets of the VPC in other zones
_candidates(subnets, vpc_id) := union({ids | some ids in object.remove(_offered[vpc_id], zones)}) if {
	zones := {facts.subnets[id].zone_id | some id in subnets}
}

_fitting(subnets, vpc_id) := {id | some id in _candidates(subnets, vpc_id); _kind[id] in own} if {
	own := {_kind[id] | some id in subnets}
}

# by VPC and zone, the available subnets
_offered := {vpc_id: by_zone |
	some vpc_id in {cohort.vpc_id | some cohort in cohorts.with_subnets}
	available := {one.id: one.zone_id |
		some one in input.subnets
		one.vpc_id == vpc_id
		lower(one.state) == "available"
	}
	by_zone := {zone: ids |
		some zone in {zone | some zone in available}
		ids := {id | some id, its in available; its == zone}
	}
}

# what must be alike where it is known: owner, IP stack, and where the default routes lead
_kind := {one.id: kind |
	some one in input.subnets
	every route in _default_routes[one.id] { route.waits == set() }
	kind := {
		"owner": {owner | owner := one.owner_id},
		"has_ipv6": {true | some _ in one.ipv6_cidrs},
		"is_ipv6_only": one.is_ipv6_only,
		"default": {_leading_to(route) | some route in _default_routes[one.id]},
	}
}

_default_routes := {one.id: egress.default_routes("ipv4", one.id, one.vpc_id) | some one in input.subnets}

# behind anything but these lies one particular thing
_leading_to(route) := route.kind if {
	route.kind != "route"
} else := "blackhole" if {
	route.state == "blackhole"
} else := object.get(_alike, route.target_kind, route.target_id)

_alike := {"nat_gateway": "nat", "network_interface": "nat", "internet_gateway": "internet_gateway"}

# what would settle the kind of a subnet: two ways over different endpoints that nobody saw may go on alike
_kind_waits := {id: waits |
	some id, routes in _default_routes
	waits := union({route.waits | some route in routes}) | {wait |
		some route in routes
		[route.kind, route.state, route.target_kind] == ["route", "active", "vpc_endpoint"]
		not facts.vpc_endpoints[route.target_id]
		some wait in facts.waits("vpc_endpoints", route.vpc_id)
	}
}
