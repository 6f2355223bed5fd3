# METADATA
# title: Function has several Availability Zones, but only one is usable
# description: |
#   The subnets look spread over zones, but in all zones but one they lack free addresses or the way out, so that the
#   failure of that one zone stops the function all the same.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/security-resilience.html
# custom:
#   severity: high
#   advice: Free addresses in the subnets of a second zone and give them the same way out, or choose others there.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left
#   applies_if: [attached, subnets]
#   passes: >-
#     Two or more of its zones are usable; or it has one zone alone, or none that is usable, which other rules report.
#   judged: >-
#     A subnet is usable if it has a free address, or already Lambda's interface for the function's security groups,
#     and the way out that counts. With intent internet that is one that works; undeclared, one that works if any
#     subnet has one; with aws or none every subnet will do. It fires where exactly one of several zones has a usable
#     subnet. Endpoints, security groups and network ACLs are judged by other rules and do not make a subnet unusable
#     here.
#   configuration: [intent, trusted_egress]
#   reads: []
package vpcguard.rules.az.single_usable_az

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.facts
import data.vpcguard.lib.intent
import data.vpcguard.lib.lambda_interfaces
import data.vpcguard.lib.path
import data.vpcguard.lib.result

applies := cohorts.functions_with_subnets

deny contains result.violation(name, {"message": concat(" ", [name, fault]), "evidence": evidence}) if {
	some key, verdicts in _verdicts
	intent.is_violation(verdicts)
	cohort := cohorts.by_key[key]
	value := min(object.keys(verdicts))
	some zone in verdicts[value].usable_zones
	unusable := {id | some id in cohort.subnets; facts.subnets[id].zone_id != zone}
	full := unusable & _room(cohort.subnets, lambda_interfaces.pairs[key]).full
	ways := _ways(value, path.summary[path.place_of[key]])
	shut := unusable - (ways.good | ways.perhaps)
	fault := sprintf("can run in one Availability Zone only, %s: %s. %s", [
		zone,
		concat("; ", [sprintf(_texts[[id in full, id in shut]], [result.subnet(id)]) | some id in unusable]),
		_advice(full, shut),
	])
	evidence := {
		"intent": intent.evidence(cohort.intent_key),
		"usable_zone_ids": [zone],
		"unusable_subnet_ids": unusable,
		"without_addresses": full,
		"subnets": path.evidence(path.place_of[key]),
	}
	some name in cohort.functions
}

unknown contains result.unknown_with(name, waits, evidence) if {
	some key, verdicts in _verdicts
	waits := intent.doubts(cohorts.by_key[key].intent, verdicts)
	waits != set()
	evidence := {"subnets": path.evidence(path.place_of[key])}
	some name in cohorts.by_key[key].functions
}

_texts := {
	[true, true]: "%s has neither a free address nor a way out",
	[true, false]: "%s has no free address",
	[false, true]: "%s has no way out",
}

_advice(full, shut) := sprintf("%s, or choose other subnets.", [concat(" and ", array.concat(free, lead_out))]) if {
	free := [sprintf("Free addresses in %s", [result.list(full)]) | full != set()]
	give := {true: "Give", false: "give"}[full == set()]
	lead_out := [sprintf("%s %s a way out that works", [give, result.list(shut)]) | shut != set()]
}

# the same place, room and intent give the same verdict: such calls are made once
_verdicts := {key: verdicts |
	some place, keys in path.cohorts_at
	not place in _settled
	some key in keys
	cohort := cohorts.by_key[key]
	room := _room(cohort.subnets, lambda_interfaces.pairs[key])
	verdicts := {value: _verdict(value, place, room) | some value in cohort.intent.egress.values}
}

# Places that pass whatever the intent is and wherever Lambda has interfaces: two zones are usable, or there is but one,
# which az.single_az reports.
_settled := {place |
	some place, summary in path.summary
	count({facts.subnets[id].zone_id | some id in (summary.works & _with_room)}) > 1
} | {place |
	some place, _ in path.cohorts_at
	spread := cohorts.spreads[place[1]]
	count({facts.subnets[id].zone_id | some id in spread.subnets}) < 2
	spread.hidden_subnet_waits == set()
	facts.waits_for_zones(spread.subnets) == set()
}

_with_room := {one.id | some one in input.subnets; one.free_ipv4_addresses > 0}

_verdict(value, place, room) := object.union(_answer(zones), {"usable_zones": zones.usable}) if {
	ways := _ways(value, path.summary[place])
	outcomes := path.by_place[place]
	spread := cohorts.spreads[place[1]]
	usable := ways.good & room.free
	perhaps := ((ways.good | ways.perhaps) & (room.free | room.perhaps)) - usable
	zones := {
		"usable": {facts.subnets[id].zone_id | some id in usable},
		"perhaps": {facts.subnets[id].zone_id | some id in perhaps},
		"hidden": (spread.hidden_subnet_waits | facts.waits_for_zones(spread.subnets)),
		"waits": union({
			{wait | some id in (perhaps & ways.perhaps); some wait in outcomes[id].waits},
			{wait | some id in (perhaps & room.perhaps); some wait in room.waits},
			{wait | perhaps != set(); some wait in ways.waits},
		}),
	}
}

# subnets whose way out is good enough, by intent: for nothing, for the internet, or as good as that of the others
_ways(value, summary) := {"good": good, "perhaps": set(), "waits": set()} if {
	value in {"aws", "none"}
	good := union({summary.works, summary.none, summary.unknown})
}

_ways("internet", summary) := {"good": summary.works, "perhaps": summary.unknown, "waits": set()}

_ways("undeclared", summary) := {"good": summary.works, "perhaps": summary.unknown, "waits": set()} if {
	summary.works != set()
}

# whichever of the unknown ones leads out makes the others worse
_ways("undeclared", summary) := {"good": set(), "perhaps": perhaps, "waits": summary.waits} if {
	summary.works == set()
	summary.unknown != set()
	perhaps := summary.none | summary.unknown
}

# nothing leads out: then nothing is lost where it does not
_ways("undeclared", summary) := {"good": summary.none, "perhaps": set(), "waits": set()} if {
	summary.works == set()
	summary.unknown == set()
}

_answer(zones) := {"answer": "violation", "waits": set()} if {
	_is_certain(zones)
	count(zones.usable) == 1
}

_answer(zones) := {"answer": "pass", "waits": set()} if _passes(zones)

_answer(zones) := {"answer": "unknown", "waits": (zones.waits | zones.hidden)} if {
	not _is_certain(zones)
	not _passes(zones)
}

# two usable zones settle it
_passes(zones) if count(zones.usable) > 1

_passes(zones) if {
	_is_certain(zones)
	zones.usable == set()
}

_is_certain(zones) if {
	zones.hidden == set()
	zones.perhaps - zones.usable == set()
}

# subnets with room for a function: a free address, or Lambda's interface for its groups already
_room(ids, pairs) := {"free": free, "full": full, "perhaps": perhaps, "waits": waits} if {
	free := (ids & _with_room) | pairs.present
	full := {id | some id in (ids - free); facts.subnets[id].free_ipv4_addresses == 0} - pairs.unseen
	perhaps := (ids - free) - full
	waits := pairs.waits | {wait |
		some id in perhaps
		not facts.subnets[id].free_ipv4_addresses
		wait := {"status": "unknown", "name": "ec2:DescribeSubnets", "reason": $"free addresses of {id}"}
	}
}
