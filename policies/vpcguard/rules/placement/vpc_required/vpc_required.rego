# METADATA
# title: Function runs outside a VPC although the configuration demands one
# description: |
#   The configuration says that functions of this account, unit or name run in a VPC. Prevention is the job of the
#   condition keys lambda:VpcIds, lambda:SubnetIds and lambda:SecurityGroupIds; this rule shows who slipped through.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#vpc-conditions
# custom:
#   doubt: Not known whether the function runs in a VPC, as the configuration demands
#   severity: medium
#   advice: Attach the function to a VPC, or leave it out of the configuration's demand.
#   remediation: none
#   applies_to: functions that are not being deleted
#   applies_if: []
#   passes: It is attached to a VPC, or runs on Managed Instances, whose capacity provider brings one.
#   judged: >-
#     A function without subnets in its configuration is outside a VPC. Which functions must be inside is what the
#     configuration says by turning the rule on for an account, unit or name pattern. It shows and does not prevent.
#     Off unless the configuration turns it on.
#   configuration: []
#   reads: []
#   statement: []
package vpcguard.rules.placement.vpc_required

import data.vpcguard.lib.facts
import data.vpcguard.lib.result

applies := object.keys(facts.functions) - facts.deleting

# a capacity provider brings its own VPC
deny contains result.violation(name, {
	"message": $"{name} runs outside a VPC, and the configuration demands one.",
	"evidence": {"subnet_ids": one.subnet_ids},
}) if {
	some name, one in facts.judged
	one.subnet_ids == []
	not _unread[name]
}

unknown contains result.unknown(name, waits) if some name, waits in _unread

_unread := facts.doubtful("capacity_providers", {name | some name, one in facts.judged; one.subnet_ids == []})
