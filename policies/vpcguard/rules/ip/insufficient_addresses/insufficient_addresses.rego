# METADATA
# title: A subnet has too few free addresses for the function's network interface
# description: |
#   A pair of subnet and security groups without a Lambda interface needs a new address. Where the subnet has none to
#   give, creating, updating or waking the function fails there.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-enis
#   - ref: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
# custom:
#   doubt: Not known whether the subnets have addresses enough for the function's network interfaces
#   severity: high
#   advice: |
#     Free addresses in the subnets named, choose larger ones, or give the function security groups that already have an
#     interface there.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left with IPv4 addresses
#   applies_if: [attached, subnets, ipv4_addresses]
#   passes: Each of its subnets has Lambda's interface for its security groups already, or addresses enough for one.
#   judged: >-
#     A subnet without a Lambda interface for the function's exact set of security groups needs one address. It is
#     short if fewer than one plus the margin are free. The count of free addresses is that of the moment of reading.
#     Subnets for IPv6 alone are not judged.
#   configuration: [thresholds.ip_margin]
#   reads: []
#   statement: [short_subnet_ids, security_group_ids]
package vpcguard.rules.ip.insufficient_addresses

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.config
import data.vpcguard.lib.facts
import data.vpcguard.lib.lambda_interfaces
import data.vpcguard.lib.result

applies := cohorts.functions({key |
	some key, judged in _judged
	count(judged) + count(cohorts.by_key[key].hidden_subnets) > 0
})

deny contains result.violation(name, object.union(details, {"message": $"{name} {fault}"})) if {
	some key, cohort in cohorts.with_subnets
	short := _short(key, lambda_interfaces.pairs[key].missing)
	short != {}
	fault := sprintf("needs %s where fewer addresses are free than the %d wanted: %s.", [
		result.word(short, "a new network interface", "new network interfaces"),
		_needed(key),
		concat("; ", [sprintf("%s %s %s", [result.subnets(ids), result.word(ids, "has", "have"), _number(free)]) |
			some free, ids in facts.grouped([[free, id] | some id, free in short])
		]),
	])
	details := {
		"advice": concat(" ", [
			"Free addresses there, choose larger subnets, or use a set of security groups for which Lambda has an interface",
			"there already.",
		]),
		"root_causes": object.keys(short),
		"evidence": {
			"short_subnet_ids": object.keys(short),
			"free_addresses": short,
			"needed": _needed(key),
			"security_group_ids": cohort.named_groups,
		},
	}
	some name in cohort.functions
}

unknown contains result.unknown(name, waits) if {
	some key, cohort in cohorts.with_subnets
	pairs := lambda_interfaces.pairs[key]
	_short(key, pairs.missing) == {}

	# an interface that nobody saw matters only where the addresses are short; a hidden subnet may be short
	waits := union({
		{wait | _short(key, pairs.unseen) != {}; some wait in pairs.waits},
		cohort.hidden_subnet_waits,
		facts.waits_for_addresses(cohort.subnets - pairs.present),
	})
	waits != set()
	some name in cohort.functions
}

_number(0) := "none"

_number(free) := $"{free}" if free != 0

# subnets -> free addresses, where these are too few for one more interface
_short(key, ids) := {id: free |
	some id in ids
	id in _judged[key]
	free := facts.subnets[id].free_ipv4_addresses
	free < _needed(key)
}

# AWS counts no free IPv4 address in a subnet for IPv6 alone, which has none to give
_judged := {key: judged |
	some key, cohort in cohorts.with_subnets
	judged := {id | some id in cohort.subnets; facts.subnets[id].is_ipv6_only == false}
}

_needed(key) := 1 + config.settings[cohorts.by_key[key].signature].thresholds.ip_margin
