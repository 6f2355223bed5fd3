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
#     be known. Whether the zones are usable is a question for
#     az.single_usable_az.
#   configuration: []
#   reads: []
#   statement: [zone_ids, subnet_ids]
package vpcguard.rules.az.single_az

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.facts
import data.vpcguard.lib.result

applies := cohorts.functions_with_subnets

deny contains result.violation(name, {"message": $"{name} {fault}", "advice": advice, "evidence": evidence}) if {
	some key, zones in cohorts.zones
	count(zones) < 2
	_waits[key] == set()
	cohort := cohorts.by_key[key]
	evidence := {"zone_ids": zones, "subnet_ids": cohort.subnets}
	fault := sprintf("runs in one Availability Zone: %s %s.", [
		result.word(cohort.subnets, "its only subnet is", "its subnets are"),
		result.subnets(cohort.subnets),
	])
	advice := $"Add a subnet of {result.named(cohort.vpc_id)} in another zone to its VPC configuration."
	some name in cohort.functions
}

# two zones seen settle the matter, whatever a hidden subnet holds
unknown contains result.unknown(name, waits) if {
	some key, zones in cohorts.zones
	count(zones) < 2
	waits := _waits[key]
	waits != set()
	some name in cohorts.by_key[key].functions
}

# a subnet alone is in one zone, whichever that is
_waits := {key: union({cohort.hidden_subnet_waits, zone_waits}) |
	some key, cohort in cohorts.with_subnets
	zone_waits := {wait | count(cohort.subnets) > 1; some wait in facts.waits_for_zones(cohort.subnets)}
}
