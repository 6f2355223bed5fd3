# METADATA
# title: Reasons
# description: What of a function keeps a rule from applying to it.
package vpcguard.explanation.reasons

import data.vpcguard.explanation.situation
import data.vpcguard.lib.cohorts
import data.vpcguard.lib.facts
import data.vpcguard.lib.needs
import data.vpcguard.lib.result

# METADATA
# description: |
#   Sentences, given the name of a function that a rule does not apply to and the rule's applies_to: what that asks for
#   and the function is not.
# scope: document
against(name, applies_to) := [sentence | some sentence in situation.of[name]] if {
	some word in _asked_of[_kind(name)]
	contains(applies_to, word)
} else := [sentence |
	some [word, sentence] in _facts(name)
	contains(applies_to, word)
]

_kind(name) := kind if some kind, _ in situation.of[name]

# what a function in this situation is not, whatever else it is
_asked_of := {
	"deleting": {""},
	"managed_instances": {""},
	"not_attached": {"in a VPC"},
	"without_subnets": {"a subnet left", "a subnet and a security group left"},
	"attached": set(),
}

_facts(name) := array.flatten([
	[["intent", $"Its intent is {egress}."] | egress := situation.intents[name].egress.value; egress in {"aws", "none"}],
	[["need", _needed(object.keys(crowd.services))] | crowd := needs.crowds[needs.of[name]]; crowd.others == set()],
	[["Ipv6AllowedForDualStack", "Ipv6AllowedForDualStack is off."] | one.ipv6_allowed_for_dual_stack == false],
	[["alias", "It has no alias."] | one.aliases == []],
	[["peak concurrency", "It has neither."]],
	[["inactive", $"Its State is {state}."] | state := object.get(one, "state", "not told")],
	[["security group left", "None of its security groups exists."] |
		cohort := cohorts.by_key[cohorts.of[name]]
		cohort.named_groups - cohort.missing_groups == set()
	],
	[["IPv4 addresses", "Its subnets have none."]],
]) if {
	one := facts.functions[name]
}

_needed(set()) := "It needs no AWS service."

_needed(services) := sprintf("It needs no service but %s.", [result.list(services)]) if services != set()
