# METADATA
# title: Legacy upper bound of network interfaces exceeds the free addresses
# description: |
#   Until 2019 every three gigabytes of concurrent executions took an interface of their own: peak concurrency times
#   memory in GB divided by 3. Lambda shares interfaces since; the formula is kept as a cautious upper bound for who
#   wants it.
# related_resources:
#   - ref: https://aws.amazon.com/blogs/compute/announcing-improved-vpc-networking-for-aws-lambda-functions/
# custom:
#   doubt: Not known whether the legacy upper bound of network interfaces exceeds the free addresses
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
#   statement: [estimate]
package vpcguard.rules.ip.legacy_eni_estimate

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.config
import data.vpcguard.lib.facts
import data.vpcguard.lib.result

# without a reserved or a configured peak there is nothing to estimate from
applies := cohorts.functions_with_subnets & (object.keys(_peak) | object.keys(_unread))

deny contains result.violation(name, {
	"message": sprintf(
		"%s may have needed %d addresses before 2019 (peak concurrency %d, %d MB), and its subnets have %d free.",
		[name, need, peak, memory_mb, free],
	),
	"evidence": {
		"estimate": need,
		"peak_concurrency": peak,
		"memory_mb": memory_mb,
		"free_addresses": free,
	},
	"root_causes": cohort.subnets,
}) if {
	some key, cohort in cohorts.with_subnets
	free := sum([facts.subnets[id].free_ipv4_addresses | some id in cohort.subnets])
	some name in cohort.functions
	_waits(name, key) == set()
	memory_mb := facts.functions[name].memory_mb
	peak := _peak[name]
	need := ceil((peak * memory_mb) / (1024 * 3))
	need > free
}

unknown contains result.unknown(name, waits) if {
	some key, cohort in cohorts.with_subnets
	some name in cohort.functions
	waits := _waits(name, key)
	waits != set()
}

_waits(name, key) := union({
	object.get(_unread, name, set()),
	cohorts.by_key[key].hidden_subnet_waits,
	facts.waits_for_addresses(cohorts.by_key[key].subnets),
})

_unread := {name: waits |
	some name, waits in facts.doubtful("reserved_concurrency", cohorts.functions_with_subnets)
	not facts.functions[name].reserved_concurrency
}

# reserved, else configured
_peak := object.union(
	{name: peak |
		some cohort in cohorts.with_subnets
		peak := config.settings[cohort.signature].thresholds.peak_concurrency
		some name in cohort.functions
	},
	{one.name: one.reserved_concurrency | some one in input.functions; one.reserved_concurrency},
)
