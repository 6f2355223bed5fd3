# METADATA
# title: Function is attached to a VPC with dedicated instance tenancy
# description: >-
#   Lambda cannot attach functions to a VPC with dedicated tenancy, so the next update or rebuild of the interfaces
#   fails.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
# custom:
#   doubt: Not known whether the function is attached to a VPC with dedicated instance tenancy
#   severity: critical
#   advice: |
#     Move the function to subnets of a VPC with default tenancy and peer the two VPCs if it needs resources there, or
#     detach it.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left
#   applies_if: [attached, subnets]
#   passes: The tenancy of its VPC is not dedicated.
#   judged: >-
#     InstanceTenancy of the VPC is compared with dedicated, whatever the case of the letters. The tenancy of single
#     instances plays no part. No remediation: Lambda refuses to attach there, so that a function which is active is a
#     contradiction worth a look.
#   configuration: []
#   reads: []
#   statement: [vpc_id]
package vpcguard.rules.config.dedicated_tenancy

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.facts
import data.vpcguard.lib.result

applies := cohorts.functions_with_subnets

deny contains result.violation(name, {
	"message": sprintf("%s is attached to %s, whose instance tenancy is dedicated: Lambda makes no interfaces there.", [
		name,
		result.named(cohort.vpc_id),
	]),
	"root_causes": {cohort.vpc_id},
	"evidence": {"vpc_id": cohort.vpc_id, "tenancy": facts.vpcs[cohort.vpc_id].tenancy},
}) if {
	some cohort in cohorts.with_subnets
	lower(facts.vpcs[cohort.vpc_id].tenancy) == "dedicated"
	some name in cohort.functions
}

unknown contains result.unknown(name, waits) if {
	some cohort in cohorts.with_subnets
	not facts.vpcs[cohort.vpc_id].tenancy
	waits := union({facts.waits("vpcs", cohort.vpc_id), _nameless(cohort), _untold(cohort.vpc_id)})
	waits != set()
	some name in cohort.functions
}

# AWS names the tenancy of every VPC
_untold(vpc_id) := {wait |
	facts.vpcs[vpc_id]
	facts.is_known("vpcs", vpc_id)
	wait := {"status": "opaque", "name": "ec2:DescribeVpcs", "reason": $"no tenancy of {vpc_id}"}
}

# neither the function nor any subnet says which VPC it is
_nameless(cohort) := {wait | cohort.vpc_id == ""; some wait in cohort.hidden_subnet_waits}
