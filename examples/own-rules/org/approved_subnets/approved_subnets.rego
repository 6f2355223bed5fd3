# METADATA
# title: Function is in a subnet that its team may not use
# description: Each team has subnets of its own; the tag team says whose a function is.
# custom:
#   doubt: Not known whether the function is in its team's subnets
#   severity: medium
#   advice: Move the function into the subnets of its team.
package custom.vpcguard.rules.org.approved_subnets

import data.vpcguard.api

applies := {name | some name, _ in api.attached; _approved(name) != set()}

deny contains api.violation(name, {
	"message": sprintf("%s is in %s, which team %s may not use.", [name, concat(", ", sort(others)), _team(name)]),
	"evidence": {"team": _team(name), "subnet_ids": others},
}) if {
	some name in applies
	others := {id | some id in api.attached[name].subnet_ids} - _approved(name)
	others != set()
}

unknown contains api.unknown(name, waits) if {
	some name, _ in api.attached
	not _team(name)
	waits := api.waits("function_tags", name)
	waits != set()
}

_team(name) := api.tags(name).team

_approved(name) := {id | some id in api.parameters("org.approved_subnets", name).subnets[_team(name)]}
