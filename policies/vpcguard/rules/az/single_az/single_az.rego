# METADATA
# title: Function runs in a single Availability Zone
# description: If the one zone behind its subnets fails, the function cannot be invoked at all.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
# custom:
#   doubt: Not known whether the function runs in a single Availability Zone
#   severity: medium
#   advice: Add a subnet in a second Availability Zone to the function's VPC configuration.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left
#   applies_if: [attached, subnets]
#   passes: Its subnets lie in two or more Availability Zones.
#   judged: >-
#     The zone ids of its subnets are counted, not the subnets and not the zone names, which differ between accounts.
#     Two zones seen settle the matter, whatever a hidden subnet holds; so does one subnet alone, whose zone need not
#     be known. Whether the zones are usable is a question for az.single_usable_az. The subnets of the same kind in
#     other zones that the evidence names are those that az.missing_az would name.
#   configuration: []
#   reads: []
#   statement: [zone_ids, subnet_ids]
package vpcguard.rules.az.single_az

import data.vpcguard.lib.candidates
import data.vpcguard.lib.cohorts
import data.vpcguard.lib.facts
import data.vpcguard.lib.result

applies := cohorts.functions_with_subnets

deny contains result.violation(name, {"message": $"{name} {fault}", "advice": advice, "evidence": evidence}) if {
	some key, zones in cohorts.zones
	count(zones) < 2
	cohorts.zone_waits[key] == set()
	cohort := cohorts.by_key[key]
	fitting := candidates.fitting(cohort.subnets, cohort.vpc_id)
	evidence := {"zone_ids": zones, "subnet_ids": cohort.subnets, "candidate_subnet_ids": fitting}
	fault := sprintf("runs in one Availability Zone%s: %s %s.", [
		concat("", [$", {result.zones(zones)}" | zones != set()]),
		result.word(cohort.subnets, "its only subnet is", "its subnets are"),
		result.all_named(cohort.subnets),
	])
	advice := _advice(fitting, cohort.vpc_id)
	some name in cohort.functions
}

# two zones seen settle the matter, whatever a hidden subnet holds
unknown contains result.unknown(name, waits) if {
	some key, zones in cohorts.zones
	count(zones) < 2
	waits := cohorts.zone_waits[key]
	waits != set()
	some name in cohorts.by_key[key].functions
}

_advice(set(), vpc_id) := $"Add a subnet of {result.named(vpc_id)} in another zone to its VPC configuration."

# one in a zone is enough
_advice(fitting, _) := sprintf("Add %s, of the same kind in %s, to its VPC configuration, if %s meant for functions.", [
	result.subnets(others),
	result.word(others, "another zone", "other zones"),
	result.word(others, "it is", "they are"),
]) if {
	fitting != set()
	others := {min(ids) | some ids in facts.grouped([[facts.subnets[id].zone_id, id] | some id in fitting])}
}
