# METADATA
# title: A subnet of the function is short of free addresses
# description: |
#   New network interfaces of Lambda, and everything else in the subnet, take their addresses from the same few that are
#   left. When none is left, functions there can neither be updated nor woken.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-enis
#   - ref: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
# custom:
#   doubt: Not known whether a subnet of the function is short of free addresses
#   severity: medium
#   advice: Free addresses in the subnets named, or give the function larger ones.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left with IPv4 addresses
#   applies_if: [attached, subnets, ipv4_addresses]
#   passes: Each of its subnets has as many free addresses as the floor and the percentage ask for.
#   judged: >-
#     A subnet is short if its free IPv4 addresses are below the floor, or below the percentage of its usable
#     addresses (the size of its network minus the five that AWS keeps). Severity is high where the worst
#     of them is alone in its zone among the function's subnets. Subnets for IPv6 alone are not judged. How
#     fast the addresses are used up is not known.
#   configuration: [thresholds.ip_floor, thresholds.ip_percent]
#   reads: []
#   statement: [short_subnet_ids]
package vpcguard.rules.ip.low_headroom

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.config
import data.vpcguard.lib.facts
import data.vpcguard.lib.result

applies := cohorts.functions({key |
	some key, judged in _judged
	count(judged) + count(cohorts.by_key[key].hidden_subnets) > 0
})

deny contains result.violation(name, details) if {
	some key, short in _short
	cohort := cohorts.by_key[key]
	[free, worst] := min({[facts.subnets[id].free_ipv4_addresses, id] | some id in short})
	usable := _usable_or_null(worst)
	is_alone := _is_alone(cohort.subnets, worst)
	said := concat("; ", [sprintf(left, [result.subnets(ids), result.word(ids, "has", "have")]) |
		some left, ids in facts.grouped([[_left(id), id] | some id in short])
	])
	message := $"runs short of addresses: {said}."
	evidence := {
		"worst_subnet_id": worst,
		"zone_id": object.get(facts.subnets[worst], "zone_id", null),
		"free_addresses": free,
		"usable_addresses": usable,
		"alone_in_its_zone": is_alone,
		"short_subnet_ids": short,
		"thresholds": object.filter(_thresholds(key), ["ip_floor", "ip_percent"]),
	}
	severity := _severity(is_alone)
	some name in cohort.functions
	details := object.union(
		{"severity": severity, "root_causes": short, "evidence": evidence},
		{"message": $"{name} {message}", "advice": "Free addresses there, or give the function larger subnets."},
	)
}

# subnets with as many are told together
_left(id) := sprintf("%%s %%s %d%s free", [
	facts.subnets[id].free_ipv4_addresses,
	concat("", [$" of {usable}" | usable := _usable(id)]),
])

unknown contains result.unknown(name, waits) if {
	some key, judged in _judged
	not _short[key]
	waits := cohorts.by_key[key].hidden_subnet_waits | {wait |
		some id in (judged - _counted)
		wait := {"status": "opaque", "name": "ec2:DescribeSubnets", "reason": $"no address count or network of {id}"}
	}
	waits != set()
	some name in cohorts.by_key[key].functions
}

# Lambda takes IPv4 addresses; a subnet without them is judged by config.dual_stack_mismatch
_judged := {key: judged |
	some key, cohort in cohorts.with_subnets
	judged := cohort.subnets & _with_ipv4
}

_with_ipv4 := {one.id | some one in input.subnets; one.is_ipv6_only == false}

# by cohort, the subnets that are short, if any
_short := {key: short |
	some key, judged in _judged
	short := {id | some id in judged; _is_short(id, _thresholds(key))}
	short != set()
}

_is_short(id, thresholds) if facts.subnets[id].free_ipv4_addresses < thresholds.ip_floor

_is_short(id, thresholds) if facts.subnets[id].free_ipv4_addresses * 100 < _usable(id) * thresholds.ip_percent

_thresholds(key) := config.settings[cohorts.by_key[key].signature].thresholds

_counted := {one.id |
	some one in input.subnets
	one.free_ipv4_addresses >= 0
	one.ipv4_cidr
}

# AWS keeps five addresses of each subnet: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
_usable(id) := bits.lsh(1, 32 - to_number(split(facts.subnets[id].ipv4_cidr, "/")[1])) - 5

_usable_or_null(id) := usable if {
	usable := _usable(id)
} else := null

_severity(true) := "high"

_severity(false) := "medium"

default _is_alone(_, _) := false

_is_alone(subnet_ids, id) if {
	every other in subnet_ids - {id} {
		facts.subnets[other].zone_id != facts.subnets[id].zone_id
	}
}
