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
#   passes: Each of its subnets has as many free addresses as the floor and the percentage ask for.
#   judged: >-
#     A subnet is short if its free IPv4 addresses are below the floor, or below the percentage of its usable
#     addresses (the size of its network minus the five that AWS keeps). The worst subnet is named. Severity is high
#     where that subnet is alone in its zone among the function's subnets.
#   example: >-
#     orders runs short of addresses: subnet-b (eu-west-1b) has 7 of 251 free. Free some, or move the function to a
#     larger subnet.
#   configuration: [thresholds.ip_floor, thresholds.ip_percent]
#   limits: Subnets for IPv6 alone are not judged. How fast the addresses are used up is not known.
package vpcguard.rules.ip.low_headroom

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.config
import data.vpcguard.lib.message
import data.vpcguard.lib.network
import data.vpcguard.lib.result

metadata := result.metadata(rego.metadata.chain())

requires := {"subnets"}

applies := cohorts.functions({key |
	some key in cohorts.with_subnets
	count(_judged[key]) + count(cohorts.by_key[key].hidden_subnets) > 0
})

deny contains result.violation(name, details) if {
	some key, short in _short
	short != set()
	[_, worst] := min({[network.subnets[id].free_ipv4_addresses, id] | some id in short})
	some name in cohorts.by_key[key].functions
	details := {
		"severity": {true: "high", false: "medium"}[_is_alone(key, worst)],
		"message": sprintf("%s runs short of addresses: %s has %d of %d free. %s", [
			name,
			message.subnet(worst),
			network.subnets[worst].free_ipv4_addresses,
			_usable[worst],
			"Free some, or move the function to a larger subnet.",
		]),
		"evidence": {
			"worst_subnet_id": worst,
			"zone_id": network.subnets[worst].zone_id,
			"free_addresses": network.subnets[worst].free_ipv4_addresses,
			"usable_addresses": _usable[worst],
			"alone_in_its_zone": _is_alone(key, worst),
			"short_subnet_ids": short,
			"thresholds": {"ip_floor": _thresholds(key).ip_floor, "ip_percent": _thresholds(key).ip_percent},
		},
	}
}

unknown contains result.unknown(name, waits) if {
	some key, short in _short
	short == set()
	waits := cohorts.hidden_subnet_waits[key] | _untold(key)
	waits != set()
	some name in cohorts.by_key[key].functions
}

# Lambda takes IPv4 addresses; a subnet without them is judged by config.dual_stack_mismatch
_judged := {key: judged |
	some key in cohorts.with_subnets
	judged := cohorts.by_key[key].subnets - _ipv6_only
}

_ipv6_only := {one.id | some one in input.subnets; one.is_ipv6_only}

_short := {key: short |
	some key, judged in _judged
	short := {id | some id in judged; _is_short(network.subnets[id].free_ipv4_addresses, id, _thresholds(key))}
}

_is_short(free, _, thresholds) if free < thresholds.ip_floor

_is_short(free, id, thresholds) if free * 100 < _usable[id] * thresholds.ip_percent

_untold(key) := {wait |
	some id in _judged[key]
	not _is_told[id]
	wait := {"status": "unknown", "name": "ec2:DescribeSubnets", "reason": $"addresses of {id}"}
}

_is_told := {one.id: true |
	some one in input.subnets
	one.free_ipv4_addresses >= 0
	one.ipv4_cidr
}

_thresholds(key) := config.settings[cohorts.by_key[key].signature].thresholds

# AWS keeps five addresses of each subnet: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
_usable := {one.id: usable |
	some one in input.subnets
	size := bits.lsh(1, 32 - to_number(split(one.ipv4_cidr, "/")[1]))
	usable := size - 5
}

default _is_alone(_, _) := false

_is_alone(key, id) if {
	every other in cohorts.by_key[key].subnets - {id} {
		network.subnets[other].zone_id != network.subnets[id].zone_id
	}
}
