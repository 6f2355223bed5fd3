# METADATA
# title: Subnet leaves through a NAT gateway in another Availability Zone
# description: |
#   If the zone of the NAT gateway fails, functions in the other zones lose the internet with it, and every gigabyte
#   across zones is charged twice. One gateway that carries all zones undoes what several zones were chosen for.
# related_resources:
#   - ref: https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html
#   - ref: https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateways-regional.html
# custom:
#   doubt: Not known whether a subnet leaves through a NAT gateway in another Availability Zone
#   severity: medium
#   advice: Use a NAT gateway in each zone and route each subnet to that of its own zone, or use a regional NAT gateway.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left and whose intent is internet or undeclared
#   applies_if: [attached, subnets, intent]
#   passes: No subnet whose way out works goes through a NAT gateway that serves other zones only.
#   judged: >-
#     For each subnet whose way out works, the zone id of the subnet is compared with that of the zonal NAT gateway on
#     the way, or with the zones of a regional one that is managed by hand. A regional gateway that is automatic
#     serves every zone. The evidence says whether one gateway carries all zones. A subnet whose default route leads to
#     anything but a NAT gateway is outside of this, known or not: a NAT instance, whatever stands behind it, a transit
#     gateway. A way over IPv6 meets no NAT gateway and changes nothing.
#   configuration: [intent, trusted_egress]
#   reads: []
#   statement: [crossing]
package vpcguard.rules.nat.cross_az

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.egress
import data.vpcguard.lib.facts
import data.vpcguard.lib.intent
import data.vpcguard.lib.result

applies := cohorts.functions_needing_internet

deny contains result.violation(name, details) if {
	some key, verdicts in _verdicts
	intent.is_violation(verdicts)
	cohort := cohorts.by_key[key]
	nat_gateways := union({_nat_ids(id, path) | some id, path in _paths[key]; path.state == "works"})
	message := sprintf("leaves its zone on the way to the internet: %s.", [
		concat("; ", {_text(ids, nat_ids) |
			some nat_ids, ids in facts.grouped([[nat_ids, id] | some id, nat_ids in _crossing[key]])
		}),
	])
	left := {facts.subnets[id].zone_id | some id, _ in _crossing[key]}
	advice := _advice(left, _usable_in(left, cohort.vpc_id))
	evidence := {
		"intent": intent.evidence(cohort.intent_key),
		"crossing": _crossing[key],
		"one_nat_gateway_carries_all_zones": count(nat_gateways) == 1,
		"subnets": egress.evidence(key),
	}
	finding := {"advice": advice, "evidence": evidence, "root_causes": union({ids | some ids in _crossing[key]})}
	some name in cohort.functions
	details := object.union(finding, {"message": $"{name} {message}"})
}

unknown contains result.unknown_with(name, waits, {"subnets": subnets}) if {
	some key, verdicts in _verdicts
	waits := intent.doubts(cohorts.by_key[key].intent, verdicts)
	waits != set()
	subnets := egress.evidence(key)
	some name in cohorts.by_key[key].functions
}

# subnets that leave through the same gateways are told together
_text(ids, nat_ids) := sprintf("%s %s through %s", [
	result.subnets(ids),
	result.word(ids, "goes", "go"),
	result.list({$"{result.named(id)} in {result.zones(_zones(id))}" | some id in nat_ids}),
])

# subnets of several zones may share a route table, which can lead to one gateway only
_advice(left, usable) := sprintf("%s, and give the subnets of each zone a route table that leads to its own; or %s.", [
	_gateways(left - union({_zones(id) | some id in usable}), usable),
	"use one regional NAT gateway",
])

_gateways(lacking, set()) := $"Make {result.word(lacking, "a NAT gateway", "NAT gateways")} in {result.zones(lacking)}"

_gateways(lacking, usable) := concat("", [
	sprintf("Use %s", [result.list({$"{result.named(id)} in {result.zones(_zones(id))}" | some id in usable})]),
	concat("", [$", make {result.word(lacking, "a NAT gateway", "NAT gateways")} in {result.zones(lacking)}" |
		lacking != set()
	]),
]) if {
	usable != set()
}

