# METADATA
# title: Explanation
# description: |
#   What leads to the verdicts about functions, for people who ask why: policies/schemas/explanation.json. It reads what
#   the rules read and what they say; nothing is judged here.
package vpcguard.explanation

import data.vpcguard.explanation.endpoints
import data.vpcguard.explanation.filters
import data.vpcguard.explanation.situation
import data.vpcguard.explanation.subnets
import data.vpcguard.explanation.verdicts
import data.vpcguard.explanation.ways

# METADATA
# description: |
#   Everything about every function of the query; callers ask about one at a time. Undefined where the decision is.
# scope: document
# entrypoint: true
answer := {"functions": [explained |
	some one in input.functions
	explained := {
		"function": one.name,
		"situation": situation.of[one.name],
		"text": situation.text(one.name),
		"vpc_id": situation.vpc_ids[one.name],
		"states": situation.states[one.name],
		"security_groups": situation.security_groups[one.name],
		"intent": situation.intents[one.name],
		"needs": situation.needs[one.name],
		"ways": ways.of[one.name],
		"calls": endpoints.calls[one.name],
		"filters": filters.of[one.name],
		"subnets": [object.union(subnet, object.get(endpoints.at, [one.name, subnet.subnet_id], endpoints.nowhere)) |
			some subnet in subnets.of[one.name]
		],
		"rules": verdicts.of[one.name],
	}
]} if {
	data.vpcguard.decision
}
