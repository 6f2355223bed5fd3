# METADATA
# title: A subnet of the function is short of free addresses
# description: |
#   New network interfaces of Lambda, and everything else in the subnet, take their addresses from the same few that are
#   left. When none is left, functions there can neither be updated nor woken.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-enis
#   - ref: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
# custom:
#   severity: medium
#   advice: Free addresses in the subnet, or move the function to a larger one.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left with IPv4 addresses
#   applies_if: [attached, subnets, ipv4_addresses]
#   passes: Each of its subnets has as many free addresses as the floor and the percentage ask for.
#   judged: >-
#     A subnet is short if its free IPv4 addresses are below the floor, or below the percentage of its usable
#     addresses (the size of its network minus the five that AWS keeps). The worst subnet is named. Severity is high
#     where that subnet is alone in its zone among the function's subnets. Subnets for IPv6 alone are not judged. How
#     fast the addresses are used up is not known.
#   configuration: [thresholds.ip_floor, thresholds.ip_percent]
#   reads: []
package vpcguard.rules.ip.low_headroom

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.config
import data.vpcguard.lib.facts
import data.vpcguard.lib.result

applies := union({cohorts.spreads[key].functions |
	some key, judged in _judged
	count(judged) + count(cohorts.spreads[key].hidden_subnets) > 0
})

deny contains result.violation(name, details) if {
	some limits, spreads in _short
	some spread, short in spreads
	finding := _finding(spread, limits, short)
	some key in cohorts.of_spread[spread]
	_limits[cohorts.by_key[key].signature] == limits
	some name in cohorts.by_key[key].functions
	details := {
		"severity": finding.severity,
		"message": concat(" ", [name, finding.message]),
		"evidence": finding.evidence,
	}
}

unknown contains result.unknown(name, waits) if {
	some spread, waits in _waits
	some key in cohorts.of_spread[spread]
	not _short[_limits[cohorts.by_key[key].signature]][spread]
	some name in cohorts.by_key[key].functions
}

# what is wrong in these subnets, by these limits; the message lacks the function's name
_finding(spread, limits, short) := {"severity": severity, "message": message_text, "evidence": evidence} if {
	[free, worst] := min({[facts.subnets[id].free_ipv4_addresses, id] | some id in short})
	severity := {true: "high", false: "medium"}[_is_alone(spread, worst)]
	usable := object.get(_usable, worst, null)
	message_text := sprintf("runs short of addresses: %s has %d%s free. %s", [
		result.subnet(worst),
		free,
		concat("", [$" of {usable}" | usable != null]),
		"Free some, or move the function to a larger subnet.",
	])
	evidence := {
		"worst_subnet_id": worst,
		"zone_id": object.get(facts.subnets[worst], "zone_id", null),
		"free_addresses": free,
		"usable_addresses": usable,
		"alone_in_its_zone": _is_alone(spread, worst),
		"short_subnet_ids": short,
		"thresholds": limits,
	}
}

# by limits and spread, the subnets that are short by them, if any
_short := {limits: spreads |
	some limits in {limits | some limits in _limits}
	below := {one.id | some one in input.subnets; one.free_ipv4_addresses < limits.ip_floor} | {one.id |
		some one in input.subnets
		one.free_ipv4_addresses * 100 < _usable[one.id] * limits.ip_percent
	}
	spreads := {spread: short |
		some spread, judged in _judged
		short := judged & below
		short != set()
	}
}

_limits := {signature: limits |
	some signature, merged in config.settings
	limits := {"ip_floor": merged.thresholds.ip_floor, "ip_percent": merged.thresholds.ip_percent}
}

# Lambda takes IPv4 addresses; a subnet without them is judged by config.dual_stack_mismatch
_judged := {key: judged |
	some key in cohorts.spreads_with_subnets
	judged := cohorts.spreads[key].subnets - _ipv6_only
}

_ipv6_only := {one.id | some one in input.subnets; one.is_ipv6_only}

# by spread, what its subnets wait for, if anything
_waits := {key: waits |
	some key, judged in _judged
	waits := cohorts.spreads[key].hidden_subnet_waits | {wait |
		some id in (judged - _told)
		wait := {"status": "unknown", "name": "ec2:DescribeSubnets", "reason": $"addresses of {id}"}
	}
	waits != set()
}

_told := {one.id |
	some one in input.subnets
	one.free_ipv4_addresses >= 0
	one.ipv4_cidr
}

# AWS keeps five addresses of each subnet: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
_usable := {one.id: usable |
	some one in input.subnets
	size := bits.lsh(1, 32 - to_number(split(one.ipv4_cidr, "/")[1]))
	usable := size - 5
}

default _is_alone(_, _) := false

_is_alone(spread, id) if {
	every other in cohorts.spreads[spread].subnets - {id} {
		facts.subnets[other].zone_id != facts.subnets[id].zone_id
	}
}