# NAT gateways that are there in these zones
_usable_in(zone_ids, vpc_id) := {one.id |
	some one in facts.nat_gateways
	one.vpc_id == vpc_id
	one.state == "available"
	one.connectivity_type == "public"
	not one.is_regional
	_zones(one.id) & zone_ids != set()
}

# by cohort, where some traffic leaves its zone or may do so
_verdicts := {key: intent.by_value(cohorts.by_key[key].intent, verdict) |
	some key, _ in egress.of
	verdict := _verdict(key)
}

_verdict(key) := {"answer": "violation", "waits": set()} if {
	_crossing[key] != {}
} else := {"answer": "unknown", "waits": waits} if {
	waits := union({_waits(id, path) | some id, path in _paths[key]})
	waits != set()
}

# By cohort and subnet, where traffic over IPv4 goes: IPv6 meets no NAT gateway, and takes nothing away from one
_paths := {key: object.union(egress.of[key], over_ipv4) | some key, over_ipv4 in egress.over_ipv4}

# what the default route leads to, perhaps by firewalls; what stands behind an instance is the instance's
_nat_ids(id, path) := {nat_id |
	some nat_id in path.nat_ids
	targets := {nat_id} | {one.endpoint_id | some one in facts.nat_gateways[nat_id].appliances}
	some route in egress.default_routes("ipv4", id, facts.subnets[id].vpc_id)
	route.target_id in targets
}

# by cohort and subnet whose path works, the NAT gateways that do not serve its zone
_crossing := {key: crossing |
	some key, paths in _paths
	crossing := {id: nat_ids |
		some id, path in paths
		path.state == "works"
		nat_ids := {nat_id | some nat_id in _nat_ids(id, path); _side(id, nat_id) == "other"}
		nat_ids != set()
	}
}

# zones that cannot be compared, of a path that works
_waits(id, path) := unknown_zones | _list_waits(id) if {
	path.state == "works"
	unknown_zones := {wait |
		some nat_id in _nat_ids(id, path)
		_side(id, nat_id) == "unknown"
		wait := {"status": "opaque", "name": "ec2:DescribeSubnets", "reason": $"no zone of {nat_id}"}
	}
} else := path.waits | _list_waits(id) if {
	# a path that may work, over a gateway that may be in another zone
	path.state == "unknown"
	_may_cross(id, path)
} else := _list_waits(id) if {
	path.state == "unknown"
} else := set()

# a prefix list that nobody read may send the traffic over a gateway in another zone
_list_waits(id) := {wait |
	some route in egress.default_routes("ipv4", id, facts.subnets[id].vpc_id)
	[route.kind, route.target_kind, count(route.hops)] == ["perhaps", "nat_gateway", 1]
	_side(id, route.target_id) != "same"
	some wait in route.waits
}

_may_cross(id, path) if {
	some nat_id in _nat_ids(id, path)
	_side(id, nat_id) != "same"
}

# nobody saw where the default route leads: no subnet, no table, or a firewall that may lead to a NAT gateway
_may_cross(_, path) if path.hops == []

_may_cross(id, path) if {
	some route in egress.default_routes("ipv4", id, facts.subnets[id].vpc_id)
	_is_unseen(route, path.hops)
}

_is_unseen(route, _) if route.kind == "unknown"

_is_unseen(route, hops) if {"id": route.target_id, "kind": "vpc_endpoint", "state": "unknown"} in hops

# whether a NAT gateway serves the zone of a subnet; one that AWS spreads over the zones by itself serves all
_side(id, nat_id) := "same" if {
	facts.nat_gateways[nat_id].is_regional
	facts.nat_gateways[nat_id].is_automatic
} else := "same" if {
	facts.subnets[id].zone_id in _zones(nat_id)
} else := "other" if {
	facts.subnets[id].zone_id
	_zones(nat_id)
} else := "unknown"

# that of its subnet, or those of the addresses of a regional one; undefined where it is not known
_zones(id) := {zone | some zone in facts.nat_gateways[id].zone_ids} if {
	facts.nat_gateways[id].is_regional
} else := {facts.subnets[facts.nat_gateways[id].subnet_id].zone_id}
