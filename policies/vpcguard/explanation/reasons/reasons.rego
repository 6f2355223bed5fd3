# METADATA
# title: Reasons
# description: What of a function keeps a rule from applying to it.
package vpcguard.explanation.reasons

import data.vpcguard.explanation.situation
import data.vpcguard.lib.cohorts
import data.vpcguard.lib.message
import data.vpcguard.lib.needs
import data.vpcguard.lib.network

# METADATA
# description: |
#   Sentences, given the name of a function that a rule does not apply to and the rule's applies_to: what that asks for
#   and the function is not.
# scope: document
against(name, _) := [sentence | some kind, sentence in situation.of[name]; kind != "attached"] if {
	not situation.of[name].attached
}

against(name, applies_to) := [sentence |
	some [word, sentence] in _facts(name)
	contains(applies_to, word)
] if {
	situation.of[name].attached
}

_facts(name) := array.flatten([
	[["intent", $"Its intent is {egress}."] | egress := situation.intents[name].egress.value; egress in {"aws", "none"}],
	[["need", _needed(object.keys(needs.crowds[needs.of[name]].services))]],
	[["Ipv6AllowedForDualStack", "Ipv6AllowedForDualStack is off."] | one.ipv6_allowed_for_dual_stack == false],
	[["alias", "It has no alias."] | one.aliases == []],
	[["peak concurrency", "It has neither."]],
	[["inactive", $"Its State is {state}."] | state := object.get(one, "state", "not told")],
	[["security group left", "None of its security groups exists."] | cohort.groups == set()],
	[["IPv4 addresses", "Its subnets have none."]],
]) if {
	one := network.functions[name]
	cohort := cohorts.by_key[cohorts.of[name]]
}

_needed(set()) := "It needs no AWS service."

_needed(services) := sprintf("It needs %s alone.", [message.list(services)]) if services != set()
