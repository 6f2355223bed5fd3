# METADATA
# title: Function leaves out an Availability Zone that its network offers
# description: |
#   The VPC has a subnet of the same kind in a zone that the function does not use. With it the function would survive
#   one more failing zone, at no cost of its own.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
# custom:
#   doubt: Not known whether the function leaves out an Availability Zone that its network offers
#   severity: info
#   advice: Add the subnet to the function's VPC configuration, if it is meant for functions.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left in two zones or more
#   applies_if: [attached, subnets, zones]
#   passes: No available subnet of the same kind lies in a zone of the VPC that the function does not use.
#   judged: >-
#     Candidates are available subnets of the function's VPC in zones it does not use, with the same owner, the same
#     IP stack and the same kind of default target (NAT, internet gateway, none, or the same opaque target) as one of
#     its own. The zone is an ordinary one that is available: no Local Zone, Wavelength Zone or Outpost. Of a shared
#     VPC the subnets that this account sees count alone. Zones are compared by id, since their names differ between
#     accounts. What a subnet is meant for, and how many addresses it has left, is not looked at. A function in one
#     zone alone is reported by az.single_az, which names the candidates.
#   configuration: []
#   reads: []
#   statement: [zone_ids, candidate_subnet_ids, subnet_ids]
package vpcguard.rules.az.missing_az

import data.vpcguard.lib.candidates
import data.vpcguard.lib.cohorts
import data.vpcguard.lib.facts
import data.vpcguard.lib.result

applies := cohorts.functions(object.keys(_judged))

deny contains result.violation(name, {
	"message": $"{name} {_fault(fitting)}",
	"advice": _advice(zones, fitting),
	"evidence": {"zone_ids": zones, "candidate_subnet_ids": fitting, "subnet_ids": cohort.subnets},
}) if {
	some cohort in _judged
	_is_proven(cohort)
	fitting := candidates.fitting(cohort.subnets, cohort.vpc_id)
	zones := _zones(fitting)
	some name in cohort.functions
}

unknown contains result.unknown(name, waits) if {
	some key, cohort in _judged
	not _is_proven(cohort)
	waits := cohorts.zone_waits[key] | candidates.waits(cohort.subnets, cohort.vpc_id)
	waits != set()
	some name in cohort.functions
}

# cohorts in several zones, or perhaps in several
_judged := {key: cohort |
	some key, cohort in cohorts.with_subnets
	[count(cohorts.zones[key]) > 1, cohorts.zone_waits[key]] != [false, set()]
}

# subnets that are hidden or came without a zone may stand in one of the zones that seem to be left out
_is_proven(cohort) if {
	count(_zones(cohort.subnets)) > 1
	unplaced := object.keys(cohort.hidden_subnets) | {id | some id in cohort.subnets; not facts.subnets[id].zone_id}
	count(_zones(candidates.fitting(cohort.subnets, cohort.vpc_id))) > count(unplaced)
}

_zones(ids) := {facts.subnets[id].zone_id | some id in ids}

_fault(fitting) := sprintf("leaves out %s, where %s %s of the same kind as its subnets.", [
	result.zones(_zones(fitting)),
	result.word(_zones(fitting), result.all_named(fitting), result.subnets(fitting)),
	result.word(fitting, "is", "are"),
])

_advice(zones, fitting) := sprintf("Add %s to the function's VPC configuration, if %s meant for functions.", [
	result.word(zones, result.word(fitting, "this subnet", "one of these subnets"), "one of these subnets in each zone"),
	result.word(fitting, "it is", "they are"),
])
