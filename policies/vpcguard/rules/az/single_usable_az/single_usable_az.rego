# METADATA
# title: Function has several Availability Zones, but only one is usable
# description: |
#   The subnets look spread over zones, but in all zones but one they lack free addresses or the way out, so that the
#   failure of that one zone stops the function all the same.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/security-resilience.html
# custom:
#   doubt: Not known whether only one of the function's Availability Zones is usable
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
#   statement: [usable_zone_ids, unusable_subnet_ids, without_addresses, subnets.subnet_id, subnets.cause]
package vpcguard.rules.az.single_usable_az

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.egress
import data.vpcguard.lib.facts
import data.vpcguard.lib.faults
import data.vpcguard.lib.intent
import data.vpcguard.lib.lambda_interfaces
import data.vpcguard.lib.result

applies := cohorts.functions_with_subnets

deny contains result.violation(name, {"message": $"{name} {fault}", "advice": advice, "evidence": evidence}) if {
	some key, verdicts in _verdicts
	intent.is_violation(verdicts)
	cohort := cohorts.by_key[key]
	value := min(object.keys(verdicts))
	some zone in verdicts[value].usable_zones
	unusable := {id | some id in cohort.subnets; facts.subnets[id].zone_id != zone}
	full := unusable & _room[key].full
	leading_out := _leading_out(value, key)
	shut := unusable - (leading_out.good | leading_out.perhaps)
	lacks := facts.grouped([[_lack(id, full, shut), id] | some id in unusable])
	fault := sprintf("can use %s alone of its Availability Zones: %s.", [
		result.zones({zone}),
		concat("; ", [sprintf(lack, [result.subnets(ids), result.word(ids, "has", "have")]) | some lack, ids in lacks]),
	])
	advice := _advice(key, full, shut, value)
	evidence := {
		"intent": intent.evidence(cohort.intent_key),
		"usable_zone_ids": [zone],
		"unusable_subnet_ids": unusable,
		"without_addresses": full,
		"subnets": egress.evidence(key),
	}
	some name in cohort.functions
}

unknown contains result.unknown_with(name, waits, {"subnets": subnets}) if {
	some key, verdicts in _verdicts
	waits := intent.doubts(cohorts.by_key[key].intent, verdicts)
	waits != set()
	subnets := egress.evidence(key)
	some name in cohorts.by_key[key].functions
}

_lack(id, full, shut) := "%s %s neither a free address nor a way out" if {
	id in (full & shut)
} else := "%s %s no free address" if {
	id in full
} else := "%s %s no way out"

# other subnets in place of a public one, say, and never another default route for it
_advice(key, full, shut, value) := concat(" ", [sentence | some sentence in [room, way]; sentence != ""]) if {
	room := concat("", [result.word(full, _room_for[0], _room_for[1]) | full != set()])
	way := faults.advice(key, shut, value)
}

_room_for := [
	"Free addresses in the full subnet, or choose another in its zone.",
	"Free addresses in the full subnets, or choose others in their zones.",
]

# by cohort that may have several zones, and possible intent; one zone alone is reported by az.single_az
_verdicts := {key: {value: _verdict(value, key) | some value in cohort.intent.egress.values} |
	some key, cohort in cohorts.with_subnets
	zones := cohorts.zones[key]
	[count(zones) < 2, cohorts.zone_waits[key]] != [true, set()]
}

# two usable zones settle it
_verdict(value, key) := {"answer": "pass", "waits": set()} if {
	count(_zones(_usable(value, key))) > 1
} else := {"answer": "unknown", "waits": (cohorts.zone_waits[key] | waits)} if {
	further := _zones(_perhaps_usable(value, key)) - _zones(_usable(value, key))
	waits := _waits(value, key)
	true in {further != set(), cohorts.zone_waits[key] != set()}
} else := {"answer": "violation", "waits": set(), "usable_zones": zones} if {
	zones := _zones(_usable(value, key))
	count(zones) == 1
} else := {"answer": "pass", "waits": set()}

_zones(ids) := {facts.subnets[id].zone_id | some id in ids}

_usable(value, key) := _leading_out(value, key).good & _room[key].free

_perhaps_usable(value, key) := (good & free) - _usable(value, key) if {
	good := _leading_out(value, key).good | _leading_out(value, key).perhaps
	free := _room[key].free | _room[key].perhaps
}

_waits(value, key) := union({
	{wait | some id in (perhaps & leading_out.perhaps); some wait in egress.of[key][id].waits},
	{wait | perhaps & _room[key].perhaps != set(); some wait in _room[key].waits},
	{wait | perhaps != set(); some wait in leading_out.waits},
}) if {
	perhaps := _perhaps_usable(value, key)
	leading_out := _leading_out(value, key)
}

# subnets whose way out is good enough, by intent: for nothing, for the internet, or as good as that of the others
_leading_out(value, key) := {"good": good, "perhaps": set(), "waits": set()} if {
	value in {"aws", "none"}
	good := union({egress.by_state[key].works, egress.by_state[key].none, egress.by_state[key].unknown})
} else := {"good": egress.by_state[key].works, "perhaps": egress.by_state[key].unknown, "waits": set()} if {
	true in {value == "internet", egress.by_state[key].works != set()}
} else := {"good": set(), "perhaps": perhaps, "waits": egress.by_state[key].waits} if {
	# whichever of the unknown ones leads out makes the others worse
	egress.by_state[key].unknown != set()
	perhaps := egress.by_state[key].none | egress.by_state[key].unknown
} else := {"good": egress.by_state[key].none, "perhaps": set(), "waits": set()} # nothing is lost where none leads out

# by cohort, the subnets with room for a function: a free address, or Lambda's interface for its groups already
_room := {key: {"free": free, "full": full, "perhaps": (cohort.subnets - free) - full, "waits": waits} |
	some key, cohort in cohorts.with_subnets
	pairs := lambda_interfaces.pairs[key]
	free := (cohort.subnets & _with_addresses) | pairs.present
	full := ((cohort.subnets & _without_addresses) - free) - pairs.unseen
	waits := pairs.waits | {wait |
		some id in (cohort.subnets - free)
		not facts.subnets[id].free_ipv4_addresses
		wait := {"status": "opaque", "name": "ec2:DescribeSubnets", "reason": $"no address count of {id}"}
	}
}

_with_addresses contains id if {
	some id, subnet in facts.subnets
	subnet.free_ipv4_addresses > 0
}

# a subnet for IPv6 alone has no IPv4 addresses to lack
_with_addresses contains id if {
	some id, subnet in facts.subnets
	subnet.is_ipv6_only
}

_without_addresses := {one.id | some one in input.subnets; one.free_ipv4_addresses == 0}
