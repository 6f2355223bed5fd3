# METADATA
# title: Function is attached to a VPC that it does not need
# description: |
#   The function is declared to reach only AWS services or the internet and no private target. Outside a VPC it would do
#   so without NAT charges, addresses and a way out that can break.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
# custom:
#   doubt: Not known whether the function needs the VPC that it is attached to
#   severity: info
#   advice: >-
#     Detach the function from the VPC; if it does need something private there, declare that
#     (vpcguard:private-targets=yes).
#   remediation: none
#   applies_to: functions in a VPC
#   applies_if: [attached]
#   passes: It may need a private target, or is not declared to reach just the internet or AWS services.
#   judged: >-
#     Fires where the intent is internet or aws and private targets are declared as no, by configuration or tag. What
#     the function does reach is not observed. Off unless the configuration turns it on.
#   configuration: [intent]
#   reads: []
#   statement: [vpc_id]
package vpcguard.rules.placement.vpc_unneeded

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.facts
import data.vpcguard.lib.intent
import data.vpcguard.lib.result

applies := object.keys(facts.attached)

deny contains result.violation(name, {
	"message": $"{name} is attached to {result.named(cohort.vpc_id)}, but is declared to need no private target.",
	"evidence": {"intent": intent.evidence(cohort.intent_key), "vpc_id": cohort.vpc_id},
	"basis": "declared",
}) if {
	some cohort in cohorts.by_key
	_is_certain(cohort.intent)
	some name in cohort.functions
}

unknown contains result.unknown(name, cohort.intent.waits) if {
	some cohort in cohorts.by_key
	cohort.intent.egress.values & _outward != set()
	"no" in cohort.intent.private_targets.values
	not _is_certain(cohort.intent)
	some name in cohort.functions
}

# every way of reading the unread tags leads outward
_is_certain(declared) if {
	declared.egress.values - _outward == set()
	declared.private_targets.values == {"no"}
}

_outward := {"internet", "aws"}
