# METADATA
# title: Legacy upper bound of network interfaces exceeds the free addresses
# description: |
#   Until 2019 every three gigabytes of concurrent executions took an interface of their own: peak concurrency times
#   memory in GB divided by 3. Lambda shares interfaces since; the formula is kept as a cautious upper bound for who
#   wants it.
# related_resources:
#   - ref: https://aws.amazon.com/blogs/compute/announcing-improved-vpc-networking-for-aws-lambda-functions/
# custom:
#   severity: info
#   advice: Nothing has to be done for Lambda as it works today; use larger subnets if you plan by this bound.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left and a reserved or configured peak concurrency
#   applies_if: [attached, subnets, peak_concurrency]
#   passes: The estimate does not exceed the free addresses of its subnets.
#   judged: >-
#     Peak concurrency (reserved, else configured) times memory in GB divided by 3, rounded up, is compared with the
#     free addresses of all its subnets together. It says nothing about Lambda as it works today. Off unless the
#     configuration turns it on.
#   configuration: [thresholds.peak_concurrency]
#   reads: [lambda:GetFunctionConcurrency]
package vpcguard.rules.ip.legacy_eni_estimate

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.config
import data.vpcguard.lib.facts
import data.vpcguard.lib.result

# without a reserved or a configured peak there is nothing to estimate from
applies := cohorts.functions_with_subnets & (_with_peak | object.keys(_unread))

deny contains result.violation(name, {
	"message": sprintf(
		"%s may have needed %d addresses before 2019 (peak concurrency %d, %d MB), and its subnets have %d free. %s",
		[name, need, _peak(name, cohort), memory_mb, _free(cohort), _advice],
	),
	"evidence": {
		"estimate": need,
		"peak_concurrency": _peak(name, cohort),
		"memory_mb": memory_mb,
		"free_addresses": _free(cohort),
	},
}) if {
	some name, key in _key_of
	cohort := cohorts.by_key[key]
	_waits(name, cohort) == set()
	memory_mb := facts.functions[name].memory_mb
	need := ceil((_peak(name, cohort) * memory_mb) / (1024 * 3))
	need > _free(cohort)
}

unknown contains result.unknown(name, waits) if {
	some name, key in _key_of
	waits := _waits(name, cohorts.by_key[key])
	waits != set()
}

_key_of := {name: key |
	some key, _ in cohorts.with_subnets
	some name in cohorts.by_key[key].functions
}

_waits(name, cohort) := union({
	{wait | not facts.functions[name].reserved_concurrency; some wait in _unread[name]},
	union({waits | some waits in cohort.hidden_subnets}),
	facts.waits_for_addresses(cohort.subnets),
})

_unread := facts.doubtful("reserved_concurrency", cohorts.functions_with_subnets)

_peak(name, _) := facts.functions[name].reserved_concurrency

_peak(name, cohort) := _configured(cohort) if not facts.functions[name].reserved_concurrency

_configured(cohort) := config.settings[cohort.signature].thresholds.peak_concurrency

_with_peak := {one.name | some one in input.functions; one.reserved_concurrency} | {name |
	configured := {signature | some signature, merged in config.settings; merged.thresholds.peak_concurrency}
	configured != set()
	some cohort in cohorts.by_key
	cohort.signature in configured
	some name in cohort.functions
}

_free(cohort) := sum([facts.subnets[id].free_ipv4_addresses | some id in cohort.subnets])

_advice := "Lambda shares interfaces today: use larger subnets only if you plan by this bound."
