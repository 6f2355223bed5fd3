# METADATA
# title: FILL IN the fault as a sentence about the function
# description: FILL IN why it matters, in one or two sentences.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
# custom:
#   doubt: Not known whether FILL IN the fault, of a function that cannot be judged
#   severity: medium
#   advice: FILL IN what to do about it.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left
#   applies_if: [attached, subnets]
#   passes: FILL IN what holds where it passes.
#   judged: FILL IN what is compared with what, what settles it, and what it does not look at.
#   configuration: []
#   reads: []
#   statement: [subnet_ids]
package vpcguard.rules.FAMILY.FAULT

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.facts
import data.vpcguard.lib.result

applies := cohorts.functions_with_subnets

deny contains result.violation(name, details) if {
	some key, faulty in _faulty
	faulty != set()
	some name in cohorts.with_subnets[key].functions
	details := {
		"message": sprintf("%s uses %s: FILL IN what is wrong.", [name, result.subnets(faulty)]),
		"advice": $"FILL IN what to do about {result.all_named(faulty)}.",
		"evidence": {"subnet_ids": faulty},
		"root_causes": faulty,
	}
}

# what was seen may prove the fault; what was not seen never makes it pass
unknown contains result.unknown(name, cohort.hidden_subnet_waits) if {
	some key, set() in _faulty
	cohort := cohorts.with_subnets[key]
	cohort.hidden_subnet_waits != set()
	some name in cohort.functions
}

# FILL IN the condition; this one finds subnets that are not available
_faulty := {key: faulty |
	some key, cohort in cohorts.with_subnets
	faulty := {id | some id in cohort.subnets; lower(facts.subnets[id].state) != "available"}
}
