# METADATA
# title: Subnet leaves through a NAT gateway in another Availability Zone
# description: |
#   If the zone of the NAT gateway fails, functions in the other zones lose the internet with it, and every gigabyte
#   across zones is charged twice. One gateway that carries all zones undoes what several zones were chosen for.
# related_resources:
#   - ref: https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html
#   - ref: https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateways-regional.html
# custom:
#   severity: medium
#   advice: Use a NAT gateway in each zone and route each subnet to that of its own zone, or use a regional NAT gateway.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left and whose intent is internet or undeclared
#   applies_if: [attached, subnets, intent]
#   passes: No subnet whose way out works goes through a NAT gateway that serves other zones only.
#   judged: >-
#     For each subnet whose way out works, the zone id of the subnet is compared with that of the zonal NAT gateway on
#     the way, or with the zones of a regional one that is managed by hand. A regional gateway that is automatic
#     serves every zone. The evidence says whether one gateway carries all zones. NAT instances are not judged, nor
#     what lies behind a transit gateway.
#   configuration: [intent, trusted_egress]
#   reads: []
package vpcguard.rules.nat.cross_az

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.facts
import data.vpcguard.lib.intent
import data.vpcguard.lib.nat
import data.vpcguard.lib.path
import data.vpcguard.lib.result
import data.vpcguard.lib.routes

applies := path.needed_by

deny contains result.violation(name, {"message": concat(" ", [name, finding.message]), "evidence": evidence}) if {
	some key, verdicts in _verdicts
	intent.is_violation(verdicts)
	cohort := cohorts.by_key[key]
	finding := _finding(path.place_of[key])
	evidence := object.union({"intent": intent.evidence(cohort.intent_key)}, finding.evidence)
	some name in cohort.functions
}

unknown contains result.unknown_with(name, waits, evidence) if {
	some key, verdicts in _verdicts
	waits := intent.doubts(cohorts.by_key[key].intent, verdicts)
	waits != set()
	evidence := {"subnets": path.evidence(path.place_of[key])}
	some name in cohorts.by_key[key].functions
}

# by cohort, where some traffic leaves its zone or may do so
_verdicts := {key: intent.by_value(cohorts.by_key[key].intent, verdict) |
	some place, by_subnet in path.by_place
	verdict := _verdict(_crossing(place), by_subnet)
	some key in path.cohorts_at[place]
}

_verdict(crossing, _) := {"answer": "violation", "waits": set()} if crossing != {}

_verdict({}, by_subnet) := {"answer": "unknown", "waits": waits} if {
	waits := union({_waits(id, outcome) | some id, outcome in by_subnet} | {_list_waits(id) |
		some id, outcome in by_subnet
		outcome.state != "none"
	})
	waits != set()
}

# what is said of every function there; the message lacks its name
_finding(place) := {
	"message": sprintf("leaves its zone on the way to the internet: %s. %s", [
		concat("; ", [text | some id, nat_ids in crossing; text := _text(id, nat_ids)]),
		"Use a NAT gateway in each zone, or a regional one.",
	]),
	"evidence": {
		"crossing": crossing,
		"one_nat_gateway_carries_all_zones": count(nat_gateways) == 1,
		"subnets": path.evidence(place),
	},
} if {
	crossing := _crossing(place)
	nat_gateways := union({path.by_place[place][id].nat_ids | some id in path.summary[place].works})
}

# by subnet whose way works, the NAT gateways that do not serve its zone
_crossing(place) := {id: nat_ids |
	some id in path.summary[place].works
	nat_ids := {nat_id |
		some nat_id in path.by_place[place][id].nat_ids
		_side(id, nat_id) == "other"
	}
	nat_ids != set()
}

# zones that cannot be compared, of a way that works
_waits(id, outcome) := {wait |
	some nat_id in outcome.nat_ids
	_side(id, nat_id) == "unknown"
	wait := {"status": "unknown", "name": "ec2:DescribeSubnets", "reason": $"zone of {nat_id}"}
} if {
	outcome.state == "works"
}

# a way that may work, over a gateway that may be in another zone
_waits(id, outcome) := outcome.waits if {
	outcome.state == "unknown"
	_may_cross(id, outcome)
}

_waits(id, outcome) := set() if {
	outcome.state == "unknown"
	not _may_cross(id, outcome)
}

_waits(_, outcome) := set() if outcome.state == "none"

# a prefix list that nobody read may send the traffic over a gateway in another zone
_list_waits(id) := {wait |
	table_id := routes.table(id, facts.subnets[id].vpc_id)
	some index in routes.carrying("ipv4", table_id).perhaps
	route := facts.route_tables[table_id].routes[index]
	route.target_kind == "nat_gateway"
	_side(id, route.target_id) != "same"
	some wait in facts.waits("prefix_list_entries", route.destination)
}

_may_cross(id, outcome) if {
	some nat_id in outcome.nat_ids
	_side(id, nat_id) != "same"
}

# nothing was seen of the way, not even that it is opaque
_may_cross(_, outcome) if {
	outcome.nat_ids == set()
	not _is_opaque(outcome)
}

# it leads to what nobody can look into, and waits for that alone: not for the owner of a shared VPC
_is_opaque(outcome) if {
	outcome.waits != set()
	targets := {hop.id | some hop in outcome.hops; hop.state == "opaque"}
	every wait in outcome.waits { wait.name in targets }
}

_side(_, nat_id) := "same" if nat.is_in_every_zone(nat_id)

_side(id, nat_id) := "same" if facts.subnets[id].zone_id in nat.zones(nat_id)

_side(id, nat_id) := "other" if {
	not nat.is_in_every_zone(nat_id)
	not facts.subnets[id].zone_id in nat.zones(nat_id)
	facts.subnets[id].zone_id
}

_side(id, nat_id) := "unknown" if {
	not nat.is_in_every_zone(nat_id)
	not _are_comparable(id, nat_id)
}

_are_comparable(id, nat_id) if {
	nat.zones(nat_id)
	facts.subnets[id].zone_id
}

_text(id, nat_ids) := sprintf("%s goes through %s", [result.subnet(id), result.list({text |
	some nat_id in nat_ids
	text := sprintf("%s in %s", [nat_id, concat(", ", nat.zones(nat_id))])
})])
