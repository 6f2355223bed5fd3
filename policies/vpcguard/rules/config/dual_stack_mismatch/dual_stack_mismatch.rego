# METADATA
# title: Function asks for IPv6 in subnets that are not dual-stack
# description: |
#   Outbound IPv6 needs every subnet of the function to have both an IPv4 and an IPv6 network. Lambda refuses the next
#   update while one of them has not.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-internet
# custom:
#   doubt: Not known whether the function asks for IPv6 in subnets that are not dual-stack
#   severity: medium
#   advice: >-
#     Associate an IPv6 network with the subnets named, choose dual-stack subnets, or turn Ipv6AllowedForDualStack
#     off.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left and have Ipv6AllowedForDualStack on
#   applies_if: [attached, subnets, dual_stack]
#   passes: Each of its subnets has both an IPv4 and an IPv6 network.
#   judged: >-
#     A subnet counts as dual-stack if it has an IPv4 network and at least one IPv6 network and is not for IPv6 alone.
#     One subnet that is not settles the matter. Whether IPv6 leads anywhere is a question for the rules on the way
#     out.
#   configuration: []
#   reads: []
#   statement: [subnet_ids]
package vpcguard.rules.config.dual_stack_mismatch

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.result

applies := cohorts.functions({key | some key, cohort in cohorts.with_subnets; cohort.is_dual_stack_allowed})

deny contains result.violation(name, {
	"message": sprintf(
		"%s has Ipv6AllowedForDualStack on, but %s %s not dual-stack.",
		[name, result.subnets(mismatched), result.word(mismatched, "is", "are")],
	),
	"advice": advice,
	"evidence": {"subnet_ids": mismatched},
	"root_causes": {id | mismatched & _ipv6_only == set(); some id in mismatched},
}) if {
	some cohort in cohorts.with_subnets
	cohort.is_dual_stack_allowed
	mismatched := cohort.subnets - _dual_stack
	mismatched != set()
	advice := concat(" ", array.concat(
		[sentence | sentence := _instead(mismatched & _ipv6_only)],
		[sentence | sentence := _add(mismatched - _ipv6_only)],
	))
	some name in cohort.functions
}

unknown contains result.unknown(name, cohort.hidden_subnet_waits) if {
	some cohort in cohorts.with_subnets
	cohort.is_dual_stack_allowed
	cohort.subnets - _dual_stack == set()
	cohort.hidden_subnet_waits != set()
	some name in cohort.functions
}

# an IPv6 network more makes no place for a function of a subnet without IPv4
_instead(ids) := $"Choose dual-stack subnets in place of {result.all_named(ids)}: functions need IPv4, too." if {
	ids != set()
}

_add(ids) := sprintf("Associate %s with %s, choose dual-stack subnets, or turn Ipv6AllowedForDualStack off.", [
	result.word(ids, "an IPv6 network", "IPv6 networks"),
	result.all_named(ids),
]) if {
	ids != set()
}

_ipv6_only := {one.id | some one in input.subnets; one.is_ipv6_only}

_dual_stack := {one.id |
	some one in input.subnets
	one.is_ipv6_only == false
	one.ipv4_cidr
	one.ipv6_cidrs != []
}
