# METADATA
# title: Verdicts
# description: What each rule of the decision says about a function, with the reason, also where it says nothing.
package vpcguard.explanation.verdicts

import data.vpcguard.explanation.reasons
import data.vpcguard.lib.config
import data.vpcguard.lib.facts
import data.vpcguard.lib.result

# METADATA
# description: |
#   By function name, every rule in the order of the decision: {"id", "title", "severity", "stage", "verdict",
#   "reason"}, where violation and unknown bring more of the decision along. Verdicts: violation, unknown, pass, silent,
#   off, not_applicable.
of := {name: listed |
	some name, _ in facts.functions
	listed := [object.union(about, said) |
		some rule in data.vpcguard.decision.rules
		about := {"id": rule.id, "title": rule.title, "severity": rule.severity, "stage": _setting(rule.id, name).stage}
		said := _said(rule, name)
	]
}

_said(rule, name) := object.union({"verdict": "violation", "advice": rule.advice}, _rest(one)) if {
	some one in rule.violations
	one.function == name
} else := object.union({"verdict": "unknown", "title": rule.doubt}, _rest(one)) if {
	some one in rule.unknowns
	one.function == name
} else := {"verdict": "silent", "reason": reason} if {
	name in rule.silent
	reason := sprintf("It rests on %s, left out on purpose.", [result.list(_left_out(rule.id, name))])
} else := {"verdict": "pass", "reason": reason} if {
	name in rule.applies
	reason := concat(" ", array.concat([data.vpcguard.rule_texts[rule.id].passes], _notes(rule.id, name)))
} else := {"verdict": "off", "reason": _off(rule.id)} if {
	not _setting(rule.id, name).enabled
} else := {"verdict": "not_applicable", "reason": reason} if {
	texts := data.vpcguard.rule_texts[rule.id]
	against := reasons.against(name, texts.applies_if)
	reason := concat(" ", array.concat([$"It applies to {texts.applies_to}."], against))
}

_rest(one) := object.union({"reason": one.message}, object.remove(one, ["function", "message"]))

_setting(id, name) := config.rule(id)[config.signature_of[name]]

# what a rule adds to a function that passes
_notes(id, name) := [note |
	parts := split(id, ".")
	note := data.vpcguard.rules[parts[0]][parts[1]].notes[name]
]

_off(id) := "It is shipped off, and the configuration does not turn it on." if {
	data.vpcguard.config.defaults.rules[id].enabled == false
} else := "The configuration turns it off."

_left_out(id, name) := {wait.name |
	parts := split(id, ".")
	some one in data.vpcguard.rules[parts[0]][parts[1]].unknown
	one.function == name
	some wait in one.waits
}
