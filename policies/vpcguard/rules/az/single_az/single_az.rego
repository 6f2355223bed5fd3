# METADATA
# title: Function runs in a single Availability Zone
# description: If the one zone behind its subnets fails, the function cannot be invoked at all.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
# custom:
#   severity: medium
#   advice: Add a subnet in a second Availability Zone to the function's VPC configuration.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left
#   applies_if: [attached, subnets]
#   passes: Its subnets lie in two or more Availability Zones.
#   judged: >-
#     The zone ids of its subnets are counted, not the subnets and not the zone names, which differ between accounts.
#     Two zones seen settle the matter, whatever a hidden subnet holds. Whether the zones are usable is a question for
#     az.single_usable_az.
#   configuration: []
#   reads: []
package vpcguard.rules.az.single_az

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.facts
import data.vpcguard.lib.result

applies := cohorts.functions_with_subnets

deny contains result.violation(name, {"message": text, "evidence": evidence}) if {
	some key, zones in _zones
	count(zones) == 1
	_doubts[key] == set()
	spread := cohorts.spreads[key]
	evidence := {"zone_ids": zones, "subnet_ids": spread.subnets}
	fault := sprintf(
		"has all its subnets in one Availability Zone: %s. Add a subnet in another zone to its VPC configuration.",
		[result.subnets(spread.subnets)],
	)
	some name in spread.functions
	text := concat(" ", [name, fault])
}

# two zones seen settle the matter, whatever a hidden subnet holds
unknown contains result.unknown(name, waits) if {
	some key, zones in _zones
	count(zones) < 2
	waits := _doubts[key]
	waits != set()
	some name in cohorts.spreads[key].functions
}

# zone ids, not names: eu-west-1a is a different zone in each account
_zones := {key: zones |
	some key in cohorts.spreads_with_subnets
	zones := {facts.subnets[id].zone_id | some id in cohorts.spreads[key].subnets}
}

_doubts := {key: waits |
	some key in cohorts.spreads_with_subnets
	spread := cohorts.spreads[key]
	waits := spread.hidden_subnet_waits | facts.waits_for_zones(spread.subnets)
}
