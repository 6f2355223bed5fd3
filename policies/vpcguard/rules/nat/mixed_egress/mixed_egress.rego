# METADATA
# title: Only some subnets of the function lead to the internet
# description: |
#   Lambda places executions in any of the function's subnets, so calls to the internet fail now and then, depending on
#   where one runs. That is harder to find than a function that never gets out.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html
#   - ref: https://repost.aws/knowledge-center/internet-access-lambda-function
# custom:
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
package vpcguard.rules.nat.mixed_egress

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.faults
import data.vpcguard.lib.intent
import data.vpcguard.lib.path
import data.vpcguard.lib.result

applies := path.needed_by

deny contains result.violation(name, details) if {
	some key, verdicts in _verdicts
	intent.is_violation(verdicts)
	cohort := cohorts.by_key[key]
	finding := _finding(min(cohort.intent.egress.values), path.place_of[key])
	evidence := object.union({"intent": intent.evidence(cohort.intent_key)}, finding.evidence)
	some name in cohort.functions
	details := {
		"message": concat(" ", [name, finding.message]),
		"evidence": evidence,
		"root_causes": finding.root_causes,
	}
}

unknown contains result.unknown_with(name, waits, evidence) if {
	some key, verdicts in _verdicts
	waits := intent.doubts(cohorts.by_key[key].intent, verdicts)
	waits != set()
	evidence := {"subnets": path.evidence(path.place_of[key])}
	some name in cohorts.by_key[key].functions
}

# by cohort, where the subnets do not simply agree
_verdicts := {key: intent.by_value(cohorts.by_key[key].intent, verdict) |
	some place, summary in path.summary
	answer := _answer(summary)
	verdict := {"answer": answer, "waits": summary.waits}
	some key in path.cohorts_at[place]
}

# one with a way out and one without settle it
_answer(summary) := "violation" if _is_mixed(summary)

# a subnet alone is never mixed
_answer(summary) := "unknown" if {
	not _is_mixed(summary)
	summary.unknown != set()
	count(union({summary.works, summary.none, summary.unknown})) > 1
}

_is_mixed(summary) if {
	summary.works != set()
	summary.none != set()
}

# what is said of every function there; the message lacks its name
_finding(value, place) := {
	"message": sprintf("reaches the internet from %s, but not everywhere: %s. %s", [
		result.subnets(path.summary[place].works),
		faults.text(place, broken),
		faults.advice(place, broken, value),
	]),
	"evidence": {"ipv6_only": ipv6_only, "subnets": path.evidence(place)},
	"root_causes": path.roots(place, broken),
} if {
	broken := path.summary[place].none
	ipv6_only := {id | some id, outcome in path.by_place[place]; outcome.is_ipv6_only}
}
