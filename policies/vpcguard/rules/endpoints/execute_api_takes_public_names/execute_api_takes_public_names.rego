# METADATA
# title: An endpoint takes over the names of public APIs
# description: |
#   With private DNS on, an endpoint for execute-api takes over the name of every API Gateway API of the region, those
#   of other accounts too. It leads to private APIs alone: calls to public ones answer 403 from this VPC.
# related_resources:
#   - ref: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-api-create.html
#   - ref: https://repost.aws/knowledge-center/api-gateway-vpc-connections
# custom:
#   doubt: Not known whether an endpoint takes over the names of public APIs
#   severity: low
#   advice: Call public APIs by custom domain names, or turn private DNS of the endpoint off.
#   remediation: none
#   applies_to: >-
#     functions in a VPC that have a subnet left, whose intent is internet or undeclared, and whose endpoints can be
#     seen
#   applies_if: [attached, subnets, intent, visible_endpoints]
#   passes: No endpoint of its VPC takes over the names of public APIs.
#   judged: >-
#     An available interface endpoint for execute-api in the function's VPC takes over the names: private DNS and the
#     VPC's DNS support and hostnames are on, and Amazon's resolver answers. Which APIs the function calls is not known;
#     custom domain names are not taken over. In a shared VPC whose owner is not read nobody can say what there is, and
#     nothing points to such an endpoint.
#   configuration: [intent]
#   reads: []
#   statement: [endpoint_ids]
package vpcguard.rules.endpoints.execute_api_takes_public_names

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.facts
import data.vpcguard.lib.intent
import data.vpcguard.lib.result

applies := cohorts.functions(object.keys(_verdicts))

deny contains result.violation(name, {
	"message": sprintf(
		"Public APIs of API Gateway %s %s: in %s, %s takes over the names of all APIs of the region.",
		[_do(key, taking), name, result.named(cohort.vpc_id), result.all_named(taking)],
	),
	"advice": sprintf("Call public APIs by custom domain names, or turn private DNS of %s off: %s.", [
		result.all_named(taking),
		"private APIs are called by the endpoint's own name then",
	]),
	"evidence": {
		"vpc_id": cohort.vpc_id,
		"intent": intent.evidence(cohort.intent_key),
		"endpoint_ids": taking,
	},
	"root_causes": taking,
}) if {
	some key, verdicts in _verdicts
	intent.is_violation(verdicts)
	cohort := cohorts.by_key[key]
	taking := _taking[cohort.vpc_id]
	some name in cohort.functions
}

unknown contains result.unknown(name, waits) if {
	some key, verdicts in _verdicts
	waits := intent.doubts(cohorts.by_key[key].intent, verdicts)
	waits != set()
	some name in cohorts.by_key[key].functions
}

# an endpoint that lets the function in refuses what is for public APIs
_do(key, taking) := "do not answer" if {
	every id in taking {
		[endpoints.admission[key][id].subnets, endpoints.admission[key][id].waits] == [set(), set()]
	}
} else := "answer 403 to"

_verdicts := {key: intent.by_value(cohort.intent, _verdict(cohort.vpc_id)) |
	some key, cohort in cohorts.with_subnets
	intent.may_need_internet(cohort.intent)
	not endpoints.are_hidden(cohort.vpc_id)
}

_verdict(vpc_id) := {"answer": "violation", "waits": set()} if {
	_taking[vpc_id]
} else := {"answer": "unknown", "waits": waits} if {
	waits := _waits(vpc_id)
	waits != set()
} else := {"answer": "pass", "waits": set()}

# by VPC, the endpoints that certainly take the names
_taking := {vpc_id: taking |
	some [vpc_id, "execute-api"], ids in endpoints.interfaces
	taking := {id | some id in ids; [endpoints.availability[id], endpoints.catching[id].values] == [{true}, {true}]}
	taking != set()
}

_waits(vpc_id) := facts.waits("vpc_endpoints", vpc_id) | {wait |
	some id in endpoints.interfaces[[vpc_id, "execute-api"]]
	[true in endpoints.availability[id], true in endpoints.catching[id].values] == [true, true]
	some wait in (endpoints.state_waits(id) | endpoints.catching[id].waits)
}
