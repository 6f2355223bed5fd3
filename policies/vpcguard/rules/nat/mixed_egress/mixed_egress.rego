# METADATA
# title: Only some subnets of the function lead to the internet
# description: |
#   Lambda places executions in any of the function's subnets, so calls to the internet fail now and then, depending on
#   where one runs. That is harder to find than a function that never gets out.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html
#   - ref: https://repost.aws/knowledge-center/internet-access-lambda-function
# custom:
#   doubt: Not known whether only some subnets of the function lead to the internet
#   severity: high
#   advice: Give every subnet of the function the same kind of way out, or remove the subnets without one from it.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left and whose intent is internet or undeclared
#   applies_if: [attached, subnets, intent]
#   passes: >-
#     Its subnets agree: all of them lead to the internet, or none does.
#   judged: >-
#     The way of each subnet is followed as in nat.no_internet_egress. One subnet that leads out and one that does not
#     settle the matter, whatever a third one does. Only routing is judged: security groups and network ACLs have
#     rules of their own.
#   configuration: [intent, trusted_egress]
#   reads: []
#   statement: [subnets.subnet_id, subnets.state, subnets.cause]
package vpcguard.rules.nat.mixed_egress

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.egress
import data.vpcguard.lib.faults
import data.vpcguard.lib.intent
import data.vpcguard.lib.result

applies := cohorts.functions_needing_internet

deny contains result.violation(name, details) if {
	some key, verdicts in _verdicts
	intent.is_violation(verdicts)
	cohort := cohorts.by_key[key]
	subnets := egress.by_state[key]
	message := sprintf("reaches the internet from %s, but not everywhere: %s.", [
		result.subnets(subnets.works),
		faults.text(key, subnets.none),
	])
	advice := faults.advice(key, subnets.none, min(cohort.intent.egress.values))
	evidence := {
		"intent": intent.evidence(cohort.intent_key),
		"ipv6_only": {id | some id, path in egress.of[key]; path.is_ipv6_only},
		"subnets": egress.evidence(key),
		"causes": egress.causes(key),
	}
	root_causes := egress.root_causes(key, subnets.none)
	some name in cohort.functions
	details := {"message": $"{name} {message}", "advice": advice, "evidence": evidence, "root_causes": root_causes}
}

unknown contains result.unknown_with(name, waits, {"subnets": subnets}) if {
	some key, verdicts in _verdicts
	waits := intent.doubts(cohorts.by_key[key].intent, verdicts)
	waits != set()
	subnets := egress.evidence(key)
	some name in cohorts.by_key[key].functions
}

# by cohort, where the subnets do not simply agree
_verdicts := {key: intent.by_value(cohorts.by_key[key].intent, {"answer": answer, "waits": subnets.waits}) |
	some key, subnets in egress.by_state
	answer := _answer(subnets)
}

# one subnet with a way out and one without settle it; a subnet alone is never mixed
_answer(subnets) := "violation" if {
	subnets.works != set()
	subnets.none != set()
} else := "unknown" if {
	subnets.unknown != set()
	count(union({subnets.works, subnets.none, subnets.unknown})) > 1
}
