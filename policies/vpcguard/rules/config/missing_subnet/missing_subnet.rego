# METADATA
# title: Function names a subnet that does not exist
# description: |
#   Lambda cannot place network interfaces in a subnet that is gone: updates fail, and once its interfaces are reclaimed
#   the function cannot start again.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-networking.html
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
# custom:
#   doubt: Not known whether every subnet that the function names exists
#   severity: critical
#   advice: Name existing subnets in the function's VPC configuration.
#   remediation: detach_vpc_config
#   applies_to: functions in a VPC
#   applies_if: [attached]
#   passes: Every subnet that it names exists.
#   judged: >-
#     A subnet is missing only if the list of subnets is complete and lacks it. A subnet that another account shares,
#     or shared, counts as missing only if its owner's list is complete too. A missing subnet is left out of every
#     other rule, except config.idle_on_broken_network. Where the list of VPCs is complete and lacks the VPC, that was
#     deleted, or is not shared with this account any more: high, with the cause vpc_not_visible, and never repaired.
#   configuration: []
#   reads: []
#   statement: [missing_subnet_ids, vpc_id, cause]
package vpcguard.rules.config.missing_subnet

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.facts
import data.vpcguard.lib.result

applies := object.keys(facts.attached)

deny contains result.violation(name, {
	"message": sprintf("%s names %s, which no longer %s.", [
		name,
		result.list(cohort.missing_subnets),
		result.word(cohort.missing_subnets, "exists", "exist"),
	]),
	"advice": "Name existing subnets in its VPC configuration.",
	"evidence": _evidence(cohort),
	"root_causes": cohort.missing_subnets,
}) if {
	some cohort in cohorts.by_key
	cohort.is_vpc_visible
	cohort.missing_subnets != set()
	some name in cohort.functions
}

deny contains result.violation(name, {
	"title": "Function names subnets of a VPC that is no longer visible to this account",
	"message": sprintf("%s names %s, but %s. What runs there may go on running.", [
		name,
		result.list(cohort.missing_subnets),
		cohorts.not_visible(cohort.vpc_id),
	]),
	"advice": "Ask the owner to share the VPC again, or name subnets of another in its VPC configuration.",
	"severity": "high",
	"evidence": object.union(_evidence(cohort), {"cause": "vpc_not_visible"}),
	"root_causes": {cohort.vpc_id},
	"is_eligible": false,
}) if {
	some cohort in cohorts.by_key
	not cohort.is_vpc_visible
	some name in cohort.functions
}

_evidence(cohort) := {
	"vpc_id": cohort.vpc_id,
	"missing_subnet_ids": cohort.missing_subnets,
	"named_subnet_ids": cohort.named_subnets,
}

unknown contains result.unknown_with(name, waits, {"hidden_subnet_ids": object.keys(cohort.hidden_subnets)}) if {
	some cohort in cohorts.by_key
	cohort.missing_subnets == set()
	waits := cohort.hidden_subnet_waits
	waits != set()
	some name in cohort.functions
}
