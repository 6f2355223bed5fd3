# METADATA
# title: Lambda's network interfaces come near the quota of the VPC
# description: |
#   Every distinct pair of subnet and set of security groups takes one interface. At the quota, functions with a new
#   pair can neither be created nor updated nor woken.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-enis
# custom:
#   severity: medium
#   advice: >-
#     Let functions share sets of security groups, or ask for a higher quota of network interfaces per VPC (Lambda,
#     L-9FEE3D26).
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left
#   applies_if: [attached, subnets]
#   passes: >-
#     Lambda's interfaces in its VPC, with those that the function still needs, stay within the threshold of the
#     quota.
#   judged: >-
#     The interfaces that Lambda has in the VPC for this account, plus one for each subnet of the function that lacks
#     one for its set of security groups, are compared with the quota of network interfaces per VPC (L-9FEE3D26), read
#     live. Severity is high above the second threshold. In a shared VPC the interfaces of other accounts are not
#     counted; the evidence says so.
#   configuration: [thresholds.eni_quota_percent, thresholds.eni_quota_high_percent]
#   reads: []
package vpcguard.rules.ip.eni_quota

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.config
import data.vpcguard.lib.facts
import data.vpcguard.lib.lambda_interfaces
import data.vpcguard.lib.result

applies := cohorts.functions_with_subnets

deny contains result.violation(name, {
	"message": sprintf(
		"%s: Lambda uses %d of the %v network interfaces that its quota allows in %s, this function's included. %s",
		[name, least, _quota.value, cohort.vpc_id, _advice],
	),
	"evidence": object.union(
		{
			"vpc_id": cohort.vpc_id,
			"interfaces": lambda_interfaces.count_by_vpc[cohort.vpc_id],
			"missing_pairs": least - lambda_interfaces.count_by_vpc[cohort.vpc_id],
			"quota": _quota.value,
			"quota_basis": _quota.basis,
		},
		_sharing(cohort.vpc_id),
	),
	"severity": _severity(key),
}) if {
	some key, least in _least
	cohort := cohorts.by_key[key]
	_is_above(key, least, "eni_quota_percent")
	some name in cohort.functions
}

unknown contains result.unknown(name, waits) if {
	some key, least in _least
	not _is_above(key, least, "eni_quota_percent")
	waits := _waits(key)
	waits != set()
	some name in cohorts.by_key[key].functions
}

# at the least: each pair of the function either has its interface, seen or not, or still needs one
_least := {key: total |
	some spread in (_suspect & cohorts.spreads_with_subnets)
	some key in cohorts.of_spread[spread]
	cohort := cohorts.by_key[key]
	total := lambda_interfaces.count_by_vpc[cohort.vpc_id] + count(cohort.subnets - lambda_interfaces.pairs[key].present)
}

# spreads that come above the lowest threshold if no pair of theirs has its interface yet, or where something is unread
_suspect := ({spread |
	lowest := min({merged.thresholds.eni_quota_percent | some merged in config.settings})
	some spread, one in cohorts.spreads
	most := lambda_interfaces.count_by_vpc[one.vpc_id] + count(one.named_subnets)
	most * 100 > _quota.value * lowest
} | {spread |
	some spread, one in cohorts.spreads
	lambda_interfaces.waits[one.vpc_id] != set()
}) | {spread |
	not _quota
	some spread, _ in cohorts.spreads
}

_waits(_) := facts.waits("quotas", _code) if not _quota

_waits(key) := union({
	lambda_interfaces.pairs[key].waits,
	{wait |
		_is_above(key, _least[key] + _hidden(key), "eni_quota_percent")
		some wait in cohorts.hidden_subnet_waits[key]
	},
}) if {
	_quota
}

_hidden(key) := count(cohorts.by_key[key].hidden_subnets)

_severity(key) := "high" if _is_above(key, _least[key], "eni_quota_high_percent")

_severity(key) := "medium" if not _is_above(key, _least[key], "eni_quota_high_percent")

_is_above(key, total, threshold) if {
	percent := config.settings[cohorts.by_key[key].signature].thresholds[threshold]
	total * 100 > _quota.value * percent
}

_quota := [quota | some quota in input.quotas; quota.code == _code][0]

_code := "L-9FEE3D26"

default _sharing(_) := {}

_sharing(vpc_id) := {"note": "The VPC is shared: interfaces of its other accounts are not counted."} if {
	facts.vpcs[vpc_id].owner_id != input.account.id
}

_advice := "Let functions share sets of security groups, or ask for a higher quota."
