# METADATA
# title: Way out of the function leads around inspection
# description: |
#   Traffic to the internet was meant to be inspected by a firewall or in a central network, and from this subnet it
#   leaves past all of these, unseen and unfiltered.
# related_resources:
#   - ref: https://docs.aws.amazon.com/network-firewall/latest/developerguide/architectures.html
#   - ref: https://docs.aws.amazon.com/network-firewall/latest/developerguide/nfw-proxy.html
# custom:
#   doubt: Not known whether a way out leads around the inspection that the configuration names
#   severity: high
#   advice: Route the default traffic of its subnets through one of the configuration's inspection points.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left and for which the configuration names inspection points
#   applies_if: [attached, subnets, inspection]
#   passes: No subnet of it leads to the internet but through one of the inspection points.
#   judged: >-
#     The way out of each subnet is followed as in nat.no_internet_egress, over IPv4 and, for functions that may use it,
#     over IPv6. It fires where a way that works has none of the firewall endpoints and transit gateways on it that the
#     configuration names as inspection points. A way that does not work leads around nothing; one that nobody can
#     follow to its end is in doubt, unless it has a point on it already. Off unless the configuration turns it on.
#   configuration: [inspection, trusted_egress]
#   reads: []
#   statement: [around]
package vpcguard.rules.nat.around_inspection

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.config
import data.vpcguard.lib.egress
import data.vpcguard.lib.facts
import data.vpcguard.lib.result

applies := cohorts.functions(object.keys(_points))

deny contains result.violation(name, details) if {
	some key, points in _points
	around := {id | some [id, path, "none"] in _ways[key]; path.state == "works"}
	around != set()
	message := sprintf("leaves the VPC from %s past %s of the configuration (%s).", [
		result.subnets(around),
		result.word(points, "the inspection point", "every inspection point"),
		result.list(points),
	])
	finding := {
		"advice": sprintf("Route the default traffic of %s through %s.", [
			result.word(around, "this subnet", "these subnets"),
			result.word(points, "the inspection point", "one of the inspection points"),
		]),
		"evidence": {"inspection": points, "around": around, "subnets": egress.evidence(key)},
		"root_causes": {path.hops[0].id | some [id, path, "none"] in _ways[key]; id in around},
	}
	some name in cohorts.by_key[key].functions
	details := object.union(finding, {"message": $"{name} {message}"})
}

unknown contains result.unknown_with(name, waits, {"subnets": egress.evidence(key)}) if {
	some key, _ in _points
	waits := cohorts.by_key[key].hidden_subnet_waits | {wait |
		some [_, path, passed] in _ways[key]
		some wait in _waits(path, passed)
	}
	waits != set()
	some name in cohorts.by_key[key].functions
}

# by cohort for which the configuration names any, the points of inspection
_points := {key: points |
	some key, cohort in cohorts.with_subnets
	points := {id | some one in config.settings[cohort.signature].inspection; some id in one}
	points != set()
}

# by cohort, [subnet, family, the way of its traffic, how much of it has an inspection point on it]
_ways := {key: judged |
	some key, points in _points
	cohort := cohorts.by_key[key]
	over_ipv4 := {[id, "ipv4", path] | some id, path in egress.over_ipv4[key]}
	over_ipv6 := {[id, "ipv6", path] |
		cohort.is_dual_stack_allowed
		some id in cohort.subnets
		facts.subnets[id].ipv6_cidrs != []
		path := egress.ipv6[config.trust_of[cohort.signature]][id]
	}
	judged := {[id, path, passed] |
		some [id, family, path] in (over_ipv4 | over_ipv6)
		passed := _passed(id, family, {hop.id | some hop in path.hops} & points)
	}
}

# "some": parts of the traffic go apart, and nobody can tell which of them pass
_passed(_, _, set()) := "none"

_passed(id, family, passed) := word if {
	passed != set()
	ways := count(egress.default_routes(family, id, facts.subnets[id].vpc_id))
	word := [one | some [most, one] in [[1, "all"], [ways, "some"]]; ways <= most][0]
}

_waits(path, passed) := path.waits if {
	path.state == "unknown"
	passed != "all"
}

_waits(path, "some") := {{"status": "undecidable", "name": path.hops[0].id, "reason": "which parts are inspected"}} if {
	path.state == "works"
}
