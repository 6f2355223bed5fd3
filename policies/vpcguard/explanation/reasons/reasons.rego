# METADATA
# title: Reasons
# description: |
#   What of a function keeps a rule from applying to it. The conditions that a rule can name in its metadata
#   (applies_if) are those of this file: attached, subnets, intent, needs, dual_stack, aliases, peak_concurrency,
#   inactive, security_groups, file_systems, event_sources, ipv4_addresses, inspection, zones and visible_endpoints.
package vpcguard.explanation.reasons

import data.vpcguard.explanation.situation
import data.vpcguard.lib.cohorts
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.facts
import data.vpcguard.lib.needs
import data.vpcguard.lib.result

# METADATA
# description: |
#   Sentences, given the name of a function that a rule does not apply to and the conditions of the rule (an array):
#   those that the function does not meet. What keeps every network rule away is said alone.
# scope: document
against(name, conditions) := [situation.text(name)] if {
	_is_outside(situation.of[name], conditions)
} else := [sentence |
	some condition in conditions
	sentence := _unmet(condition, name)
]

_is_outside("deleting", _)

_is_outside("managed_instances", _)

_is_outside("not_attached", conditions) if "attached" in conditions

_is_outside("without_subnets", conditions) if "subnets" in conditions

_unmet("intent", name) := $"Its intent is {egress}." if {
	egress := situation.intents[name].egress.value
	egress in {"aws", "none"}
}

_unmet("needs", name) := _needed(object.keys(needs.of[name]) | unjudged) if {
	needs.others[name] == set()
	unjudged := {$"{service} (no endpoint known)" | some service in needs.without_endpoints[name]}
}

_unmet("dual_stack", name) := "Ipv6AllowedForDualStack is off." if {
	facts.functions[name].ipv6_allowed_for_dual_stack == false
}

_unmet("aliases", name) := "It has no alias." if facts.functions[name].aliases == []

_unmet("peak_concurrency", _) := "It has neither."

_unmet("inactive", name) := $"Its State is {state}." if state := object.get(facts.functions[name], "state", "not told")

_unmet("security_groups", name) := "None of its security groups exists." if {
	cohort := cohorts.by_key[cohorts.of[name]]
	cohort.named_groups == cohort.missing_groups
}

_unmet("file_systems", name) := "It mounts no file system." if facts.functions[name].file_systems == []

_unmet("event_sources", _) := "It has no such source."

_unmet("ipv4_addresses", _) := "Its subnets have none."

_unmet("inspection", _) := "The configuration names none."

_unmet("visible_endpoints", name) := "The endpoints of its VPC are seen by the owner alone." if {
	endpoints.are_hidden(cohorts.by_key[cohorts.of[name]].vpc_id)
}

_unmet("zones", _) := "Its subnets are in one zone alone."

_needed(set()) := "It needs no AWS service."

_needed(services) := sprintf("It needs no service but %s.", [result.list(services)]) if services != set()
