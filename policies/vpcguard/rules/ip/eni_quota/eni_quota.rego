# METADATA
# title: Lambda's network interfaces come near the quota of the VPC, or have reached it
# description: |
#   Every distinct pair of subnet and set of security groups takes one interface. At the quota, functions with a new
#   pair can neither be created nor updated nor woken.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-enis
# custom:
#   doubt: Not known whether Lambda's network interfaces come near the quota of the VPC
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
#   statement: [vpc_id]
package vpcguard.rules.ip.eni_quota

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.config
import data.vpcguard.lib.facts
import data.vpcguard.lib.lambda_interfaces
import data.vpcguard.lib.result

applies := cohorts.functions_with_subnets

deny contains result.violation(name, {
	"message": sprintf(
		"%s: with this function's, Lambda's network interfaces in %s come to %d, of a quota of %v.",
		[name, result.named(cohort.vpc_id), least, _quota.value],
	),
	"root_causes": {cohort.vpc_id},
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
	"severity": _severity(key, least),
}) if {
	some key, least in _least
	_is_above(key, least, "eni_quota_percent")
	cohort := cohorts.by_key[key]
	some name in cohort.functions
}

unknown contains result.unknown(name, waits) if {
	some key, least in _least
	not _is_above(key, least, "eni_quota_percent")
	waits := _waits(key, least)
	waits != set()
	some name in cohorts.by_key[key].functions
}

# at the least: each pair of the function either has its interface, seen or not, or still needs one
_least := {key: least |
	some key, cohort in cohorts.with_subnets
	lacking := cohort.subnets - lambda_interfaces.pairs[key].present
	least := lambda_interfaces.count_by_vpc[cohort.vpc_id] + count(lacking)
}

_waits(key, least) := facts.waits("quotas", _code) | contradictions if {
	not _quota
	contradictions := {facts.contradiction(_code, "as", values) |
		values := {$"{one.value}" | some one in _quotas}
		values != set()
	}
} else := lambda_interfaces.pairs[key].waits | cohorts.by_key[key].hidden_subnet_waits if {
	# each hidden subnet may need one more
	_is_above(key, least + count(cohorts.by_key[key].hidden_subnets), "eni_quota_percent")
} else := lambda_interfaces.pairs[key].waits

_severity(key, total) := "high" if {
	_is_above(key, total, "eni_quota_high_percent")
} else := "medium"

_is_above(key, total, threshold) if {
	percent := config.settings[cohorts.by_key[key].signature].thresholds[threshold]
	total * 100 > _quota.value * percent
}

_quota := quota if [quota] := sort(_quotas)

_quotas := {quota | some quota in input.quotas; quota.code == _code}

_code := "L-9FEE3D26"

_sharing(vpc_id) := {"note": "The VPC is shared: interfaces of its other accounts are not counted."} if {
	facts.vpcs[vpc_id].owner_id != input.account.id
} else := {}
