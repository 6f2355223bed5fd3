# METADATA
# title: Function names a security group that does not exist
# description: |
#   Lambda cannot make a network interface with a group that is gone: the next update, or the first invoke after an idle
#   time, fails.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
# custom:
#   doubt: Not known whether every security group that the function names exists
#   severity: critical
#   advice: >-
#     Name an existing security group of the VPC in the function's VPC configuration, or detach the function from the
#     VPC.
#   remediation: detach_vpc_config
#   applies_to: functions in a VPC
#   applies_if: [attached]
#   passes: Every security group that it names exists.
#   judged: >-
#     A group is missing only if the list of groups of its VPC is complete and lacks it. In a shared VPC that takes
#     the owner's list as well. What the groups let through is judged by config.security_groups_block_egress. Where
#     the list of VPCs is complete and lacks the VPC, that was deleted, or is not shared with this account any more, and
#     none of its groups can be used: high, with the cause vpc_not_visible, and never repaired.
#   configuration: []
#   reads: []
#   statement: [missing_security_groups, vpc_id, cause]
package vpcguard.rules.config.missing_security_group

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.facts
import data.vpcguard.lib.result

applies := object.keys(facts.attached)

deny contains result.violation(name, {
	"message": sprintf("%s names %s, which %s not exist.", [
		name,
		result.list(cohort.missing_groups),
		result.word(cohort.missing_groups, "does", "do"),
	]),
	"advice": "Name an existing security group of the VPC in its VPC configuration, or detach the function from the VPC.",
	"evidence": {"missing_security_groups": cohort.missing_groups, "vpc_id": cohort.vpc_id},
	"root_causes": cohort.missing_groups,
}) if {
	some cohort in cohorts.by_key
	cohort.is_vpc_visible
	cohort.missing_groups != set()
	some name in cohort.functions
}

deny contains result.violation(name, {
	"title": "Function names security groups of a VPC that is no longer visible to this account",
	"message": sprintf("%s names %s, but %s. What runs there may go on running.", [
		name,
		result.list(cohort.missing_groups),
		cohorts.not_visible(cohort.vpc_id),
	]),
	"advice": "Ask the owner to share the VPC again, or name groups of another in its VPC configuration.",
	"severity": "high",
	"evidence": {
		"missing_security_groups": cohort.missing_groups,
		"vpc_id": cohort.vpc_id,
		"cause": "vpc_not_visible",
	},
	"root_causes": {cohort.vpc_id},
	"is_eligible": false,
}) if {
	some cohort in cohorts.by_key
	not cohort.is_vpc_visible
	cohort.missing_groups != set()
	some name in cohort.functions
}

unknown contains result.unknown(name, union({waits | some waits in cohort.hidden_groups})) if {
	some cohort in cohorts.by_key
	cohort.missing_groups == set()
	cohort.hidden_groups != {}
	some name in cohort.functions
}

# a group that was seen is of no use where its VPC is not visible any more
unknown contains result.unknown(name, waits) if {
	some cohort in cohorts.by_key
	[cohort.missing_groups, cohort.subnets] == [set(), set()]
	not facts.vpcs[cohort.vpc_id]
	waits := facts.waits("vpcs", cohort.vpc_id)
	waits != set()
	some name in cohort.functions
}
