# METADATA
# title: Subnet has no free address left for the function's network interface
# description: |
#   A pair of subnet and security groups without a Lambda interface needs a new address. Where the subnet has none to
#   give, creating, updating or waking the function fails there.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-enis
#   - ref: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
# custom:
#   severity: high
#   advice: |
#     Free addresses in the subnets named, choose larger ones, or give the function security groups that already have an
#     interface there.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left
#   applies_if: [attached, subnets]
#   passes: Each of its subnets has Lambda's interface for its security groups already, or addresses enough for one.
#   judged: >-
#     A subnet without a Lambda interface for the function's exact set of security groups needs one address. It is
#     short if fewer than one plus the margin are free. The count of free addresses is that of the moment of reading.
#     Subnets for IPv6 alone are not judged.
#   configuration: [thresholds.ip_margin]
#   reads: []
package vpcguard.rules.ip.insufficient_addresses

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.config
import data.vpcguard.lib.facts
import data.vpcguard.lib.lambda_interfaces
import data.vpcguard.lib.result

applies := cohorts.functions_with_subnets

deny contains result.violation(name, {"message": concat(" ", [name, said]), "evidence": evidence}) if {
	some key in _suspect
	cohort := cohorts.by_key[key]
	short := _short(key, lambda_interfaces.pairs[key].missing)
	short != {}
	said := sprintf("needs a new network interface, but too few addresses are free: %s. %s", [
		result.list(_shown(short)),
		_advice,
	])
	evidence := {"free_addresses": short, "needed": _needed(cohort), "security_group_ids": cohort.named_groups}
	some name in cohort.functions
}

unknown contains result.unknown(name, waits) if {
	some key in _suspect
	_short(key, lambda_interfaces.pairs[key].missing) == {}
	waits := _waits(key)
	waits != set()
	some name in cohorts.by_key[key].functions
}

# cohorts with a subnet that is short by the highest threshold, or of which something is not known
_suspect := {key |
	most := 1 + max({merged.thresholds.ip_margin | some merged in config.settings})
	ample := {one.id | some one in input.subnets; one.free_ipv4_addresses >= most}
	some spread in cohorts.spreads_with_subnets
	cohorts.spreads[spread].named_subnets - ample != set()
	some key in cohorts.of_spread[spread]
}

# subnets -> free addresses, where these are too few for one more interface
_short(key, ids) := {id: free |
	some id in ids
	free := facts.subnets[id].free_ipv4_addresses
	free < _needed(cohorts.by_key[key])
}

_needed(cohort) := 1 + config.settings[cohort.signature].thresholds.ip_margin

# an interface that nobody saw matters only where the addresses are short; a hidden subnet may be short
_waits(key) := union({
	{wait | _short(key, lambda_interfaces.pairs[key].unseen) != {}; some wait in lambda_interfaces.pairs[key].waits},
	cohorts.hidden_subnet_waits[key],
	facts.waits_for_addresses(cohorts.by_key[key].subnets - lambda_interfaces.pairs[key].present),
})

_shown(short) := {sprintf("%s has %d", [result.subnet(id), free]) | some id, free in short}

_advice := "Free addresses there, choose larger subnets, or use security groups that already have an interface there."
